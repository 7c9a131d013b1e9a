"""Signs the demo members of staff in to the console, for the other clients.

A phone gets one text message a minute and ten a day, and a member has five second factors in ten minutes: a client signs a member in once and keeps
the cookies.
"""

import base64
import hashlib
import hmac
import json
import re
import time
import urllib.request
from http.cookies import SimpleCookie

STEP = 30


def member(demo, role):
    """The demo member of a role."""
    return next(staff for staff in demo["staff"] if staff["role"] == role)


def totp(secret, at=None):
    """The code of the second factor: RFC 6238 with its default parameters."""
    step = int(time.time() if at is None else at) // STEP
    digest = hmac.new(base64.b32decode(secret), step.to_bytes(8, "big"), hashlib.sha1).digest()
    start = digest[-1] & 0xf
    return f"{(int.from_bytes(digest[start:start + 4], 'big') & 0x7fffffff) % 10**6:06}"


def text_message_code(demo, phone):
    """The code that was last sent to a phone."""
    with urllib.request.urlopen(demo["sms_outbox_url"], timeout=30) as outbox:
        messages = [message["message"] for message in json.load(outbox) if message["phone"] == f"+86{phone}"]
    return re.search(r"\d{6}", messages[-1]).group()


def sign_in(base_url, demo, role):
    """The cookies of a new session of the demo member of a role, by their names. Raises `urllib.error.HTTPError` if a limit is reached."""
    staff, cookies = member(demo, role), {}

    def post(step, **fields):
        headers = {"content-type": "application/json", "cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
        request = urllib.request.Request(f"{base_url}/console/api/{step}", json.dumps(fields).encode(), headers)
        with urllib.request.urlopen(request, timeout=30) as response:
            for header in response.headers.get_all("set-cookie", []):
                cookies.update((name, morsel.value) for name, morsel in SimpleCookie(header).items())

    post("sign-in", phone=staff["phone"])
    post("code", phone=staff["phone"], code=text_message_code(demo, staff["phone"]))
    post("totp", code=totp(staff["totp_secret"]))
    return {name: value for name, value in cookies.items() if value}
