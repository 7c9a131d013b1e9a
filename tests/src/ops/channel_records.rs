//! The commands that show what partners pushed. What is sealed is masked.

use serde_json::{Value, json};
use shared::channel::reveal::REVEALED;

use super::admin::{done, fails};
use crate::support::resource::{ALL, APPLICATIONS, COMPANIES, PAYMENTS, Resource, TASKS, USERS};
use crate::support::{Partner, Stage, world};

/// The record as staff see it, from the record as the partner reads it.
fn masked(kind: &Resource, whole: &Value, version: u32, is_listed: bool) -> Value {
    let mut view = whole.clone();
    let server_id = view.as_object_mut().unwrap().shift_remove(kind.server_id).unwrap();
    (view["server_id"], view["version"], view["id"]) = (server_id, version.into(), whole[kind.id_field].clone());
    match kind.name {
        "users" => {
            (view["id_card"], view["phone"]) = ("1101**********1234".into(), "138****8000".into());
            view["live_certification"] = "****".into();
            if is_listed {
                view["name"] = "张*".into();
            }
        }
        "companies" => view["contact_phone"] = "010*****5678".into(),
        "payments" => view["bank_account"] = "6222***********0123".into(),
        _ => {}
    }
    view
}

/// What is sealed in the examples of the document.
const SEALED: [&str; 5] =
    ["110101199001011234", "13800138000", "https://cdn.example.com/face/photo1.jpg", "010-12345678", "6222021234567890123"];

async fn list(partner: &Partner, kind: &Resource, more: Value) -> Value {
    let mut command = json!({"command": "list_records", "appkey": partner.appkey, "kind": kind.name});
    command.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    done(world(), &command).await
}

async fn show(partner: &Partner, kind: &Resource) -> Value {
    let id = kind.example()[kind.id_field].clone();
    done(world(), &json!({"command": "show_record", "appkey": partner.appkey, "kind": kind.name, "id": id})).await
}

#[tokio::test]
async fn records_of_each_kind_are_listed_and_shown_with_masks() {
    let partner = Partner::join(world()).await;
    let wholes = partner.push_examples(&ALL.each_ref().map(|kind| kind.name)).await;
    for (kind, whole) in ALL.iter().zip(&wholes) {
        let listed = list(&partner, kind, json!({})).await;
        assert_eq!(listed, json!({"records": [masked(kind, whole, 1, true)], "next_cursor": null}));
        let shown = show(&partner, kind).await;
        assert_eq!(shown, json!({"record": masked(kind, whole, 1, false), "history": []}));
        for value in SEALED {
            assert!(!listed.to_string().contains(value) && !shown.to_string().contains(value), "{value}");
        }
    }
    let stranger = Partner::join(world()).await;
    for kind in &ALL {
        assert_eq!(list(&stranger, kind, json!({})).await, json!({"records": [], "next_cursor": null}));
        let id = kind.example()[kind.id_field].clone();
        let foreign = json!({"command": "show_record", "appkey": stranger.appkey, "kind": kind.name, "id": id});
        fails(world(), &foreign, "NotFound", "id: does not exist").await;
    }
}

#[tokio::test]
async fn a_record_shows_its_version_and_who_of_staff_changed_it() {
    let partner = Partner::join(world()).await;
    partner.push_examples(&["users", "companies"]).await;
    let path = COMPANIES.example_path();
    assert_eq!(partner.put(&path, &json!({"contact_person": "赵六"})).await.status, 200);
    let whole = partner.get(&path).await.body["data"].clone();
    let shown = show(&partner, &COMPANIES).await;
    assert_eq!(shown, json!({"record": masked(&COMPANIES, &whole, 2, false), "history": []}));

    let id = COMPANIES.example()["channel_company_id"].as_str().unwrap().to_owned();
    let object = format!("channel/company/{}/{id}", partner.appkey);
    let erase = json!({"command": "erase_person", "objects": [object], "reason": "本人申请", "by": "lisi"});
    done(world(), &erase).await;
    let shown = show(&partner, &COMPANIES).await;
    assert_eq!((&shown["record"]["version"], shown["record"].get("contact_phone")), (&json!(3), None));
    let history = shown["history"].as_array().unwrap();
    let acts: Vec<_> = history.iter().map(|act| (&act["by"], &act["action"], &act["after"])).collect();
    let lisi = json!("lisi");
    assert!(acts.contains(&(&lisi, &json!("erase_person"), &json!(3))), "{shown}");
    assert!(history.iter().any(|act| act["fields"] == json!(["contact_person", "contact_phone"])), "{shown}");
}

#[tokio::test]
async fn every_filter_of_the_partner_api_selects_records() {
    let partner = Partner::join(world()).await;
    partner.push_examples(&ALL.each_ref().map(|kind| kind.name)).await;
    for kind in [&COMPANIES, &TASKS, &APPLICATIONS, &PAYMENTS] {
        let mut other = kind.with(kind.id_field, "other");
        match kind.name {
            "tasks" => {
                other["channel_company_id"] = "other".into();
                other["status"] = "closed".into();
            }
            "applications" => {
                other["channel_task_id"] = "other".into();
                (other["status"], other["applied_at"]) = ("rejected".into(), "2025-06-01T00:00:00Z".into());
            }
            "payments" => {
                other.as_object_mut().unwrap().shift_remove("channel_application_id");
                (other["payment_type"], other["status"]) = ("user".into(), "failed".into());
                other["payment_time"] = "2025-06-01T00:00:00Z".into();
                other["payment_basis"]["work_hours"] = json!(7.5);
            }
            _ => {}
        }
        kind.create(&partner, &other).await;
    }
    let example = |kind: &Resource, field: &str| kind.example()[field].clone();
    let cases = [
        (&TASKS, json!({"channel_company_id": "other"}), vec!["other"]),
        (&TASKS, json!({"status": "closed"}), vec!["other"]),
        (&TASKS, json!({"channel_company_id": example(&TASKS, "channel_company_id"), "status": "closed"}), vec![]),
        (&APPLICATIONS, json!({"channel_task_id": "other"}), vec!["other"]),
        (&APPLICATIONS, json!({"channel_user_id": example(&USERS, "channel_user_id")}), vec!["other", "A20240101001"]),
        (&APPLICATIONS, json!({"status": "rejected"}), vec!["other"]),
        (&APPLICATIONS, json!({"start_date": "2025-06-01", "end_date": "2025-06-01"}), vec!["other"]),
        (&APPLICATIONS, json!({"end_date": "2025-05-31"}), vec!["A20240101001"]),
        (&PAYMENTS, json!({"payment_type": "user"}), vec!["other"]),
        (&PAYMENTS, json!({"channel_application_id": example(&PAYMENTS, "channel_application_id")}), vec!["P20240101001"]),
        (&PAYMENTS, json!({"channel_user_id": example(&USERS, "channel_user_id"), "status": "failed"}), vec!["other"]),
        (&PAYMENTS, json!({"start_date": "2025-01-01"}), vec!["other"]),
        (&PAYMENTS, json!({"updated_after": "2100-01-01T00:00:00Z"}), vec![]),
        (&USERS, json!({"updated_after": "2100-01-01T00:00:00Z"}), vec![]),
        (&COMPANIES, json!({"updated_after": "2020-01-01T00:00:00Z"}), vec!["other", "C20240101001"]),
    ];
    for (kind, filter, expected) in cases {
        let listed = list(&partner, kind, filter.clone()).await;
        let ids: Vec<&str> =
            listed["records"].as_array().unwrap().iter().map(|it| it[kind.id_field].as_str().unwrap()).collect();
        assert_eq!((ids, &listed["next_cursor"]), (expected, &Value::Null), "{} {filter}", kind.name);
    }
    let failed = list(&partner, &PAYMENTS, json!({"status": "failed"})).await;
    assert_eq!(failed["records"][0]["payment_basis"]["work_hours"], json!(7.5), "as the document has it");
    let first = list(&partner, &COMPANIES, json!({"limit": 1})).await;
    let second = list(&partner, &COMPANIES, json!({"limit": 1, "cursor": first["next_cursor"]})).await;
    let ids = [&first, &second].map(|page| page["records"][0]["channel_company_id"].clone());
    assert_eq!((ids, &second["next_cursor"]), (["other".into(), "C20240101001".into()], &Value::Null));

    let command = |kind: &str, more: Value| {
        let mut command = json!({"command": "list_records", "appkey": partner.appkey, "kind": kind});
        command.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        command
    };
    let faults = [
        (command("users", json!({"status": "open"})), "status: is no filter of this kind"),
        (command("tasks", json!({"start_date": "2024-01-01"})), "start_date: is no filter of this kind"),
        (command("payments", json!({"channel_task_id": "1"})), "channel_task_id: is no filter of this kind"),
        (command("tasks", json!({"status": "pending"})), "status: must be one of: open closed suspended"),
        (
            command("payments", json!({"start_date": "2024-01-02", "end_date": "2024-01-01"})),
            "end_date: must not be before start_date",
        ),
        (command("payments", json!({"cursor": first["next_cursor"]})), "cursor: is not a cursor of this list"),
    ];
    for (command, message) in faults {
        fails(world(), &command, "Invalid", message).await;
    }
}

#[tokio::test]
async fn each_sealed_field_is_revealed_alone() {
    let stage = Stage::open().await;
    let partner = Partner::join(&stage.address).await;
    partner.push_examples(&ALL.each_ref().map(|kind| kind.name)).await;
    let service = shared::channel::Service::connect(&stage.environment()).await.unwrap();
    for (kind, resource) in [("user", &USERS), ("company", &COMPANIES), ("payment", &PAYMENTS)] {
        let (_, fields) = REVEALED.iter().find(|(revealed, _)| *revealed == kind).unwrap();
        let example = resource.example();
        let id = format!("{}/{}", partner.appkey, example[resource.id_field].as_str().unwrap());
        for field in *fields {
            let revealed = service.reveal(kind, &id, field).await.unwrap();
            match &example[*field] {
                Value::String(text) => assert_eq!(revealed, *text),
                // Stored decimals are texts, which lose no digit.
                object => {
                    let mut object = object.clone();
                    (object["face_score"], object["liveness_score"]) = ("95.5".into(), "98.2".into());
                    assert_eq!(serde_json::from_str::<Value>(&revealed).unwrap(), object);
                }
            }
        }
        assert_eq!(missing(service.reveal(kind, &id, "name").await), "field");
        assert_eq!(missing(service.reveal(kind, "x/y", fields[0]).await), "id");
    }
    assert_eq!(missing(service.reveal("task", "x/y", "task_name").await), "kind");
}

/// What is missing.
fn missing(revealed: shared::error::Result<String>) -> String {
    revealed.unwrap_err().faults()[0].field.clone()
}
