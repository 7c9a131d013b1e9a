//! Audit records: who did what (`docs/security.md`, Audit).

use jiff::SignedDuration;
use serde_json::{Value, json};
use shared::runtime::environment::Environment;

use super::admin::{done, fails};
use crate::support::consent::{Browser, REVOKE};
use crate::support::product::{MOBILE, Product};
use crate::support::{Stage, fetch};

const AT: &str = "2024-01-15T10:30:00Z";

async fn records(stage: &Stage, filter: Value) -> Vec<Value> {
    let mut command = filter;
    command["command"] = "audit".into();
    let listed = done(&stage.address, &command).await;
    assert_eq!(listed, json!({"records": listed["records"], "next_cursor": listed["next_cursor"]}));
    listed["records"].as_array().unwrap().clone()
}

/// The record of an act of `ops-admin` with this note.
fn by_operator(record: &Value, by: &str, action: &str, object: &str, fields: &[&str]) -> Value {
    json!({
        "at": AT, "actor": {"kind": "ops-admin", "id": "ops-admin", "name": "ops-admin"}, "by": by, "action": action,
        "object": object, "fields": fields, "request_id": record["request_id"], "outcome": "done",
    })
}

#[tokio::test]
async fn a_command_is_recorded_with_its_object_its_fields_and_the_versions() {
    let stage = Stage::open().await;
    let act = |command: &str, by: &str| json!({"command": command, "appkey": "channel-a", "by": by});
    done(&stage.address, &act("create_channel", "zhangsan")).await;
    stage.clock.advance(SignedDuration::from_secs(1));
    done(&stage.address, &act("disable_channel", "lisi")).await;
    // A repeated command changes nothing, and a failed one as little: neither is recorded.
    done(&stage.address, &act("disable_channel", "lisi")).await;
    fails(&stage.address, &act("create_channel", "wangwu"), "Conflict", "appkey: exists already").await;

    let listed = records(&stage, json!({"object": "channel/channel/channel-a"})).await;
    let [disabled, created] = &listed[..] else { panic!("{listed:?}") };
    let object = "channel/channel/channel-a";
    let mut expected = by_operator(
        created,
        "zhangsan",
        "create_channel",
        object,
        &["appkey", "created_at", "enabled", "epoch", "name", "secrets"],
    );
    expected["after"] = 1.into();
    assert_eq!(*created, expected);
    let mut expected = by_operator(disabled, "lisi", "disable_channel", object, &["enabled", "epoch"]);
    (expected["before"], expected["after"], expected["at"]) = (1.into(), 2.into(), "2024-01-15T10:30:01Z".into());
    assert_eq!(*disabled, expected);
    assert_ne!(created["request_id"], disabled["request_id"]);

    assert_eq!(records(&stage, json!({"actor": "ops-admin/ops-admin"})).await, listed);
    assert_eq!(records(&stage, json!({"day": "2024-01-15"})).await, listed);
    assert_eq!(records(&stage, json!({"day": "2024-01-16"})).await, Vec::<Value>::new());
    assert_eq!(records(&stage, json!({"object": "channel/channel/channel-b"})).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_day_is_that_of_shanghai_and_lists_are_walked_by_cursor() {
    let stage = Stage::open().await;
    for number in 0..5 {
        done(&stage.address, &json!({"command": "create_channel", "appkey": format!("c{number}")})).await;
        stage.clock.advance(SignedDuration::from_secs(1));
    }
    stage.clock.advance(SignedDuration::from_hours(6));
    done(&stage.address, &json!({"command": "create_channel", "appkey": "late"})).await;
    assert_eq!(records(&stage, json!({"day": "2024-01-16"})).await.len(), 1);
    let (mut walked, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let mut command = json!({"command": "audit", "actor": "ops-admin/ops-admin", "limit": 2});
        if !cursor.is_null() {
            command["cursor"] = cursor;
        }
        let page = done(&stage.address, &command).await;
        walked.extend(page["records"].as_array().unwrap().iter().map(|record| record["object"].as_str().unwrap().to_owned()));
        cursor = page["next_cursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(walked, ["late", "c4", "c3", "c2", "c1", "c0"].map(|appkey| format!("channel/channel/{appkey}")));
}

#[tokio::test]
async fn a_command_that_changes_something_must_say_who_is_responsible() {
    let stage = Stage::open().await;
    let failed = |event: Value, message: &'static str| {
        let address = &stage.address;
        async move {
            let response = address.invoke("ops-admin", &event).await;
            assert_eq!(response.body, json!({"errorType": "Invalid", "errorMessage": message}));
        }
    };
    failed(json!({"command": "create_channel", "appkey": "a"}), "by: is required").await;
    failed(json!({"command": "create_channel", "appkey": "a", "by": ""}), "by: is required").await;
    failed(json!({"command": "create_channel", "appkey": "a", "by": 7}), "by: must be a string").await;
    failed(json!({"command": "create_channel", "appkey": "a", "by": "x".repeat(65)}), "by: is too long").await;
    failed(json!({"command": "create_channel"}), "appkey: is required; by: is required").await;
    failed(json!({"command": "reseal", "family": "hris"}), "by: is required").await;
    let listed = stage.address.invoke("ops-admin", &json!({"command": "list_channels"})).await;
    assert_eq!(listed.body, json!({"channels": [], "next_cursor": null}));
    assert_eq!(records(&stage, json!({"day": "2024-01-15"})).await, Vec::<Value>::new());
}

#[tokio::test]
async fn an_import_records_each_row_and_never_a_value() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    let uuid = "e0000000000000000000000000000001";
    let row = |name: &str| json!({"uuid": uuid, "empno": "E-1", "name": name, "status": "regular", "mobile": "13912345678"});
    product.imports("employees", &[row("陆逊")]).await;
    stage.clock.advance(SignedDuration::from_secs(1));
    product.imports("employees", &[row("陆伯言")]).await;
    product.imports("employees", &[row("陆伯言")]).await;
    let listed = records(&stage, json!({"object": format!("hris/employee/{}/{uuid}", product.company)})).await;
    let rows: Vec<&Value> = listed
        .iter()
        .map(|record| record["rows"].as_array().unwrap().iter().find(|row| row["id"] == uuid).expect("the row"))
        .collect();
    assert_eq!(rows[0], &json!({"id": uuid, "fields": ["name"], "before": 1, "after": 2}));
    assert_eq!((&rows[1]["after"], rows[1].get("before"), rows.len()), (&json!(1), None, 2));
    assert!(rows[1]["fields"].as_array().unwrap().contains(&json!("mobile")));
    assert_eq!(listed[0]["object"], json!(format!("hris/employee/{}", product.company)));
    for value in ["陆逊", "陆伯言", "13912345678", "E-1"] {
        let stored = Value::from(stage.items("audit").await).to_string();
        assert!(!stored.contains(value), "{value}");
    }
}

#[tokio::test]
async fn a_filter_of_the_audit_is_exactly_one() {
    let stage = Stage::open().await;
    let none = "object: or actor or day is required, and only one of them";
    for (filter, message) in [
        (json!({}), none),
        (json!({"object": "a/b/c", "day": "2024-01-15"}), none),
        (json!({"actor": "app"}), "actor: must be a kind and an id: app/app1"),
        (json!({"day": "yesterday"}), "day: must be a date, such as 2024-01-15"),
        (json!({"day": "2024-01-15", "limit": 0}), "limit: must be an integer from 1 to 100"),
    ] {
        let mut command = filter;
        command["command"] = "audit".into();
        fails(&stage.address, &command, "Invalid", message).await;
    }
}

#[tokio::test]
async fn each_record_is_copied_to_the_bucket_that_no_function_reads() {
    let stage = Stage::open().await;
    done(&stage.address, &json!({"command": "create_channel", "appkey": "copied"})).await;
    // A read of the text messages delivers what the streams hold.
    fetch(local::http::client().get(&stage.address.sms_outbox_url)).await;
    let [item] = &stage.items("audit").await[..] else { panic!("one record") };
    let environment = Environment::new(stage.address.variables.clone(), stage.clock.clone());
    let bucket = environment.objects(environment.required("AUDIT_BUCKET").unwrap());
    let key = format!("2024-01-15/{}.json", item["pk"]["S"].as_str().unwrap());
    assert_eq!(bucket.list("").await.unwrap(), std::slice::from_ref(&key));
    let (bytes, _) = bucket.read(&key, 0, 1 << 16).await.unwrap().expect("the copy");
    let copy: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(
        (&copy["object"], &copy["action"], &copy["note"], copy["request_id"].as_str()),
        (&json!("channel/channel/copied"), &json!("create_channel"), &json!("zhangsan"), item["request_id"]["S"].as_str())
    );
}

#[tokio::test]
async fn a_burst_of_rejected_sign_ins_is_recorded_once_in_its_window() {
    let stage = Stage::open().await;
    done(&stage.address, &json!({"command": "create_channel", "appkey": "guessed"})).await;
    let body = json!({"appkey": "guessed", "secret": "wrong", "grant_type": "client_credentials"}).to_string();
    let guess = async || {
        let request = local::http::client().post(format!("{}/api/v1/auth/token", stage.address.base_url));
        fetch(request.header("content-type", "application/json").body(body.clone())).await.status
    };
    let mut refused = 0;
    for _ in 0..15 {
        refused += usize::from(guess().await == 429);
    }
    assert_eq!(refused, 5);
    let bursts = records(&stage, json!({"actor": "anonymous/-"})).await;
    let [burst] = &bursts[..] else { panic!("{bursts:?}") };
    let object = burst["object"].as_str().unwrap();
    assert!(object.starts_with("channel/sign_in/token/guessed/channel#proofs#"), "{object}");
    let expected = json!({
        "at": AT, "actor": {"kind": "anonymous", "id": "-", "name": ""}, "action": "POST /api/v1/auth/token", "object": object,
        "reason": "too many attempts", "request_id": burst["request_id"], "outcome": "rejected",
    });
    assert_eq!(*burst, expected);
    stage.clock.advance(SignedDuration::from_mins(1));
    for _ in 0..12 {
        guess().await;
    }
    assert_eq!(records(&stage, json!({"actor": "anonymous/-"})).await.len(), 2);
}

#[tokio::test]
async fn a_consent_its_grant_and_the_end_are_recorded_with_the_credential_that_acted() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.add_records().await;
    let app = product.app().await;
    let code = Browser::new(&app).response_code(MOBILE).await;
    let granted = app.token(&app.exchange(&code)).await.body;
    stage.clock.advance(SignedDuration::from_secs(1));
    let body = json!({"app_id": app.app_id, "app_secret": app.app_secret, "token": granted["access_token"]});
    let revoked = fetch(local::http::client().post(format!("{}{REVOKE}", app.address.base_url)).json(&body)).await;
    assert_eq!(revoked.status, 200);

    let listed = records(&stage, json!({"actor": format!("app/{}", app.app_id)})).await;
    let [ended, issued] = &listed[..] else { panic!("{listed:?}") };
    let object = issued["object"].as_str().unwrap();
    assert!(object.starts_with(&format!("hris/grant/{}/{}/", product.company, app.app_id)), "{object}");
    assert_eq!((&ended["action"], &issued["action"]), (&json!(format!("POST {REVOKE}")), &json!("POST /api/v2/oauth/token")));
    assert_eq!((&ended["object"], &ended["fields"]), (&json!(object), &json!(["hash", "revoked_at"])));
    assert_eq!(ended["actor"], json!({"kind": "app", "id": app.app_id, "name": ""}));

    let consents = records(&stage, json!({"day": "2024-01-15"})).await;
    let consents: Vec<&Value> = consents.iter().filter(|record| record["actor"]["kind"] == "employee").collect();
    let [consent] = consents[..] else { panic!("{consents:?}") };
    let (company, employee) = consent["actor"]["id"].as_str().unwrap().split_once('/').unwrap();
    assert_eq!(company, product.company);
    assert_eq!(consent["object"], json!(format!("hris/consent/{company}/{}/{employee}", app.app_id)));
    assert_eq!(consent["action"], "POST /api/v2/oauth/authorize");
}
