//! What is logged of requests: one line each, which says what was asked and what became of it, and nobody's data.

use std::sync::{Arc, Mutex};

use reqwest::Method;
use serde_json::{Value, json};
use shared::runtime::log::subscriber;
use tracing::level_filters::LevelFilter;

use crate::support::board::{Board, job};
use crate::support::product::{self, Product};
use crate::support::wire::Blow;
use crate::support::worker::{self, Platform};
use crate::support::{Partner, Stage, answer};

/// A line without what is never the same.
fn told(line: &str) -> Value {
    let mut line: Value = serde_json::from_str(line).unwrap();
    let members = line.as_object_mut().unwrap();
    assert!(members.remove("ms").and_then(|ms| ms.as_f64()).is_some_and(|ms| ms > 0.0));
    let metrics = members.remove("_aws").unwrap()["CloudWatchMetrics"][0].clone();
    assert_eq!((&metrics["Namespace"], &metrics["Dimensions"]), (&json!("Gongqiao"), &json!([["function"]])));
    line
}

#[tokio::test]
async fn each_request_is_one_line() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    stage.take_lines();
    let ask = async |method: Method, path: &str, body: &str| {
        let request = board.request(method, path).header("x-request-id", "JKJaXmPLvHcESHA=").body(body.to_owned());
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["x-request-id"], "JKJaXmPLvHcESHA=");
        let lines = stage.take_lines();
        assert_eq!(lines.len(), 1, "{lines:?}");
        told(&lines[0])
    };
    let line = |function: &str, method: &str, route: &str, status: u16, code: Value, is_cold: bool, calls: f64| {
        json!({
            "function": function, "request_id": "JKJaXmPLvHcESHA=", "method": method, "route": route, "status": status,
            "code": code, "cold_start": is_cold, "dynamodb_calls": calls, "server_errors": 0.0,
        })
    };
    let info = r#"{"job_id":7}"#;
    for is_cold in [true, false] {
        let expected = line("jobboard-search", "POST", "/jobs/info", 404, json!(404), is_cold, 1.0);
        assert_eq!(ask(Method::POST, "/jobs/info", info).await, expected);
    }
    // A snapshot is looked for in S3; then all that is read is read in DynamoDB.
    let expected = line("jobboard-search", "POST", "/jobs/list", 200, json!(0), false, 9.0);
    assert_eq!(ask(Method::POST, "/jobs/list", "{}").await, expected);
    let expected = line("channel-users", "GET", "/api/v1/users/{channel_user_id}", 401, json!(1002), true, 0.0);
    assert_eq!(ask(Method::GET, "/api/v1/users/U-secret", "").await, expected);
    // Of a platform that is not there.
    let expected = line("signing-session", "GET", "/captcha", 403, json!(403), true, 1.0);
    assert_eq!(ask(Method::GET, "/captcha", "").await, expected);
    // No route: what was asked for stands in no line.
    let expected = line("channel-auth", "GET", "-", 404, json!(1001), true, 0.0);
    assert_eq!(ask(Method::GET, "/api/v1/13800138000", "").await, expected);
}

#[tokio::test]
async fn a_request_has_an_id_of_its_callers_or_of_ours() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let long = "x".repeat(65);
    for (sent, is_taken) in [(Some("a.b-c_1="), true), (Some("{\"a\":1}"), false), (Some(&long), false), (None, false)] {
        let mut request = board.request(Method::POST, "/jobs/info").body("{}");
        if let Some(id) = sent {
            request = request.header("x-request-id", id);
        }
        let response = request.send().await.unwrap();
        let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
        assert_eq!(Some(id.as_str()) == sent, is_taken, "{id}");
        assert!((1..=64).contains(&id.len()), "{id}");
        let line: Value = serde_json::from_str(&stage.take_lines()[0]).unwrap();
        assert_eq!(line["request_id"], id);
    }
}

/// What a log was told, by whoever writes to it.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Everything runs on this thread, so all of it logs here.
#[tokio::test]
async fn nobodys_data_is_logged_even_at_trace() {
    let heard = Heard::default();
    let writer = heard.clone();
    let _guard = tracing::subscriber::set_default(subscriber(move || writer.clone(), LevelFilter::TRACE));
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    let board = Board::of(&stage.address);

    let user = json!({
        "channel_user_id": "U-CANARY-01", "name": "金丝雀甲", "id_card": "110101199001011234", "phone": "13800138001",
    });
    assert_eq!(partner.post("/api/v1/users", &user).await.status, 200);
    partner.post_text("/api/v1/users", "{\"name\":\"金丝雀乙\",\"id_card\":\"11010519491231002X\"").await;
    partner.get("/api/v1/users/U-CANARY-02").await;
    let token = json!({"appkey": "canary-appkey", "secret": "canary-secret-1", "grant_type": "client_credentials"});
    board.request(Method::POST, "/api/v1/auth/token").json(&token).send().await.unwrap();
    board.request(Method::GET, "/api/v1/users/x").bearer_auth("canary-token-1").send().await.unwrap();

    let owner = board.register("canary-openid", "13900139002").await;
    let mut post = job();
    post["contact"] = "13700137003".into();
    post["address"] = "金丝雀路九号".into();
    post["user_name"] = "金丝雀丙".into();
    owner.post("/job/create", &post).await;
    owner.post("/user/update/info", &json!({"name": "金丝雀丁"})).await;
    board.post("/jobs/list", &json!({"filter": {"positions": "金丝雀岗位"}})).await;
    board.post("/wechat/user/login", &json!({"login_code": "canary-login-code"})).await;
    let resume = json!({"name": "金丝雀戊", "id_no": "110105194912310021", "mobile": "13600136004"});
    let request = board.request(Method::POST, "/employee").header("x-auth-token", "canary-session");
    answer(request.json(&resume)).await;

    let platform = Platform::found(&stage.address).await;
    let worker = platform.worker("canary-worker").await;
    let mut resume = worker::resume();
    resume["name"] = "金丝雀己".into();
    assert_eq!(worker.send_json(Method::POST, &resume).await.status, 200);
    let (captcha, shown) = platform.captcha().await;
    stage.wire.aim("Publish", 0, Blow::Refused);
    assert_eq!(platform.verifycode(&captcha, &shown, "13500135005").await.status, 500);
    assert_eq!(stage.heal(), 0);
    let product = Product::join_stage(&stage).await;
    product.furnish().await;
    assert_eq!(product.get("/api/v2/employees", product.with_token(json!({}))).await.status, 200);
    let signed = "/api/v2/employees?access_key=canary-access-key&tonce=1&signature=canary-signature";
    board.request(Method::GET, signed).send().await.unwrap();

    let canaries = [
        "U-CANARY-01",
        "U-CANARY-02",
        "金丝雀",
        "110101199001011234",
        "11010519491231002X",
        "110105194912310021",
        "13800138001",
        "13900139002",
        "13700137003",
        "13600136004",
        "13500135005",
        product::MOBILE,
        product.access_key.as_str(),
        product.secret_key.as_str(),
        product.token.as_str(),
        worker.token.as_str(),
        "canary-appkey",
        "canary-secret-1",
        "canary-token-1",
        "canary-openid",
        "canary-login-code",
        "canary-session",
        "canary-access-key",
        "canary-signature",
        "canary-key",
        owner.token.as_str(),
    ];
    tracing::trace!(target: "shared", "the log is open");
    let lines = stage.take_lines();
    let heard = String::from_utf8(heard.0.lock().unwrap().clone()).unwrap();
    assert!(lines.len() >= 12 && !heard.is_empty(), "{} lines, {} bytes", lines.len(), heard.len());
    for text in lines.iter().map(String::as_str).chain([heard.as_str()]) {
        for canary in canaries {
            assert!(!text.contains(canary), "{canary} is logged");
        }
    }
    assert!(heard.contains("the log is open"));
    assert!(heard.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{heard}");
}
