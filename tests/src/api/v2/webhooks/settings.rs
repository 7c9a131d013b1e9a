//! GET, PUT, DELETE /webhooks.

use reqwest::Method;
use serde_json::{Value, json};

use super::{EVERY_TYPE, PATH, done, opened, put};
use crate::support::product::{Product, body, rejection};
use crate::support::receiver::Receiver;
use crate::support::{Response, Stage};

/// The response without what is random, which it checks.
#[track_caller]
fn plain(mut response: Response) -> Response {
    let members = response.body.as_object_mut().expect("an object");
    if let Some(secret) = members.shift_remove("secret") {
        let key = secret.as_str().and_then(|secret| secret.strip_prefix("whsec_")).map(str::len);
        assert_eq!(key, Some(44), "the base64 of 32 bytes");
        members.insert("secret".into(), "whsec_".into());
    }
    for secret in members["secrets"].as_array_mut().expect("secrets") {
        let id = secret["secret_id"].take();
        assert!(id.as_str().is_some_and(|id| id.bytes().all(|byte| byte.is_ascii_digit())), "{id}");
    }
    response
}

fn webhook(address: &str, more: Value) -> Response {
    let mut webhook = json!({
        "address": address, "event_types": ["employee_created", "approval_changed"], "scopes": ["employees", "approvals"],
        "batches": false, "contact_mobile": null, "state": "active", "stopped_at": null, "created_at": "2024-01-15T10:30:00Z",
        "secrets": [{"secret_id": null, "created_at": "2024-01-15T10:30:00Z"}],
    });
    for (name, value) in more.as_object().expect("an object") {
        webhook[name] = value.clone();
    }
    body(webhook)
}

#[tokio::test]
async fn a_product_makes_reads_changes_and_deletes_its_webhook() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    let receiver = Receiver::open().await;
    let missing = rejection(404, 1102, "webhook does not exist");
    assert_eq!(product.get(PATH, Value::Null).await, missing);
    assert_eq!(product.call(Method::DELETE, PATH, Value::Null).await, missing);

    let settings =
        json!({"address": receiver.address, "event_types": ["approval_changed", "employee_created", "approval_changed"]});
    let made = put(&product, settings.clone()).await;
    assert_eq!(plain(made.clone()), webhook(&receiver.address, json!({"secret": "whsec_"})));
    assert_eq!(put(&product, settings).await, made, "a replay shows the same secret");
    assert_eq!(plain(product.get(PATH, Value::Null).await), webhook(&receiver.address, json!({})));

    let shown = product.get(PATH, Value::Null).await;
    assert_eq!(put(&product, shown.body.clone()).await, shown, "a response is a request that changes nothing");

    stage.clock.advance(jiff::SignedDuration::from_secs(60));
    let other = "http://127.0.0.1:9999/other?token=1";
    let settings = json!({"address": other, "event_types": EVERY_TYPE, "scopes": ["employees", "approvals", "sensitive"], "batches": true, "contact_mobile": "+86 138-0013-8000"});
    let changed = json!({"event_types": EVERY_TYPE, "scopes": ["employees", "approvals", "sensitive"], "batches": true, "contact_mobile": "+8613800138000"});
    assert_eq!(plain(put(&product, settings).await), webhook(other, changed.clone()));
    assert_eq!(plain(product.get(PATH, Value::Null).await), webhook(other, changed));

    assert_eq!(product.call(Method::DELETE, PATH, Value::Null).await, done());
    stage.clock.advance(jiff::SignedDuration::from_secs(1));
    assert_eq!(product.get(PATH, Value::Null).await, missing);
}

#[tokio::test]
async fn two_secrets_are_valid_during_a_rotation_and_sign_every_call() {
    let (stage, product, receiver, first) = opened(&["webhook_open"]).await;
    receiver.take().iter().for_each(|call| call.verify(&[&first]));
    let settings = |more: Value| {
        let mut settings = json!({"address": receiver.address, "event_types": ["webhook_open"]});
        settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        settings
    };
    let sent = async |secrets: &[&str]| {
        stage.clock.advance(jiff::SignedDuration::from_secs(1));
        assert_eq!(product.post("/api/v2/webhooks/tests", Value::Null).await, done());
        stage.address.settle_events().await;
        let calls = receiver.take();
        assert_eq!(calls.len(), 1);
        calls[0].verify(secrets);
    };
    let one = rejection(409, 2002, "drop_old_secret has one active secret");
    assert_eq!(put(&product, settings(json!({"drop_old_secret": true}))).await, one);
    let second = put(&product, settings(json!({"rotate": true}))).await;
    assert_eq!(second.body["secrets"].as_array().map(Vec::len), Some(2));
    let second = second.body["secret"].as_str().unwrap().to_owned();
    sent(&[&first, &second]).await;
    let two = rejection(409, 2002, "rotate has two active secrets: retire one first");
    stage.clock.advance(jiff::SignedDuration::from_secs(1));
    assert_eq!(put(&product, settings(json!({"rotate": true}))).await, two);
    let kept = put(&product, settings(json!({"drop_old_secret": true}))).await;
    assert_eq!((kept.body["secrets"].as_array().map(Vec::len), kept.body.get("secret")), (Some(1), None));
    sent(&[&second]).await;
}

#[tokio::test]
async fn a_repeated_write_gets_the_first_response_and_changes_nothing() {
    let (stage, product, receiver, _) = opened(&["webhook_open"]).await;
    let event = receiver.take()[0].id().to_owned();
    let settings = json!({"address": receiver.address, "event_types": ["webhook_open"], "rotate": true});
    let writes = [
        (Method::PUT, PATH.to_owned(), settings),
        (Method::POST, format!("{PATH}/tests"), Value::Null),
        (Method::POST, format!("{PATH}/events/{event}/replay"), Value::Null),
        (Method::POST, format!("{PATH}/replays"), json!({"since": "2024-01-15T10:00:00Z"})),
        (Method::DELETE, PATH.to_owned(), Value::Null),
    ];
    for (method, path, payload) in writes {
        let call = async || product.call(method.clone(), &path, payload.clone()).await;
        let stored = async || (stage.items("hris").await, stage.items("credentials").await, stage.items("audit").await);
        let before = stored().await;
        let first = call().await;
        assert_eq!(first.status, 200, "{path}: {first:?}");
        let after = stored().await;
        assert_ne!(before, after, "{path}");
        assert_eq!((call().await, stored().await), (first, after), "{path}");
    }
}

#[tokio::test]
async fn a_wrong_setting_is_named_and_nothing_is_stored() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    stage.names.set("private.example.com", &["203.0.114.1", "10.0.0.1"]);
    stage.names.set("metadata.example.com", &["169.254.169.254"]);
    stage.names.set("six.example.com", &["::1"]);
    stage.names.set("public.example.com", &["203.0.114.1", "2400:3200::1"]);
    let url = "address must be an https URL of at most 2048 characters, without user and fragment, with port 443 or from 1024";
    let private = "address must be on the public internet";
    let types = json!(["employee_created"]);
    let unknown = format!("event_types[0] must be one of: {} webhook_test", EVERY_TYPE.join(" "));
    let cases = [
        (json!({"event_types": types}), "address is required"),
        (json!({"address": "http://example.com/", "event_types": types}), url),
        (json!({"address": "https://user@example.com/", "event_types": types}), url),
        (json!({"address": "https://example.com:22/", "event_types": types}), url),
        (json!({"address": "https://example.com/#a", "event_types": types}), url),
        (json!({"address": format!("https://example.com/{}", "a".repeat(2048)), "event_types": types}), url),
        (
            json!({"address": "https://public.example.com/a%20b", "event_types": types}),
            "address must have a path of A-Z a-z 0-9 and signs that need no %",
        ),
        (json!({"address": "https://10.0.0.1/", "event_types": types}), private),
        (json!({"address": "https://[::1]/", "event_types": types}), private),
        (json!({"address": "https://2130706433/", "event_types": types}), private),
        (json!({"address": "https://private.example.com/", "event_types": types}), private),
        (json!({"address": "https://metadata.example.com/", "event_types": types}), private),
        (json!({"address": "https://six.example.com/", "event_types": types}), private),
        (
            json!({"address": "https://unknown.example.com/", "event_types": types}),
            "address must have a host name that resolves",
        ),
        (json!({"address": "https://public.example.com/"}), "event_types is required"),
        (json!({"address": "https://public.example.com/", "event_types": []}), "event_types must have 1 to 14 elements"),
        (json!({"address": "https://public.example.com/", "event_types": ["employee_born"]}), &unknown),
        (
            json!({"address": "https://public.example.com/", "event_types": ["salary_uploaded"], "scopes": ["employees"]}),
            "scopes must have the scope of each event type",
        ),
    ];
    for (settings, text) in cases {
        assert_eq!(put(&product, settings.clone()).await, rejection(422, 2002, text), "{settings}");
    }
    assert_eq!(product.get(PATH, Value::Null).await, rejection(404, 1102, "webhook does not exist"));
    let public = put(&product, json!({"address": "https://public.example.com:8443/a", "event_types": types})).await;
    assert_eq!((public.status, &public.body["address"]), (200, &json!("https://public.example.com:8443/a")));
}

#[tokio::test]
async fn a_webhook_belongs_to_the_product_and_the_company_that_sign() {
    let (stage, product, receiver, _) = opened(&["webhook_open"]).await;
    let event = receiver.take()[0].id().to_owned();
    let stranger = Product::join_stage(&stage).await;
    let missing = rejection(404, 1102, "webhook does not exist");
    let one = format!("/api/v2/webhooks/events/{event}");
    for path in [PATH, "/api/v2/webhooks/events", &one] {
        assert_eq!(stranger.get(path, Value::Null).await, missing, "{path}");
    }
    for path in ["/api/v2/webhooks/tests".to_owned(), format!("{one}/replay")] {
        assert_eq!(stranger.post(&path, Value::Null).await, missing, "{path}");
    }
    let since = json!({"since": "2024-01-15T10:00:00Z"});
    assert_eq!(stranger.post("/api/v2/webhooks/replays", since).await, missing);
    assert_eq!(stranger.call(Method::DELETE, PATH, Value::Null).await, missing);
    assert_eq!(product.get(&one, Value::Null).await.status, 200);
}

#[tokio::test]
async fn a_company_has_at_most_twenty_webhooks() {
    let stage = Stage::open().await;
    let first = Product::join_stage(&stage).await;
    let settings = json!({"address": "http://127.0.0.1:9000/", "event_types": ["webhook_open"]});
    for number in 1..=21 {
        let product_id = format!("product-of-many-{number}");
        first.command(json!({"command": "create_product", "product_id": product_id, "name": "产品"})).await;
        let key = first
            .command(json!({"command": "create_access_key", "product_id": product_id, "company_uuid": first.company}))
            .await;
        let text = |name: &str| key[name].as_str().expect(name).to_owned();
        let mut product = first.clone();
        (product.access_key, product.secret_key) = (text("access_key"), text("secret_key"));
        let response = put(&product, settings.clone()).await;
        match number {
            21 => assert_eq!(response, rejection(409, 2002, "webhook at most 20 of a company")),
            _ => assert_eq!(response.status, 200, "{response:?}"),
        }
    }
}
