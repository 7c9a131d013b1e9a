"""Runs the quickstarts of clients/ against a local stack, which this script starts. scripts/check_openapi has generated and compiled them.

The receivers among them get events of the stack. The published package standardwebhooks verifies the same calls.

usage: check_sdks.py FOLDER_WITH_BINARIES
"""

import contextlib
import http.server
import json
import os
import pathlib
import queue
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import client_environment
import stack
from api_client import signature_parameters

ROOT = pathlib.Path(__file__).resolve().parent.parent
CLIENTS = ROOT / "clients"
PYTHON = ROOT / "target" / "ci-clients" / "bin" / "python"
JARS = [ROOT / "target" / "clients" / "classes", *(ROOT / "target" / "ci-clients").glob("lib/python*/site-packages/openapi_generator_cli/*.jar")]

QUICKSTARTS = ["python/quickstart/partner.py", "python/quickstart/hr.py", "python/quickstart/jobboard.py", "typescript/quickstart/partner.ts",
               "typescript/quickstart/hr.ts", "typescript/quickstart/jobboard.ts", "java/quickstart/Hr.java"]
LONGEST = 20
RECEIVERS = ["python/quickstart/receiver.py", "typescript/quickstart/receiver.ts", "java/quickstart/Receiver.java"]
# Python verifies with the package of Standard Webhooks.
VERIFY = """
import json, sys
from standardwebhooks import Webhook
call = json.load(sys.stdin)
print(Webhook(call["secret"]).verify(call["body"], call["headers"])["event"]["event_type"])
"""
VERIFY_IN_NODE = """
import { Webhook } from "standardwebhooks";
import { readFileSync } from "node:fs";
const { secret, body, headers } = JSON.parse(readFileSync(0, "utf8"));
console.log(new Webhook(secret).verify(body, headers).event.event_type);
"""


def command(quickstart):
    language, _, file = quickstart.split("/")
    if language == "python":
        return [PYTHON, CLIENTS / quickstart]
    if language == "typescript":
        return ["node", CLIENTS / "typescript" / "dist-quickstart" / file.replace(".ts", ".js")]
    return ["java", "-XX:TieredStopAtLevel=1", "-cp", os.pathsep.join(map(str, JARS)), file.removesuffix(".java")]


def fault(quickstart, variables):
    """What is wrong with a quickstart, if anything. It prints one line."""
    lines = (CLIENTS / quickstart).read_text(encoding="utf-8").count("\n")
    if lines > LONGEST:
        return f"{lines} lines, more than {LONGEST}"
    began = time.monotonic()
    done = subprocess.run(command(quickstart), env=os.environ | variables, timeout=120, check=False, capture_output=True, text=True)
    print(f"{quickstart} ({time.monotonic() - began:.1f} s): {done.stdout.strip()}", flush=True)
    if done.returncode:
        return done.stderr.strip()
    if done.stdout.count("\n") != 1 or done.stderr:
        return f"more than one line: {done.stdout}{done.stderr}"
    return None


def signed(demo, method, path, payload):
    """The response to a signed call of the HR API."""
    body = json.dumps(payload).encode() if payload else b""
    query = urllib.parse.urlencode(signature_parameters(demo["hris"], method + path, body, str(time.time())))
    request = urllib.request.Request(f"{demo['base_url']}{path}?{query}", body or None, {"content-type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def subscribe(demo, address):
    """Subscribes this address. Returns the secret."""
    with contextlib.suppress(urllib.error.HTTPError):
        signed(demo, "DELETE", "/api/v2/webhooks", None)
    return signed(demo, "PUT", "/api/v2/webhooks", {"address": address, "event_types": ["employee_created"]})["secret"]


def state(demo):
    events = signed(demo, "GET", "/api/v2/webhooks/events", None)["events"]
    return events[0]["state"] if events else None


@contextlib.contextmanager
def recorder():
    """A receiver that keeps the calls that it gets: its address, and the calls."""
    calls = queue.Queue()

    class Recorder(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            calls.put({"body": body, "headers": {name.lower(): value for name, value in self.headers.items()}})
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Recorder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", calls
    finally:
        server.shutdown()


def package_faults(demo):
    """What is wrong with the signature for the published packages. Each must also reject a changed body."""
    with recorder() as (address, calls):
        secret = subscribe(demo, address)
        signed(demo, "POST", "/api/v2/webhooks/tests", None)
        call = {**calls.get(timeout=30), "secret": secret}
    programs = {"standardwebhooks in Python": [PYTHON, "-c", VERIFY],
                "standardwebhooks in Node": ["node", "--input-type=module", "--eval", VERIFY_IN_NODE]}
    for name, program in programs.items():
        for body, is_valid in [(call["body"], True), (call["body"].replace("test", "t3st"), False)]:
            done = subprocess.run(program, input=json.dumps({**call, "body": body}), capture_output=True, text=True, timeout=60, check=False,
                                  cwd=ROOT / "scripts" / "openapi")
            if (done.returncode == 0, done.stdout) != (is_valid, "webhook_test\n" if is_valid else ""):
                yield f"{name}: {done.stdout}{done.stderr}"


def receiver_fault(demo, receiver, port):
    """What is wrong with a receiver, if anything."""
    address = f"http://127.0.0.1:{port}/"
    secret = subscribe(demo, address)
    variables = {"GONGQIAO_WEBHOOK_SECRET": secret, "PORT": str(port)}
    process = subprocess.Popen(command(receiver), env=os.environ | variables, stdout=subprocess.PIPE, text=True)
    try:
        stack.is_ready(lambda: stack.accepts(port), process)
        signed(demo, "POST", "/api/v2/webhooks/tests", None)
        line = process.stdout.readline().strip()
        for _ in range(100):
            if state(demo) == "delivered":
                break
            time.sleep(0.1)
        forged = urllib.request.Request(address, b"{}", {"webhook-id": "x", "webhook-timestamp": str(int(time.time())), "webhook-signature": "v1,x"})
        try:
            urllib.request.urlopen(forged, timeout=10)
            return "it accepts a forged call"
        except urllib.error.HTTPError as rejected:
            status = rejected.code
        is_right = (line, state(demo), status) == ("webhook_test", "delivered", 401)
        return None if is_right else f"{line} {state(demo)} {status}"
    finally:
        process.kill()


def main():
    with stack.running(pathlib.Path(sys.argv[1]).resolve()) as (_, demo):
        variables = client_environment.variables(demo) | {"PYTHONPATH": str(CLIENTS / "python" / "src")}
        faults = {quickstart: fault(quickstart, variables) for quickstart in QUICKSTARTS}
        faults |= {receiver: receiver_fault(demo, receiver, port) for receiver, port in zip(RECEIVERS, stack.free_ports(len(RECEIVERS)))}
        faults |= {"packages": "; ".join(package_faults(demo)) or None}
    failed = [f"{quickstart}: {text}" for quickstart, text in faults.items() if text]
    sys.exit("\n".join(failed) if failed else 0)


main()
