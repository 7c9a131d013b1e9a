//! The commands that administer staff.

use serde_json::{Value, json};
use shared::runtime::clock::Clock as _;

use crate::ops::admin::{done, fails};
use crate::support::staff::{Staff, failure};
use crate::support::{Stage, world};

const COMPANIES: [(&str, &str); 4] = [
    ("companies", "is required for a reviewer"),
    ("companies", "is for reviewers only"),
    ("companies", "must not be empty"),
    ("platform_code", "is required with companies and handler_id"),
];

fn create(phone: &str, more: Value) -> Value {
    let mut command = json!({"command": "create_staff", "name": "赵云", "phone": phone, "roles": ["support"]});
    command.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    command
}

#[tokio::test]
async fn members_are_created_changed_and_listed() {
    let stage = Stage::open().await;
    let address = &stage.address;
    let assigned = json!({"platform_code": "gongqiao", "companies": [3, 4], "handler_id": 7});
    let mut more = assigned.clone();
    more["roles"] = json!(["finance", "reviewer", "finance"]);
    let first = done(address, &create("+86 139-1111-2222", more)).await;
    let view = |id: &Value, name: &str, phone: &str, roles: Value, assigned: Value, enabled: bool| {
        json!({
            "staff_id": id, "name": name, "phone": phone, "roles": roles, "assigned": assigned, "enabled": enabled,
            "has_second_factor": false, "created_at": "2024-01-15T10:30:00Z", "sessions": [],
        })
    };
    let id = &first["staff_id"];
    assert_eq!(first, view(id, "赵云", "139****2222", json!(["reviewer", "finance"]), assigned, true));
    let second = done(address, &create("13911113333", json!({}))).await;
    let changed = json!({"command": "set_staff", "staff_id": id, "name": "赵子龙", "phone": "13911114444", "roles": ["hr"]});
    let changed = done(address, &changed).await;
    assert_eq!(changed, view(id, "赵子龙", "139****4444", json!(["hr"]), Value::Null, true));
    let disabled = done(address, &json!({"command": "disable_staff", "staff_id": id})).await;
    assert_eq!(disabled, view(id, "赵子龙", "139****4444", json!(["hr"]), Value::Null, false));
    assert_eq!(done(address, &json!({"command": "show_staff", "staff_id": id})).await, disabled);
    let page = done(address, &json!({"command": "list_staff", "limit": 1})).await;
    assert_eq!(page["staff"], json!([disabled]));
    let next = done(address, &json!({"command": "list_staff", "limit": 1, "cursor": page["next_cursor"]})).await;
    assert_eq!(next["staff"], json!([second]));
    // Nothing of a person is stored in the clear.
    let stored = Value::from(stage.items("staff").await).to_string();
    for value in ["赵云", "赵子龙", "13911114444", "139-1111-2222", "13911113333"] {
        assert!(!stored.contains(value), "{value}");
    }
}

#[tokio::test]
async fn a_phone_belongs_to_one_member() {
    let address = world();
    let first = done(address, &create("15811110001", json!({}))).await;
    let taken = "phone: belongs to another member of staff";
    fails(address, &create("+8615811110001", json!({})), "Conflict", taken).await;
    let second = done(address, &create("15811110002", json!({}))).await;
    let to_first = json!({"command": "set_staff", "staff_id": second["staff_id"], "phone": "15811110001"});
    fails(address, &to_first, "Conflict", taken).await;
    done(address, &json!({"command": "set_staff", "staff_id": first["staff_id"], "phone": "15811110003"})).await;
    done(address, &to_first).await;
    let found = done(address, &json!({"command": "find_person", "phone": "15811110001"})).await;
    assert_eq!(found, json!({"objects": [format!("staff/member/{}", second["staff_id"])]}));
    let erased = json!({"command": "erase_person", "objects": found["objects"], "reason": "离职"});
    assert_eq!(done(address, &erased).await["erased"][0]["records"], 2);
    fails(address, &json!({"command": "show_staff", "staff_id": second["staff_id"]}), "NotFound", "staff_id: does not exist")
        .await;
    done(address, &create("15811110001", json!({}))).await;
}

#[tokio::test]
async fn wrong_members_are_rejected() {
    let fault = |at: usize| format!("{}: {}", COMPANIES[at].0, COMPANIES[at].1);
    let reviewer = |more: Value| {
        let mut more = more;
        more["roles"] = json!(["reviewer"]);
        more
    };
    for (more, message) in [
        (json!({"roles": []}), "roles: must not be empty".to_owned()),
        (json!({"roles": ["king"]}), "roles[0]: must be one of: reviewer hr support finance moderator admin auditor".into()),
        (reviewer(json!({})), fault(0)),
        (json!({"platform_code": "gongqiao", "companies": [1]}), fault(1)),
        (reviewer(json!({"platform_code": "gongqiao", "companies": []})), fault(2)),
        (reviewer(json!({"companies": [1]})), fault(3)),
        (reviewer(json!({"platform_code": "gongqiao"})), "companies: is required with platform_code".into()),
        (json!({"name": ""}), "name: must not be empty".into()),
        (json!({"nmae": "x"}), "nmae: is not known".into()),
    ] {
        fails(world(), &create("15811119999", more), "Invalid", &message).await;
    }
    for command in ["set_staff", "disable_staff", "enable_staff", "reset_second_factor", "end_staff_sessions", "show_staff"] {
        fails(world(), &json!({"command": command, "staff_id": 7}), "NotFound", "staff_id: does not exist").await;
    }
}

#[tokio::test]
async fn a_member_cannot_change_their_own_rights() {
    let stage = Stage::open().await;
    let admin = Staff::signed_in(&stage.address, &["admin"], json!({}), stage.clock.now()).await;
    let own = failure(409, "Conflict", &[("staff_id", "is your own: another administrator must do it")]);
    for (command, fields) in [
        ("set_staff", json!({"staff_id": admin.id, "roles": ["admin", "finance"]})),
        ("disable_staff", json!({"staff_id": admin.id})),
        ("reset_second_factor", json!({"staff_id": admin.id})),
    ] {
        assert_eq!(admin.command(command, fields).await, own, "{command}");
    }
    let erased = json!({"objects": [format!("staff/member/{}", admin.id)], "reason": "离职"});
    let own = failure(409, "Conflict", &[("objects", "contain your own: another administrator must do it")]);
    assert_eq!(admin.command("erase_person", erased).await, own);
    let other = admin.command("create_staff", json!({"name": "李四", "phone": "15800001111", "roles": ["finance"]})).await;
    assert_eq!((other.status, &other.body["roles"]), (200, &json!(["finance"])));
}
