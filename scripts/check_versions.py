"""Runs two versions of the system on one set of tables, as during a roll-out and after a roll-back, and compares what they read.

One version starts the embedded services, and the other one uses them. Two rounds write records of all four APIs: in the first, the old version writes what
the new one changes and the old one changes again; in the second they change places. After each write both versions answer the same reads. The new one may
add members; any other difference is a failure, and so is a write that the other version does not see.

usage: check_versions.py FOLDER_WITH_OLD_BINARIES FOLDER_WITH_NEW_BINARIES
"""

import collections
import datetime
import json
import pathlib
import re
import sys
import time
import urllib.parse

import stack
from api_client import Consent, call, post, signature_parameters, worker

EVENTS = pathlib.Path(__file__).resolve().parent.parent / "events"
FAMILIES = ["channel", "hris", "signing", "jobboard"]
# How long a version may take to see a change: it keeps look-ups for five seconds, and its search reads changes four times a second.
SECONDS = 7
# The most differences that are shown of a write.
SHOWN = 5
JSON = {"content-type": "application/json"}
# Each version may encode its own cursors: a list is read on with a cursor of the version that began it, or from its beginning.
OPAQUE = ["next_cursor"]
# What the functions of the guest use of the host's services.
SERVICES = re.compile(r"(AWS_|WECHAT_URL|WECHAT_PAY_URL|SMS_URL)")
# The id of the applications, and the employee with punches, of the demo data.
EXAMPLE, EMPLOYEE = "20240101001", "a0000000000000030000000000000001"


def event(name):
    """The decoded body of an event."""
    return json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))["body"]


class Version:
    """A client of one version."""

    def __init__(self, name, demo, base_url):
        self.name, self.demo, self.url = name, {**demo, "base_url": base_url}, base_url

    def send(self, caller, method, path, body=None):
        """(status, body, headers) of a request. `caller` has the headers that identify the client, or is the client of the HR API that signs."""
        content = body.encode() if isinstance(body, str) else json.dumps(body).encode() if body is not None else b""
        headers = JSON
        if caller is not None and "access_key" in caller:
            query = signature_parameters(caller, method + path, content)
            if method == "GET" and content:
                query["payload"] = content.decode()
            path = f"{path}?{urllib.parse.urlencode(query)}"
            content = None if method == "GET" else content
        else:
            headers = {**JSON, **(caller or {})}
        return call(method, self.url + path, headers, content or None)

    def command(self, command, **fields):
        return post(f"{self.url}/2015-03-31/functions/ops-admin/invocations", json.dumps({"command": command, "by": "versions", **fields}).encode())


def is_success(status, body):
    """Whether a response is a success in the terms of its API. Some records have a `status`, too."""
    if not isinstance(body, dict):
        return status == 200
    return status == 200 and "errorType" not in body and not body.get("code") and not ("msg" in body and body["status"])


def differences(old, new, place="answer"):
    """(additions, faults): where the new answer has members that the old one lacks, and every other difference."""
    if isinstance(old, dict) and isinstance(new, dict):
        additions, faults = [f"{place}.{name}" for name in new.keys() - old.keys()], []
        pairs = [(old[name], new.get(name, "nothing"), f"{place}.{name}") for name in old if name not in OPAQUE or not (old[name] and new.get(name))]
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        additions, faults, pairs = [], [], [(one, other, f"{place}[]") for one, other in zip(old, new)]
    else:
        return [], [] if (type(old), old) == (type(new), new) else [f"{place}: {old!r} of the old version, {new!r} of the new one"]
    for pair in pairs:
        more, wrong = differences(*pair)
        additions, faults = additions + more, faults + wrong
    return additions, faults


class Broken(Exception):
    """A write failed, or the versions differ: the rest of the walk of this API would only repeat it."""


class Results:
    def __init__(self):
        self.writes, self.reads, self.additions, self.failures = collections.Counter(), collections.Counter(), set(), 0

    def fail(self, *faults):
        self.failures += len(faults)
        print("\n".join(f"FAIL {fault}" for fault in faults[:SHOWN]), flush=True)

    def summary(self):
        reads = ", ".join(f"{family} {self.reads[family]}" for family in FAMILIES)
        return (f"{self.writes['old']} writes of the old version, {self.writes['new']} of the new one; reads compared: {reads}; "
                f"{len(self.additions)} additions, {self.failures} failures")


class Walk:
    """One round: `first` writes, `second` changes."""

    def __init__(self, old, new, first, second, results):
        self.old, self.new, self.first, self.second, self.results = old, new, first, second, results
        self.number = 1 if first is old else 2
        self.reads, self.marks = {family: {} for family in FAMILIES}, 0

    def mark(self):
        """A text that no other write has."""
        self.marks += 1
        return f"记号{self.number}{self.marks:02}"

    def read(self, family, label, read):
        """Adds a read of the family, which takes a version, and compares it after each write of the family."""
        self.reads[family][label] = read

    def get(self, family, caller, method, path, body=None):
        self.read(family, f"{method} {path}", lambda version: version.send(caller, method, path, body)[:2])

    def shows(self, family, command, **fields):
        self.read(family, f"{command} {fields}", lambda version: (200, version.command(command, **fields)))

    def ask(self, version, caller, method, path, body=None):
        """The body of a request that must succeed."""
        status, answer, _ = version.send(caller, method, path, body)
        if not is_success(status, answer):
            raise Broken(f"{version.name} version: {method} {path}: {answer}")
        return answer

    def write(self, version, family, caller, method, path, body=None, mark=None, ends=False):
        """A write through one version, which must succeed; returns its body and headers. Then compares all reads of the family, which succeed,
        too, unless the write `ends` what the caller may do."""
        status, answer, headers = version.send(caller, method, path, body)
        self.compare(version, family, f"{method} {path}", is_success(status, answer), answer, mark, ends)
        return answer, headers

    def order(self, at, family, command, mark=None, **fields):
        """The same for a command of staff."""
        answer = at.command(command, **fields)
        is_done = is_success(200, answer) and all(row["status"] != "refused" for row in answer.get("results", []))
        self.compare(at, family, command, is_done, answer, mark)
        return answer

    def compare(self, version, family, what, is_done, answer, mark=None, ends=False):
        if not is_done:
            raise Broken(f"{version.name} version: {what}: {answer}")
        self.results.writes[version.name] += 1
        until = time.monotonic() + SECONDS
        while True:
            pairs = {label: (read(self.old), read(self.new)) for label, read in self.reads[family].items()}
            compared = {label: differences(list(old), list(new)) for label, (old, new) in pairs.items()}
            faults = [f"{label}: {fault}" for label, (_, found) in compared.items() for fault in found]
            faults += [f"{label}: {answer}" for label, pair in pairs.items() for answer in pair if not ends and not is_success(*answer)]
            read_by = [] if mark is None else [self.old, self.new]
            faults += [f"the {reader.name} version does not show {mark}" for at, reader in enumerate(read_by)
                       if not any(mark in json.dumps(pair[at], ensure_ascii=False) for pair in pairs.values())]
            if not faults or time.monotonic() > until:
                break
            time.sleep(0.25)
        self.results.reads[family] += len(pairs)
        self.results.additions |= {f"{label.partition(' {')[0]}: {more}" for label, (additions, _) in compared.items() for more in additions}
        if faults:
            raise Broken(*(f"after {what} of the {version.name} version: {fault}" for fault in faults))
        print(f"ok   {family}: {what} of the {version.name} version, {len(pairs)} reads are equal", flush=True)

    def channel(self):
        keys = {**self.first.demo["channel"][0], "grant_type": "client_credentials"}
        tokens = self.ask(self.first, None, "POST", "/api/v1/auth/token", keys)["data"]
        refresh = {"refresh_token": tokens["refresh_token"], "grant_type": "refresh_token"}
        refreshed = self.ask(self.second, None, "POST", "/api/v1/auth/refresh", refresh)["data"]
        caller = {"authorization": f"Bearer {refreshed['access_token']}"}
        for kind, text in [("users", "name"), ("companies", "company_name"), ("tasks", "task_name"), ("applications", "remark"), ("payments", "remark")]:
            mine = f"2024010199{self.number}"
            body = event(f"channel-{kind}.create").replace(EXAMPLE, mine)
            path = f"/api/v1/{kind}"
            one = f"{path}/{next(iter(json.loads(body).values()))}"
            self.get("channel", caller, "GET", one)
            if kind not in ["users", "companies"]:
                self.get("channel", caller, "GET", path)
            self.write(self.first, "channel", caller, "POST", path, body, mine)
            # A repeat finds the record of the other version.
            self.write(self.second, "channel", caller, "POST", path, body, mine)
            self.write(self.second, "channel", caller, "PUT", one, event(f"channel-{kind}.update"))
            for version in [self.second, self.first]:
                mark = self.mark()
                self.write(version, "channel", caller, "PUT", one, {text: mark}, mark)

    def hris(self):
        signer = self.first.demo["hris"]
        company, app = {"company_uuid": signer["company_uuid"]}, signer["oauth"]
        mine, number, mobile = f"a{self.number + 9100:031}", f"VERSIONS-{self.number}", f"1990001000{self.number}"
        token = {"token": signer["token"]}
        for path in ["/api/v2/employees", "/api/v2/departments", "/api/v2/sub_companies", "/api/v2/approvals/20170712355448"]:
            self.get("hris", signer, "GET", path, token)
        self.shows("hris", "list_employees", **company)
        for version in [self.first, self.second, self.first]:
            mark = self.mark()
            row = {"uuid": mine, "name": mark, "empno": number, "status": "regular", "mobile": mobile, "administrator": True}
            self.order(version, "hris", "import_hris", mark, kind="employees", rows=json.dumps(row), **company)
        for name in [mine, number]:
            self.get("hris", signer, "GET", f"/api/v2/employees/{name}", token)
        days = {"start_date": "2017-02-03", "end_date": "2017-02-04"}
        self.get("hris", signer, "GET", f"/api/v2/employees/{EMPLOYEE}/attendance_checkings", days)
        punch = {"attendances": [{"empno": "NORMAL-1", "punched_at": f"2017-02-03 1{self.number}:00"}]}
        self.write(self.first, "hris", signer, "POST", "/api/v2/attendance_punches", punch)
        for version, value in [(self.first, 1024.12), (self.second, 2048.24)]:
            subject = {"empno": number, "subject_name": "绩效工资", "month": "2017-09", "value": value}
            self.write(version, "hris", signer, "POST", "/api/v2/salary/subject_values", subject)
        today = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8))).date()
        period = {"from": str(today - datetime.timedelta(days=1)), "to": str(today + datetime.timedelta(days=1))}
        self.shows("hris", "list_visits", **company, **period)
        for version in [self.first, self.second]:
            visit = {"token": signer["token"], "name": "访客", "time": f"2017-02-03 10:0{self.number}"}
            self.write(version, "hris", signer, "POST", f"/api/v2/employees/{EMPLOYEE}/notify", visit)
            self.write(version, "hris", signer, "PATCH", f"/api/v2/company_tokens/{signer['company_uuid']}",
                       {"token": signer["token"], "zhiren_visitor_token": version.name})
        # An employee consents on the page of one version, and the app gets the token of the other one.
        exchange = {name: app[name] for name in ["app_id", "app_secret", "callback_url"]}
        exchange["response_code"] = Consent(self.first.demo, mobile).response_code()
        granted = self.ask(self.second, None, "POST", "/api/v2/oauth/token", exchange)["access_token"]
        for kind in ["vacancies", "candidates", "sources"]:
            self.get("hris", {}, "GET", f"/api/v2/recruitments/{kind}?access_token={granted}")
        self.shows("hris", "list_grants", app_id=app["app_id"])
        code = self.order(self.first, "hris", "create_bind_code", **company)["bind_code"]
        self.write(self.second, "hris", signer, "PATCH", f"/api/v2/moka_binds/{code}")
        for version in [self.first, self.second]:
            mark = self.mark()
            candidate = {"id": f"versions-{self.number}", "name": mark, "phone": "13203030303", "email": "a@b.com", "jobTitle": "前端工程师",
                         "operator": {"name": "李四", "email": "lisi@a.com", "phone": "15828748567"}}
            self.write(version, "hris", signer, "POST", "/api/v2/moka_candidates", candidate, mark if version is self.first else None)
        self.write(self.first, "hris", None, "POST", "/api/v2/oauth/revoke",
                   {"app_id": app["app_id"], "app_secret": app["app_secret"], "token": granted}, ends=True)

    def signing(self):
        caller = {"x-auth-token": worker(self.first.demo, f"versions-{self.number}")}
        for path in ["/employee", "/em_status", "/companies", "/handlers", "/work_pos"]:
            self.get("signing", caller, "GET", path)
        form = {**caller, "content-type": "application/x-www-form-urlencoded"}
        resume, mark = event("signing-employee.submit"), self.mark()
        self.write(self.first, "signing", form, "POST", "/employee", resume.replace("张三", mark), mark)
        platform = {"platform_code": self.first.demo["signing"]["platform_code"]}
        em_id = self.ask(self.first, caller, "GET", "/employee")["data"]["em_id"]
        one = {**platform, "em_id": em_id}
        self.shows("signing", "show_application", **one)
        self.shows("signing", "list_applications", **platform)
        self.shows("signing", "list_companies", **platform)

        def decide(version, command, mark=None, **fields):
            self.order(version, "signing", command, mark, version=version.command("show_application", **one)["version"], **one, **fields)
        mark = self.mark()
        decide(self.second, "reject_application", mark, reason=mark)
        for version in [self.second, self.first]:
            mark = self.mark()
            self.write(version, "signing", form, "PUT" if version is self.first else "POST", "/employee", resume.replace("张三", mark), mark)
        decide(self.second, "approve_application", contract_id=1, entry_date="2024-02-01", salary=6000.5, work_pos="A岗位")
        decide(self.first, "sign_application")
        mark = self.mark()
        for version in [self.first, self.second]:
            self.order(version, "signing", "set_company", mark, company={"company_id": 9100 + self.number, "company_name": mark}, **platform)
        self.write(self.second, "signing", caller, "POST", "/weixin/logout", ends=True)

    def jobboard(self):
        def register(version, name, phone):
            codes = {}
            for kind, subject in [("login_code", f"user={name}"), ("phone_code", f"phone={phone}")]:
                codes[kind] = call("GET", f"{version.demo['wechat_url']}/simulate/{kind}?{subject}", {})[1]["code"]
            _, headers = self.write(version, "jobboard", None, "POST", "/wechat/user/register", codes)
            return {"authorization": headers["x-auth-token"]}
        owner = register(self.first, f"owner-{self.number}", f"1391000000{self.number}")
        other = register(self.second, f"other-{self.number}", f"1392000000{self.number}")
        page = {"biz_type": 1, "page_num": 1, "page_size": 10}
        for caller in [owner, other]:
            self.get("jobboard", caller, "GET", "/user/info")
            for path in ["/jobs/my", "/collect/my", "/contact_voucher/records", "/contact_history/out", "/contact_history/in"]:
                self.read("jobboard", f"{path} of {'owner' if caller is owner else 'other'}",
                          lambda version, caller=caller, path=path: version.send(caller, "POST", path, page)[:2])
        for caller in [owner, other]:
            self.shows("jobboard", "show_user", user_id=self.ask(self.first, caller, "GET", "/user/info")["data"]["user_id"])
        for version in [self.second, self.first]:
            mark = self.mark()
            self.write(version, "jobboard", owner, "POST", "/user/update/info", {"name": mark, "sex": 1}, mark)
        place = {"first_area_id": 1, "second_area_id": 101, "third_area_id": 1001, "longitude": 116.3974, "latitude": 39.9093}
        self.write(self.first, "jobboard", owner, "POST", "/user/update/geo", {**place, "address": "北京市朝阳区"})
        mark = self.mark()
        once = {**owner, "idempotency-key": f"versions-{self.number}"}
        body = event("jobboard-jobs.create").replace("服务员", mark)
        created = [self.write(version, "jobboard", once, "POST", "/job/create", body, mark)[1]["x-resource-id"] for version in [self.first, self.second]]
        if len(set(created)) != 1:
            raise Broken(f"a repeat at the other version created another job: {created}")
        job = int(created[0])
        self.get("jobboard", owner, "POST", "/jobs/info", {"job_id": job})
        # The job alone: versions may rank jobs differently.
        found = {"request_id": "versions", "query_type": 1, "filter": {"positions": mark}, "page_num": 1, "page_size": 5}
        self.get("jobboard", other, "POST", "/jobs/list", found)
        for version in [self.second, self.first]:
            mark = self.mark()
            found["filter"]["positions"] = mark
            self.write(version, "jobboard", owner, "POST", "/jobs/update", {"id": job, "positions": mark}, mark)
        self.write(self.second, "jobboard", other, "POST", "/job/collect", {"job_id": job})

        def pay(version, caller, path, body):
            order = self.write(version, "jobboard", caller, "POST", path, body)[0]["data"]["order_no"]
            self.get("jobboard", caller, "POST", "/order/status", {"order_no": order})
            self.shows("jobboard", "show_order", order_no=order)
            paid = post(f"{version.demo['wechat_url']}/simulate/pay", json.dumps({"out_trade_no": order}).encode())
            self.compare(version, "jobboard", f"the payment of {path}", paid == {"notified_status": 200}, paid)
        pay(self.first, other, "/contact_voucher/buy", {"price": 3.99, "contact_voucher_num": 1})
        user = self.ask(self.first, other, "GET", "/user/info")["data"]["user_id"]
        self.order(self.second, "jobboard", "adjust_vouchers", user_id=user, change=2, reference=f"versions-{self.number}", reason="补偿")
        self.write(self.second, "jobboard", other, "POST", "/contact_voucher/cost", {"purpose_id": job, "purpose_type": 1})
        self.write(self.first, "jobboard", other, "POST", "/contact_voucher/cost", {"purpose_id": job, "purpose_type": 1})
        pay(self.second, owner, "/jobs/top", {"job_id": job, "top_hour": 72, "price": 5.00})
        self.shows("jobboard", "show_job", job_id=job)
        self.write(self.first, "jobboard", owner, "POST", "/jobs/refresh", {"job_id": job})
        self.write(self.first, "jobboard", other, "POST", "/job/cancel_collect", {"job_id": job})
        self.order(self.first, "jobboard", "take_down_job", job_id=job, reason="虚假信息")
        self.order(self.second, "jobboard", "restore_job", job_id=job)
        self.write(self.second, "jobboard", owner, "POST", "/jobs/close", {"job_id": job})
        self.write(self.first, "jobboard", other, "POST", "/wechat/user/logout", ends=True)

    def run(self):
        for family in FAMILIES:
            try:
                getattr(self, family)()
            except Broken as broken:
                self.results.fail(*(f"{family}: {fault}" for fault in broken.args))
        for version in [self.first, self.second]:
            swept = post(f"{version.url}/2015-03-31/functions/ops-cleanup/invocations", b"{}")
            if any(sweep["failed"] for sweep in swept.values()):
                self.results.fail(f"the sweeps of the {version.name} version: {swept}")


def main():
    folders = [pathlib.Path(folder).resolve() for folder in sys.argv[1:3]]
    results = Results()
    # The template is updated before requests go to the new version: the new one creates the tables.
    with stack.running(folders[1], stack.WITHOUT_LIMITS) as (data, host):
        services = {name: value for name, value in stack.variables(data).items() if SERVICES.match(name)}
        with stack.running(folders[0], {**stack.WITHOUT_LIMITS, **services}) as (_, guest):
            # The guest has replaced the credentials of the demo data. WeChat is the host's.
            demo = {**host, **{name: guest[name] for name in ["channel", "hris", "signing"]}}
            old, new = Version("old", demo, guest["base_url"]), Version("new", demo, host["base_url"])
            for first, second in [(old, new), (new, old)]:
                print(f"-- the {first.name} version writes, the {second.name} one changes", flush=True)
                Walk(old, new, first, second, results).run()
    for addition in sorted(results.additions):
        print(f"added by the new version: {addition}")
    print(results.summary())
    sys.exit(1 if results.failures else 0)


main()
