//! A request is found by its id in the logs of the functions.

use jiff::SignedDuration;
use local::wire::Service;
use reqwest::Method;
use serde_json::{Value, json};
use shared::runtime::clock::Clock as _;
use shared::storage::page::Cursor;

use crate::ops::admin::done;
use crate::support::Stage;
use crate::support::board::Board;
use crate::support::partner::Partner;
use crate::support::staff::{Staff, failure};
use crate::support::wire::Failure;

const DAY: SignedDuration = SignedDuration::from_hours(24);

async fn support(stage: &Stage) -> Staff {
    Staff::signed_in(&stage.address, &["support"], json!({}), stage.clock.now()).await
}

/// Sends a request of an unknown user with this id.
async fn send(board: &Board, path: &str, id: &str) -> reqwest::Response {
    let request = board.request(Method::POST, path).header("x-request-id", id);
    request.body(r#"{"job_id":7}"#).send().await.unwrap()
}

async fn found(staff: &Staff, fields: Value) -> Vec<Value> {
    staff.pages("find_request", fields, "requests").await
}

/// The routes and times of requests.
fn routes(requests: &[Value]) -> Vec<(&str, &str)> {
    requests.iter().map(|request| (request["route"].as_str().unwrap(), request["at"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn a_request_is_shown_with_its_route_status_and_caller_and_nothing_else() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    let path = format!("{}/api/v1/users/U-secret?phone=13800138000", stage.address.base_url);
    let request = local::http::client().get(path).bearer_auth(&partner.token).header("x-request-id", "lookup.1=");
    assert_eq!(request.send().await.unwrap().status(), 404);
    let staff = support(&stage).await;
    let mut requests = found(&staff, json!({"request_id": "lookup.1="})).await;
    assert!(requests[0].as_object_mut().unwrap().remove("ms").and_then(|ms| ms.as_f64()) > Some(0.0));
    let expected = json!({
        "function": "channel-users", "request_id": "lookup.1=", "method": "GET", "route": "/api/v1/users/{channel_user_id}",
        "status": 404, "code": 1001, "fields": ["channel_user_id"], "caller_kind": "channel", "caller": partner.appkey, "cold_start": true,
        "dynamodb_calls": 2.0, "at": "2024-01-15T18:30:00+08:00",
    });
    assert_eq!(requests, [expected]);
}

#[tokio::test]
async fn the_fields_that_a_response_names_are_shown_without_values_and_names_that_the_client_chose() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).join().await;
    let mut job = crate::support::board::job();
    (job["salary_min"], job["positions"], job["u-13800138000"]) = (json!("secret"), json!([]), json!(1));
    let request = user.request("/job/create").header("x-request-id", "wrong-job").body(job.to_string());
    assert_eq!(request.send().await.unwrap().status(), 400);
    let invoked = json!({"command": "take_down_job", "by": "zhangsan", "job_id": "secret", "phone_13800138000": 1});
    stage.take_lines();
    assert_eq!(stage.address.invoke("ops-admin", &invoked).await.body["errorType"], "Invalid");
    let line: Value = serde_json::from_str(&stage.take_lines()[0]).unwrap();

    let staff = support(&stage).await;
    for (id, expected) in
        [(json!("wrong-job"), json!(["positions", "salary_min"])), (line["request_id"].clone(), json!(["job_id", "reason"]))]
    {
        let [request] = &found(&staff, json!({"request_id": id})).await[..] else { panic!("one line of {id}") };
        let mut fields = request["fields"].as_array().unwrap().clone();
        fields.sort_by_key(Value::to_string);
        assert_eq!(json!(fields), expected, "{request}");
        assert!(!request.to_string().contains("secret") && !request.to_string().contains("13800138000"), "{request}");
    }
}

#[tokio::test]
async fn a_generated_id_and_that_of_an_invocation_are_found() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let response = board.request(Method::POST, "/jobs/list").body("{}").send().await.unwrap();
    let generated = response.headers()["x-request-id"].to_str().unwrap();
    let staff = support(&stage).await;
    let requests = found(&staff, json!({"request_id": generated})).await;
    assert_eq!(routes(&requests), [("/jobs/list", "2024-01-15T18:30:00+08:00")]);

    stage.take_lines();
    done(&stage.address, &json!({"command": "help"})).await;
    let line: Value = serde_json::from_str(&stage.take_lines()[0]).unwrap();
    let [command] = &found(&staff, json!({"request_id": line["request_id"]})).await[..] else { panic!("one line") };
    assert_eq!(
        (&command["function"], &command["command"], &command["outcome"]),
        (&json!("ops-admin"), &json!("help"), &json!("done"))
    );
    assert_eq!(found(&staff, json!({"request_id": "unknown"})).await, [Value::Null; 0]);
}

#[tokio::test]
async fn all_requests_with_an_id_are_found_within_fourteen_days_or_on_a_day() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    send(&board, "/jobs/info", "same").await;
    send(&board, "/jobs/info", "another").await;
    stage.clock.advance(DAY * 3);
    send(&board, "/jobs/my", "same").await;
    send(&board, "/jobs/info", "same").await;
    let staff = support(&stage).await;
    let [first, fourth] = ["2024-01-15T18:30:00+08:00", "2024-01-18T18:30:00+08:00"];
    let of_fourth = [("/jobs/my", fourth), ("/jobs/info", fourth)];
    // The last day comes first.
    let requests = found(&staff, json!({"request_id": "same"})).await;
    assert_eq!(routes(&requests), [&of_fourth[..], &[("/jobs/info", first)]].concat());
    for (day, expected) in
        [("2024-01-15", &[("/jobs/info", first)][..]), ("2024-01-16", &[]), ("2024-01-18", &of_fourth), ("2024-01-19", &[])]
    {
        assert_eq!(routes(&found(&staff, json!({"request_id": "same", "day": day})).await), expected, "{day}");
    }
    stage.clock.advance(DAY * 11 + SignedDuration::from_millis(1));
    let staff = support(&stage).await;
    assert_eq!(routes(&found(&staff, json!({"request_id": "same"})).await), of_fourth);
    let requests = found(&staff, json!({"request_id": "same", "day": "2024-01-15"})).await;
    assert_eq!(routes(&requests), [("/jobs/info", first)]);
}

#[tokio::test]
async fn a_long_search_ends_its_page_and_continues_with_its_cursor() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    for _ in 0..900 {
        send(&board, "/jobs/info", "many").await;
    }
    send(&board, "/jobs/info", "last").await;
    let staff = support(&stage).await;
    stage.wire.take_seen();
    let first = staff.command("find_request", json!({"request_id": "none"})).await;
    let calls = stage.wire.take_seen().into_iter().filter(|call| call.service == Service::Logs).count();
    // The names of the log groups have two pages. A slow machine makes fewer calls in the time of a page.
    assert_eq!((first.status, &first.body["requests"], calls <= 102), (200, &json!([]), true), "{calls}, {first:?}");
    let cursor = first.body["next_cursor"].as_str().unwrap_or_else(|| panic!("{first:?}"));
    assert_eq!(found(&staff, json!({"request_id": "none", "cursor": cursor})).await, [Value::Null; 0]);
    let requests = found(&staff, json!({"request_id": "last"})).await;
    assert_eq!(routes(&requests), [("/jobs/info", "2024-01-15T18:30:00+08:00")]);

    let foreign = failure(400, "Invalid", &[("cursor", "is not a cursor of this list")]);
    for fields in [
        json!({"request_id": "other", "cursor": cursor}),
        json!({"request_id": "none", "day": "2024-01-15", "cursor": cursor}),
        json!({"request_id": "none", "cursor": "x"}),
    ] {
        assert_eq!(staff.command("find_request", fields.clone()).await, foreign, "{fields}");
    }
}

#[tokio::test]
async fn an_id_that_no_request_has_is_a_fault() {
    let stage = Stage::open().await;
    let staff = support(&stage).await;
    let fault = failure(400, "Invalid", &[("request_id", "must be 1 to 64 of the characters A-Z a-z 0-9 - _ . =")]);
    for id in ["", "a\" || $.status = \"200", "张三", &"x".repeat(65)] {
        assert_eq!(staff.command("find_request", json!({"request_id": id})).await, fault, "{id}");
    }
}

#[tokio::test]
async fn a_search_waits_while_cloudwatch_logs_is_busy() {
    let stage = Stage::open().await;
    send(&Board::of(&stage.address), "/jobs/info", "busy").await;
    let staff = support(&stage).await;
    stage.wire.fail_call("FilterLogEvents", 3, Failure::ThrottledTwice);
    assert_eq!(found(&staff, json!({"request_id": "busy"})).await.len(), 1);
    assert_eq!(stage.clear_faults(), 0);
    // Without the names of the log groups the page is empty, and its cursor begins again.
    stage.wire.fail_call("DescribeLogGroups", 0, Failure::ThrottledTwice);
    let page = staff.command("find_request", json!({"request_id": "busy"})).await;
    assert_eq!((page.status, &page.body["requests"]), (200, &json!([])));
    let continued = json!({"request_id": "busy", "cursor": page.body["next_cursor"]});
    assert_eq!(found(&staff, continued).await.len(), 1);
    assert_eq!(stage.clear_faults(), 0);
}

#[tokio::test]
async fn a_cursor_whose_page_cloudwatch_logs_has_forgotten_is_a_fault() {
    let stage = Stage::open().await;
    let staff = support(&stage).await;
    let environment = stage.environment();
    let keyring = environment.keyring(environment.required("STAFF_SECRET").unwrap()).await.unwrap();
    let place = Cursor { position: "1705314600000 0 forgotten".to_owned(), total: 0, page: 0 };
    let cursor = place.seal(&keyring, "requests/old/").unwrap();
    let response = staff.command("find_request", json!({"request_id": "old", "cursor": cursor})).await;
    assert_eq!(response, failure(400, "Invalid", &[("cursor", "is too old: search again")]));
}
