//! Each request is logged in one line, which holds the route, the status and the costs.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Stage;
use crate::support::board::Board;

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
