"""Retries, against a transport that answers from a list."""

import asyncio
import unittest
from unittest import mock

import httpx

from gongqiao.retries import Retries


class Server:
    """Answers with these responses, in order. An exception is raised."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers, self.requests = list(answers), list[httpx.Request]()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class RetriesTest(unittest.TestCase):
    def send(self, server: Server, method: str = "POST", **options: bool) -> tuple[int, list[float]]:
        """The status of the response, and the pauses."""
        client = httpx.Client(transport=Retries(inner=httpx.MockTransport(server), **options))  # type: ignore[arg-type]
        with mock.patch("time.sleep") as sleep:
            response = client.request(method, "https://api.test/job/create", content="{}")
        return response.status_code, [call.args[0] for call in sleep.call_args_list]

    def test_retry_after_is_waited_for(self) -> None:
        server = Server(httpx.Response(429, headers={"retry-after": "7"}), httpx.Response(200))
        self.assertEqual(self.send(server), (200, [7.0]))

    def test_without_retry_after_the_pause_doubles(self) -> None:
        server = Server(httpx.Response(502), httpx.ConnectError("refused"), httpx.Response(504), httpx.Response(200))
        status, pauses = self.send(server)
        self.assertEqual(status, 200)
        for pause, longest in zip(pauses, [0.5, 1, 2], strict=True):
            self.assertTrue(longest / 2 <= pause <= longest)

    def test_the_last_response_is_returned(self) -> None:
        server = Server(*[httpx.Response(503)] * 5)
        self.assertEqual(self.send(server)[0], 503)
        self.assertEqual(len(server.requests), 4)

    def test_the_last_failure_is_raised(self) -> None:
        with self.assertRaises(httpx.ReadError):
            self.send(Server(*[httpx.ReadError("lost")] * 4))

    def test_a_limit_for_the_day_is_not_waited_for(self) -> None:
        server = Server(httpx.Response(429, headers={"retry-after": "40000"}))
        self.assertEqual(self.send(server), (429, []))

    def test_other_errors_are_not_retried(self) -> None:
        self.assertEqual(self.send(Server(httpx.Response(500))), (500, []))

    def test_all_tries_have_one_idempotency_key(self) -> None:
        server = Server(httpx.Response(503), httpx.Response(200), httpx.Response(200))
        self.send(server, idempotency_keys=True)
        self.send(server, idempotency_keys=True)
        first, second, other = [request.headers["idempotency-key"] for request in server.requests]
        self.assertEqual(first, second)
        self.assertNotEqual(first, other)

    def test_no_key_without_the_option(self) -> None:
        server = Server(httpx.Response(200))
        self.send(server)
        self.assertNotIn("idempotency-key", server.requests[0].headers)

    def test_the_asynchronous_client_retries_too(self) -> None:
        server = Server(httpx.Response(429, headers={"retry-after": "1"}), httpx.Response(200))

        async def send() -> int:
            async with httpx.AsyncClient(transport=Retries(inner_async=httpx.MockTransport(server))) as client:
                return (await client.get("https://api.test/job/create")).status_code

        with mock.patch("asyncio.sleep") as sleep:
            self.assertEqual(asyncio.run(send()), 200)
        sleep.assert_called_once_with(1.0)
