//! /oauth/token: a response code is exchanged for an access token, once.

use futures::future::join_all;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::consent::{App, Browser, TOKEN, access_token};
use crate::support::product::{MOBILE, Product, body, employee, rejection};
use crate::support::{Response, Stage, fetch};

async fn opened(stage: &Stage) -> (Product, App) {
    let product = Product::join_stage(stage).await;
    product.add_records().await;
    let app = product.app().await;
    (product, app)
}

fn is_token(response: &Response) -> String {
    let token = response.body["access_token"].as_str().unwrap_or_else(|| panic!("{response:?}")).to_owned();
    assert_eq!(*response, body(json!({"access_token": token, "expires_in": 7_776_000})));
    token
}

fn used() -> Response {
    rejection(422, 2002, "response_code is not valid, or was used")
}

#[tokio::test]
async fn a_response_code_is_exchanged_once() {
    let stage = Stage::open().await;
    let (product, app) = opened(&stage).await;
    let code = Browser::new(&app).response_code(MOBILE).await;
    let token = is_token(&app.token(&app.exchange(&code)).await);
    assert_eq!(app.token(&app.exchange(&code)).await, used());
    assert_eq!(product.read(&token, "/api/v2/departments", json!({})).await.status, 200, "the token stays valid");
    assert_eq!(app.token(&app.exchange("unknown")).await, used());
}

/// RFC 6749, 4.1.2. A code that is used twice may be stolen, unless the app repeats a request whose response it has not received.
#[tokio::test]
async fn a_response_code_that_is_used_again_after_30_seconds_ends_its_token() {
    let stage = Stage::open().await;
    let (product, app) = opened(&stage).await;
    let second = product.app().await;
    let code = Browser::new(&app).response_code(MOBILE).await;
    let token = is_token(&app.token(&app.exchange(&code)).await);
    let read = async || product.read(&token, "/api/v2/departments", json!({})).await;
    let departments = read().await;
    assert_eq!(departments.status, 200);

    stage.clock.advance(SignedDuration::from_secs(30));
    assert_eq!(app.token(&app.exchange(&code)).await, used());
    stage.expire_caches();
    assert_eq!(read().await, departments, "within 30 seconds it is only refused");
    // Another app, and an app without the right secret, ends nothing.
    let mut wrong = app.exchange(&code);
    wrong["app_secret"] = "wrong".into();
    assert_eq!(app.token(&wrong).await, rejection(401, 1105, "app_id or app_secret is invalid"));
    assert_eq!(second.token(&second.exchange(&code)).await, used());
    stage.expire_caches();
    assert_eq!(read().await, departments);

    assert_eq!(app.token(&app.exchange(&code)).await, used());
    stage.expire_caches();
    let ended = rejection(401, 1105, "access_token is invalid");
    assert_eq!(read().await, ended);
    assert_eq!(app.token(&app.exchange(&code)).await, used());

    // Also when the code itself has expired.
    stage.clock.advance(SignedDuration::from_secs(60));
    let code = Browser::new(&app).response_code(MOBILE).await;
    let token = is_token(&app.token(&app.exchange(&code)).await);
    stage.clock.advance(SignedDuration::from_hours(89 * 24));
    assert_eq!(product.read(&token, "/api/v2/departments", json!({})).await, departments);
    assert_eq!(app.token(&app.exchange(&code)).await, used());
    stage.expire_caches();
    assert_eq!(product.read(&token, "/api/v2/departments", json!({})).await, ended);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_exchanges_of_a_response_code_return_one_token() {
    let stage = Stage::open().await;
    let (_, app) = opened(&stage).await;
    let code = Browser::new(&app).response_code(MOBILE).await;
    let exchange = app.exchange(&code);
    let responses = join_all((0..10).map(|_| app.token(&exchange))).await;
    let (granted, rejected): (Vec<&Response>, Vec<&Response>) = responses.iter().partition(|response| response.status == 200);
    assert_eq!((granted.len(), rejected.len()), (1, 9));
    is_token(granted[0]);
    assert!(rejected.into_iter().all(|response| *response == used()), "{responses:?}");
}

#[tokio::test]
async fn a_response_code_expires_after_ten_minutes() {
    let stage = Stage::open().await;
    let (_, app) = opened(&stage).await;
    let code = Browser::new(&app).response_code(MOBILE).await;
    stage.clock.advance(SignedDuration::from_secs(600));
    assert_eq!(app.token(&app.exchange(&code)).await, used());
    let code = Browser::new(&app).response_code(MOBILE).await;
    stage.clock.advance(SignedDuration::from_secs(599));
    is_token(&app.token(&app.exchange(&code)).await);
}

#[tokio::test]
async fn a_response_code_is_exchanged_only_by_its_app_with_secret_and_callback() {
    let stage = Stage::open().await;
    let (product, app) = opened(&stage).await;
    let second = product.app().await;
    let elsewhere = product.app_named("考勤助手", "https://app.example.com/other").await;
    let code = Browser::new(&app).response_code(MOBILE).await;
    let with = |field: &str, value: &str| {
        let mut exchange = app.exchange(&code);
        exchange[field] = value.into();
        exchange
    };
    let unknown = rejection(401, 1105, "app_id or app_secret is invalid");
    let callback = rejection(422, 2002, "callback_url is not that of the app");
    let cases = [
        (with("app_secret", &second.app_secret), unknown.clone()),
        (with("app_secret", "wrong"), unknown.clone()),
        (with("app_id", &second.app_id), unknown.clone()),
        (with("app_id", "app1"), unknown),
        (with("callback_url", "https://app.example.com:8443/callback/"), callback.clone()),
        (with("callback_url", &elsewhere.callback_url), callback),
        (second.exchange(&code), used()),
        (elsewhere.exchange(&code), used()),
    ];
    for (exchange, expected) in cases {
        assert_eq!(app.token(&exchange).await, expected, "{exchange}");
    }
    is_token(&app.token(&app.exchange(&code)).await);
}

#[tokio::test]
async fn an_exchange_is_accepted_as_json_or_as_a_form() {
    let stage = Stage::open().await;
    let (_, app) = opened(&stage).await;
    let code = Browser::new(&app).response_code(MOBILE).await;
    let everything = "app_id is required; app_secret is required; callback_url is required; response_code is required";
    assert_eq!(app.token(&json!({})).await, rejection(422, 2002, everything));
    let mut partial = app.exchange(&code);
    partial["app_secret"] = Value::Null;
    assert_eq!(app.token(&partial).await, rejection(422, 2002, "app_secret is required"));

    let exchange = app.exchange(&code);
    let fields = exchange.as_object().expect("an object").iter();
    let fields = fields.map(|(name, value)| (name.as_str(), value.as_str().expect("text")));
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = local::http::client().post(format!("{}{TOKEN}", app.address.base_url));
    is_token(&fetch(request.header("content-type", "application/x-www-form-urlencoded").body(form)).await);
}

#[tokio::test]
async fn an_access_token_expires_after_ninety_days() {
    let stage = Stage::open().await;
    let (product, _) = opened(&stage).await;
    let token = access_token(&product, MOBILE).await;
    let read = async || product.read(&token, "/api/v2/departments", json!({})).await;
    let departments = read().await;
    assert_eq!(departments.status, 200);
    stage.clock.advance(SignedDuration::from_secs(90 * 24 * 3600 - 1));
    assert_eq!(read().await, departments);
    stage.clock.advance(SignedDuration::from_secs(1));
    let ended = rejection(401, 1105, "access_token is invalid");
    assert_eq!(read().await, ended, "also while a process still remembers the token");
    stage.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(read().await, ended);
}

#[tokio::test]
async fn a_token_ends_when_the_consenting_employee_leaves() {
    let stage = Stage::open().await;
    let (product, _) = opened(&stage).await;
    let token = access_token(&product, MOBILE).await;
    assert_eq!(product.read(&token, "/api/v2/departments", json!({})).await.status, 200);
    let mut left = employee();
    left["status"] = "dimission".into();
    product.imports("employees", &[left]).await;
    stage.clock.advance(SignedDuration::from_secs(5));
    let ended = rejection(401, 1105, "access_token is invalid");
    assert_eq!(product.read(&token, "/api/v2/departments", json!({})).await, ended);
}
