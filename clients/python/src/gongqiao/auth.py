"""Authentication of the four APIs, for `httpx`."""

import hashlib
import hmac
import time
from collections.abc import Callable, Generator

import httpx

Flow = Generator[httpx.Request, httpx.Response, None]

# A token is renewed this many seconds before it expires, so that it does not expire on its way.
MARGIN = 60


class PartnerToken(httpx.Auth):
    """The access token of the partner API. It is created with the first request and renewed before it expires, or after a 401."""

    requires_response_body = True

    def __init__(self, base_url: str, appkey: str, secret: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._url, self._appkey, self._secret, self._clock = base_url.rstrip("/") + "/api/v1/auth", appkey, secret, clock
        self._access, self._refresh, self._expires = "", "", 0.0

    def auth_flow(self, request: httpx.Request) -> Flow:
        if not self._access or self._clock() >= self._expires - MARGIN:
            yield from self._renew()
        request.headers["authorization"] = f"Bearer {self._access}"
        response = yield request
        if response.status_code == 401:
            yield from self._renew()
            request.headers["authorization"] = f"Bearer {self._access}"
            yield request

    def _renew(self) -> Flow:
        """A refresh token is valid once. If another thread has used it, the secret still creates a token."""
        if self._refresh:
            refreshed = yield httpx.Request(
                "POST", f"{self._url}/refresh", json={"refresh_token": self._refresh, "grant_type": "refresh_token"})
            if refreshed.status_code == 200:
                return self._keep(refreshed)
        created = yield httpx.Request(
            "POST", f"{self._url}/token", json={"appkey": self._appkey, "secret": self._secret, "grant_type": "client_credentials"})
        self._keep(created.raise_for_status())

    def _keep(self, response: httpx.Response) -> None:
        token = response.json()["data"]
        self._access, self._refresh, self._expires = token["access_token"], token["refresh_token"], self._clock() + token["expires_in"]


def sign(secret_key: str, *parts: str) -> str:
    """The signature of method, path, access key, tonce and payload."""
    return hmac.new(secret_key.encode(), "".join(parts).encode(), hashlib.sha256).hexdigest()


class HrSignature(httpx.Auth):
    """Signs each request to the HR API.

    The tonce has a fraction: two equal writes within one second are two writes. A retry sends the same signature, so it takes effect once.
    """

    requires_request_body = True

    def __init__(self, access_key: str, secret_key: str, clock: Callable[[], float] = time.time) -> None:
        self._access_key, self._secret_key, self._clock = access_key, secret_key, clock

    def auth_flow(self, request: httpx.Request) -> Flow:
        tonce = f"{self._clock():.6f}"
        payload = request.content.decode() or request.url.params.get("payload", "")
        signature = sign(self._secret_key, request.method, request.url.path, self._access_key, tonce, payload)
        request.url = request.url.copy_merge_params({"access_key": self._access_key, "tonce": tonce, "signature": signature})
        yield request


class Token(httpx.Auth):
    """A token that a login has returned, in a header: `Authorization` for the job board, `X-auth-token` for the signing API."""

    def __init__(self, header: str, token: str) -> None:
        self._header, self._token = header, token

    def auth_flow(self, request: httpx.Request) -> Flow:
        request.headers[self._header] = self._token
        yield request
