//! Members that an operation does not have: a list rejects them, because a misspelt filter would answer everything; a write names them in
//! `X-Unknown-Fields`.

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::board::{self, Board, done};
use crate::support::product::{self, Product};
use crate::support::resource::USERS;
use crate::support::worker::{self, Platform, resume};
use crate::support::{Partner, client, fetch, problem, world};

/// The status and what the response names as unknown.
async fn named(request: RequestBuilder) -> (u16, Option<String>) {
    let response = request.send().await.unwrap();
    let named = |headers: &HeaderMap| headers.get("x-unknown-fields").map(|names| names.to_str().unwrap().to_owned());
    (response.status().as_u16(), named(response.headers()))
}

#[tokio::test]
async fn a_misspelt_filter_is_a_fault() {
    let partner = Partner::join(world()).await;
    let expected = problem(400, 1001, &[("stat", "is not known")]);
    for list in ["tasks", "applications", "payments"] {
        assert_eq!(partner.get(&format!("/api/v1/{list}?stat=open&page=1")).await, expected, "{list}");
    }
    let product = Product::with_records().await;
    let expected = product::rejection(422, 2002, "stat is not known");
    for path in ["employees", "arrangement_employees", "approvals"] {
        let answer = product.get(&format!("/api/v2/{path}"), product.with_token(json!({"stat": "working"}))).await;
        let text = answer.body["text"].as_str().unwrap();
        assert!((answer.status, text.contains("stat is not known")) == (422, true), "{path}: {answer:?}");
        if path == "employees" {
            assert_eq!(answer, expected);
        }
    }
    let user = Board::of(world()).join().await;
    for path in ["/jobs/list", "/jobs/my", "/collect/my", "/contact_history/in", "/contact_history/out"] {
        let answer = user.post(path, &json!({"post": "厨师"})).await;
        assert_eq!(answer, board::rejection(400, "post: is not known"), "{path}");
    }
    let answer = user.post("/jobs/list", &json!({"filter": {"salary": 1}})).await;
    assert_eq!(answer, board::rejection(400, "filter.salary: is not known"));
}

#[tokio::test]
async fn a_write_names_what_it_does_not_know() {
    let partner = Partner::join(world()).await;
    let token = partner.new_tokens().await["access_token"].as_str().unwrap().to_owned();
    let users = |method: Method, path: &str, body: &Value| {
        client().request(method, format!("{}/api/v1/{path}", world().base_url)).bearer_auth(&token).json(body)
    };
    let mut body = USERS.example();
    body["nick"] = "x".into();
    body["live_certification"]["score"] = 1.into();
    body["名"] = "x".into();
    let id = body["channel_user_id"].as_str().unwrap().to_owned();
    let both = Some("live_certification.score, nick".to_owned());
    let sorted = |(status, names): (u16, Option<String>)| {
        let names = names.map(|names| {
            let mut names: Vec<&str> = names.split(", ").collect();
            names.sort_unstable();
            names.join(", ")
        });
        (status, names)
    };
    assert_eq!(sorted(named(users(Method::POST, "users", &body)).await), (200, both));
    let path = format!("users/{id}");
    assert_eq!(named(users(Method::PUT, &path, &json!({"tel": "13800138000"}))).await, (200, Some("tel".into())));
    let record = fetch(users(Method::GET, &path, &json!({}))).await.body["data"].clone();
    assert_eq!(named(users(Method::PUT, &path, &record)).await, (200, None), "what was read is known");
    let wrong = json!({"nick": "x", "phone": "1"});
    assert_eq!(fetch(users(Method::PUT, &path, &wrong)).await, problem(400, 1001, &[("phone", "must be a mobile number")]));

    let product = Product::with_records().await;
    let empno = product::employee()["empno"].clone();
    let payload = json!({"empno": empno, "subject_name": "奖金", "month": "2017-09", "value": "1.00", "sum": 1});
    assert_eq!(named(product.signed(Method::POST, "/api/v2/salary/subject_values", payload)).await, (200, Some("sum".into())));
    let worker = Platform::create(world()).await.worker("unknown").await;
    let mut sent = resume();
    sent["real_nick"] = "x".into();
    let (_, names) = named(worker.request(Method::POST, "/employee").json(&sent)).await;
    assert_eq!(names, Some("real_nick".into()));
    assert_eq!(worker.get("/employee").await.status, worker::ok(Value::Null).status);

    let user = Board::of(world()).join().await;
    let job = user.post_job(json!({})).await;
    assert_eq!(named(user.request("/jobs/update").json(&json!({"id": job, "post": "x"}))).await, (200, Some("post".into())));
    assert_eq!(user.post("/jobs/update", &json!({"id": job, "post": "x"})).await, done());
}

#[tokio::test]
async fn at_most_twenty_short_names_are_in_the_header() {
    let user = Board::of(world()).join().await;
    let mut body = json!({"name": "小周"});
    body["x".repeat(65)] = 1.into();
    body["a,b\n"] = 1.into();
    for number in 0..1000 {
        body[format!("n{number}")] = 1.into();
    }
    let (status, names) = named(user.request("/user/update/info").json(&body)).await;
    let names = names.unwrap();
    assert_eq!((status, names.split(", ").count()), (200, 20));
    assert!(names.split(", ").all(|name| name.starts_with('n') && name.len() <= 4), "{names}");
}
