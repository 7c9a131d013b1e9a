//! `reveal`: one sealed field whole, with an audit record.

use serde_json::{Value, json};
use shared::runtime::clock::Clock as _;

use crate::ops::admin::{done, fails};
use crate::support::Stage;
use crate::support::audit::records;
use crate::support::board::Board;
use crate::support::product::{EMPLOYEE, Product};
use crate::support::staff::{Staff, failure};
use crate::support::wire::Failure;

fn of(family: &str, kind: &str, id: &str, field: &str) -> Value {
    json!({"command": "reveal", "family": family, "kind": kind, "id": id, "field": field, "reason": "回电"})
}

#[tokio::test]
async fn a_field_is_revealed_whole_and_recorded_without_its_value() {
    let stage = Stage::open().await;
    let user = Board::of(&stage.address).register("revealed", "13711112222").await;
    let product = Product::join_stage(&stage).await;
    product.add_records().await;
    let staff = Staff::create(&stage.address, &["support"], json!({})).await;
    let employee = format!("{}/{EMPLOYEE}", product.company);
    for (family, kind, id, field, value) in [
        ("jobboard", "user", user.id.to_string(), "phone", "13711112222".to_owned()),
        ("hris", "employee", employee.clone(), "mobile", crate::support::product::MOBILE.to_owned()),
        ("staff", "member", staff.id.to_string(), "phone", staff.phone.clone()),
    ] {
        let shown = done(&stage.address, &of(family, kind, &id, field)).await;
        assert_eq!(shown, json!({"family": family, "kind": kind, "id": id, "field": field, "value": value}));
        let recorded = records(&stage.address, json!({"object": format!("{family}/{kind}/{id}")})).await;
        let record = recorded.iter().find(|record| record["action"] == "reveal").expect("the reveal");
        assert_eq!((&record["fields"], &record["reason"]), (&json!([field]), &json!("回电")), "{record}");
        assert!(!Value::from(stage.items("audit").await).to_string().contains(&value), "{family}");
    }
    let before = stage.items("audit").await.len();
    for (event, fault) in [
        (of("jobboard", "order", "7", "phone"), "kind: does not exist"),
        (of("jobboard", "user", "7", "phone"), "id: does not exist"),
        (of("jobboard", "user", "x", "phone"), "id: does not exist"),
        // The record of another spelling would be under another object.
        (of("jobboard", "user", &format!("+{}", user.id), "phone"), "id: does not exist"),
        (of("jobboard", "user", &format!("0{}", user.id), "phone"), "id: does not exist"),
        (of("hris", "employee", &employee.to_uppercase(), "mobile"), "id: does not exist"),
        (of("jobboard", "user", &user.id.to_string(), "name"), "field: does not exist"),
        (
            of("hris", "employee", &format!("{}/{}", product.company, crate::support::product::EMPNO), "mobile"),
            "id: does not exist",
        ),
        (of("signing", "application", "none", "phone"), "id: does not exist"),
        (of("staff", "member", "7", "phone"), "id: does not exist"),
    ] {
        fails(&stage.address, &event, "NotFound", fault).await;
    }
    let own = of("staff", "member", &staff.id.to_string(), "phone");
    stage.wire.fail_call("TransactWriteItems", 0, Failure::Rejected);
    fails(&stage.address, &own, "Internal", "see the log").await;
    assert_eq!(stage.wire.clear_faults(), 0, "no value without its record");
    assert_eq!(stage.items("audit").await.len(), before, "nothing was revealed");
}

#[tokio::test]
async fn each_role_reveals_fields_of_its_family_alone() {
    let stage = Stage::open().await;
    let families = ["signing", "hris", "jobboard", "channel", "staff"];
    let more = json!({"platform_code": "gongqiao", "companies": [1]});
    for (role, own, more) in [
        ("reviewer", vec!["signing"], more),
        ("hr", vec!["hris"], json!({})),
        ("support", vec!["jobboard"], json!({})),
        ("admin", vec!["channel", "staff"], json!({})),
        ("moderator", vec![], json!({})),
        ("auditor", vec![], json!({})),
    ] {
        let member = Staff::signed_in(&stage.address, &[role], more, stage.clock.now()).await;
        for family in families {
            let mut fields = of(family, "member", "gongqiao/7", "phone");
            fields.as_object_mut().unwrap().remove("command");
            let response = member.command("reveal", fields).await;
            assert_eq!(response != failure(403, "Forbidden", &[]), own.contains(&family), "{role} {family}: {response:?}");
            assert!(response.status == 403 || response.status == 404, "{role} {family}: {response:?}");
        }
    }
}
