"""Retries of requests that the system did not answer, or asked to repeat later."""

import asyncio
import random
import time
import uuid

import httpx

STATUSES = {429, 502, 503, 504}

# The longest wait, in seconds. The response of a server that asks for more, such as the one for a daily limit, is returned.
LONGEST = 60.0


class Retries(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Sends a request up to `tries` times. It waits for Retry-After, else for 0.5, 1, 2 ... seconds, half of it random.

    Authentication comes before the transport: each attempt of a signed request has the same signature. With `idempotency_keys`, all attempts of a POST
    have the same Idempotency-Key, so that a payment or a job whose response was lost is not made twice.
    """

    def __init__(self, tries: int = 4, *, idempotency_keys: bool = False, inner: httpx.BaseTransport | None = None,
                 inner_async: httpx.AsyncBaseTransport | None = None) -> None:
        self._tries, self._idempotency_keys = tries, idempotency_keys
        self._inner, self._inner_async = inner or httpx.HTTPTransport(), inner_async or httpx.AsyncHTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._mark(request)
        for number in range(self._tries):
            try:
                response = self._inner.handle_request(request)
            except httpx.TransportError:
                if number + 1 == self._tries:
                    raise
                time.sleep(pause(number))
                continue
            wait = self._wait(response, number)
            if wait is None:
                return response
            response.close()
            time.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._mark(request)
        for number in range(self._tries):
            try:
                response = await self._inner_async.handle_async_request(request)
            except httpx.TransportError:
                if number + 1 == self._tries:
                    raise
                await asyncio.sleep(pause(number))
                continue
            wait = self._wait(response, number)
            if wait is None:
                return response
            await response.aclose()
            await asyncio.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def close(self) -> None:
        self._inner.close()

    async def aclose(self) -> None:
        await self._inner_async.aclose()

    def _mark(self, request: httpx.Request) -> None:
        if self._idempotency_keys and request.method == "POST":
            request.headers.setdefault("idempotency-key", str(uuid.uuid4()))

    def _wait(self, response: httpx.Response, number: int) -> float | None:
        """The seconds until the next attempt. None if this response is the last word."""
        if response.status_code not in STATUSES or number + 1 == self._tries:
            return None
        asked = response.headers.get("retry-after", "")
        wait = float(asked) if asked.isdecimal() else pause(number)
        return wait if wait <= LONGEST else None


def pause(number: int) -> float:
    """Half of the pause is random, so that clients that failed together do not retry together."""
    return float(0.5 * 2**number * random.uniform(0.5, 1))
