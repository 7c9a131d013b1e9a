//! Each request is logged in one line, which holds the route, the status and the costs.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Stage;
use crate::support::board::Board;

/// A line without the parts that differ in each run.
fn stable_part(line: &str) -> Value {
    let mut line: Value = serde_json::from_str(line).unwrap();
    let members = line.as_object_mut().unwrap();
    assert!(members.remove("ms").and_then(|ms| ms.as_f64()).is_some_and(|ms| ms > 0.0));
    let metrics = members.remove("_aws").unwrap()["CloudWatchMetrics"][0].clone();
    assert_eq!((&metrics["Namespace"], &metrics["Dimensions"]), (&json!("Gongqiao"), &json!([["stack", "function"]])));
    line
}

#[tokio::test]
async fn each_request_is_one_line() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    stage.take_lines();
    let send = async |method: Method, path: &str, body: &str| {
        let request = board.request(method, path).header("x-request-id", "JKJaXmPLvHcESHA=").body(body.to_owned());
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["x-request-id"], "JKJaXmPLvHcESHA=");
        let lines = stage.take_lines();
        assert_eq!(lines.len(), 1, "{lines:?}");
        stable_part(&lines[0])
    };
    let line = |function: &str, method: &str, route: &str, status: u16, code: Value, is_cold: bool, calls: f64| {
        json!({
            "stack": "local", "function": function, "request_id": "JKJaXmPLvHcESHA=", "method": method, "route": route, "status": status,
            "code": code, "cold_start": is_cold, "dynamodb_calls": calls, "server_errors": 0.0,
        })
    };
    let info = r#"{"job_id":7}"#;
    for is_cold in [true, false] {
        let mut expected = line("jobboard-search", "POST", "/jobs/info", 404, json!(404), is_cold, 1.0);
        expected["fields"] = json!(["job"]);
        assert_eq!(send(Method::POST, "/jobs/info", info).await, expected);
    }
    // S3 has no snapshot, so the table is read.
    let expected = line("jobboard-search", "POST", "/jobs/list", 200, json!(0), false, 9.0);
    assert_eq!(send(Method::POST, "/jobs/list", "{}").await, expected);
    let expected = line("channel-users", "GET", "/api/v1/users/{channel_user_id}", 401, json!(1002), true, 0.0);
    assert_eq!(send(Method::GET, "/api/v1/users/U-secret", "").await, expected);
    // The platform does not exist.
    let expected = line("signing-session", "GET", "/captcha", 403, json!(403), true, 1.0);
    assert_eq!(send(Method::GET, "/captcha", "").await, expected);
    // An unknown path is not logged.
    let expected = line("channel-auth", "GET", "-", 404, json!(1001), true, 0.0);
    assert_eq!(send(Method::GET, "/api/v1/13800138000", "").await, expected);
}

/// What an alarm watches for the whole stack: the names and values of the metrics whose only dimension is the stack.
fn of_stack(stage: &Stage) -> Vec<Value> {
    let lines = stage.take_lines().into_iter().map(|line| serde_json::from_str::<Value>(&line).unwrap());
    let mut found = Vec::new();
    for line in lines {
        for directive in line["_aws"]["CloudWatchMetrics"].as_array().unwrap() {
            if directive["Dimensions"] == json!([["stack"]]) {
                let names = directive["Metrics"].as_array().unwrap().iter().map(|metric| metric["Name"].as_str().unwrap());
                found.extend(names.map(|name| json!([line["stack"], name, line[name]])));
            }
        }
    }
    found
}

#[tokio::test]
async fn what_alarms_watch_is_reported_when_it_happens_and_not_otherwise() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let user = board.join().await;
    assert_eq!(user.board.post("/jobs/list", &json!({})).await.status, 200);
    assert_eq!(board.post("/jobs/info", &json!({"job_id": 7})).await.status, 404);
    assert_eq!(of_stack(&stage), [Value::Null; 0]);

    assert_eq!(board.post("/wechat/user/login", &json!({"login_code": "wrong"})).await.status, 401);
    assert_eq!(of_stack(&stage), [json!(["local", "rejected_sign_ins", 1.0])]);
    assert_eq!(board.post("/wechat/pay/notify", &json!({})).await.status, 401);
    assert_eq!(of_stack(&stage), [json!(["local", "rejected_notifications", 1.0])]);

    // -1: WeChat is busy.
    let busy = format!("{}/simulate/errcode?next=-1&path=jscode2session", stage.address.wechat_url);
    assert_eq!(local::http::client().get(busy).send().await.unwrap().status(), 200);
    assert_eq!(board.post("/wechat/user/login", &json!({"login_code": "wrong"})).await.status, 429);
    let both = [json!(["local", "wechat_errors", 1.0]), json!(["local", "rejected_sign_ins", 1.0])];
    assert_eq!(of_stack(&stage), both);
}

#[tokio::test]
async fn the_days_until_a_certificate_ends_are_reported_every_day() {
    let stage = Stage::open().await;
    stage.take_lines();
    // WeChat Pay has no bill yet: the days are reported nevertheless.
    stage.address.invoke("jobboard-reconcile", &json!({})).await;
    // From a time on 2024-01-15 to the end of the simulator's certificates, the beginning of 2120: 35,049 days less some hours.
    assert_eq!(of_stack(&stage), [json!(["local", "certificate_days_left", 35_048.0])]);
}

#[tokio::test]
async fn a_request_has_the_id_that_the_client_sent_or_a_new_one() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let long = "x".repeat(65);
    for (sent, is_kept) in [(Some("a.b-c_1="), true), (Some("{\"a\":1}"), false), (Some(&long), false), (None, false)] {
        let mut request = board.request(Method::POST, "/jobs/info").body("{}");
        if let Some(id) = sent {
            request = request.header("x-request-id", id);
        }
        let response = request.send().await.unwrap();
        let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
        assert_eq!(Some(id.as_str()) == sent, is_kept, "{id}");
        assert!((1..=64).contains(&id.len()), "{id}");
        let line: Value = serde_json::from_str(&stage.take_lines()[0]).unwrap();
        assert_eq!(line["request_id"], id);
    }
}
