//! `HEAD` works like `GET` on every path: the same status and headers, without the body (RFC 9110, 9.3.2).

use std::collections::BTreeMap;

use lambda::routes;
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::support::board::Board;
use crate::support::product::Product;
use crate::support::worker::Platform;
use crate::support::{Partner, client, fetch, world};

/// The status, the headers that do not differ between two requests, and the body.
async fn sent(request: RequestBuilder) -> (u16, BTreeMap<String, String>, String) {
    let response = request.send().await.unwrap();
    let varies =
        |name: &str| ["date", "x-request-id", "x-captcha-id", "content-security-policy", "retry-after"].contains(&name);
    let headers = |headers: &HeaderMap| {
        let texts = headers.iter().filter(|(name, _)| !varies(name.as_str()));
        texts.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect()
    };
    (response.status().as_u16(), headers(response.headers()), response.text().await.unwrap())
}

async fn assert_same(path: &str, request: impl Fn(Method) -> RequestBuilder) -> u16 {
    let (status, headers, body) = sent(request(Method::GET)).await;
    assert_eq!(sent(request(Method::HEAD)).await, (status, headers.clone(), String::new()), "{path}");
    if !body.is_empty() {
        assert_eq!(headers["content-length"], body.len().to_string(), "{path}");
    }
    status
}

#[tokio::test]
async fn head_is_served_like_get_on_each_path() {
    let paths: Vec<String> = routes::all()
        .filter(|route| route.method == "GET")
        .map(|route| route.path.replace(['{', '}'], ""))
        .chain(
            ["/docs", "/docs/hris", "/docs/hris.md", "/docs/openapi/hris.json", "/docs/nothing", "/health"].map(str::to_owned),
        )
        .collect();
    assert!(paths.len() > 45, "{paths:?}");
    for path in paths {
        let status = assert_same(&path, |method| client().request(method, format!("{}{path}", world().base_url))).await;
        assert_ne!(status, 405, "{path}");
    }
}

#[tokio::test]
async fn head_with_credentials_is_served_like_get() {
    let partner = Partner::join(world()).await;
    partner.push_examples(&["users", "companies", "tasks"]).await;
    let token = partner.new_tokens().await["access_token"].as_str().unwrap().to_owned();
    let tasks = |method| client().request(method, format!("{}/api/v1/tasks", world().base_url)).bearer_auth(&token);
    assert_eq!(assert_same("tasks", tasks).await, 200);

    // The signature covers the method that is sent.
    let product = Product::with_records().await;
    let employees = |method| product.signed(method, "/api/v2/employees", product.with_token(json!({})));
    assert_eq!(assert_same("employees", employees).await, 200);

    let worker = Platform::create(world()).await.worker("head").await;
    assert_eq!(assert_same("em_status", |method| worker.request(method, "/em_status")).await, 200);

    let board = Board::of(world());
    let user = board.join().await;
    let info = |method| board.request(method, "/user/info").header("authorization", &user.token).header("user_id", user.id);
    assert_eq!(assert_same("info", info).await, 200);
}

#[tokio::test]
async fn the_health_check_answers() {
    let response = fetch(client().get(format!("{}/health", world().base_url))).await;
    assert_eq!((response.status, response.body), (200, json!({"status": "ok"})));
}
