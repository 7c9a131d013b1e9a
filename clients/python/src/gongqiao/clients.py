"""A client of each API. Pass it to the functions of its generated package."""

import httpx

import gongqiao.channel
import gongqiao.hris
import gongqiao.jobboard
import gongqiao.signing
from gongqiao.auth import HrSignature, PartnerToken, Token
from gongqiao.retries import Retries

TIMEOUT = httpx.Timeout(30)


def partner(base_url: str, appkey: str, secret: str) -> gongqiao.channel.Client:
    """A client of the partner API."""
    http = {"auth": PartnerToken(base_url, appkey, secret), "transport": Retries()}
    return gongqiao.channel.Client(base_url, timeout=TIMEOUT, raise_on_unexpected_status=True, httpx_args=http)


def hr(base_url: str, access_key: str, secret_key: str) -> gongqiao.hris.Client:
    """A client of the HR API that signs its requests."""
    http = {"auth": HrSignature(access_key, secret_key), "transport": Retries()}
    return gongqiao.hris.Client(base_url, timeout=TIMEOUT, raise_on_unexpected_status=True, httpx_args=http)


def worker(base_url: str, session_token: str | None = None) -> gongqiao.signing.Client:
    """A client of the signing API. `log_in` needs no token and returns one, `session_token`."""
    http = {"auth": Token("X-auth-token", session_token) if session_token else None, "transport": Retries()}
    return gongqiao.signing.Client(base_url, timeout=TIMEOUT, raise_on_unexpected_status=True, httpx_args=http)


def job_board(base_url: str, token: str | None = None) -> gongqiao.jobboard.Client:
    """A client of the job board. `log_in` and `register` need no token and return one in the header X-Auth-Token."""
    http = {"auth": Token("Authorization", token) if token else None, "transport": Retries(idempotency_keys=True)}
    return gongqiao.jobboard.Client(base_url, timeout=TIMEOUT, raise_on_unexpected_status=True, httpx_args=http)
