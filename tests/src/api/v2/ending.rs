//! How the credentials of the HR API end before they expire: an access key, a product or an app is disabled, a grant is revoked, or the
//! employee who consented leaves.

use futures::future::join_all;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::consent::{App, Browser};
use crate::support::product::{EMPLOYEE, MOBILE, Product, body, employee, numbered, rejection};
use crate::support::{Response, Stage};

const OTHER_MOBILE: &str = "13900000777";

async fn opened(stage: &Stage) -> Product {
    let product = Product::join_stage(stage).await;
    product.add_records().await;
    product
}

/// A second employee who may consent.
async fn second_employee(product: &Product) -> Value {
    let mut second = numbered(777);
    (second["mobile"], second["administrator"]) = (OTHER_MOBILE.into(), true.into());
    product.imports("employees", std::slice::from_ref(&second)).await;
    second["uuid"].clone()
}

/// An access token by the consent of the employee with this phone. A phone is sent one message a minute.
async fn token(stage: &Stage, app: &App, mobile: &str) -> String {
    stage.clock.advance(SignedDuration::from_secs(60));
    let code = Browser::new(app).response_code(mobile).await;
    let response = app.token(&app.exchange(&code)).await;
    response.body["access_token"].as_str().unwrap_or_else(|| panic!("{response:?}")).to_owned()
}

async fn read(product: &Product, token: &str) -> Response {
    product.read(token, "/api/v2/recruitments/sources", json!({})).await
}

fn sources() -> Response {
    body(json!([{"uuid": "1", "name": "内部推荐"}]))
}

async fn signed(product: &Product) -> Response {
    product.get("/api/v2/departments", Value::Null).await
}

fn ended() -> Response {
    rejection(401, 1105, "access_token is invalid")
}

fn unknown_key() -> Response {
    rejection(401, 1105, "access_key is invalid")
}

fn used() -> Response {
    rejection(422, 2002, "response_code is not valid, or was used")
}

async fn grants(app: &App) -> Vec<Value> {
    let listed = app.address.command(&json!({"command": "list_grants", "app_id": app.app_id})).await;
    assert_eq!(listed["next_cursor"], Value::Null);
    listed["grants"].as_array().unwrap_or_else(|| panic!("{listed}")).clone()
}

async fn revoke(app: &App, grant: &Value) -> Value {
    app.address.command(&json!({"command": "revoke_grant", "app_id": app.app_id, "grant_id": grant["grant_id"]})).await
}

async fn about_app(app: &App, command: &str) -> Value {
    app.address.command(&json!({"command": command, "app_id": app.app_id})).await
}

async fn about_product(product: &Product, command: &str) -> Value {
    let view = product.command(json!({"command": command, "product_id": product.product_id})).await;
    assert_eq!(view["product_id"], product.product_id, "{view}");
    view
}

async fn about_key(product: &Product, command: &str) -> Value {
    let view = product.command(json!({"command": command, "access_key": product.access_key})).await;
    assert_eq!(view["access_key"], product.access_key, "{view}");
    view
}

/// An import that makes the employee of [`EMPLOYEE`] leave or return.
async fn set_status(product: &Product, status: &str) {
    let mut changed = employee();
    changed["status"] = status.into();
    product.imports("employees", &[changed]).await;
}

#[tokio::test]
async fn a_disabled_access_key_signs_nothing_until_it_is_enabled() {
    let stage = Stage::open().await;
    let (product, other) = (opened(&stage).await, opened(&stage).await);
    let access_token = token(&stage, &product.app().await, MOBILE).await;
    assert_eq!((signed(&product).await.status, signed(&other).await.status), (200, 200));
    let disabled = about_key(&product, "disable_access_key").await;
    assert_eq!(disabled["enabled"], false);
    assert_eq!(about_key(&product, "disable_access_key").await, disabled);
    stage.clock.advance(SignedDuration::from_millis(4999));
    assert_eq!(signed(&product).await.status, 200, "cached");
    stage.clock.advance(SignedDuration::from_millis(1));
    assert_eq!(signed(&product).await, unknown_key());
    // Its grants and other access keys go on.
    assert_eq!(read(&product, &access_token).await, sources());
    assert_eq!(signed(&other).await.status, 200);
    // A new secret does not enable it.
    let rotated = about_key(&product, "rotate_access_key").await;
    let mut renewed = product.clone();
    renewed.secret_key = rotated["secret_key"].as_str().unwrap().to_owned();
    assert_eq!(signed(&renewed).await, unknown_key());

    let enabled = about_key(&product, "enable_access_key").await;
    assert_eq!((&enabled["enabled"], enabled["secrets"].as_array().map(Vec::len)), (&true.into(), Some(2)));
    assert_eq!(about_key(&product, "enable_access_key").await, enabled);
    for secret in [&product, &renewed] {
        assert_eq!(signed(secret).await.status, 200);
    }
}

#[tokio::test]
async fn a_disabled_products_keys_return_when_it_is_enabled_and_its_grants_do_not() {
    let stage = Stage::open().await;
    let (product, other) = (opened(&stage).await, opened(&stage).await);
    let (app, foreign) = (product.app().await, other.app().await);
    let (old, alive) = (token(&stage, &app, MOBILE).await, token(&stage, &foreign, MOBILE).await);
    let code = {
        second_employee(&product).await;
        Browser::new(&app).response_code(OTHER_MOBILE).await
    };
    assert_eq!((signed(&product).await.status, read(&product, &old).await), (200, sources()));
    let disabled = about_product(&product, "disable_product").await;
    assert_eq!(disabled, json!({"product_id": product.product_id, "name": "测试产品", "enabled": false}));
    assert_eq!(about_product(&product, "disable_product").await, disabled);
    stage.expire_caches();
    assert_eq!((signed(&product).await, read(&product, &old).await), (unknown_key(), ended()));
    assert_eq!((signed(&other).await.status, read(&other, &alive).await), (200, sources()));
    assert_eq!(Browser::new(&app).open("").await.status, 400, "no employee is asked to consent");
    assert_eq!(app.token(&app.exchange(&code)).await, used());

    let enabled = about_product(&product, "enable_product").await;
    assert_eq!(enabled, json!({"product_id": product.product_id, "name": "测试产品", "enabled": true}));
    assert_eq!(about_product(&product, "enable_product").await, enabled);
    assert_eq!((signed(&product).await.status, read(&product, &old).await), (200, ended()));
    assert_eq!(app.token(&app.exchange(&code)).await, used(), "the consent has ended, too");
    let new = token(&stage, &app, MOBILE).await;
    assert_eq!((read(&product, &new).await, read(&product, &old).await), (sources(), ended()));
    let active: Vec<Value> = grants(&app).await.iter().map(|grant| grant["active"].clone()).collect();
    assert_eq!(active, [false, true]);

    // The same within the five seconds in which no process sees the product disabled.
    about_product(&product, "disable_product").await;
    about_product(&product, "enable_product").await;
    stage.expire_caches();
    assert_eq!(read(&product, &new).await, ended());
}

#[tokio::test]
async fn an_app_that_is_enabled_again_has_none_of_its_old_grants() {
    let stage = Stage::open().await;
    let product = opened(&stage).await;
    let (app, another) = (product.app().await, product.app().await);
    let (old, alive) = (token(&stage, &app, MOBILE).await, token(&stage, &another, MOBILE).await);
    second_employee(&product).await;
    let code = Browser::new(&app).response_code(OTHER_MOBILE).await;
    assert_eq!((read(&product, &old).await, read(&product, &alive).await), (sources(), sources()));
    let disabled = about_app(&app, "disable_oauth_app").await;
    assert_eq!(disabled["enabled"], false);
    assert_eq!(about_app(&app, "disable_oauth_app").await, disabled);
    stage.clock.advance(SignedDuration::from_millis(4999));
    assert_eq!(read(&product, &old).await, sources(), "cached");
    stage.clock.advance(SignedDuration::from_millis(1));
    assert_eq!((read(&product, &old).await, read(&product, &alive).await), (ended(), sources()));
    assert_eq!(signed(&product).await.status, 200);
    let unknown = rejection(401, 1105, "app_id or app_secret is invalid");
    assert_eq!(app.token(&app.exchange(&code)).await, unknown);
    assert_eq!(Browser::new(&app).open("").await.status, 400, "no employee is asked to consent");

    let enabled = about_app(&app, "enable_oauth_app").await;
    assert_eq!(enabled["enabled"], true);
    assert_eq!(about_app(&app, "enable_oauth_app").await, enabled);
    assert_eq!(read(&product, &old).await, ended());
    assert_eq!(app.token(&app.exchange(&code)).await, used(), "the consent has ended, too");
    let new = token(&stage, &app, MOBILE).await;
    stage.expire_caches();
    let states = (read(&product, &new).await, read(&product, &old).await, read(&product, &alive).await);
    assert_eq!(states, (sources(), ended(), sources()));
}

#[tokio::test]
async fn a_revoked_grant_ends_alone_and_for_good() {
    let stage = Stage::open().await;
    let product = opened(&stage).await;
    let app = product.app().await;
    let second = second_employee(&product).await;
    let (first_token, second_token) = (token(&stage, &app, MOBILE).await, token(&stage, &app, OTHER_MOBILE).await);
    assert_eq!((read(&product, &first_token).await, read(&product, &second_token).await), (sources(), sources()));
    let before = grants(&app).await;
    assert_eq!(before.iter().map(|grant| &grant["employee_uuid"]).collect::<Vec<_>>(), [&json!(EMPLOYEE), &second]);

    let mut expected = before[0].clone();
    expected["revoked_at"] = "2024-01-15T10:32:00Z".into();
    expected["active"] = false.into();
    assert_eq!(revoke(&app, &before[0]).await, expected);
    stage.clock.advance(SignedDuration::from_millis(4999));
    assert_eq!(read(&product, &first_token).await, sources(), "cached");
    stage.clock.advance(SignedDuration::from_millis(1));
    assert_eq!((read(&product, &first_token).await, read(&product, &second_token).await), (ended(), sources()));
    assert_eq!(revoke(&app, &before[0]).await, expected, "a repeated command returns the same");
    assert_eq!(grants(&app).await, [expected, before[1].clone()]);
    // Another grant of the same employee is a new one.
    let again = token(&stage, &app, MOBILE).await;
    assert_eq!((read(&product, &again).await, read(&product, &first_token).await), (sources(), ended()));
}

#[tokio::test]
async fn a_grant_stays_ended_when_the_employee_is_an_administrator_again() {
    let stage = Stage::open().await;
    let product = opened(&stage).await;
    let app = product.app().await;
    let old = token(&stage, &app, MOBILE).await;
    assert_eq!(read(&product, &old).await, sources());
    for mark in [false, true] {
        let mut changed = employee();
        changed["administrator"] = mark.into();
        product.imports("employees", &[changed]).await;
        stage.expire_caches();
        assert_eq!(read(&product, &old).await, ended(), "{mark}");
    }
    let new = token(&stage, &app, MOBILE).await;
    assert_eq!(read(&product, &new).await, sources());
}

#[tokio::test]
async fn a_grant_stays_ended_when_the_employee_returns() {
    let stage = Stage::open().await;
    let product = opened(&stage).await;
    let app = product.app().await;
    let old = token(&stage, &app, MOBILE).await;
    let code = {
        stage.clock.advance(SignedDuration::from_secs(60));
        Browser::new(&app).response_code(MOBILE).await
    };
    assert_eq!(read(&product, &old).await, sources());
    // An import that keeps the right to consent ends nothing.
    let mut renamed = employee();
    renamed["nickname"] = "新".into();
    product.imports("employees", &[renamed]).await;
    stage.expire_caches();
    assert_eq!(read(&product, &old).await, sources());

    set_status(&product, "dimission").await;
    stage.expire_caches();
    assert_eq!(read(&product, &old).await, ended());
    assert_eq!(app.token(&app.exchange(&code)).await, used());
    set_status(&product, "regular").await;
    stage.expire_caches();
    assert_eq!(read(&product, &old).await, ended());
    assert_eq!(app.token(&app.exchange(&code)).await, used());
    let new = token(&stage, &app, MOBILE).await;
    assert_eq!(read(&product, &new).await, sources());
}

/// A use records itself in the grant: the record must not undo the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_grant_that_is_used_while_it_is_revoked_stays_ended() {
    let stage = Stage::open().await;
    let product = opened(&stage).await;
    let app = product.app().await;
    for _ in 0..4 {
        let access_token = token(&stage, &app, MOBILE).await;
        let grant = grants(&app).await.pop().expect("a grant");
        let reading = join_all((0..6).map(|_| read(&product, &access_token)));
        let (read_before, revoked) = tokio::join!(reading, revoke(&app, &grant));
        assert!(read_before.iter().all(|response| *response == sources() || *response == ended()), "{read_before:?}");
        assert_eq!(revoked["active"], false, "{revoked}");
        stage.expire_caches();
        assert_eq!(read(&product, &access_token).await, ended());
        assert_eq!(grants(&app).await.pop().expect("a grant")["revoked_at"], revoked["revoked_at"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_grant_escapes_when_exchanges_race_with_the_end_of_the_app() {
    let stage = Stage::open().await;
    let product = opened(&stage).await;
    let app = product.app().await;
    // A phone is sent at most ten messages a day.
    for _ in 0..2 {
        let mut codes = Vec::new();
        for _ in 0..4 {
            stage.clock.advance(SignedDuration::from_secs(60));
            codes.push(Browser::new(&app).response_code(MOBILE).await);
        }
        let exchanges: Vec<Value> = codes.iter().map(|code| app.exchange(code)).collect();
        let exchanging = join_all(exchanges.iter().map(|exchange| app.token(exchange)));
        let (exchanged, _) = tokio::join!(exchanging, about_app(&app, "disable_oauth_app"));
        about_app(&app, "enable_oauth_app").await;
        stage.expire_caches();
        for response in exchanged.iter().filter(|response| response.status == 200) {
            assert_eq!(read(&product, response.body["access_token"].as_str().unwrap()).await, ended());
        }
        for exchange in &exchanges {
            assert_eq!(app.token(exchange).await, used());
        }
    }
}

/// Changes an item directly, as if an earlier version had stored it.
async fn without(stage: &Stage, table: &str, mut item: Value, attributes: &[&str]) {
    for attribute in attributes {
        assert!(item.as_object_mut().unwrap().shift_remove(*attribute).is_some(), "{attribute} of {item}");
    }
    stage.database("PutItem", &json!({"TableName": table, "Item": item})).await;
}

#[tokio::test]
async fn products_keys_and_apps_that_were_stored_before_they_could_be_disabled_can_be() {
    let stage = Stage::open().await;
    let product = opened(&stage).await;
    let app = product.app().await;
    for item in stage.items("hris").await {
        match item["sk"]["S"].as_str().unwrap() {
            "product" => without(&stage, "hris", item, &["version"]).await,
            "access_key" => without(&stage, "hris", item, &["enabled", "ix1", "ix2", "ixsk"]).await,
            "oauth_app" => without(&stage, "hris", item, &["enabled", "epoch", "ix1", "ix2", "ixsk"]).await,
            "1387c26da1091124264793e123744fbb" | "NORMAL-1" => without(&stage, "hris", item, &["consent_epoch"]).await,
            _ => {}
        }
    }
    let mut old = token(&stage, &app, MOBILE).await;
    for (disable, enable) in [("disable_oauth_app", "enable_oauth_app"), ("disable_product", "enable_product")] {
        assert_eq!((signed(&product).await.status, read(&product, &old).await), (200, sources()));
        for command in [disable, enable] {
            let shown =
                if command.ends_with("app") { about_app(&app, command).await } else { about_product(&product, command).await };
            assert_eq!(shown["enabled"], command == enable);
        }
        stage.expire_caches();
        assert_eq!((signed(&product).await.status, read(&product, &old).await), (200, ended()));
        old = token(&stage, &app, MOBILE).await;
    }
    about_key(&product, "disable_access_key").await;
    stage.expire_caches();
    assert_eq!(signed(&product).await, unknown_key());
    about_key(&product, "enable_access_key").await;
    assert_eq!(signed(&product).await.status, 200);
    set_status(&product, "dimission").await;
    stage.expire_caches();
    assert_eq!(read(&product, &old).await, ended());
    // A command that changes them enters them into the lists.
    let listed = product.command(json!({"command": "list_access_keys"})).await;
    assert_eq!(listed["access_keys"][0]["access_key"], product.access_key, "{listed}");
    let listed = product.command(json!({"command": "list_oauth_apps"})).await;
    assert_eq!(listed["apps"][0]["app_id"], app.app_id, "{listed}");
}
