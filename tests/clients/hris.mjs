// Calls every documented endpoint of the HR API with Node's built-in modules and the signature in the header.
//
// usage: hris.mjs DEMO_JSON

import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";

/** Signs each request. A GET has the payload in its query, other requests have it as their JSON body. */
class Client {
  constructor(baseUrl, accessKey, secretKey) {
    Object.assign(this, { baseUrl, accessKey, secretKey });
  }

  /** The status and the decoded body. */
  async call(method, path, payload) {
    const text = payload === undefined ? "" : JSON.stringify(payload);
    const tonce = String(Math.floor(Date.now() / 1000));
    const signature = createHmac("sha256", this.secretKey)
      .update(method + path + this.accessKey + tonce + text, "utf8")
      .digest("hex");
    const query = { access_key: this.accessKey, tonce };
    const request = { method, headers: { "x-zhiren-signature": signature } };
    if (text && method === "GET") {
      query.payload = text;
    } else if (text) {
      request.body = text;
      request.headers["content-type"] = "application/json";
    }
    const pairs = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
    const response = await fetch(`${this.baseUrl}${path}?${pairs.join("&")}`, request);
    return { status: response.status, body: await response.json() };
  }

  get = (path, payload) => this.call("GET", "/api/v2" + path, payload);
  post = (path, payload) => this.call("POST", "/api/v2" + path, payload);
  patch = (path, payload) => this.call("PATCH", "/api/v2" + path, payload);
}

// The document's property lists. The property without a name, 邮箱, is `email`.
const COMPANY = "uuid name full_name logo";
const SUB_COMPANY = "uuid company_uuid name short_name registered_address boss";
const DEPARTMENT = "name uuid superior_uuid charger_uuid";
const EMPLOYEE =
  "uuid name sex email mobile empno phone_number id_number address bank_name bank_card photo marriage birthday " +
  "join_date probation_end_date avatar leave_date category status department_uuid exmail job_title job_grade nickname " +
  "dingtalk_id wework_id leader_uuid virtual_leader_uuid sub_company";
const ARRANGEMENT = "attenance_rule_name workshift_name empno date time_range";
const CHECKING = "date check_in_time check_out_time";
const TIMELINE = "date category duration duration_unit start_time end_time";
const APPROVAL = "number_series creator created_at status status_name updated_at category workflow_name form_values";
// Properties with values that are not text or null.
const KINDS = { duration: Number.isFinite, form_values: Array.isArray, attended: (value) => typeof value === "boolean" };

const MARKS = `张三 & 李四+王五 100% "引" \\ 👩‍💻`;

const isText = (value) => value === null || typeof value === "string";

/** Whether a record has exactly these properties, each of its type. */
function has(value, properties) {
  const names = properties.split(" ");
  return (
    isDeepStrictEqual(Object.keys(value).sort(), names.toSorted()) &&
    names.every((name) => (KINDS[name] ?? isText)(value[name]))
  );
}

/** Whether there are records and each has exactly these properties. */
const allHave = (values, properties) =>
  Array.isArray(values) && values.length > 0 && values.every((value) => has(value, properties));

const isPage = ({ currentPage, pageSize, totalPages, totalCount, employees }) =>
  currentPage === 1 &&
  pageSize === 20 &&
  totalPages === Math.ceil(totalCount / 20) &&
  allHave(employees, EMPLOYEE) &&
  employees.length === Math.min(totalCount, 20);

const onlyHas = (values, name, wanted) => values.every((value) => value[name] === wanted);
const is = (expected) => (body) => isDeepStrictEqual(body, expected);
const rejected = (code, ...more) => (body) =>
  isDeepStrictEqual(Object.keys(body).sort(), ["code", ...more, "text"]) && body.code === code;

const tally = { passed: 0, failed: 0 };

/** Prints one line per request. `good` checks the body of a response with the expected status. */
async function check(endpoint, pending, good, status = 200) {
  const response = await pending;
  let holds = false;
  try {
    holds = response.status === status && good(response.body);
  } catch (error) {
    console.log(String(error));
  }
  tally[holds ? "passed" : "failed"] += 1;
  console.log(holds ? `ok   ${endpoint}` : `FAIL ${endpoint}: ${response.status} ${JSON.stringify(response.body).slice(0, 600)}`);
  return response.body;
}

async function calls({ base_url, hris, hris_other, sms_outbox_url }) {
  const { access_key, secret_key, company_uuid, token } = hris;
  const client = new Client(base_url, access_key, secret_key);
  const pagination = { page: 1 };

  const everyone = await check("GET /employees", client.get("/employees", { token }), (rows) => allHave(rows, EMPLOYEE));
  const someone = everyone.find?.((row) => row.empno === "NORMAL-1");
  const { uuid, mobile } = someone ?? {};
  await check("GET /employees (a page)", client.get("/employees", { token, pagination }), isPage);
  await check("GET /employees (a page, its parameters as text)",
    client.get("/employees", { token, pagination: JSON.stringify(pagination) }), isPage);
  await check("GET /employees (by name)", client.get("/employees", { token, name: "一般职员" }), is([someone]));
  await check("GET /employees (a name with special characters)", client.get("/employees", { token, name: MARKS }), is([]));
  await check("GET /employees (by status and date)",
    client.get("/employees", { token, status: "dimission", leave_date_start: "2017-02-01", leave_date_end: "2017-02-28" }),
    (rows) => allHave(rows, EMPLOYEE) && onlyHas(rows, "status", "dimission"));
  await check("GET /employees/:empno", client.get("/employees/NORMAL-1", { token }), is(someone));
  await check("GET /employees/:mobile", client.get(`/employees/${mobile}`, { token }), is(someone));
  await check("GET /employees/:uuid", client.get(`/employees/${uuid}`, { token }), is(someone));
  await check("GET /employees/:uuid/check_attendance", client.get(`/employees/${uuid}/check_attendance`, { token }),
    (row) => has(row, `${EMPLOYEE} attended`) && row.uuid === uuid);

  const subCompanies = await check("GET /sub_companies", client.get("/sub_companies"), (rows) => allHave(rows, SUB_COMPANY));
  const subCompany = subCompanies[0]?.uuid;
  await check("GET /sub_companies/:sub_company_uuid", client.get(`/sub_companies/${subCompany}`), is(subCompanies[0]));
  const staff = await check("GET /sub_companies/:sub_company_uuid/employees",
    client.get(`/sub_companies/${subCompany}/employees`), (rows) => allHave(rows, EMPLOYEE));
  await check("GET /sub_companies/:sub_company_uuid/employees/:uuid",
    client.get(`/sub_companies/${subCompany}/employees/${staff[0]?.uuid}`), is([staff[0]]));

  const departments = await check("GET /departments", client.get("/departments"), (rows) => allHave(rows, DEPARTMENT));
  const department = departments[0]?.uuid;
  await check("GET /departments/:uuid", client.get(`/departments/${department}`), is(departments[0]));
  await check("GET /departments/:uuid/employees", client.get(`/departments/${department}/employees`, {}),
    (rows) => allHave(rows, EMPLOYEE) && onlyHas(rows, "department_uuid", department));
  await check("GET /departments/:uuid/employees (a page)",
    client.get(`/departments/${department}/employees`, { pagination }), isPage);

  const attendances = [
    { empno: "NORMAL-1", punched_at: "2017-03-02 08:00" },
    { empno: MARKS, punched_at: "2017-03-02 08:00" },
    { empno: "NORMAL-1", punched_at: "2017-03-02 18:30" },
  ];
  await check("POST /attendance_punches", client.post("/attendance_punches", { attendances }), (rows) =>
    isDeepStrictEqual(rows, [
      { code: "0k", empno: "NORMAL-1" },
      { code: "error", empno: MARKS, error_message: String(rows[1].error_message) },
      { code: "0k", empno: "NORMAL-1" },
    ]));
  await check("GET /employees/:guid/attendance_checkings",
    client.get(`/employees/${uuid}/attendance_checkings`, { start_date: "2017-03-02", end_date: "2017-03-02" }),
    (rows) => allHave(rows, CHECKING) && is([{ date: "2017-03-02", check_in_time: "2017-03-02T08:00:00+08:00",
      check_out_time: "2017-03-02T18:30:00+08:00" }])(rows));
  await check("GET /arrangement_employees",
    client.get("/arrangement_employees", { empnoes: ["NORMAL-1", MARKS], start_date: "2017-02-03", end_date: "2017-02-05" }),
    (rows) => allHave(rows, ARRANGEMENT) && onlyHas(rows, "empno", "NORMAL-1"));
  await check("GET /employees/:guid/timelines",
    client.get(`/employees/${uuid}/timelines`, { start_date: "2017-02-01", end_date: "2017-02-28", category: "leave" }),
    (rows) => allHave(rows, TIMELINE) && onlyHas(rows, "category", "leave"));

  await check("POST /salary/subject_values",
    client.post("/salary/subject_values", { empno: "NORMAL-1", subject_name: "绩效 & 工资+100% 👍", month: "2017-09",
      value: -1024.12 }),
    (done) => isDeepStrictEqual(Object.keys(done).sort(), ["code", "text"]) && done.code === 0);
  await check("PATCH /company_tokens/:guid",
    client.patch(`/company_tokens/${company_uuid}`, { token, zhiren_visitor_token: "令牌 a+b&c=%20 🔑" }),
    (company) => has(company, COMPANY) && company.uuid === company_uuid);
  const time = `2017-02-03 10:00 (${process.hrtime.bigint()})`;
  await check("POST /employees/:guid/notify", client.post(`/employees/${uuid}/notify`, { token, name: MARKS, time }),
    is(someone));
  const outbox = await fetch(sms_outbox_url);
  await check("the visitor's name reaches the employee", { status: outbox.status, body: await outbox.json() },
    (sent) => sent.some(({ message }) => message.includes(MARKS) && message.includes(time)));

  const wish = { start_date: "2018-02-01", end_date: "2018-03-01", category: "overtime", status: "passed" };
  await check("GET /approvals", client.get("/approvals", wish),
    (rows) => allHave(rows, APPROVAL) && onlyHas(rows, "category", "overtime") && onlyHas(rows, "status_name", "通过"));
  await check("GET /approvals/:number_series", client.get("/approvals/20170721372181"),
    (one) => has(one, APPROVAL) && one.created_at === "2017-07-21T16:00:06.000+08:00");

  await check("a record that does not exist", client.get(`/sub_companies/${"0".repeat(32)}`), rejected(1102, "errors"), 404);
  await check("the token of another company", client.get("/employees", { token: hris_other.token }), rejected(1104), 401);
  const stranger = new Client(base_url, access_key, `${secret_key}x`);
  await check("a signature with another key", stranger.get("/departments"), rejected(1101), 401);
}

await calls(JSON.parse(readFileSync(process.argv[2], "utf8")));
console.log(`${tally.passed} passed, ${tally.failed} failed`);
process.exitCode = tally.failed ? 1 : 0;
