"""Fuzzes every operation of the four OpenAPI documents, with signatures and tokens as a client would send them. Checks every response
against the document: no 5xx, a documented status, media type, headers and schema, and no success without valid credentials.

schemathesis generates valid and invalid values from the schemas. Few such requests would get past the first check of an operation, so most
requests are the document's own example with some values replaced. An operation without any success fails, too: the code after its first
check was not tested.

usage: fuzz_api.py FOLDER_WITH_BINARIES [--cases N] [--seconds N] [--seed N] [--only TEXT]
"""

import argparse
import collections
import json
import multiprocessing
import os
import pathlib
import sys
import time
import urllib.parse
from random import Random

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.transport import Response
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (content_type_conformance, response_headers_conformance,
                                               response_schema_conformance, status_code_conformance)

import stack
from api_client import Consent, WebhookPage, signature_parameters
from fixtures import Fixtures, session

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
          response_schema_conformance]
# The parameters that authenticate a request to the HR API: schemathesis generates them, too.
CREDENTIALS = ["access_key", "tonce", "signature", "access_token"]
METHODS = ["get", "post", "put", "patch", "delete"]
NOTIFY = "POST /wechat/pay/notify"
# The operations that end the session that they are called with.
LOGOUTS = ["POST /weixin/logout", "POST /weixin/close", "POST /wechat/user/logout", "POST /user/close"]
# The administrators who consent, each once, when an operation needs a new consent. They are imported for it.
EMPLOYEES = {"POST /api/v2/oauth/authorize": range(1, 200, 2), "POST /api/v2/oauth/token": range(2, 200, 2)}
# The share of the example in a request. Each generated case is sent as it is and blended with the example, because generating a case takes
# longer than sending it.
SHARES = [0, 0.6, 0.85, 0.95]
# The requests of one batch. Without a limit of time an operation gets batches until it has all its requests; with one, at least one batch.
BATCH = 100
EDGES = ["", " ", "\0", "-1", "0", "9" * 400, "长" * 300, "\U0001f600", "1e400", "2024-02-30", "../..", "%00", "null", 0, -1, 2 ** 31,
         2 ** 63, 2 ** 64, 10 ** 30, 1e-200, 0.1 + 0.2, 1e308, -0.0, True, None, [], {}, [[]], [None] * 300, {"": {}}]


class Operation:
    """One operation of a document, and the results of the requests to it."""

    def __init__(self, fixtures, family, method, path):
        self.fixtures, self.family, self.method, self.path = fixtures, family, method.upper(), path
        self.schema = schemathesis.openapi.from_dict(fixtures.documents[family])[path][self.method]
        documented = fixtures.documents[family]["paths"][path][method]
        security = documented.get("security", fixtures.documents[family]["security"])
        self.is_open = {} in security
        self.is_signed = any("signature" in alternative for alternative in security)
        self.is_consented = family == "hris" and not self.is_open and not self.is_signed
        parameters = documented.get("parameters", [])
        # A parameter with JSON has its example with its content.
        shown = {parameter["name"]: parameter.get("content", {}).get("application/json", parameter) for parameter in parameters}
        examples = {place: {parameter["name"]: fixtures.real(shown[parameter["name"]]["example"]) for parameter in parameters
                            if parameter["in"] == place and "example" in shown[parameter["name"]]} for place in ["path", "query"]}
        self.path_example, self.query_example = examples["path"], examples["query"]
        content = documented.get("requestBody", {}).get("content", {})
        self.media_type, self.body_example = next(((kind, fixtures.real(body.get("example"))) for kind, body in content.items()),
                                                  (None, None))
        self.statuses, self.failures = collections.Counter(), {}
        self.http, self.consent, self.employees = None, None, iter(EMPLOYEES.get(str(self), []))
        self.callers = fixtures.callers.get(family)

    def __str__(self):
        return f"{self.method} {self.path}"

    def request(self, case, share, random):
        """A request without credentials, in which `share` of the values come from the example and the others are generated."""
        path = self.path
        for name, example in self.path_example.items():
            value = example if random.random() < share else str((case.path_parameters or {}).get(name, ""))
            # An empty segment would be another path.
            path = path.replace(f"{{{name}}}", urllib.parse.quote(value or "-", safe=""))
        query = blend(random, share, self.current_query(), case.query or {})
        if isinstance(query.get("payload"), (dict, list)):
            query["payload"] = json.dumps(query["payload"], ensure_ascii=random.random() < 0.5)
        request = requests.Request(self.method, self.fixtures.base_url + path, params=query)
        request.headers = {"x-request-id": random.choice(["a-1", "x" * 300, "r\t1", ""])} if random.random() < 0.1 else {}
        if self.media_type:
            example, headers = self.current_example(random, share)
            request.headers |= headers
            self.fill(request, random, blend(random, share, example, json_value(case.body)))
        return request

    def current_query(self):
        """The example's parameters. A link is signed for this request."""
        if str(self) == "GET /docs/webhooks":
            return self.query_example | signature_parameters(self.fixtures.demo["hris"], str(self).replace(" ", ""), b"")
        return self.query_example

    def current_example(self, random, share):
        """The example's body with values that are valid for this request, and the headers that belong to it. The first requests have used
        up what is valid once, or once per phone or job."""
        example, name = self.body_example, str(self)
        if name == "POST /verifycode":
            captcha, shown = self.fixtures.captcha(self.http)
            return example | {"captcha_code": shown, "phone": phone(random)}, {"x-captcha-id": captcha}
        if name in EMPLOYEES and (self.consent is None or random.random() < 0.05):
            number = next(self.employees, None)
            if number:
                self.consent = Consent(self.fixtures.demo, self.fixtures.administrator(number), address(random))
                self.body_example = example = example | (self.consent.form if "authorize" in name else
                                                         {"response_code": self.consent.response_code()})
        if name == "POST /api/v2/oauth/authorize":
            action = random.choice(["consent", "consent", "send", "send", "deny"])
            other = {"mobile": phone(random)} if action == "send" else {}
            return example | {"action": action} | other, {"cookie": self.consent.cookie}
        if name == "POST /docs/webhooks":
            page = WebhookPage(self.fixtures.demo)
            action = random.choice(["test", "replay", "replays"])
            return example | {"action": action, "token": page.token, "since": "2024-01-15T18:30"}, {"cookie": page.cookie}
        if name == "POST /wechat/user/register" and random.random() < 0.5:
            # A registered user succeeds before the other fields are checked.
            subject = phone(random)
            return example | {kind: self.fixtures.code(kind, subject) for kind in ["login_code", "phone_code"]}, {}
        if name == "POST /jobs/refresh":
            return example | {"job_id": random.choice(self.fixtures.jobs)}, {}
        if name == NOTIFY and random.random() < 0.5:
            return example | {"resource": self.sealed(random, share, example["resource"])}, {}
        return example, {}

    def sealed(self, random, share, resource):
        """An encrypted resource whose transaction has other values."""
        transaction = blend(random, share, self.fixtures.transaction, edges(random, self.fixtures.transaction))
        plain = json.dumps(transaction, ensure_ascii=random.random() < 0.5).encode("utf-8", "surrogatepass")
        if random.random() < 0.1:
            plain = random.choice([b"", b"\xff", b"null", plain[:random.randrange(len(plain))]])
        nonce = f"{random.getrandbits(48):012x}"
        sealed = self.fixtures.wechat_pay.seal(nonce, resource["associated_data"], plain)
        return resource | {"ciphertext": sealed, "nonce": nonce}

    def fill(self, request, random, body):
        if self.media_type == "multipart/form-data":
            file = bytearray(self.fixtures.picture())
            for _ in range(random.randrange(4)):
                file[random.randrange(len(file))] = random.randrange(256)
            if random.random() < 0.1:
                file = random.choice([b"", b"GIF89a", b"BM", b"RIFF0000WEBP", b"\xff\xd8\xff", file[:random.randrange(len(file))]])
            request.files = {random.choice(["file"] * 9 + ["File"]): (random.choice(["a.png", "", "长\r\n"]), bytes(file))}
            return
        if self.media_type == "application/x-www-form-urlencoded" and random.random() < 0.7:
            request.data = urllib.parse.urlencode(list(fields(body)), errors="surrogatepass").encode()
            request.headers["content-type"] = self.media_type
        else:
            request.data = json.dumps(body, ensure_ascii=random.random() < 0.5).encode("utf-8", "surrogatepass")
            request.headers["content-type"] = "application/json"
        if random.random() < 0.04:
            request.data = request.data[:random.randrange(len(request.data) + 1)]

    def authenticate(self, request, random):
        """The request as it is sent, and whether its credentials are valid."""
        kind = random.choices(["right", "other", "changed", "none"], [86, 6, 4, 4])[0]
        if self.is_signed or self.is_consented:
            for name in CREDENTIALS:
                request.params.pop(name, None)
            is_consented = self.is_consented or self.method == "GET" and random.random() < 0.2
            return self.consented(request, kind) if is_consented and kind != "other" else self.sign(request, kind)
        prepared = request.prepare()
        if str(self) == NOTIFY:
            signature = self.fixtures.wechat_pay.signature(prepared.body or b"", by_id=kind != "other") if kind != "none" else {}
            if kind == "changed":
                signature["wechatpay-signature"] = changed(signature["wechatpay-signature"])
            prepared.headers.update(signature)
            return prepared, kind in ["right", "other"]
        if str(self) in LOGOUTS and (not sum(self.statuses.values()) or random.random() < 0.05):
            # Sessions of its own: other operations need theirs.
            self.callers = [self.fixtures.session(self.family, f"fuzz-logout-{number}") for number in [1, 2]]
        if self.callers and kind != "none":
            for name, token in self.callers[kind == "other"].items():
                prepared.headers[name] = changed(token) if kind == "changed" else token
        return prepared, self.is_open or kind in ["right", "other"]

    def consented(self, request, kind):
        token = self.fixtures.known["access_token_string"]
        if kind != "none":
            request.params["access_token"] = changed(token) if kind == "changed" else token
        return request.prepare(), kind == "right"

    def sign(self, request, kind):
        product = self.fixtures.demo["hris_other" if kind == "other" else "hris"]
        prepared = request.prepare()
        url = urllib.parse.urlsplit(prepared.url)
        payload = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True)).get("payload", "").encode()
        payload = payload or prepared.body or b""
        parameters = signature_parameters(product, self.method + urllib.parse.unquote(url.path), payload)
        if kind == "changed":
            parameters["signature"] = changed(parameters["signature"])
        if kind != "none":
            prepared.url += ("&" if url.query else "?") + urllib.parse.urlencode(parameters)
        return prepared, kind in ["right", "other"]

    def call(self, case, share, random):
        # Rate limits count by address: most addresses send too few requests to reach a limit, some send enough.
        if self.http is None or random.random() < 0.1:
            self.http = session(address(random))
        request, is_authenticated = self.authenticate(self.request(case, share, random), random)
        response = self.http.send(request, allow_redirects=False, timeout=30)
        self.statuses[response.status_code] += 1
        if str(self) == "POST /api/v1/auth/refresh" and response.status_code == 200:
            # The previous token returns the same new tokens for half a minute; after that it revokes both.
            self.body_example["refresh_token"] = response.json()["data"]["refresh_token"]
        if response.status_code == 431:
            # API Gateway's own limit of the request head: no function receives the request.
            return
        if not is_authenticated and response.status_code < 400:
            self.fail("success without valid credentials", request, response)
        try:
            case.validate_response(Response.from_requests(response, verify=False), checks=CHECKS)
        except FailureGroup as group:
            for failure in group.exceptions:
                self.fail(failure.title, request, response, str(failure))

    def fail(self, title, request, response, text=""):
        """Keeps the first failure of each kind."""
        body = (request.body or b"")[:1500]
        sent = f"{request.method} {request.url[:1500]}\n{body!r}"
        self.failures.setdefault(title, f"{sent}\n-- {response.status_code} {response.text[:1500]}\n{text[:800]}")

    def run(self, cases, seconds, number):
        """Sends batches until there are enough requests, or until the time is up."""
        begun = time.monotonic()
        while sum(self.statuses.values()) < cases and not (self.statuses and time.monotonic() - begun > seconds):
            self.send_batch(min(cases, BATCH), number)
            number += 1

    def send_batch(self, cases, number):
        @seed(number)
        @settings(max_examples=-(-cases // len(SHARES)), phases=[Phase.generate], deadline=None, database=None,
                  suppress_health_check=list(HealthCheck))
        # The number makes cases differ that are otherwise equal.
        @given(st.one_of(self.strategies()), st.integers(0, 2 ** 64))
        def sent(case, _):
            for share in SHARES:
                # Hypothesis's own generator often repeats its values, but some values must be new in each request.
                self.call(case, share, Random(f"{number} {self} {sum(self.statuses.values())}"))

        sent()

    def strategies(self):
        """Two valid cases for each invalid one; only valid ones if the operation has no input."""
        valid = self.schema.as_strategy(generation_mode=GenerationMode.POSITIVE)
        if not self.query_example and not self.media_type:
            return [valid]
        return [valid, valid, self.schema.as_strategy(generation_mode=GenerationMode.NEGATIVE)]


def changed(credential):
    """The credential with another end."""
    return credential[:-6] + ("000000" if credential[-6:] != "000000" else "111111")


def address(random):
    """An address of this machine: on Linux the loopback is a whole network."""
    if sys.platform != "linux":
        return "127.0.0.1"
    return f"127.{random.randrange(1, 255)}.{random.randrange(256)}.{random.randrange(1, 255)}"


def phone(random):
    return f"138{random.randrange(10 ** 8):08}"


def edges(random, example):
    """The example with an edge case in the place of each value."""
    if isinstance(example, dict):
        return {name: edges(random, value) for name, value in example.items()}
    return random.choice(EDGES)


def json_value(body):
    """The generated body, or None if it is not a JSON value."""
    return body if isinstance(body, (dict, list, str, int, float, bool)) else None


def blend(random, share, example, other):
    """The generated value if `share` is 0; otherwise the example with values replaced or removed, and with generated members."""
    if share == 0:
        return other
    if isinstance(example, dict):
        other = other if isinstance(other, dict) else {}
        blended = {name: blend(random, share, value, other.get(name, value)) for name, value in example.items()
                   if random.random() < max(share, 0.9)}
        return blended | {name: value for name, value in other.items() if name not in example and random.random() > share}
    if random.random() >= share:
        return random.choice(EDGES) if random.random() < 0.2 else other
    if isinstance(example, list):
        return [blend(random, share, value, value) for value in example] * random.choice([1, 1, 1, 2])
    return example


def fields(value, name=""):
    """The fields of a form, with brackets for arrays and objects."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from fields(inner, f"{name}[{key}]" if name else key)
    elif isinstance(value, list) and value:
        for at, inner in enumerate(value):
            yield from fields(inner, f"{name}[{at}]")
    else:
        yield name, "" if value is None else str(value)


def work(job):
    """Fuzzes one operation, in a worker process."""
    fixtures, family, method, path, cases, seconds, number = job
    operation = Operation(fixtures, family, method, path)
    begun = time.monotonic()
    operation.run(cases, seconds, number)
    return str(operation), operation.statuses, operation.failures, time.monotonic() - begun


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binaries", type=pathlib.Path)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="for all operations together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    passed = failed = sent = 0
    with stack.running(arguments.binaries.resolve(), stack.WITHOUT_LIMITS) as (data, demo):
        fixtures = Fixtures(data, demo)
        operations = [(family, method, path) for family, document in fixtures.documents.items() for path, item in document["paths"].items()
                      for method in item if method in METHODS and arguments.only in f"{method.upper()} {path}"]
        seconds = arguments.seconds * os.cpu_count() / max(len(operations), 1)
        jobs = [(fixtures, *operation, arguments.cases, seconds, arguments.seed) for operation in operations]
        # Operations that close jobs, end the binding to Moka or delete the webhook come last: others fail after them.
        jobs.sort(key=lambda job: any(word in job[3] for word in ["close", "unbind"]) or job[2:4] == ("delete", "/api/v2/webhooks"))
        with multiprocessing.Pool() as pool:
            for name, statuses, failures, lasted in pool.imap_unordered(work, jobs):
                counts = ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items()))
                if min(statuses, default=500) >= 400:
                    failures["no request succeeded"] = "The code after the first check was not tested."
                is_enough = sum(statuses.values()) >= (min(arguments.cases, BATCH) if seconds < float("inf") else arguments.cases)
                print(f"{'ok  ' if is_enough and not failures else 'FAIL'} {name}: {counts} ({lasted:.0f} s)", flush=True)
                for title, text in failures.items():
                    print(f"-- {title}\n{text}\n", flush=True)
                passed, failed = passed + (is_enough and not failures), failed + (not is_enough or bool(failures))
                sent += sum(statuses.values())
    print(f"{sent} requests, seed {arguments.seed}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
