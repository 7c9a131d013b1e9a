// The home page's script: copies values, calls the simulator, refreshes the lists, filters the endpoints.
"use strict";

const REFRESH_MILLISECONDS = 3000;
const byId = (id) => document.getElementById(id);

/** An element with attributes and children. A child that is a text becomes a text node, never markup. */
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  element.append(...children);
  return element;
}

/** Calls an address and returns whether it succeeded, and the body, decoded if it is JSON. */
async function call(path, body) {
  const sent = body && { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(path, sent);
  const text = await response.text();
  let value = text;
  try {
    value = JSON.parse(text);
  } catch { /* The page shows it as text. */ }
  return { ok: response.ok && !response.headers.has("x-amz-function-error"), value };
}

function outcome({ ok, value }) {
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return make("pre", { class: ok ? "answer" : "answer failed" }, text);
}

const unreachable = () => outcome({ ok: false, value: "系统没有应答：它还在运行吗？" });

// ---- Copying

const copyButton = (label) => make("button", { type: "button", class: "copy", "data-copy": "", "aria-label": label }, "复制");

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const code = button.parentElement.querySelector("code");
  const text = button.dataset.copy || code.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.dataset.words ??= button.textContent;
    button.textContent = "已复制";
    button.classList.add("done");
    setTimeout(() => {
      button.textContent = button.dataset.words;
      button.classList.remove("done");
    }, 1500);
  } catch {
    // The browser does not allow it: select the text, so that the user can copy it.
    getSelection().selectAllChildren(code ?? button);
  }
});

// ---- Forms: each sends its fields to the path in data-post

function fieldsOf(form) {
  const fields = {};
  for (const field of form.elements) {
    if (!field.name) continue;
    if (!("number" in field.dataset)) fields[field.name] = field.value.trim();
    else fields[field.name] = field.value === "" ? null : Number(field.value);
  }
  return fields;
}

/** Disables the button while `act` runs, and shows its result. */
async function press(button, output, act) {
  button.disabled = true;
  try {
    output.replaceChildren(...[await act()].flat());
  } catch {
    output.replaceChildren(unreachable());
  }
  button.disabled = false;
}

for (const form of document.querySelectorAll("form[data-post]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    await press(form.querySelector("button"), form.querySelector("output"), async () => {
      const result = await call(form.dataset.post, fieldsOf(form));
      return result.ok && result.value.code ? copyable("code", result.value.code) : outcome(result);
    });
    if ("refresh" in form.dataset) await refresh();
  });
}

function copyable(name, text) {
  const value = make("dd", {}, make("code", {}, text), copyButton(`复制 ${name}`));
  return make("dl", { class: "values" }, make("div", {}, make("dt", {}, name), value));
}

function shell(text) {
  return make("div", { class: "shell" }, make("pre", { tabindex: "0" }, make("code", {}, text)), copyButton("复制命令"));
}

// ---- Login codes, with the command that uses them

async function code(kind, body) {
  const result = await call(`/_local/${kind}_code`, body);
  if (!result.ok) throw new Error(kind);
  return result.value.code;
}

byId("login")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  const { user, use } = fieldsOf(form);
  const base = form.dataset.base;
  press(form.querySelector("button"), form.querySelector("output"), async () => {
    const login = await code("login", { user });
    const shown = [copyable("code", login)];
    if (use === "signing") return [...shown, shell(`curl -s ${base}/weixin/login -d code=${login}`)];
    const sent = { login_code: login };
    if (use === "register") {
      // Each user has another phone number.
      const digits = [...user].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 1e8, 7);
      sent.phone_code = await code("phone", { phone: `139${String(digits).padStart(8, "0")}` });
      shown.push(copyable("phone_code", sent.phone_code));
    }
    const path = use === "register" ? "register" : "login";
    return [...shown, shell(`curl -si ${base}/wechat/user/${path} -d '${JSON.stringify(sent)}'`)];
  });
});

// ---- Lists that refresh themselves

const time = (text) => new Date(text).toLocaleString("zh-CN", { hour12: false });

function messageRow({ phone, message, at }) {
  // A code that the user has to type.
  const found = message.match(/(?<!\d)\d{6}(?!\d)/);
  const copy = found && make("button", { type: "button", class: "copy", "data-copy": found[0] }, `复制 ${found[0]}`);
  const cells = [make("td", { class: "fixed" }, time(at)), make("td", { class: "fixed" }, phone), make("td", {}, message)];
  return make("tr", {}, ...cells, make("td", { class: "buttons" }, ...(copy ? [copy] : [])));
}

function orderRow(order) {
  const number = order.out_trade_no;
  const button = (words, path, body) => {
    const element = make("button", { type: "button", class: "plain" }, words);
    element.addEventListener("click", async () => {
      await press(element, byId("paid"), async () => {
        const result = await call(path, { out_trade_no: number, ...body });
        return [make("p", {}, `${words} ${number}`), outcome(result)];
      });
      await refresh();
    });
    return element;
  };
  const buttons = {
    NOTPAY: () => [button("支付", "/_local/pay"), button("只付款", "/_local/pay", { notify: false })],
    SUCCESS: () => [button("再通知", "/_local/notify_again")],
  };
  return make("tr", { "data-order": number },
    make("td", {}, make("code", {}, number), make("small", {}, order.description)),
    make("td", { class: "fixed" }, `¥${(order.total / 100).toFixed(2)}`),
    make("td", { class: order.trade_state === "SUCCESS" ? "fixed good" : "fixed" }, order.trade_state_desc),
    make("td", { class: "fixed" }, time(order.announced_at)),
    make("td", { class: "buttons" }, ...(buttons[order.trade_state]?.() ?? [])));
}

function eventRow({ at, id, is_signed, event }) {
  const signed = { true: "正确", false: "不正确" }[is_signed] ?? "未知密钥";
  return make("tr", {},
    make("td", { class: "fixed" }, time(at)),
    make("td", { class: "fixed" }, event?.event_type ?? "", make("small", {}, id)),
    make("td", { class: is_signed ? "fixed good" : "fixed" }, signed),
    make("td", {}, make("details", {}, make("summary", {}, "显示"), make("pre", { class: "answer" }, JSON.stringify(event, null, 2)))));
}

/** A list that is rebuilt only if it has changed, so that a selection or a pressed button survives. */
function list(path, body, empty, row) {
  let shown = "[]";
  return async () => {
    const { ok, value } = await call(path);
    if (!ok) {
      empty.textContent = `读不到：${value.message ?? value}`;
      return;
    }
    const text = JSON.stringify(value);
    if (text === shown) return;
    shown = text;
    body.replaceChildren(...value.map(row));
    empty.hidden = value.length > 0;
  };
}

const lists = [list("/_local/sms", byId("messages"), byId("no-messages"), messageRow)];
if (byId("received")) lists.push(list("/_local/events", byId("received"), byId("no-events"), eventRow));
if (byId("orders")) lists.push(list("/_local/orders", byId("orders"), byId("no-orders"), orderRow));

// ---- Codes of the second factor

const seconds = byId("totp-seconds");
let codesEnd = 0;

async function updateCodes() {
  const { ok, value } = await call("/_local/totp");
  if (!ok) return;
  codesEnd = Date.now() + value.seconds * 1000;
  for (const shown of document.querySelectorAll("[data-totp]")) {
    const code = value.codes[shown.dataset.totp];
    // A selection survives.
    if (shown.textContent !== code) shown.textContent = code;
  }
  countDown();
}

function countDown() {
  const left = Math.ceil((codesEnd - Date.now()) / 1000);
  seconds.textContent = Math.max(left, 0);
  if (left <= 0 && !document.hidden) refresh();
}

if (seconds) {
  lists.push(updateCodes);
  setInterval(countDown, 1000);
}

async function refresh() {
  const state = byId("state");
  try {
    await Promise.all(lists.map((update) => update()));
    state.textContent = "运行中";
    state.classList.remove("gone");
  } catch {
    state.textContent = "已停止";
    state.classList.add("gone");
  }
}

async function keepFresh() {
  if (!document.hidden) await refresh();
  setTimeout(keepFresh, REFRESH_MILLISECONDS);
}

document.addEventListener("visibilitychange", () => document.hidden || refresh());
keepFresh();

// ---- Endpoints

const filter = byId("filter");
const routes = [...byId("routes").rows].map((row) => {
  const literal = (part) => part.replace(/[.*+?^$|()[\]\\]/g, "\\$&");
  const pattern = row.dataset.path.split(/\{[^}]+\}/).map(literal).join("[^/]+");
  return { row, words: row.textContent.toLowerCase(), method: row.dataset.method, path: new RegExp(`^${pattern}/?$`) };
});

/** The path in a call (`GET http://127.0.0.1:8080/jobs/my?a=1`) or in a pattern. */
function pathIn(words) {
  const address = words.find((word) => /^(https?:\/)?\//i.test(word));
  return address?.replace(/^https?:\/\/[^/]*/i, "").replace(/[?#].*$/, "");
}

function find() {
  const words = filter.value.trim().split(/\s+/).filter(Boolean);
  const path = pathIn(words);
  const terms = words.map((word) => word.toLowerCase());
  const called = path ? routes.filter((route) => route.path.test(path)) : [];
  const method = words[0]?.toUpperCase();
  const ofMethod = called.filter((route) => route.method === method);
  const exact = ofMethod.length ? ofMethod : called;
  const found = routes.filter((route) => exact.includes(route) || terms.every((word) => route.words.includes(word)));
  for (const route of routes) route.row.hidden = !found.includes(route);
  byId("count").textContent = `${found.length} 个`;
  byId("no-routes").hidden = found.length > 0;
}

filter.addEventListener("input", find);
for (const link of document.querySelectorAll("[data-filter]")) {
  link.addEventListener("click", () => {
    filter.value = link.dataset.filter;
    find();
  });
}
