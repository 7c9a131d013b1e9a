"""Calls every documented endpoint of the HR API with Python's standard library and the signature in the query.

usage: hris.py DEMO_JSON
"""

import hashlib
import hmac
import json
import pathlib
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request


class Client:
    """Signs each request. A GET has the payload in its query, other requests have it in a form."""

    def __init__(self, base_url, access_key, secret_key):
        self.base_url, self.access_key, self.secret_key = base_url, access_key, secret_key

    def call(self, method, path, payload=None):
        """The status and the decoded body."""
        payload = "" if payload is None else json.dumps(payload, ensure_ascii=False)
        tonce = str(int(time.time()))
        string_to_sign = method + path + self.access_key + tonce + payload
        signature = hmac.new(self.secret_key.encode(), string_to_sign.encode(), hashlib.sha256).hexdigest()
        query = {"access_key": self.access_key, "tonce": tonce, "signature": signature}
        form = None
        if payload and method == "GET":
            query["payload"] = payload
        elif payload:
            form = urllib.parse.urlencode({"payload": payload}).encode()
        url = f"{self.base_url}{urllib.parse.quote(path)}?{urllib.parse.urlencode(query)}"
        request = urllib.request.Request(url, data=form, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def get(self, path, payload=None):
        return self.call("GET", "/api/v2" + path, payload)

    def post(self, path, payload):
        return self.call("POST", "/api/v2" + path, payload)

    def patch(self, path, payload):
        return self.call("PATCH", "/api/v2" + path, payload)


# The document's property lists. The property without a name, 邮箱, is `email`.
COMPANY = "uuid name full_name logo"
SUB_COMPANY = "uuid company_uuid name short_name registered_address boss"
DEPARTMENT = "name uuid superior_uuid charger_uuid"
EMPLOYEE = ("uuid name sex email mobile empno phone_number id_number address bank_name bank_card photo marriage birthday "
            "join_date probation_end_date avatar leave_date category status department_uuid exmail job_title job_grade "
            "nickname dingtalk_id wework_id leader_uuid virtual_leader_uuid sub_company")
ARRANGEMENT = "attenance_rule_name workshift_name empno date time_range"
CHECKING = "date check_in_time check_out_time"
TIMELINE = "date category duration duration_unit start_time end_time"
APPROVAL = "number_series creator created_at status status_name updated_at category workflow_name form_values"
# Properties with values that are not text or null.
KINDS = {"errors": list, "duration": (int, float), "form_values": list, "attended": bool, "currentPage": int, "pageSize": int,
         "totalPages": int, "totalCount": int, "employees": list, "code": int}

MARKS = "张三 & 李四+王五 100% \"引\" \\ 👩‍💻"


def has(value, properties):
    """Whether a record has exactly these properties, each of its type."""
    if not isinstance(value, dict) or sorted(value) != sorted(properties.split()):
        return False
    return all(isinstance(value[name], KINDS.get(name, (str, type(None)))) for name in value)


def all_have(values, properties):
    """Whether there are records and each has exactly these properties."""
    return isinstance(values, list) and values != [] and all(has(value, properties) for value in values)


def is_page(value):
    numbers = {"currentPage": 1, "pageSize": 20}
    return (isinstance(value, dict) and all(value.get(name) == number for name, number in numbers.items())
            and all(isinstance(value.get(name), KINDS[name]) for name in ["totalPages", "totalCount"])
            and all_have(value.get("employees"), EMPLOYEE) and len(value["employees"]) <= 20)


def is_time(text):
    return re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?\+08:00", text) is not None


class Checks:
    """Prints one line per request, and counts."""

    def __init__(self):
        self.passed = self.failed = 0

    def check(self, endpoint, response, good, status=200):
        """`good` checks the body of a response with the expected status."""
        try:
            holds = response[0] == status and good(response[1])
        except (AttributeError, IndexError, KeyError, TypeError):
            holds = False
        self.passed, self.failed = self.passed + bool(holds), self.failed + (not holds)
        shown = "" if holds else f": {response[0]} {json.dumps(response[1], ensure_ascii=False)[:600]}"
        print(f"{'ok  ' if holds else 'FAIL'} {endpoint}{shown}", flush=True)


def calls(demo, check):
    hris = demo["hris"]
    token, company = {"token": hris["token"]}, hris["company_uuid"]
    client = Client(demo["base_url"], hris["access_key"], hris["secret_key"])
    page = {"pagination": {"page": 1}}

    status, employees = client.get("/employees", token)
    someone = next((row for row in employees if row["empno"] == "NORMAL-1"), {}) if status == 200 else {}
    uuid, mobile = someone.get("uuid", "-"), someone.get("mobile", "-")
    check("GET /employees", (status, employees), lambda rows: all_have(rows, EMPLOYEE))
    check("GET /employees (a page)", client.get("/employees", {**token, **page}), is_page)
    check("GET /employees (a page, its parameters as text)",
          client.get("/employees", {**token, "pagination": json.dumps({"page": 1})}), is_page)
    check("GET /employees (by name)", client.get("/employees", {**token, "name": "一般职员"}),
          lambda found: [row["empno"] for row in found] == ["NORMAL-1"])
    check("GET /employees (a name with special characters)", client.get("/employees", {**token, "name": MARKS}),
          lambda found: found == [])
    check("GET /employees (by status and date)",
          client.get("/employees", {**token, "status": "regular", "join_date_start": "2010-01-01",
                                    "join_date_end": "2017-02-03"}),
          lambda found: all_have(found, EMPLOYEE) and {row["status"] for row in found} == {"regular"})
    check("GET /employees/:empno", client.get("/employees/NORMAL-1", token), lambda row: row == someone)
    check("GET /employees/:mobile", client.get(f"/employees/{mobile}", token), lambda row: row == someone)
    check("GET /employees/:uuid", client.get(f"/employees/{uuid}", token), lambda row: row == someone)
    check("GET /employees/:uuid/check_attendance", client.get(f"/employees/{uuid}/check_attendance", token),
          lambda row: has(row, EMPLOYEE + " attended"))

    status, sub_companies = client.get("/sub_companies")
    sub_company = sub_companies[0]["uuid"] if status == 200 else "-"
    check("GET /sub_companies", (status, sub_companies), lambda rows: all_have(rows, SUB_COMPANY))
    check("GET /sub_companies/:sub_company_uuid", client.get(f"/sub_companies/{sub_company}"),
          lambda one: has(one, SUB_COMPANY) and one == sub_companies[0] and one["company_uuid"] == company)
    staff = client.get(f"/sub_companies/{sub_company}/employees")
    check("GET /sub_companies/:sub_company_uuid/employees", staff, lambda rows: all_have(rows, EMPLOYEE))
    member = staff[1][0] if staff[0] == 200 else {"uuid": "-"}
    check("GET /sub_companies/:sub_company_uuid/employees/:uuid",
          client.get(f"/sub_companies/{sub_company}/employees/{member['uuid']}"), lambda one: one == [member])

    status, departments = client.get("/departments")
    department = departments[0]["uuid"] if status == 200 else "-"
    check("GET /departments", (status, departments), lambda rows: all_have(rows, DEPARTMENT))
    check("GET /departments/:uuid", client.get(f"/departments/{department}"),
          lambda one: has(one, DEPARTMENT) and one == departments[0])
    check("GET /departments/:uuid/employees", client.get(f"/departments/{department}/employees", {}),
          lambda rows: all_have(rows, EMPLOYEE) and {row["department_uuid"] for row in rows} == {department})
    check("GET /departments/:uuid/employees (a page)", client.get(f"/departments/{department}/employees", page), is_page)

    punches = [{"empno": "NORMAL-1", "punched_at": "2017-03-01 08:00"}, {"empno": MARKS, "punched_at": "2017-03-01 08:00"},
               {"empno": "NORMAL-1", "punched_at": "2017-03-01 18:30"}]
    check("POST /attendance_punches", client.post("/attendance_punches", {"attendances": punches}),
          lambda rows: rows == [{"code": "0k", "empno": "NORMAL-1"},
                                {"code": "error", "empno": MARKS, "error_message": rows[1]["error_message"]},
                                {"code": "0k", "empno": "NORMAL-1"}])
    check("GET /employees/:guid/attendance_checkings",
          client.get(f"/employees/{uuid}/attendance_checkings", {"start_date": "2017-03-01", "end_date": "2017-03-01"}),
          lambda rows: all_have(rows, CHECKING)
          and rows == [{"date": "2017-03-01", "check_in_time": "2017-03-01T08:00:00+08:00",
                        "check_out_time": "2017-03-01T18:30:00+08:00"}])
    check("GET /arrangement_employees",
          client.get("/arrangement_employees", {"empnoes": ["NORMAL-1", MARKS], "start_date": "2017-02-03",
                                                "end_date": "2017-02-05"}),
          lambda rows: all_have(rows, ARRANGEMENT) and {row["empno"] for row in rows} == {"NORMAL-1"})
    check("GET /employees/:guid/timelines",
          client.get(f"/employees/{uuid}/timelines", {"start_date": "2017-02-01", "end_date": "2017-02-28",
                                                      "category": "leave"}),
          lambda rows: all_have(rows, TIMELINE) and all(is_time(row["start_time"]) for row in rows))

    check("POST /salary/subject_values",
          client.post("/salary/subject_values", {"empno": "NORMAL-1", "subject_name": "绩效 & 工资+100% 👍",
                                                 "month": "2017-09", "value": 1024.12}),
          lambda done: has(done, "code text") and done["code"] == 0)
    check("PATCH /company_tokens/:guid",
          client.patch(f"/company_tokens/{company}", {**token, "zhiren_visitor_token": "令牌 a+b&c=%20 🔑"}),
          lambda one: has(one, COMPANY) and one["uuid"] == company)
    visit = {"name": MARKS, "time": f"2017-02-03 10:00 ({time.time_ns()})"}
    check("POST /employees/:guid/notify", client.post(f"/employees/{uuid}/notify", {**token, **visit}),
          lambda row: row == someone)
    with urllib.request.urlopen(demo["sms_outbox_url"], timeout=30) as response:
        messages = [sent["message"] for sent in json.load(response)]
    check("the visitor's name reaches the employee",
          (200, messages), lambda rows: any(visit["name"] in text and visit["time"] in text for text in rows))

    wish = {"start_date": "2018-02-01", "end_date": "2018-03-01", "category": "leave", "status": "waiting"}
    status, approvals = client.get("/approvals", wish)
    check("GET /approvals", (status, approvals),
          lambda rows: all_have(rows, APPROVAL)
          and {(row["category"], row["status"], row["status_name"]) for row in rows} == {("leave", "waiting", "审批中")}
          and all(is_time(row["created_at"]) for row in rows))
    check("GET /approvals/:number_series", client.get("/approvals/20170712355448"),
          lambda one: has(one, APPROVAL) and one["status_name"] == "不通过")

    def rejected(code, members="code text"):
        return lambda body: has(body, members) and body["code"] == code

    check("a record that does not exist", client.get("/departments/00000000000000000000000000000000"), rejected(1102, "code text errors"), 404)
    check("the token of another company", client.get("/employees", {"token": demo["hris_other"]["token"]}), rejected(1104), 401)
    stranger = Client(demo["base_url"], hris["access_key"], hris["secret_key"] + "x")
    check("a signature with another key", stranger.get("/departments"), rejected(1101), 401)


def main():
    checks = Checks()
    calls(json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")), checks.check)
    print(f"{checks.passed} passed, {checks.failed} failed")
    sys.exit(1 if checks.failed else 0)


main()
