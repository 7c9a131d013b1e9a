"""Receives events, and prints the type of each once. See /docs/events."""

import base64
import hashlib
import hmac
import json
import os
import time
from email.message import Message
from http.server import BaseHTTPRequestHandler, HTTPServer

SECRET = os.environ["GONGQIAO_WEBHOOK_SECRET"]
SEEN: set[str] = set()


def is_signed(headers: Message, body: bytes) -> bool:
    sent_at = headers.get("webhook-timestamp", "0")
    signed = b".".join([headers.get("webhook-id", "").encode(), sent_at.encode(), body])
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    signatures = headers.get("webhook-signature", "").split(" ")
    return abs(time.time() - int(sent_at)) < 300 and any(hmac.compare_digest(expected, one) for one in signatures)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        is_valid = is_signed(self.headers, body)
        if is_valid and self.headers["webhook-id"] not in SEEN:
            SEEN.add(self.headers["webhook-id"])
            print(json.loads(body)["event"]["event_type"], flush=True)
        self.send_response(204 if is_valid else 401)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Does not log requests."""


HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Receiver).serve_forever()
