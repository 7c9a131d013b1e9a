"""Invokes every function binary with its files of events/.

The binaries run under the Lambda Runtime Interface Emulator of aws-sam-cli, against a local stack, which this script starts.
`channel-users.create.json` is an event of the function `channel-users`. This script replaces {{placeholders}} in events, because
credentials cannot be committed.

usage: check_events.py FOLDER_WITH_BINARIES
"""

import contextlib
import datetime
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

import stack
from api_client import consent, header, post, signature_parameters, worker

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tests" / "clients"))
import staff

# Records refer to each other, so the functions run in this order. Within a function, the events of FIRST run first.
FUNCTIONS = ["ops-admin", "channel-auth", "channel-users", "channel-companies", "channel-tasks", "channel-applications",
             "channel-payments", "channel-uploads", "hris-organization", "hris-employees", "hris-attendance",
             "hris-approvals", "hris-salary", "hris-integration", "hris-events", "hris-oauth", "hris-recruitment", "signing-session",
             "signing-employee", "signing-directory", "signing-image", "jobboard-account", "jobboard-jobs",
             "jobboard-search-snapshot", "jobboard-search", "jobboard-collections", "jobboard-contacts",
             "jobboard-vouchers", "jobboard-orders", "jobboard-image", "jobboard-reconcile", "ops-uploads",
             "ops-audit", "ops-cleanup", "ops-console", "ops-docs", "ops-outbox"]
# The events of ops-admin that need an application of the signing API, or end sessions and grants that other events use, run last, in this
# order.
LAST = ["list_applications", "show_application", "set_verify_status", "reject_application", "cancel_application",
        "approve_application", "sign_application", "end_worker_sessions", "end_user_sessions", "revoke_grant", "ban_user",
        "unban_user", "show_reconciliation", "show_webhook_event", "replay_webhook_event", "delete_webhook"]
FIRST = ["create", "create_channel", "rotate_channel_secret", "retire_channel_secret", "create_product", "import_hris",
         "create_access_key", "put_webhook", "test_webhook", "rotate_access_key", "retire_access_key_secret", "create_oauth_app", "rotate_oauth_app",
         "retire_oauth_app_secret", "create_staff", "set_platform", "submit", "take_down_job", "restore_job", "collect",
         "cost", "refund_order"]
# Members of ops-admin's results that become placeholders of later commands.
RESULTS = {"secret_id": "secret_id", "access_key": "new_access_key", "app_id": "new_app_id", "staff_id": "staff_id",
           "import_id": "import_id"}


def emulator_program():
    import samcli
    machine = {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]
    packaged = pathlib.Path(samcli.__file__).parent / "local" / "rapid" / f"aws-lambda-rie-{machine}"
    program = pathlib.Path(tempfile.mkdtemp()) / "aws-lambda-rie"
    shutil.copy(packaged, program)
    program.chmod(0o755)
    return program


def events():
    def place(file):
        function, name = file.stem.partition(".")[::2]
        return FUNCTIONS.index(function), FIRST.index(name) if name in FIRST else len(FIRST), name
    return sorted((ROOT / "events").glob("*.json"), key=place)


def fill(text, values):
    for name, value in values.items():
        text = text.replace("{{" + name + "}}", value)
    if "{{signed}}" in text:
        text = text.replace("{{signed}}", signed(json.loads(text), values))
    if "{{" in text:
        sys.exit(f"unknown placeholder {text[text.index('{{'):][:40]}")
    return text.encode()


def application(demo, user):
    """The em_id of a worker who submits the resume of the event."""
    event = json.loads((ROOT / "events" / "signing-employee.submit.json").read_text(encoding="utf-8"))
    headers = {"x-auth-token": worker(demo, user), "content-type": event["headers"]["content-type"]}
    url = demo["base_url"] + "/employee"
    with urllib.request.urlopen(urllib.request.Request(url, event["body"].encode(), headers), timeout=60):
        pass
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as response:
        return str(json.load(response)["data"]["em_id"])


def grant(demo, app_id):
    """The grant of an app that has one."""
    command = json.dumps({"command": "list_grants", "app_id": app_id}).encode()
    return post(demo["base_url"] + "/2015-03-31/functions/ops-admin/invocations", command)["grants"][0]["grant_id"]


def jobboard(demo):
    """A user of the job board with a job and a paid order, and a job of another user."""
    url, codes = demo["base_url"], demo["jobboard"]
    token = header(url + "/wechat/user/login", {"login_code": codes["user_code"]}, "x-auth-token")
    jobs = post(url + "/jobs/list", b'{"page_size":1}')["data"]["jobs"]
    def call(path, body):
        headers = {"authorization": token, "content-type": "application/json"}
        with urllib.request.urlopen(urllib.request.Request(url + path, body.encode(), headers), timeout=60) as response:
            return json.load(response)["data"], response.headers
    _, headers = call("/job/create", json.loads((ROOT / "events" / "jobboard-jobs.create.json").read_text("utf-8"))["body"])
    order, _ = call("/contact_voucher/buy", '{"price":3.99,"contact_voucher_num":1}')
    post(demo["wechat_url"] + "/simulate/pay", json.dumps({"out_trade_no": order["order_no"]}).encode())
    with urllib.request.urlopen(urllib.request.Request(url + "/user/info", headers={"authorization": token})) as response:
        user = json.load(response)["data"]["user_id"]
    return {"jobboard_token": token, "jobboard_user": str(user), "job_id": str(jobs[0]["id"]),
            "own_job_id": headers["x-resource-id"], "order_no": order["order_no"]}


def signed(event, hris):
    """The parameters that sign an event of the HR API."""
    payload = urllib.parse.parse_qs(event["rawQueryString"]).get("payload", [event.get("body", "")])[0]
    method_and_path = event["requestContext"]["http"]["method"] + event["rawPath"]
    return urllib.parse.urlencode(signature_parameters(hris, method_and_path, payload.encode()))


def is_success(function, result):
    """Whether a result is a success in the terms of the function's family."""
    if not isinstance(result, dict) or "errorType" in result:
        return False
    if function == "ops-cleanup":
        return all(swept["failed"] == 0 for swept in result.values())
    if function == "ops-outbox":
        return result["failed"] == 0
    if function == "hris-events":
        return result["failed"] == 0
    if function == "ops-console":
        return result.get("statusCode") == 200
    if function == "ops-docs":
        return result.get("statusCode") == 200 and any(result["body"].startswith(start) for start in ["<!DOCTYPE html>", "{"])
    if function.startswith("ops-"):
        return all(row["status"] != "refused" for row in result.get("results", []))
    if function == "jobboard-search-snapshot":
        return result.get("jobs", 0) > 0
    if function == "jobboard-reconcile":
        return result.get("status") == "equal"
    if result.get("statusCode") != 200:
        return False
    if function == "hris-oauth":
        return "<form" in result["body"]
    if result.get("isBase64Encoded"):
        return result["headers"]["content-type"] == "image/png"
    body = json.loads(result["body"])
    if function.startswith("signing-"):
        return body["status"] == 0
    if function.startswith("hris-"):
        return body not in ([], {}) and (not isinstance(body, dict) or body.get("code", 0) == 0)
    return body["code"] == 0


class Emulator:
    """One function of a binary under the Lambda Runtime Interface Emulator."""

    def __init__(self, program, binary, function, environment):
        self.port, api = stack.free_ports(2)
        self.log = tempfile.TemporaryFile()
        command = [program, "--runtime-interface-emulator-address", f"127.0.0.1:{self.port}", "--runtime-api-address",
                   f"127.0.0.1:{api}", binary]
        # The local stack enforces a function's policy if the access key is the function's name.
        environment = {**environment, "AWS_ACCESS_KEY_ID": function, "AWS_LAMBDA_FUNCTION_HANDLER": function}
        self.process = subprocess.Popen(command, env=environment, stdout=self.log, stderr=subprocess.STDOUT,
                                        start_new_session=True)

    def listens(self):
        """Waits until the port accepts connections. False if the emulator ends before."""
        return stack.is_ready(lambda: stack.accepts(self.port), self.process)

    def end(self):
        """Ends the emulator and its function, and returns the last part of what they logged."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.log.seek(0)
        return self.log.read().decode(errors="replace")[-4000:]


def start(program, binary, function, environment):
    """An emulator that listens. Another program may take a free port before the emulator does: then it gets another."""
    for _ in range(3):
        emulator = Emulator(program, binary, function, environment)
        if emulator.listens():
            return emulator
        print(emulator.end())
    sys.exit(f"{function} does not start")


def binaries_of_functions(folder):
    """The binary of each function, by the template."""
    template = (ROOT / "template.yaml").read_text("utf-8")
    found = re.findall(r"Binary: ([\w-]+)}}\n(?:    .*\n)*?      Handler: ([\w-]+)\n", template)
    return {function: folder / binary for binary, function in found}


def run_function(program, binary, function, files, environment, values):
    """Starts one function, invokes it with each event, and returns the number of failures."""
    emulator = start(program, binary, function, environment)
    wrong = 0
    try:
        for file in files:
            url = f"http://127.0.0.1:{emulator.port}/2015-03-31/functions/function/invocations"
            result = post(url, fill(file.read_text(), values))
            # A pass begins ten minutes after the first call has seen the configuration of the keys.
            waits = file.name == "ops-admin.reseal.json" and "configuration: is too new" in result.get("errorMessage", "")
            good = waits or is_success(function, result)
            if function.startswith("ops-") and good:
                values.update({RESULTS[name]: str(result[name]) for name in RESULTS if name in result})
                values.update({"event_id": event["event_id"] for event in result.get("events", [])})
            shown = result.get("statusCode", "done") if good else result
            print(f"{'ok  ' if good else 'FAIL'} {file.name}: {shown}", flush=True)
            wrong += not good
    finally:
        logged = emulator.end()
        if wrong:
            print(logged)
    return wrong


def main():
    folder = pathlib.Path(sys.argv[1]).resolve()
    binaries = binaries_of_functions(folder)
    program = emulator_program()
    wrong = total = 0
    try:
        with stack.running(folder) as (data, demo):
            channel, hris = demo["channel"][0], demo["hris"]
            credentials = json.dumps({**channel, "grant_type": "client_credentials"}).encode()
            tokens = post(demo["base_url"] + "/api/v1/auth/token", credentials)["data"]
            values = {**channel, **{name: tokens[name] for name in ["access_token", "refresh_token"]},
                      **{name: hris[name] for name in ["access_key", "secret_key", "token"]},
                      "app_id": hris["oauth"]["app_id"], "hris_access_token": consent(demo),
                      "session_token": worker(demo, "events"), **jobboard(demo),
                      "console_session": staff.sign_in(demo["base_url"], demo, "admin")["__Host-console"]}
            shanghai = datetime.timezone(datetime.timedelta(hours=8))
            values["yesterday"] = str((datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)).date())
            values["two_days_ago"] = str((datetime.datetime.now(shanghai) - datetime.timedelta(days=2)).date())
            values["grant_id"] = grant(demo, values["app_id"])
            environment = {"PATH": os.environ["PATH"], **stack.variables(data)}
            for function in FUNCTIONS:
                files = [file for file in events() if file.name.split(".")[0] == function]
                files = [file for file in files if file.name.split(".")[1] not in LAST]
                total += len(files)
                wrong += run_function(program, binaries[function], function, files, environment, values)
            for name in LAST:
                # sign_application needs the approved worker; all others need a new worker.
                if name != "sign_application":
                    values["em_id"] = application(demo, name)
                total += 1
                file = ROOT / "events" / f"ops-admin.{name}.json"
                wrong += run_function(program, binaries["ops-admin"], "ops-admin", [file], environment, values)
    finally:
        shutil.rmtree(program.parent)
    print(f"{total - wrong} passed, {wrong} failed")
    sys.exit(1 if wrong else 0)


main()
