//! /oauth/revoke: an app ends an access token that it no longer needs (RFC 7009).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use reqwest::header::AUTHORIZATION;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use crate::support::consent::{App, Browser, REVOKE};
use crate::support::product::{MOBILE, Product, body, rejection};
use crate::support::{Response, Stage, fetch};

async fn opened(stage: &Stage) -> (Product, App) {
    let product = Product::join_stage(stage).await;
    product.add_records().await;
    let app = product.app().await;
    (product, app)
}

/// A new access token. A phone is sent one message a minute.
async fn token(stage: &Stage, app: &App) -> String {
    stage.clock.advance(SignedDuration::from_secs(60));
    let code = Browser::new(app).response_code(MOBILE).await;
    let response = app.token(&app.exchange(&code)).await;
    response.body["access_token"].as_str().unwrap_or_else(|| panic!("{response:?}")).to_owned()
}

fn post(app: &App) -> RequestBuilder {
    Client::new().post(format!("{}{REVOKE}", app.address.base_url))
}

fn form(app: &App, fields: &[(&str, &str)]) -> RequestBuilder {
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    post(app).header("content-type", "application/x-www-form-urlencoded").body(form)
}

fn request(app: &App, token: &str) -> Value {
    json!({"app_id": app.app_id, "app_secret": app.app_secret, "token": token})
}

async fn revoke(app: &App, request: &Value) -> Response {
    fetch(post(app).json(request)).await
}

async fn read(product: &Product, token: &str) -> u16 {
    let response = product.read(token, "/api/v2/departments", json!({})).await;
    assert!(response.status == 200 || response == rejection(401, 1105, "access_token is invalid"), "{response:?}");
    response.status
}

fn done() -> Response {
    body(json!({}))
}

fn unknown_app() -> Response {
    rejection(401, 1105, "app_id or app_secret is invalid")
}

#[tokio::test]
async fn an_app_ends_one_of_its_tokens_within_five_seconds() {
    let stage = Stage::open().await;
    let (product, app) = opened(&stage).await;
    let (first, second) = (token(&stage, &app).await, token(&stage, &app).await);
    assert_eq!((read(&product, &first).await, read(&product, &second).await), (200, 200));
    assert_eq!(revoke(&app, &request(&app, &first)).await, done());
    stage.clock.advance(SignedDuration::from_millis(4999));
    assert_eq!(read(&product, &first).await, 200, "cached");
    stage.clock.advance(SignedDuration::from_millis(1));
    assert_eq!((read(&product, &first).await, read(&product, &second).await), (401, 200));
    assert_eq!(revoke(&app, &request(&app, &first)).await, done(), "a revoked token is an unknown one");
    let listed = product.command(json!({"command": "list_grants", "app_id": app.app_id})).await;
    let revoked: Vec<&Value> = listed["grants"].as_array().unwrap().iter().map(|grant| &grant["revoked_at"]).collect();
    assert_eq!(revoked, [&json!("2024-01-15T10:32:00Z"), &Value::Null]);
}

#[tokio::test]
async fn a_token_is_revoked_with_the_standard_names_and_any_hint() {
    let stage = Stage::open().await;
    let (product, app) = opened(&stage).await;
    let (client, secret) = (("client_id", app.app_id.as_str()), ("client_secret", app.app_secret.as_str()));
    let basic = format!("Basic {}", STANDARD.encode(format!("{}:{}", app.app_id, app.app_secret)));
    for number in 0..4 {
        let access_token = token(&stage, &app).await;
        assert_eq!(read(&product, &access_token).await, 200);
        let token = ("token", access_token.as_str());
        let sent = match number {
            0 => form(&app, &[client, secret, token]),
            1 => form(&app, &[client, secret, token, ("token_type_hint", "access_token")]),
            // A wrong hint does not keep the server from finding the token (RFC 7009, 2.1).
            2 => form(&app, &[token, ("token_type_hint", "refresh_token")]).header(AUTHORIZATION, &basic),
            _ => form(&app, &[("app_id", app.app_id.as_str()), ("app_secret", app.app_secret.as_str()), token]),
        };
        assert_eq!(fetch(sent).await, done(), "{number}");
        stage.expire_caches();
        assert_eq!(read(&product, &access_token).await, 401, "{number}");
    }
}

#[tokio::test]
async fn an_unknown_token_and_another_apps_token_change_nothing() {
    let stage = Stage::open().await;
    let (product, app) = opened(&stage).await;
    let (other_product, foreign) = opened(&stage).await;
    let second = product.app().await;
    let access_token = token(&stage, &app).await;
    // The same company, app and grant with another secret: 16 and 8 bytes are before the secret, and the app is behind it.
    let forged = format!("{}{}{}", &access_token[..32], "A".repeat(40), &access_token[72..]);
    for (by, sent) in [
        (&app, forged.as_str()),
        (&app, "unknown"),
        (&app, &"A".repeat(255)),
        (&second, &access_token),
        (&foreign, &access_token),
    ] {
        assert_eq!(revoke(by, &request(by, sent)).await, done(), "{sent}");
    }
    stage.expire_caches();
    assert_eq!(read(&product, &access_token).await, 200);
    let listed = other_product.command(json!({"command": "list_grants", "company_uuid": other_product.company})).await;
    assert_eq!(listed, json!({"grants": [], "next_cursor": null}));
    assert_eq!(read(&product, &forged).await, 401);
}

#[tokio::test]
async fn only_the_app_itself_revokes_and_every_wrong_field_is_named() {
    let stage = Stage::open().await;
    let (product, app) = opened(&stage).await;
    let access_token = token(&stage, &app).await;
    let with = |field: &str, value: Value| {
        let mut request = request(&app, &access_token);
        request[field] = value;
        request
    };
    let basic = |secret: &str| format!("Basic {}", STANDARD.encode(format!("{}:{secret}", app.app_id)));
    for wrong in [with("app_secret", "wrong".into()), with("app_id", "app1".into())] {
        assert_eq!(revoke(&app, &wrong).await, unknown_app(), "{wrong}");
    }
    let sent = form(&app, &[("token", &access_token)]).header(AUTHORIZATION, basic("wrong"));
    assert_eq!(fetch(sent).await, unknown_app());
    let differs =
        post(&app).header(AUTHORIZATION, basic("wrong")).json(&json!({"client_secret": app.app_secret, "token": "x"}));
    assert_eq!(fetch(differs).await, rejection(422, 2002, "client_secret differs from Authorization"));
    let missing = "app_id is required; app_secret is required; token is required";
    assert_eq!(revoke(&app, &json!({})).await, rejection(422, 2002, missing));
    let long = rejection(422, 2002, "token is too long");
    assert_eq!(revoke(&app, &with("token", "x".repeat(256).into())).await, long);
    let hint = rejection(422, 2002, "token_type_hint is too long");
    assert_eq!(revoke(&app, &with("token_type_hint", "x".repeat(65).into())).await, hint);
    assert_eq!(read(&product, &access_token).await, 200);
}

#[tokio::test]
async fn wrong_secrets_are_rate_limited_together_with_those_of_exchanges() {
    let stage = Stage::open().await;
    let (product, app) = opened(&stage).await;
    let access_token = token(&stage, &app).await;
    let mut wrong = request(&app, &access_token);
    wrong["app_secret"] = "wrong".into();
    let mut exchange = app.exchange("unknown");
    exchange["app_secret"] = "wrong".into();
    for _ in 0..5 {
        assert_eq!(revoke(&app, &wrong).await, unknown_app());
        assert_eq!(app.token(&exchange).await, unknown_app());
    }
    let too_often = rejection(429, 2002, "too many requests: try again later");
    assert_eq!(revoke(&app, &request(&app, &access_token)).await, too_often);
    assert_eq!(read(&product, &access_token).await, 200);
    stage.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(revoke(&app, &request(&app, &access_token)).await, done());
    assert_eq!(read(&product, &access_token).await, 401);
}
