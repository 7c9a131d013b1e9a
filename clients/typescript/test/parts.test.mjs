// The hand-written parts, against a `Send` that answers from a list. `tsc` has built dist/.
import assert from "node:assert/strict";
import { test } from "node:test";
import { records, retrying, sign, withHrSignature, withPartnerToken } from "gongqiao";

/** Answers with these responses, in order, and records the requests. */
function server(...answers) {
  const requests = [];
  const send = async (request) => {
    requests.push(request);
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { requests, send };
}

const status = (code, headers = {}) => new Response(null, { status: code, headers });
const job = () => new Request("https://api.test/job/create", { method: "POST", body: "{}" });

/** The response and the pauses. */
async function send(server, options = {}) {
  const pauses = [];
  const sender = retrying({ send: server.send, sleep: async (seconds) => pauses.push(seconds), ...options });
  return { response: await sender(job()), pauses };
}

test("the vectors of openssl", async () => {
  // `printf %s TEXT | openssl dgst -sha256 -hmac SK_TEST`; the first is also in docs/design/hris.md.
  assert.equal(await sign("SK_TEST", "GET", "/api/v2/employees", "AK_TEST", "1500000000", '{"token":"c1"}'),
    "9649dbf0caf21d9ba7ef9334083dea17ddc32cdd924defd05a4237651fa2b8c6");
  assert.equal(await sign("SK_TEST", "POST", "/api/v2/salary/subject_values", "AK_TEST", "1500000000.250000", '{"subject_name":"绩效"}'),
    "c3f027f9b5d8c001928fa9f736b1b116a143c4539d58410d54f7ec2334a3911a");
});

test("the body and the payload in the query are signed", async () => {
  const { requests, send } = server(status(200), status(200));
  const signed = withHrSignature(send, "AK_TEST", "SK_TEST", () => 1500000000250);
  const url = new URL("https://api.test/api/v2/employees");
  url.searchParams.set("payload", '{"name":"张 三+1"}');
  await signed(new Request(url));
  await signed(new Request("https://api.test/api/v2/salary/subject_values", { method: "POST", body: '{"subject_name":"绩效"}' }));
  const [read, write] = requests.map((request) => new URL(request.url).searchParams);
  assert.equal(read.get("signature"), await sign("SK_TEST", 'GET/api/v2/employeesAK_TEST1500000000.250000{"name":"张 三+1"}'));
  assert.equal(write.get("signature"), "c3f027f9b5d8c001928fa9f736b1b116a143c4539d58410d54f7ec2334a3911a");
  assert.equal(await requests[1].text(), '{"subject_name":"绩效"}');
});

test("Retry-After is waited for", async () => {
  const { response, pauses } = await send(server(status(429, { "retry-after": "7" }), status(200)));
  assert.deepEqual([response.status, pauses], [200, [7]]);
});

test("without Retry-After the pause doubles", async () => {
  const { response, pauses } = await send(server(status(502), new TypeError("fetch failed"), status(504), status(200)));
  assert.equal(response.status, 200);
  [0.5, 1, 2].forEach((longest, index) => assert.ok(longest / 2 <= pauses[index] && pauses[index] <= longest));
});

test("the last response is returned, and the last failure is thrown", async () => {
  assert.equal((await send(server(...[1, 2, 3, 4].map(() => status(503))))).response.status, 503);
  await assert.rejects(send(server(...[1, 2, 3, 4].map(() => new TypeError("fetch failed")))), TypeError);
});

test("a limit for the day is not waited for", async () => {
  const { response, pauses } = await send(server(status(429, { "retry-after": "40000" })));
  assert.deepEqual([response.status, pauses], [429, []]);
});

test("all tries have one Idempotency-Key", async () => {
  const http = server(status(503), status(200), status(200));
  await send(http, { idempotencyKeys: true });
  await send(http, { idempotencyKeys: true });
  const [first, second, other] = http.requests.map((request) => request.headers.get("idempotency-key"));
  assert.ok(first);
  assert.equal(first, second);
  assert.notEqual(first, other);
});

test("a token is refreshed before it expires, and after a 401", async () => {
  let now = 0;
  const calls = [];
  let taskStatus = 200;
  const answer = async (request) => {
    const path = new URL(request.url).pathname.replace("/api/v1/", "");
    calls.push(path === "tasks" ? `tasks ${request.headers.get("authorization")}` : path);
    return path === "tasks" ? status(taskStatus)
      : Response.json({ data: { access_token: `t${calls.length}`, refresh_token: "r", expires_in: 7200 } });
  };
  const sender = withPartnerToken(answer, "https://api.test/", "app", "secret", () => now);
  const get = () => sender(new Request("https://api.test/api/v1/tasks"));
  await get();
  now = 7150_000;
  await get();
  assert.deepEqual(calls, ["auth/token", "tasks Bearer t1", "auth/refresh", "tasks Bearer t3"]);
  taskStatus = 401;
  assert.equal((await get()).status, 401);
  assert.deepEqual(calls.slice(4), ["tasks Bearer t3", "auth/refresh", "tasks Bearer t6"]);
});

test("a list ends with its next_cursor, not with an empty page", async () => {
  const pages = { undefined: [[1, 2], "a"], a: [[], "b"], b: [[3], null] };
  const found = [];
  for await (const record of records(async (cursor) => ({ data: { data: { list: pages[cursor][0], next_cursor: pages[cursor][1] } } }))) found.push(record);
  assert.deepEqual(found, [1, 2, 3]);
});
