//! `reveal_list`: a page of a list with the fields whole that the list masks, with an audit record of the page.

use serde_json::{Value, json};
use shared::runtime::clock::Clock as _;

use crate::ops::admin::{done, fails};
use crate::support::Stage;
use crate::support::audit::records;
use crate::support::board::{self, Board};
use crate::support::product::{EMPLOYEE, EMPNO, MOBILE, Product};
use crate::support::resource::USERS;
use crate::support::staff::{Staff, failure};
use crate::support::wire::Failure;
use crate::support::worker::{COMPANY, HANDLER, Platform, resume};
use crate::support::{Partner, Response};
use reqwest::Method;

fn of(list: &str, filter: &Value) -> Value {
    json!({"command": "reveal_list", "list": list, "filter": filter.to_string(), "reason": "线下核对"})
}

/// The list as it is masked, with these fields of its first record instead.
async fn whole(stage: &Stage, list: &str, filter: &Value, rows: &str, fields: &Value) -> Value {
    let mut event = filter.clone();
    event["command"] = list.into();
    let mut listed = done(&stage.address, &event).await;
    let first = listed[rows][0].as_object_mut().unwrap_or_else(|| panic!("{list}: no record"));
    for (field, value) in fields.as_object().unwrap() {
        assert_ne!(first[field], *value, "{list}: {field} is masked");
        first[field] = value.clone();
    }
    listed
}

#[tokio::test]
async fn each_masked_list_is_shown_whole_and_its_page_is_recorded_without_values() {
    let stage = Stage::open().await;
    let address = &stage.address;
    let board = Board::of(address);
    let (user, caller) = (board.register("owner", "13711112222").await, board.register("caller", "13711113333").await);
    caller.adjust_vouchers(1).await;
    assert_eq!(caller.call(user.post_job(json!({})).await).await, board::done());
    let product = Product::join_stage(&stage).await;
    product.add_records().await;
    let visit = product.with_token(json!({"name": "曹操", "time": "下午三点"}));
    assert_eq!(product.post(&format!("/api/v2/employees/{EMPLOYEE}/notify"), visit).await.status, 200);
    let platform = Platform::create(address).await;
    let handler = json!({"handler_id": HANDLER, "username": "z", "name": "张三", "phone": "13800138111"});
    platform.command("set_handler", json!({"handler": handler})).await;
    let worker = platform.worker("a worker").await;
    assert_eq!(worker.send_json(Method::POST, &resume()).await.status, 200);
    let em_id = worker.get("/employee").await.body["data"]["em_id"].clone();
    let partner = Partner::join(address).await;
    partner.push_examples(&["users"]).await;
    let staff = Staff::create(address, &["support"], json!({})).await;

    let company = json!({"company_uuid": product.company});
    let found = json!({"company_uuid": product.company, "empno": EMPNO});
    let on_platform = json!({"platform_code": platform.code});
    let channel = json!({"appkey": partner.appkey, "kind": "users"});
    let (id, name) = (USERS.example()[USERS.id_field].clone(), USERS.example()["name"].clone());
    let visits = json!({"visitor": "曹操", "visit_time": "下午三点"});
    let employee = json!({"mobile": MOBILE, "name": crate::support::product::employee()["name"]});
    for (list, filter, rows, fields, object, ids) in [
        ("list_employees", &company, "employees", &employee, format!("hris/employee/{}", product.company), json!([EMPLOYEE])),
        ("find_employee", &found, "employees", &employee, format!("hris/employee/{}", product.company), json!([EMPLOYEE])),
        ("list_visits", &company, "visits", &visits, format!("hris/visit/{}", product.company), Value::Null),
        (
            "list_applications",
            &on_platform,
            "applications",
            &json!({"real_name": "张三"}),
            format!("signing/application/{}", platform.code),
            json!([em_id.to_string()]),
        ),
        (
            "list_handlers",
            &on_platform,
            "handlers",
            &json!({"phone": "13800138111"}),
            format!("signing/handler/{}", platform.code),
            json!([HANDLER.to_string()]),
        ),
        (
            "find_user",
            &json!({"phone": "13711112222"}),
            "users",
            &json!({"phone": "13711112222"}),
            "jobboard/user/all".to_owned(),
            json!([user.id.to_string()]),
        ),
        (
            "list_contacts",
            &json!({"user_id": user.id}),
            "contacts",
            &json!({"other_phone": "13711113333"}),
            "jobboard/user/all".to_owned(),
            json!([caller.id.to_string()]),
        ),
        ("list_staff", &json!({}), "staff", &json!({"phone": staff.phone}), "staff/member/all".to_owned(), Value::Null),
        ("list_records", &channel, "records", &json!({"name": name}), format!("channel/users/{}", partner.appkey), json!([id])),
    ] {
        let expected = whole(&stage, list, filter, rows, fields).await;
        assert_eq!(done(address, &of(list, filter)).await, expected, "{list}");
        let recorded = records(address, json!({"object": object})).await;
        let is_of = |record: &&Value| record["action"] == "reveal_list" && (ids.is_null() || record["ids"] == ids);
        let record = recorded.iter().find(is_of).unwrap_or_else(|| panic!("{list}: {recorded:#?}"));
        assert_eq!(record["reason"], "线下核对", "{list}");
        let text = Value::from(stage.items("audit").await).to_string();
        for value in ["13711112222", "13711113333", "13800138111", MOBILE, "曹操"] {
            assert!(!text.contains(value), "{list}: {value}");
        }
    }
    // The history of an employee has the page.
    let history = records(address, json!({"object": format!("hris/employee/{}/{EMPLOYEE}", product.company)})).await;
    assert!(history.iter().any(|record| record["action"] == "reveal_list"), "{history:?}");

    let before = stage.items("audit").await.len();
    for (event, kind, fault) in [
        (of("list_orders", &json!({})), "NotFound", "list: does not exist"),
        (of("reveal_list", &json!({})), "NotFound", "list: does not exist"),
        (of("list_employees", &json!({})), "Invalid", "company_uuid: is required"),
    ] {
        fails(address, &event, kind, fault).await;
    }
    // Nothing is listed without the record.
    stage.wire.fail_call("TransactWriteItems", 0, Failure::Rejected);
    fails(address, &of("list_employees", &company), "Internal", "see the log").await;
    assert_eq!(stage.wire.clear_faults(), 0);
    assert_eq!(stage.items("audit").await.len(), before);
}

#[tokio::test]
async fn each_role_sees_the_lists_of_its_family_whole_after_a_fresh_code_alone() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    let more = json!({"platform_code": platform.code, "companies": [COMPANY]});
    let lists = [
        ("list_applications", json!({"platform_code": platform.code, "company_id": COMPANY})),
        ("list_employees", json!({"company_uuid": "c".repeat(32)})),
        ("list_contacts", json!({"user_id": 7})),
        ("list_staff", json!({})),
    ];
    for (role, own, more) in [
        ("reviewer", vec!["list_applications"], more),
        ("hr", vec!["list_employees"], json!({})),
        ("support", vec!["list_contacts"], json!({})),
        ("admin", vec!["list_staff"], json!({})),
        ("moderator", vec![], json!({})),
        ("auditor", vec![], json!({})),
    ] {
        let member = Staff::signed_in(&stage.address, &[role], more, stage.clock.now()).await;
        let ask = async |list: &str, filter: &Value| -> Response {
            let mut fields = of(list, filter);
            fields.as_object_mut().unwrap().remove("command");
            member.command("reveal_list", fields).await
        };
        for (list, filter) in &lists {
            let response = ask(list, filter).await;
            let expected = if own.contains(list) { 200 } else { 403 };
            assert_eq!(response.status, expected, "{role} {list}: {response:?}");
            assert_eq!(response == failure(403, "Forbidden", &[]), expected == 403, "{role} {list}: {response:?}");
        }
        stage.clock.advance(jiff::SignedDuration::from_mins(10));
        for (list, filter) in lists.iter().filter(|(list, _)| own.contains(list)) {
            assert_eq!(ask(list, filter).await, failure(403, "StepUpNeeded", &[]), "{role} {list}");
        }
    }
}
