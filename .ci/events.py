"""Runs every file of events/ through its real function binary.

The binaries run under the Lambda Runtime Interface Emulator that aws-sam-cli carries, against a local stack that this
script starts. `channel-users.create.json` is an event of the function `channel-users`. What stands in {{double braces}}
in an event is filled in here: credentials cannot be committed.

usage: events.py FOLDER_WITH_BINARIES
"""

import json
import os
import pathlib
import platform
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Records refer to each other, so their functions come in this order; within one, these events come first.
FUNCTIONS = ["ops-admin", "channel-auth", "channel-users", "channel-companies", "channel-tasks", "channel-applications",
             "channel-payments", "channel-uploads"]
FIRST = ["create", "create_channel", "rotate_channel_secret", "retire_channel_secret"]


def emulator():
    import samcli
    machine = {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]
    packaged = pathlib.Path(samcli.__file__).parent / "local" / "rapid" / f"aws-lambda-rie-{machine}"
    program = pathlib.Path(tempfile.mkdtemp()) / "aws-lambda-rie"
    shutil.copy(packaged, program)
    program.chmod(0o755)
    return program


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def post(url, body):
    request = urllib.request.Request(url, data=body, headers={"content-type": "application/json"}, method="POST")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def wait_for(ready, what, process):
    for _ in range(600):
        if process.poll() is not None:
            sys.exit(f"{what} ended with {process.returncode}")
        if ready():
            return
        time.sleep(0.05)
    sys.exit(f"{what} did not come up")


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def events():
    def place(file):
        function, name, _ = file.name.split(".")
        return FUNCTIONS.index(function), FIRST.index(name) if name in FIRST else len(FIRST), name
    return sorted((ROOT / "events").glob("*.json"), key=place)


def fill(text, values):
    for name, value in values.items():
        text = text.replace("{{" + name + "}}", value)
    if "{{" in text:
        sys.exit(f"nothing to fill in for {text[text.index('{{'):][:40]}")
    return text.encode()


def run_function(program, binary, files, environment, values):
    """Starts one function, sends it each of its events, and says which answers are wrong."""
    port, api = free_port(), free_port()
    command = [program, "--runtime-interface-emulator-address", f"127.0.0.1:{port}", "--runtime-api-address",
               f"127.0.0.1:{api}", binary]
    log = tempfile.TemporaryFile()
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    wrong = 0
    try:
        wait_for(lambda: listens(port), binary.name, process)
        for file in files:
            url = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
            answer = post(url, fill(file.read_text(), values))
            if binary.name.startswith("ops-"):
                good = isinstance(answer, dict) and "errorType" not in answer
                values.update({name: answer[name] for name in ["secret_id"] if good and name in answer})
                shown = "done" if good else answer
            else:
                body = json.loads(answer.get("body") or "null") if isinstance(answer, dict) else None
                good = body is not None and answer.get("statusCode") == 200 and body["code"] == 0
                shown = answer.get("statusCode") if good else answer
            print(f"{'ok  ' if good else 'FAIL'} {file.name}: {shown}", flush=True)
            wrong += not good
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if wrong:
            log.seek(0)
            print(log.read().decode(errors="replace")[-4000:])
    return wrong


def main():
    binaries = pathlib.Path(sys.argv[1]).resolve()
    program = emulator()
    data = pathlib.Path(tempfile.mkdtemp())
    stack = subprocess.Popen([binaries / "local", "--port", "0", "--data-dir", data], stdout=subprocess.DEVNULL)
    try:
        wait_for((data / "demo.json").exists, "the local stack", stack)
        demo = json.loads((data / "demo.json").read_text())
        channel = demo["channel"][0]
        credentials = json.dumps({**channel, "grant_type": "client_credentials"}).encode()
        tokens = post(demo["base_url"] + "/api/v1/auth/token", credentials)["data"]
        values = {**channel, **{name: tokens[name] for name in ["access_token", "refresh_token"]}}
        variables = dict(line.split("=", 1) for line in (data / "functions.env").read_text().splitlines())
        environment = {"PATH": os.environ["PATH"], **variables}
        wrong = total = 0
        for function in FUNCTIONS:
            files = [file for file in events() if file.name.split(".")[0] == function]
            total += len(files)
            wrong += run_function(program, binaries / function, files, environment, values)
    finally:
        stack.send_signal(signal.SIGINT)
        stack.wait(timeout=20)
        shutil.rmtree(data)
        shutil.rmtree(program.parent)
    print(f"{total - wrong} passed, {wrong} failed")
    sys.exit(1 if wrong else 0)


main()
