/** Retries of requests that the system did not answer, or asked to repeat later. */

/** What sends a request. Each of the hand-written parts wraps one. */
export type Send = (request: Request) => Promise<Response>;

export interface RetryOptions {
  /** How often a request is sent at most. */
  tries?: number;
  /** Whether all attempts of a POST have one Idempotency-Key, so that a job or a payment whose response was lost is not made twice. */
  idempotencyKeys?: boolean;
  send?: Send;
  sleep?: (seconds: number) => Promise<void>;
}

const STATUSES = [429, 502, 503, 504];

/** The longest wait, in seconds. The response of a server that asks for more, such as the one for a daily limit, is returned. */
const LONGEST = 60;

/** Sends a request again after Retry-After, else after 0.5, 1, 2 ... seconds, half of it random. */
export function retrying({ tries = 4, idempotencyKeys = false, send = (request) => fetch(request), sleep = pass }: RetryOptions = {}): Send {
  return async (request) => {
    if (idempotencyKeys && request.method === "POST" && !request.headers.has("idempotency-key")) {
      request.headers.set("idempotency-key", crypto.randomUUID());
    }
    for (let number = 0; ; number += 1) {
      const isLast = number + 1 === tries;
      let seconds = 0.5 * 2 ** number * (0.5 + Math.random() / 2);
      try {
        // A body can be read once, so each attempt but the last sends a copy.
        const response = await send(isLast ? request : request.clone());
        const asked = response.headers.get("retry-after") ?? "";
        if (/^\d+$/.test(asked)) seconds = Number(asked);
        if (!STATUSES.includes(response.status) || isLast || seconds > LONGEST) return response;
        await response.body?.cancel();
      } catch (failure) {
        if (isLast || request.signal.aborted) throw failure;
      }
      await sleep(seconds);
    }
  };
}

function pass(seconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, seconds * 1000));
}
