/** Authentication of the four APIs. Each function wraps a `Send`. */

import type { Send } from "./retries.js";

/** A token is renewed this many milliseconds before it expires, so that it does not expire on its way. */
const MARGIN = 60_000;

interface Token {
  access_token: string;
  refresh_token: string;
  expires_in: number;
}

/** Sends the access token of the partner API. It is created with the first request and renewed before it expires, or after a 401. */
export function withPartnerToken(send: Send, baseUrl: string, appkey: string, secret: string, now: () => number = Date.now): Send {
  const url = `${baseUrl.replace(/\/$/, "")}/api/v1/auth`;
  let token: Token | undefined;
  let expires = 0;
  let renewal: Promise<void> | undefined;

  const post = (path: string, body: object) =>
    send(new Request(`${url}/${path}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) }));

  async function request(): Promise<void> {
    let response = token && (await post("refresh", { refresh_token: token.refresh_token, grant_type: "refresh_token" }));
    // A refresh token is valid once. If another process has used it, the secret still creates a token.
    if (!response?.ok) response = await post("token", { appkey, secret, grant_type: "client_credentials" });
    if (!response.ok) throw new Error(`no token: ${response.status} ${await response.text()}`);
    token = ((await response.json()) as { data: Token }).data;
    expires = now() + token.expires_in * 1000;
  }

  /** Requests that need a token at the same time wait for one renewal. */
  function renew(): Promise<void> {
    renewal ??= request().finally(() => (renewal = undefined));
    return renewal;
  }

  async function attempt(original: Request): Promise<Response> {
    original.headers.set("authorization", `Bearer ${token?.access_token}`);
    return send(original);
  }

  return async (original) => {
    if (!token || now() >= expires - MARGIN) await renew();
    const response = await attempt(original.clone());
    if (response.status !== 401) return response;
    await response.body?.cancel();
    await renew();
    return attempt(original);
  };
}

/** The signature of the HR API: HMAC-SHA256 of method, path, access key, tonce and payload, in hex. */
export async function sign(secretKey: string, ...parts: string[]): Promise<string> {
  const encoder = new TextEncoder();
  const key = await crypto.subtle.importKey("raw", encoder.encode(secretKey), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", key, encoder.encode(parts.join("")));
  return Array.from(new Uint8Array(signature), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Signs each request to the HR API.
 *
 * The tonce has a fraction: two equal writes within one second are two writes. A retry sends the same signature, so it takes effect once.
 */
export function withHrSignature(send: Send, accessKey: string, secretKey: string, now: () => number = preciseNow): Send {
  return async (original) => {
    const url = new URL(original.url);
    const tonce = (now() / 1000).toFixed(6);
    const payload = (await original.clone().text()) || (url.searchParams.get("payload") ?? "");
    const signature = await sign(secretKey, original.method, decodeURIComponent(url.pathname), accessKey, tonce, payload);
    for (const [name, value] of Object.entries({ access_key: accessKey, tonce, signature })) url.searchParams.set(name, value);
    return send(new Request(url, original));
  };
}

/** `Date.now` has whole milliseconds only. */
function preciseNow(): number {
  return performance.timeOrigin + performance.now();
}

/** Sends a token that a login has returned: in `Authorization` for the job board, in `X-auth-token` for the signing API. */
export function withToken(send: Send, header: string, token: string | undefined): Send {
  return (original) => {
    if (token) original.headers.set(header, token);
    return send(original);
  };
}
