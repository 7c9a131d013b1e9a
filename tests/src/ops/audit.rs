//! Audit records: who did what (`docs/security.md`, Audit).

use std::collections::BTreeSet;

use jiff::SignedDuration;
use ops::command::Command;
use reqwest::Method;
use serde_json::{Value, json};

use super::admin::{done, fails};
use crate::support::audit::{ops_admin, records, request_id};
use crate::support::consent::{AUTHORIZE, Browser, REVOKE, TOKEN};
use crate::support::product::{EMPLOYEE, MOBILE, Product, numbered};
use crate::support::worker::{Platform, resume};
use crate::support::{Stage, fetch};

pub const AT: &str = "2024-01-15T10:30:00Z";

/// The record of an act of `ops-admin` with this note.
fn by_operator(record: &Value, by: &str, action: &str, object: &str, fields: &[&str]) -> Value {
    json!({
        "at": AT, "actor": ops_admin(), "by": by, "action": action,
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
    let lines = stage.take_lines();
    // A repeated command changes nothing, and a failed one as little: neither is recorded.
    done(&stage.address, &act("disable_channel", "lisi")).await;
    fails(&stage.address, &act("create_channel", "wangwu"), "Conflict", "appkey: exists already").await;

    let listed = records(&stage.address, json!({"object": "channel/channel/channel-a"})).await;
    let [disabled, created] = &listed[..] else { panic!("{listed:?}") };
    let object = "channel/channel/channel-a";
    let mut expected =
        by_operator(created, "zhangsan", "create_channel", object, &["appkey", "created_at", "enabled", "epoch", "secrets"]);
    expected["after"] = 1.into();
    assert_eq!(*created, expected);
    let mut expected = by_operator(disabled, "lisi", "disable_channel", object, &["enabled", "epoch"]);
    (expected["before"], expected["after"], expected["at"]) = (1.into(), 2.into(), "2024-01-15T10:30:01Z".into());
    assert_eq!(*disabled, expected);
    for record in [created, disabled] {
        let line = json!({"function": "ops-admin", "command": record["action"]});
        assert_eq!(record["request_id"], request_id(&lines, &line));
    }
    assert_ne!(created["request_id"], disabled["request_id"]);

    assert_eq!(records(&stage.address, json!({"actor": "ops-admin/ops-admin"})).await, listed);
    assert_eq!(records(&stage.address, json!({"day": "2024-01-15"})).await, listed);
    assert_eq!(records(&stage.address, json!({"day": "2024-01-16"})).await, Vec::<Value>::new());
    assert_eq!(records(&stage.address, json!({"object": "channel/channel/channel-b"})).await, Vec::<Value>::new());
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
    assert_eq!(records(&stage.address, json!({"day": "2024-01-16"})).await.len(), 1);
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
    let send = async |event: Value| stage.address.invoke("ops-admin", &event).await.body;
    let create = |by: Value| json!({"command": "create_channel", "appkey": "a", "by": by});
    for (by, message) in [
        (json!(null), "by: is required"),
        (json!(""), "by: is required"),
        (json!(7), "by: must be a string"),
        (json!("x".repeat(65)), "by: is too long"),
    ] {
        assert_eq!(send(create(by)).await, json!({"errorType": "Invalid", "errorMessage": message}));
    }
    let (mut writing, mut reading) = (0, 0);
    for Command { name: command, changes, .. } in ops::commands::all() {
        let without = send(json!({"command": command})).await;
        if !changes {
            assert!(without.get("errorMessage").is_none_or(|message| !message.to_string().contains("by:")), "{without}");
            reading += 1;
        } else {
            let mut faults: Vec<&str> = Vec::new();
            let with = send(json!({"command": command, "by": "zhangsan"})).await;
            faults.extend(with["errorMessage"].as_str());
            faults.push("by: is required");
            assert_eq!(without, json!({"errorType": "Invalid", "errorMessage": faults.join("; ")}), "{command}");
            writing += 1;
        }
    }
    assert!(writing > 30 && reading > 8, "{writing} and {reading} commands");
    assert_eq!(send(json!({"command": "list_channels"})).await, json!({"channels": [], "next_cursor": null}));
    assert_eq!(records(&stage.address, json!({"day": "2024-01-15"})).await, Vec::<Value>::new());
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
    let listed = records(&stage.address, json!({"object": format!("hris/employee/{}/{uuid}", product.company)})).await;
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
async fn the_records_of_an_import_of_many_transactions_share_its_request_id() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    let rows: Vec<Value> = (1..=60).map(numbered).collect();
    stage.clock.advance(SignedDuration::from_secs(1));
    stage.take_lines();
    product.imports("employees", &rows).await;
    let line = json!({"function": "ops-admin", "command": "import_hris"});
    let request_id = request_id(&stage.take_lines(), &line);
    let object = format!("hris/employee/{}", product.company);
    let listed = records(&stage.address, json!({"object": object})).await;
    assert_eq!(listed.len(), 3, "24 employees in each transaction");
    let mut imported = Vec::new();
    for record in listed.iter().rev() {
        let rows = record["rows"].as_array().unwrap();
        imported.extend(rows.iter().cloned());
        let expected = json!({
            "at": "2024-01-15T10:30:01Z", "actor": ops_admin(), "by": "zhangsan", "action": "import_hris", "object": object,
            "rows": rows, "request_id": request_id, "outcome": "done",
        });
        assert_eq!(*record, expected);
    }
    let fields = json!(["consent_epoch", "empno", "join_date", "mobile", "name", "status", "uuid"]);
    let expected = |row: &Value| json!({"id": row["uuid"], "fields": fields, "after": 1});
    assert_eq!(imported, rows.iter().map(expected).collect::<Vec<_>>());
}

/// What an application shows in plain text of what is sealed.
pub const SHOWN: [&str; 26] = [
    "real_name",
    "age",
    "gender",
    "nation",
    "marital_sts",
    "political_sts",
    "acct_type",
    "acct_prc_id",
    "acct_prc_name",
    "acct_city_id",
    "acct_city_name",
    "acct_coy_id",
    "acct_coy_name",
    "province_id",
    "province_name",
    "city_id",
    "city_name",
    "county_id",
    "county_name",
    "em_contact_relationship",
    "id_card_front",
    "id_card_back",
    "work_exp",
    "employee_edu",
    "origin",
    "terms",
];

#[tokio::test]
async fn each_look_at_sealed_fields_is_recorded() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    let worker = platform.worker("shown").await;
    assert_eq!(worker.send_json(Method::POST, &resume()).await.status, 200);
    let em_id = worker.get("/employee").await.body["data"]["em_id"].clone();
    stage.clock.advance(SignedDuration::from_secs(1));
    stage.take_lines();
    let shown = platform.command("show_application", json!({"em_id": em_id, "by": "lisi"})).await;
    assert_eq!(shown["real_name"], "张三");
    // A masked list is no look.
    let listed = platform.command("list_applications", json!({"by": "lisi"})).await;
    assert_eq!(listed["applications"][0]["real_name"], "张*");
    let lines = stage.take_lines();
    let look = |action: &str, object: String, fields: &[&str]| {
        let line = json!({"function": "ops-admin", "command": action});
        json!({
            "at": "2024-01-15T10:30:01Z", "actor": ops_admin(), "by": "lisi", "action": action,
            "object": object, "fields": fields, "request_id": request_id(&lines, &line), "outcome": "done",
        })
    };
    let all = format!("signing/application/{}", platform.code);
    let of = async |object: &str| {
        let mut records = records(&stage.address, json!({"object": object})).await;
        records.retain(|record| record["actor"] == ops_admin());
        records
    };
    let one = format!("{all}/{em_id}");
    let show = look("show_application", one.clone(), &SHOWN);
    assert_eq!((of(&one).await, of(&all).await), (vec![show], Vec::new()));
    // Nothing was shown.
    platform.command("show_application", json!({"em_id": 1})).await;
    assert_eq!(of(&format!("{all}/1")).await, Vec::<Value>::new());
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

    let listed = records(&stage.address, json!({"actor": format!("app/{}", app.app_id)})).await;
    let [ended, issued] = &listed[..] else { panic!("{listed:?}") };
    let object = issued["object"].as_str().unwrap();
    assert!(object.starts_with(&format!("hris/grant/{}/{}/", product.company, app.app_id)), "{object}");
    let by_app = |record: &Value, at: &str, path: &str, more: Value| {
        let mut expected = json!({
            "at": at, "actor": {"kind": "app", "id": app.app_id, "name": ""}, "action": format!("POST {path}"),
            "object": object, "request_id": record["request_id"], "outcome": "done",
        });
        expected.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        expected
    };
    let revocation = json!({"fields": ["hash", "revoked_at"], "before": 1, "after": 2});
    assert_eq!(*ended, by_app(ended, "2024-01-15T10:30:01Z", REVOKE, revocation));
    let of_both = ["app_epoch", "app_id", "company", "employee", "employee_epoch", "expires_at", "product_epoch", "product_id"];
    let with = |more: &[&'static str]| [&of_both[..], more].concat().into_iter().collect::<BTreeSet<_>>();
    let fields = with(&["grant_id", "granted_at", "hash", "scopes"]);
    assert_eq!(*issued, by_app(issued, AT, TOKEN, json!({"fields": fields, "after": 1})));

    let consents = records(&stage.address, json!({"day": "2024-01-15"})).await;
    let consents: Vec<&Value> = consents.iter().filter(|record| record["actor"]["kind"] == "employee").collect();
    let [consent] = consents[..] else { panic!("{consents:?}") };
    let expected = json!({
        "at": AT, "actor": {"kind": "employee", "id": format!("{}/{EMPLOYEE}", product.company), "name": ""},
        "action": format!("POST {AUTHORIZE}"), "fields": with(&["callback_url", "scopes", "state"]), "after": 1, "object": format!("hris/consent/{}/{}/{EMPLOYEE}", product.company, app.app_id),
        "request_id": consent["request_id"], "outcome": "done",
    });
    assert_eq!(*consent, expected);
}
