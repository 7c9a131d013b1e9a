/** A client of each API that authenticates and retries. Pass it to the functions of the generated modules, such as `gongqiao/channel`. */

import { withHrSignature, withPartnerToken, withToken } from "./auth.js";
import * as channel from "./channel/client/index.js";
import * as hris from "./hris/client/index.js";
import * as jobboard from "./jobboard/client/index.js";
import { retrying, type Send } from "./retries.js";
import * as signing from "./signing/client/index.js";

export { sign, withHrSignature, withPartnerToken, withToken } from "./auth.js";
export { type Page, records } from "./pages.js";
export { type RetryOptions, retrying, type Send } from "./retries.js";

/** A client of the partner API. */
export function partner(baseUrl: string, appkey: string, secret: string): channel.Client {
  return channel.createClient({ baseUrl, fetch: asFetch(withPartnerToken(retrying(), baseUrl, appkey, secret)) });
}

/** A client of the HR API that signs its requests. */
export function hr(baseUrl: string, accessKey: string, secretKey: string): hris.Client {
  return hris.createClient({ baseUrl, fetch: asFetch(withHrSignature(retrying(), accessKey, secretKey)) });
}

/** A client of the signing API. `logIn` needs no token and returns one, `session_token`. */
export function worker(baseUrl: string, sessionToken?: string): signing.Client {
  return signing.createClient({ baseUrl, fetch: asFetch(withToken(retrying(), "X-auth-token", sessionToken)) });
}

/** A client of the job board. `logIn` and `register` need no token and return one in the header X-Auth-Token. */
export function jobBoard(baseUrl: string, token?: string): jobboard.Client {
  return jobboard.createClient({ baseUrl, fetch: asFetch(withToken(retrying({ idempotencyKeys: true }), "Authorization", token)) });
}

/** The generated clients call `fetch` with a `Request`. */
function asFetch(send: Send): typeof fetch {
  return (input, init) => send(new Request(input, init));
}
