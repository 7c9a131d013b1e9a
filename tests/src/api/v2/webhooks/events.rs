//! What receivers get: the types of events and their data.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{EVERY_TYPE, department, done, listed, opened, put};
use crate::support::Stage;
use crate::support::product::{APPROVAL, DEPARTMENT, EMPLOYEE, EMPNO, Product, employee, numbered, returned};
use crate::support::receiver::{Reaction, Receiver};

/// An event as a receiver on this machine gets it.
fn event(event_type: &str, data: Value) -> Value {
    json!({"event_type": event_type, "livemode": false, "data": data})
}

/// The employee as the API returns it, without the sensitive fields.
fn without_sensitive(row: &Value) -> Value {
    let mut employee = returned(row);
    for field in ["id_number", "bank_name", "bank_card", "address", "marriage"] {
        employee[field] = "".into();
    }
    employee
}

/// Sends what is scheduled. Returns the events that the receiver got.
async fn sent(stage: &Stage, receiver: &Receiver) -> Vec<Value> {
    stage.address.settle_events().await;
    stage.clock.advance(SignedDuration::from_secs(1));
    receiver.take_events()
}

#[tokio::test]
async fn imported_employees_are_created_updated_and_leave_once_each() {
    let (stage, product, receiver, secret) = opened(&EVERY_TYPE[..11]).await;
    receiver.take();
    product.imports("employees", &[employee()]).await;
    stage.address.settle_events().await;
    let calls = receiver.take();
    assert_eq!(calls.len(), 1);
    calls[0].verify(&[&secret]);
    assert_eq!((calls[0].request.as_str(), calls[0].header("webhook-timestamp")), ("POST /hook", "1705314600"));
    assert_eq!(calls[0].event(), event("employee_created", json!({"employee": without_sensitive(&employee())})));

    product.imports("employees", &[employee()]).await;
    assert_eq!(sent(&stage, &receiver).await, Vec::<Value>::new(), "an import that changes nothing has no event");

    let mut changed = employee();
    changed["job_title"] = "CEO".into();
    product.imports("employees", &[changed.clone()]).await;
    let updated = event("employee_updated", json!({"employee": without_sensitive(&changed)}));
    assert_eq!(sent(&stage, &receiver).await, [updated]);

    (changed["status"], changed["leave_date"]) = ("dimission".into(), "2024-01-14".into());
    product.imports("employees", &[changed.clone()]).await;
    let data = json!({"employee": without_sensitive(&changed)});
    let expected = [event("employee_updated", data.clone()), event("employee_left", data)];
    assert_eq!(sent(&stage, &receiver).await, expected);
}

#[tokio::test]
async fn the_scope_sensitive_shows_all_fields_and_salaries() {
    let (stage, product, receiver, _) = opened(&["webhook_open"]).await;
    let types = ["employee_created", "salary_uploaded"];
    put(&product, json!({"address": receiver.address, "event_types": types})).await;
    receiver.take();
    product.imports("employees", &[employee()]).await;
    let value = json!({"empno": EMPNO, "subject_name": "绩效工资", "month": "2017-09", "value": 1024.5});
    assert_eq!(product.post("/api/v2/salary/subject_values", value.clone()).await, done());
    let expected = [
        event("employee_created", json!({"employee": returned(&employee())})),
        event(
            "salary_uploaded",
            json!({"salary": {"empno": EMPNO, "subject_name": "绩效工资", "month": "2017-09", "value": 1024.50}}),
        ),
    ];
    let mut events = sent(&stage, &receiver).await;
    events.sort_by_key(|event| event["event_type"].to_string());
    assert_eq!(events, expected);
}

#[tokio::test]
async fn departments_and_approvals_are_sent_as_the_api_returns_them() {
    let (stage, product, receiver, _) = opened(&EVERY_TYPE[..11]).await;
    assert_eq!(receiver.take_events(), [event("webhook_open", json!({"departments": []}))]);
    let records = Product::records();
    let row = |kind: &str| records.iter().find(|(own, _)| *own == kind).map(|(_, row)| row.clone()).unwrap();
    product.imports("departments", &[row("departments")]).await;
    let shown = product.get(&format!("/api/v2/departments/{DEPARTMENT}"), Value::Null).await.body;
    assert_eq!(sent(&stage, &receiver).await, [event("department_created", json!({"department": shown}))]);
    product.imports("departments", &[json!({"uuid": DEPARTMENT, "name": "总部"})]).await;
    let shown = json!({"uuid": DEPARTMENT, "name": "总部", "superior_uuid": null, "charger_uuid": null});
    assert_eq!(sent(&stage, &receiver).await, [event("department_updated", json!({"department": shown}))]);

    product.imports("departments", &[json!({"uuid": DEPARTMENT, "delete": true})]).await;
    let gone = json!({"department": {"uuid": DEPARTMENT}});
    assert_eq!(sent(&stage, &receiver).await, [event("department_deleted", gone)]);

    product.imports("approvals", &[row("approvals")]).await;
    let shown = product.get(&format!("/api/v2/approvals/{APPROVAL}"), Value::Null).await.body;
    assert_eq!(sent(&stage, &receiver).await, [event("approval_changed", json!({"approval": shown}))]);
    product.imports("approvals", &[json!({"number_series": APPROVAL, "delete": true})]).await;
    let gone = json!({"approval": {"number_series": APPROVAL}});
    assert_eq!(sent(&stage, &receiver).await, [event("approval_changed", gone)]);
}

#[tokio::test]
async fn a_new_webhook_gets_all_departments() {
    let (stage, product, receiver, _) = opened(&["employee_created"]).await;
    product.call(reqwest::Method::DELETE, super::PATH, Value::Null).await;
    let rows: Vec<Value> = (1..=1001).map(|number| department(number, "部门")).collect();
    product.imports("departments", &rows).await;
    stage.clock.advance(SignedDuration::from_secs(1));
    super::subscribe(&product, &receiver, &EVERY_TYPE[..2]).await;
    let events = sent(&stage, &receiver).await;
    let of =
        |number: u32| json!({"uuid": format!("{number:032x}"), "name": "部门", "superior_uuid": null, "charger_uuid": null});
    let first: Vec<Value> = (1..=1000).map(of).collect();
    let expected = [
        event("webhook_open", json!({"departments": first})),
        event("department_batch_sync", json!({"departments": [of(1001)]})),
    ];
    assert_eq!(events, expected);
}

#[tokio::test]
async fn with_batches_an_import_of_many_is_one_event_for_each_transaction() {
    let (stage, product, receiver, _) = opened(&["employee_created"]).await;
    let batches = json!({"address": receiver.address, "event_types": EVERY_TYPE[..11], "batches": true});
    put(&product, batches).await;
    let rows: Vec<Value> = (1..=40).map(|number| department(number, "部门")).collect();
    product.imports("departments", &rows).await;
    let mut left = numbered(3);
    left["status"] = "dimission".into();
    product.imports("employees", &[numbered(1), numbered(2), numbered(3)]).await;
    product
        .imports(
            "employees",
            &[
                {
                    let mut one = numbered(1);
                    one["job_title"] = "CTO".into();
                    one
                },
                left.clone(),
            ],
        )
        .await;
    let events = sent(&stage, &receiver).await;
    let shown: Vec<Value> = (1..=40)
        .map(|number| json!({"uuid": format!("{number:032x}"), "name": "部门", "superior_uuid": null, "charger_uuid": null}))
        .collect();
    let types: Vec<&str> = events.iter().map(|event| event["event_type"].as_str().unwrap()).collect();
    let mut sorted = types.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, ["department_batch_sync", "employee_batch_sync", "employee_batch_sync", "employee_left"]);
    assert!(events.contains(&event("department_batch_sync", json!({"departments": shown}))), "{events:?}");
    assert!(events.contains(&event("employee_left", json!({"employee": returned(&left)}))), "{events:?}");
    // One record alone is no batch.
    product.imports("departments", &[department(41, "部门")]).await;
    assert_eq!(sent(&stage, &receiver).await[0]["event_type"], "department_created");
}

#[tokio::test]
async fn an_event_shows_its_object_as_it_is_when_it_is_sent_and_none_that_is_gone() {
    let (stage, product, receiver, _) = opened(&EVERY_TYPE[..11]).await;
    receiver.take();
    product.imports("employees", &[numbered(1)]).await;
    let mut changed = numbered(1);
    changed["job_title"] = "CTO".into();
    product.imports("employees", &[changed.clone()]).await;
    let data = json!({"employee": returned(&changed)});
    let expected = [event("employee_created", data.clone()), event("employee_updated", data)];
    assert_eq!(sent(&stage, &receiver).await, expected);

    product.imports("employees", &[numbered(2)]).await;
    let object = format!("hris/employee/{}/{}", product.company, numbered(2)["uuid"].as_str().unwrap());
    product.command(json!({"command": "erase_person", "objects": [object], "reason": "请求"})).await;
    let gone = event("employee_deleted", json!({"employee": {"uuid": numbered(2)["uuid"]}}));
    assert_eq!(sent(&stage, &receiver).await, [gone]);
    let states: Vec<Value> = listed(&product).await.iter().map(|event| event["state"].clone()).collect();
    assert_eq!(states[..2], [json!("delivered"), json!("dropped")], "the deletion, and the creation of what is gone");
}

#[tokio::test]
async fn an_erasure_removes_the_events_of_the_employee_with_what_receivers_answered() {
    let (stage, product, receiver, _) = opened(&EVERY_TYPE[..11]).await;
    receiver.always(Reaction::Answer(500, "一般职员 is not known"));
    product.imports("employees", &[employee(), numbered(1)]).await;
    stage.address.settle_events().await;
    assert_eq!(listed(&product).await.len(), 3);
    let object = format!("hris/employee/{}/{EMPLOYEE}", product.company);
    product.command(json!({"command": "erase_person", "objects": [object], "reason": "请求"})).await;
    let kept = listed(&product).await;
    let kept: Vec<&Value> = kept.iter().map(|event| &event["object"]["id"]).collect();
    assert_eq!(kept, [&numbered(1)["uuid"], &Value::Null], "the other employee, and webhook_open");
    let items = stage.items("credentials").await;
    let of_employee = items.iter().filter(|item| {
        let is_event = item["pk"]["S"].as_str().is_some_and(|pk| pk.contains("#events#") || pk.contains("#waiting#"));
        is_event && item.to_string().contains(EMPLOYEE)
    });
    assert_eq!(of_employee.count(), 0);
}
