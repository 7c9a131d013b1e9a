//! Personal data and credentials never reach a log, whatever its level.
//!
//! A canary is a text that occurs nowhere else. [`Canaries::plant`] sends a request and checks that it carries the canaries, so that the
//! list of texts that no log may hold contains only texts that the system has received.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use percent_encoding::percent_decode_str;
use reqwest::{Method, Request, RequestBuilder};
use serde_json::{Value, json};
use shared::runtime::log::subscriber;
use tracing::level_filters::LevelFilter;

use crate::support::board::{Board, User, job};
use crate::support::consent::Browser;
use crate::support::product::Product;
use crate::support::resource::{ALL, PAYMENTS, USERS};
use crate::support::wire::Failure;
use crate::support::worker::{Platform, form, resume};
use crate::support::{Partner, Response, Stage, fetch};

/// Shorter texts could occur in a log by chance.
const SHORTEST: usize = 9;

/// The texts that requests carried.
#[derive(Default)]
struct Canaries(BTreeSet<String>);

impl Canaries {
    /// Sends a request, which must carry these texts and return this status.
    async fn plant(&mut self, texts: &[&str], status: u16, request: RequestBuilder) -> Response {
        let (http, request) = request.build_split();
        let request = request.unwrap();
        let carried = carried(&request);
        for text in texts {
            assert!(text.len() >= SHORTEST, "{text} is too short for a canary");
            assert!(carried.contains(text), "the request does not carry {text}: {carried}");
            assert!(self.0.insert((*text).to_owned()), "{text} is planted twice");
        }
        let response = fetch(RequestBuilder::from_parts(http, request)).await;
        assert_eq!(response.status, status, "{carried}: {response:?}");
        response
    }

    /// Adds a credential that the system issued.
    fn issued(&mut self, text: &str) {
        assert!(text.len() >= SHORTEST, "{text} is too short for a canary");
        self.0.insert(text.to_owned());
    }
}

/// Everything that a request carries: address, headers and body.
fn carried(request: &Request) -> String {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let headers = request.headers().values().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
    let body = String::from_utf8_lossy(body).into_owned();
    let parts = [decoded(request.url().as_str()), decoded(&body), body];
    parts.into_iter().chain(headers).collect::<Vec<_>>().join("\n")
}

/// What was written to a log.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

async fn channel(stage: &Stage, canaries: &mut Canaries) {
    let partner = Partner::join(&stage.address).await;
    canaries.issued(&partner.secret);
    canaries.issued(&partner.token);
    let post = |path: &str| partner.http.post(format!("{}{path}", partner.base_url));
    let authorized = |path: &str| post(path).bearer_auth(&partner.token).header("content-type", "application/json");

    let mut user = USERS.example();
    for (field, canary) in [("name", "金丝雀甲"), ("id_card", "110101199001010011"), ("phone", "13800138001")] {
        user[field] = canary.into();
    }
    user["channel_user_id"] = "U-CANARY-01".into();
    let texts = ["U-CANARY-01", "金丝雀甲", "110101199001010011", "13800138001"];
    canaries.plant(&texts, 200, authorized(USERS.path).body(user.to_string())).await;
    partner.push_examples(&ALL.each_ref().map(|kind| kind.name)).await;
    let mut payment = PAYMENTS.with("channel_payment_id", "P-CANARY-01");
    payment["bank_account"] = "6222021234567890099".into();
    canaries.plant(&["6222021234567890099"], 200, authorized(PAYMENTS.path).body(payment.to_string())).await;
    let cut_off = "{\"name\":\"金丝雀乙\",\"id_card\":\"11010519491231002X\"";
    canaries.plant(&["金丝雀乙", "11010519491231002X"], 400, authorized(USERS.path).body(cut_off)).await;
    let unknown = partner.http.get(format!("{}/api/v1/users/U-CANARY-02", partner.base_url)).bearer_auth(&partner.token);
    canaries.plant(&["U-CANARY-02"], 404, unknown).await;

    let wrong = json!({"appkey": "canary-appkey", "secret": "canary-secret", "grant_type": "client_credentials"});
    canaries.plant(&["canary-appkey", "canary-secret"], 401, post("/api/v1/auth/token").json(&wrong)).await;
    let wrong = json!({"refresh_token": "canary-refresh-token", "grant_type": "refresh_token"});
    canaries.plant(&["canary-refresh-token"], 401, post("/api/v1/auth/refresh").json(&wrong)).await;
    canaries.plant(&["canary-token-1"], 401, post(USERS.path).bearer_auth("canary-token-1")).await;
}

/// Registers a user with this openid and phone at WeChat.
async fn register(board: &Board, canaries: &mut Canaries, openid: &str, phone: &str) -> User {
    let simulate = |kind: &str| board.http.get(format!("{}/simulate/{kind}", board.address.wechat_url));
    let login = canaries.plant(&[openid], 200, simulate("login_code").query(&[("user", openid)])).await;
    let number = canaries.plant(&[phone], 200, simulate("phone_code").query(&[("phone", phone)])).await;
    let code = |response: &Response| response.body["code"].as_str().expect("a code").to_owned();
    let (login_code, phone_code) = (code(&login), code(&number));
    let body = json!({"login_code": login_code, "phone_code": phone_code}).to_string();
    let request = board.request(Method::POST, "/wechat/user/register").body(body);
    let registered = canaries.plant(&[&login_code, &phone_code], 200, request).await;
    let id = registered.body["data"]["user_info"]["id"].as_u64().expect("an id");
    let response = board.request(Method::POST, "/wechat/user/login");
    let login_code = board.code("login", openid).await;
    let response = response.body(json!({"login_code": login_code}).to_string()).send().await.unwrap();
    let token = response.headers()["x-auth-token"].to_str().unwrap().to_owned();
    canaries.issued(&token);
    User { board: board.clone(), id, token, phone: phone.to_owned() }
}

async fn jobboard(stage: &Stage, canaries: &mut Canaries) {
    let board = Board::of(&stage.address);
    let owner = register(&board, canaries, "canary-openid", "13900139002").await;
    let mut post = job();
    let members = [("contact", "13700137003"), ("address", "金丝雀路九号"), ("user_name", "金丝雀丙")];
    for (field, canary) in members {
        post[field] = canary.into();
    }
    let request = owner.request("/job/create").body(post.to_string());
    canaries.plant(&members.map(|(_, canary)| canary), 200, request).await;
    let name = owner.request("/user/update/info").body(json!({"name": "金丝雀丁"}).to_string());
    canaries.plant(&["金丝雀丁"], 200, name).await;
    let search = json!({"filter": {"positions": "金丝雀岗位"}}).to_string();
    canaries.plant(&["金丝雀岗位"], 200, board.request(Method::POST, "/jobs/list").body(search)).await;
    let wrong = json!({"login_code": "canary-login-code"}).to_string();
    canaries.plant(&["canary-login-code"], 401, board.request(Method::POST, "/wechat/user/login").body(wrong)).await;
}

async fn signing(stage: &Stage, canaries: &mut Canaries) {
    let platform = Platform::create(&stage.address).await;
    let worker = platform.worker("canary-worker").await;
    canaries.issued("canary-worker");
    canaries.issued(&worker.token);
    let members = [
        ("real_name", "金丝雀己"),
        ("id_number", "110105194912310021"),
        ("phone", "13600136004"),
        ("addr", "金丝雀街一号"),
        ("em_contact_name", "金丝雀庚"),
        ("em_contact_phone", "13600136005"),
    ];
    let mut sent = resume();
    for (field, canary) in members {
        sent[field] = canary.into();
    }
    let texts = members.map(|(_, canary)| canary);
    canaries.plant(&texts, 200, worker.request(Method::POST, "/employee").json(&sent)).await;
    assert_eq!(worker.get("/employee").await.body["data"]["id_number"], "110105194912310021");
    sent["real_name"] = "金丝雀辛".into();
    let stranger = platform.request(Method::POST, "/employee").header("x-auth-token", "canary-session");
    canaries.plant(&["金丝雀辛", "canary-session"], 401, stranger.json(&sent)).await;

    // SNS quotes the message in its error, including the phone number.
    let (captcha, shown) = platform.captcha().await;
    stage.wire.fail_call("Publish", 0, Failure::Rejected);
    let request = platform.request(Method::POST, "/verifycode").header("x-captcha-id", captcha);
    let request = form(request, &[("captcha_code", &shown), ("phone", "13500135005")]);
    canaries.plant(&["13500135005"], 500, request).await;
    assert_eq!(stage.clear_faults(), 0);
}

async fn hris(stage: &Stage, canaries: &mut Canaries) {
    let product = Product::join_stage(stage).await;
    canaries.issued(&product.secret_key);
    canaries.issued(&product.token);
    let members = [
        ("name", "金丝雀壬"),
        ("mobile", "18602836799"),
        ("id_number", "320581199406301999"),
        ("address", "金丝雀大道二号"),
        ("bank_card", "6222021234567890088"),
        ("email", "canary@example.com"),
    ];
    let mut row = json!({"uuid": "ca".repeat(16), "empno": "CANARY-01", "status": "regular", "administrator": true});
    for (field, canary) in members {
        row[field] = canary.into();
    }
    let import = json!({
        "command": "import_hris", "by": "zhangsan", "kind": "employees", "company_uuid": product.company, "rows": row.to_string(),
    });
    let url = format!("{}/2015-03-31/functions/ops-admin/invocations", stage.address.base_url);
    let texts = members.map(|(_, canary)| canary);
    let imported = canaries.plant(&texts, 200, product.http.post(url).body(import.to_string())).await;
    assert_eq!(imported.body["results"], json!([{"line": 1, "status": "created"}]));
    let found = product.get("/api/v2/employees/CANARY-01", product.with_token(json!({}))).await;
    assert_eq!(found.body["id_number"], "320581199406301999", "{found:?}");

    let path = format!("/api/v2/company_tokens/{}", product.company);
    let visitor = product.with_token(json!({"zhiren_visitor_token": "canary-visitor-token"}));
    canaries.plant(&["canary-visitor-token"], 200, product.signed(Method::PATCH, &path, visitor)).await;
    let path = format!("/api/v2/employees/{}/notify", "ca".repeat(16));
    let visit = product.with_token(json!({"name": "金丝雀癸", "time": "15:00"}));
    canaries.plant(&["金丝雀癸"], 200, product.signed(Method::POST, &path, visit)).await;
    let forged = "/api/v2/employees?access_key=canary-access-key&tonce=1&signature=canary-signature";
    let forged = product.http.get(format!("{}{forged}", stage.address.base_url));
    canaries.plant(&["canary-access-key", "canary-signature"], 401, forged).await;

    // The visit was announced to the same phone, which is sent at most one message a minute.
    stage.clock.advance(jiff::SignedDuration::from_secs(61));
    let app = product.app().await;
    canaries.issued(&app.app_secret);
    let code = Browser::new(&app).response_code("18602836799").await;
    canaries.issued(&code);
    let token = app.token(&app.exchange(&code)).await.body["access_token"].as_str().expect("a token").to_owned();
    canaries.issued(&token);
    assert_eq!(product.read(&token, "/api/v2/departments", json!({})).await.status, 200);
}

/// The test's runtime has one thread, so that the log of this thread is the log of the whole system.
#[tokio::test]
async fn no_personal_data_is_logged_even_at_trace() {
    let written = Written::default();
    let writer = written.clone();
    let _guard = tracing::subscriber::set_default(subscriber(move || writer.clone(), LevelFilter::TRACE));
    let stage = Stage::open().await;
    let mut canaries = Canaries::default();
    channel(&stage, &mut canaries).await;
    jobboard(&stage, &mut canaries).await;
    signing(&stage, &mut canaries).await;
    hris(&stage, &mut canaries).await;
    tracing::trace!(target: "shared", "the log is open");

    let lines = stage.take_lines();
    let log = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    assert!(lines.len() > 20, "{} lines", lines.len());
    assert!(log.contains("the log is open") && log.contains("sns rejects a text message"), "{log}");
    assert!(log.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{log}");
    for line in lines.iter().map(String::as_str).chain(log.lines()) {
        for canary in &canaries.0 {
            assert!(!line.contains(canary.as_str()), "{canary} is logged: {line}");
        }
    }
}
