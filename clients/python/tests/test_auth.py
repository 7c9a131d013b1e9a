"""Authentication, against a transport that records what reaches it."""

import json
import unittest

import httpx

from gongqiao.auth import HrSignature, PartnerToken, sign


class Signature(unittest.TestCase):
    def test_vectors_of_openssl(self) -> None:
        """`printf %s TEXT | openssl dgst -sha256 -hmac SK_TEST`; the first is also in docs/design/hris.md."""
        self.assertEqual(sign("SK_TEST", "GET", "/api/v2/employees", "AK_TEST", "1500000000", '{"token":"c1"}'),
                         "9649dbf0caf21d9ba7ef9334083dea17ddc32cdd924defd05a4237651fa2b8c6")
        self.assertEqual(sign("SK_TEST", "POST", "/api/v2/salary/subject_values", "AK_TEST", "1500000000.250000", '{"subject_name":"绩效"}'),
                         "c3f027f9b5d8c001928fa9f736b1b116a143c4539d58410d54f7ec2334a3911a")

    def test_body_and_query_are_signed(self) -> None:
        sent: list[httpx.Request] = []
        http = httpx.Client(auth=HrSignature("AK_TEST", "SK_TEST", clock=lambda: 1500000000.25), transport=recording(sent))
        http.get("https://api.test/api/v2/employees", params={"payload": '{"name":"张 三+1"}'})
        http.post("https://api.test/api/v2/salary/subject_values", content='{"subject_name":"绩效"}')
        read, write = sent
        self.assertEqual(read.url.params["signature"], sign("SK_TEST", "GET/api/v2/employeesAK_TEST1500000000.250000", '{"name":"张 三+1"}'))
        self.assertEqual(write.url.params["signature"], "c3f027f9b5d8c001928fa9f736b1b116a143c4539d58410d54f7ec2334a3911a")
        self.assertEqual(write.url.params["tonce"], "1500000000.250000")


class Partner(unittest.TestCase):
    def setUp(self) -> None:
        self.now = 0.0
        self.calls: list[str] = []
        self.refresh_status = self.task_status = 200
        auth = PartnerToken("https://api.test/", "app", "secret", clock=lambda: self.now)
        self.http = httpx.Client(auth=auth, transport=httpx.MockTransport(self.answer))

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v1/")
        self.calls.append(path if "auth/" in path else f"{path} {request.headers['authorization']}")
        if path == "tasks":
            return httpx.Response(self.task_status)
        if path == "auth/refresh" and self.refresh_status != 200:
            return httpx.Response(self.refresh_status)
        body = json.loads(request.content)
        self.assertEqual(body["grant_type"], "client_credentials" if path == "auth/token" else "refresh_token")
        data = {"access_token": f"t{len(self.calls)}", "refresh_token": "r", "expires_in": 7200}
        return httpx.Response(200, json={"data": data})

    def get(self) -> int:
        return self.http.get("https://api.test/api/v1/tasks").status_code

    def test_a_token_is_kept_and_refreshed_before_it_expires(self) -> None:
        self.get()
        self.get()
        self.now = 7150
        self.get()
        self.assertEqual(self.calls, ["auth/token", "tasks Bearer t1", "tasks Bearer t1", "auth/refresh", "tasks Bearer t4"])

    def test_a_used_refresh_token_is_replaced(self) -> None:
        self.get()
        self.now, self.refresh_status = 7150, 401
        self.get()
        self.assertEqual(self.calls[2:], ["auth/refresh", "auth/token", "tasks Bearer t4"])

    def test_a_rejected_token_is_renewed_once(self) -> None:
        self.task_status = 401
        self.assertEqual(self.get(), 401)
        self.assertEqual(self.calls, ["auth/token", "tasks Bearer t1", "auth/refresh", "tasks Bearer t3"])


def recording(sent: list[httpx.Request]) -> httpx.MockTransport:
    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200)

    return httpx.MockTransport(answer)
