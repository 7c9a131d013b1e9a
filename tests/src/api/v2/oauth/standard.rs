//! The names of OAuth 2.0 beside those of the document (RFC 6749, RFC 6750).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use reqwest::header::AUTHORIZATION;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use crate::support::consent::{App, Browser, TOKEN, access_token};
use crate::support::product::{MOBILE, Product, body, rejection};
use crate::support::{Response, Stage, fetch};

const DEPARTMENTS: &str = "/api/v2/departments";

async fn opened(stage: &Stage) -> (Product, App) {
    let product = Product::join_stage(stage).await;
    product.add_records().await;
    let app = product.app().await;
    (product, app)
}

/// A new response code. A phone is sent one message a minute.
async fn response_code(stage: &Stage, app: &App) -> String {
    stage.clock.advance(SignedDuration::from_secs(60));
    Browser::new(app).response_code(MOBILE).await
}

fn post(app: &App) -> RequestBuilder {
    Client::new().post(format!("{}{TOKEN}", app.address.base_url))
}

fn form(app: &App, fields: &[(&str, &str)]) -> RequestBuilder {
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    post(app).header("content-type", "application/x-www-form-urlencoded").body(form)
}

fn basic(client: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{client}:{secret}")))
}

/// The response holds an access token, and its type if the request had a `grant_type`.
fn is_granted(response: &Response, is_standard: bool) {
    let token = response.body["access_token"].as_str().unwrap_or_else(|| panic!("{response:?}"));
    let mut expected = json!({"access_token": token, "expires_in": 7_776_000});
    if is_standard {
        expected["token_type"] = "Bearer".into();
    }
    assert_eq!(*response, body(expected));
}

#[tokio::test]
async fn a_code_is_exchanged_with_the_standard_names() {
    let stage = Stage::open().await;
    let (_, app) = opened(&stage).await;
    let grant = ("grant_type", "authorization_code");
    let (client, secret) = (("client_id", app.app_id.as_str()), ("client_secret", app.app_secret.as_str()));
    let redirect = ("redirect_uri", app.callback_url.as_str());

    let code = response_code(&stage, &app).await;
    is_granted(&fetch(form(&app, &[grant, client, secret, redirect, ("code", &code)])).await, true);

    let code = response_code(&stage, &app).await;
    let header = basic(&app.app_id, &app.app_secret);
    let fields = [grant, redirect, ("code", code.as_str())];
    is_granted(&fetch(form(&app, &fields).header(AUTHORIZATION, header.clone())).await, true);

    let code = response_code(&stage, &app).await;
    let fields = [grant, client, redirect, ("code", &code)];
    let lower = header.replace("Basic", "basic");
    is_granted(&fetch(form(&app, &fields).header(AUTHORIZATION, lower)).await, true);

    let code = response_code(&stage, &app).await;
    let mixed = json!({
        "app_id": app.app_id, "client_id": app.app_id, "client_secret": app.app_secret, "callback_url": app.callback_url, "code": code,
    });
    is_granted(&app.token(&mixed).await, false);

    let code = response_code(&stage, &app).await;
    let request = post(&app).header("content-type", "application/json").header(AUTHORIZATION, header);
    let json = json!({"callback_url": app.callback_url, "response_code": code});
    is_granted(&fetch(request.body(json.to_string())).await, false);
}

#[tokio::test]
async fn wrong_standard_credentials_are_rejected_and_named() {
    let stage = Stage::open().await;
    let (_, app) = opened(&stage).await;
    let code = response_code(&stage, &app).await;
    let with = |field: &str, value: Value| {
        let mut exchange = json!({
            "grant_type": "authorization_code", "client_id": app.app_id, "client_secret": app.app_secret,
            "redirect_uri": app.callback_url, "code": code,
        });
        exchange[field] = value;
        exchange
    };
    let unknown = rejection(401, 1105, "app_id or app_secret is invalid");
    let cases = [
        (with("client_id", "app1".into()), unknown.clone()),
        (with("client_secret", "x".into()), unknown.clone()),
        (with("client_secret", Value::Null), rejection(422, 2002, "app_secret is required")),
        (with("client_id", "".into()), rejection(422, 2002, "client_id must not be empty")),
        (with("app_id", "app1".into()), rejection(422, 2002, "client_id differs from app_id")),
        (with("response_code", "x".into()), rejection(422, 2002, "code differs from response_code")),
        (with("redirect_uri", "https://evil.example.com".into()), rejection(422, 2002, "callback_url is not that of the app")),
        (with("code", "x".into()), rejection(422, 2002, "response_code is not valid, or was used")),
        (with("grant_type", "password".into()), rejection(422, 2002, "grant_type must be authorization_code")),
    ];
    for (exchange, expected) in cases {
        assert_eq!(app.token(&exchange).await, expected, "{exchange}");
    }
    let fields = [("grant_type", "authorization_code"), ("redirect_uri", app.callback_url.as_str()), ("code", &code)];
    let differs = rejection(422, 2002, "client_id differs from Authorization");
    let named = [&fields[..], &[("client_id", "app1")]].concat();
    let header = basic(&app.app_id, &app.app_secret);
    assert_eq!(fetch(form(&app, &named).header(AUTHORIZATION, header.clone())).await, differs);
    for malformed in ["Basic", "Basic @", "Basic bm8gY29sb24=", &basic(&app.app_id, "x"), &basic("%ff", &app.app_secret)] {
        let response = fetch(form(&app, &fields).header(AUTHORIZATION, malformed)).await;
        let expected = if malformed == "Basic" {
            rejection(422, 2002, "app_id is required; app_secret is required")
        } else {
            unknown.clone()
        };
        assert_eq!(response, expected, "{malformed}");
    }
    is_granted(&fetch(form(&app, &fields).header(AUTHORIZATION, header)).await, true);
}

#[tokio::test]
async fn an_access_token_may_come_as_a_bearer_token() {
    let stage = Stage::open().await;
    let (product, _) = opened(&stage).await;
    let token = access_token(&product, MOBILE).await;
    let expected = product.read(&token, DEPARTMENTS, json!({})).await;
    assert_eq!(expected.status, 200);
    let read = async |path: &str, query: &[(&str, &str)], header: &str| {
        let request = Client::new().get(format!("{}{path}", product.address.base_url)).query(query);
        fetch(request.header(AUTHORIZATION, header)).await
    };
    for header in [format!("Bearer {token}"), format!("bearer  {token}"), format!("BEARER {token}")] {
        assert_eq!(read(DEPARTMENTS, &[], &header).await, expected, "{header}");
    }
    let bearer = format!("Bearer {token}");
    assert_eq!(read(DEPARTMENTS, &[("access_token", &token)], &bearer).await, expected, "either place, or both");
    let recruitments = read("/api/v2/recruitments/sources", &[], &bearer).await;
    assert_eq!(recruitments, body(json!([{"uuid": "1", "name": "内部推荐"}])));

    let invalid = rejection(401, 1105, "access_token is invalid");
    assert_eq!(read(DEPARTMENTS, &[], "Bearer x").await, invalid);
    assert_eq!(read(DEPARTMENTS, &[("access_token", "x")], &bearer).await, invalid, "two different tokens");
    assert_eq!(read(DEPARTMENTS, &[("access_token", &token)], "Bearer x").await, invalid);
    let missing = rejection(401, 1001, "access_key is missing");
    for header in ["Bearer", "Bearer ", token.as_str(), &format!("Basic {token}"), &format!("Bearer {token} x")] {
        assert_eq!(read(DEPARTMENTS, &[], header).await, missing, "{header}");
    }
    let punches = Client::new().post(format!("{}/api/v2/attendance_punches", product.address.base_url));
    let punches = punches.header(AUTHORIZATION, &bearer).header("content-type", "application/json").body("[]");
    assert_eq!(fetch(punches).await, rejection(403, 3001, "access_token opens reads only"));
    let signed = product.signed(reqwest::Method::POST, "/api/v2/attendance_punches", json!([]));
    assert_eq!(fetch(signed.header(AUTHORIZATION, bearer)).await, body(json!([])), "a signature counts");
}
