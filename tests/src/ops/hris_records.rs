//! The commands that show what the HR API stores. What is sealed is masked.

use jiff::SignedDuration;
use serde_json::{Value, json};
use shared::hris::reveal::REVEALED;

use super::admin::{done, fails};
use crate::support::product::{CANDIDATE, DEPARTMENT, EMPLOYEE, EMPNO, MOBILE, Product, employee, numbered};
use crate::support::{Stage, world};

/// The fields of an employee that are sealed, with values that occur nowhere else.
fn sealed() -> Value {
    json!({
        "id_number": "320581199406301913", "bank_card": "6222021234567890123", "bank_name": "招商银行成都支行", "mobile": MOBILE,
        "phone_number": "028-85550000", "email": "76577261@qq.com", "exmail": "test1@colorway.com", "address": "烨伟路313号",
        "marriage": "divorced", "birthday": "1983-07-21", "photo": "https://files.example.com/1.jpg",
        "avatar": "https://files.example.com/2.jpg", "dingtalk_id": "ding-4711", "wework_id": "wework-4711",
    })
}

fn with(mut row: Value, fields: &Value) -> Value {
    row.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    row
}

/// Fails if a value of these is in the output.
#[track_caller]
fn assert_hides(output: &Value, values: &Value) {
    let text = output.to_string();
    for value in values.as_object().unwrap().values() {
        assert!(!text.contains(value.as_str().unwrap()), "{value} is in {text}");
    }
}

async fn list(product: &Product, command: &str, more: Value) -> Value {
    product.command(with(json!({"command": command, "company_uuid": product.company}), &more)).await
}

#[tokio::test]
async fn an_employee_is_found_by_number_phone_or_name_and_shown_with_masks() {
    let product = Product::join().await;
    let left = json!({"status": "dimission", "name": "张三丰", "leave_date": "2026-01-01"});
    let rows = [
        with(employee(), &sealed()),
        with(numbered(1), &json!({"name": "张三"})),
        with(numbered(2), &json!({"name": "张三"})),
        with(numbered(3), &left),
    ];
    product.imports("employees", &rows).await;
    let find = async |more: Value| list(&product, "find_employee", more).await;
    let found = json!({
        "uuid": EMPLOYEE, "empno": EMPNO, "name": "一***", "mobile": "186****6721", "status": "regular",
        "department_uuid": DEPARTMENT, "job_title": "CTO",
    });
    for known in [json!({"empno": EMPNO}), json!({"mobile": "+86 186-0283-6721"}), json!({"name": "一般职员"})] {
        assert_eq!(find(known.clone()).await, json!({"employees": [found], "next_cursor": null}), "{known}");
    }
    for unknown in [json!({"empno": "x"}), json!({"mobile": "13800138009"}), json!({"name": "张"})] {
        assert_eq!(find(unknown).await, json!({"employees": [], "next_cursor": null}));
    }
    // A name is exact, and two have it: a page of one continues.
    let first = find(json!({"name": "张三", "limit": 1})).await;
    assert_eq!(first["employees"][0]["empno"], "000001");
    let second = find(json!({"name": "张三", "limit": 1, "cursor": first["next_cursor"]})).await;
    assert_eq!((second["employees"].as_array().unwrap().len(), &second["employees"][0]["empno"]), (1, &json!("000002")));
    if let Some(cursor) = second["next_cursor"].as_str() {
        let third = find(json!({"name": "张三", "limit": 1, "cursor": cursor})).await;
        assert_eq!(third, json!({"employees": [], "next_cursor": null}));
    }

    let masks = json!({
        "id_number": "3205**********1913", "bank_card": "6222***********0123", "bank_name": "****", "mobile": "186****6721",
        "phone_number": "028*****0000", "email": "76****", "exmail": "te****", "address": "烨伟****", "marriage": "****",
        "birthday": "****", "photo": "****", "avatar": "****", "dingtalk_id": "di****", "wework_id": "we****",
    });
    let mut expected = with(employee(), &masks);
    (expected["job_grade"], expected["consent_epoch"]) = ("".into(), 0.into());
    for id in [EMPLOYEE, EMPNO] {
        let shown = list(&product, "show_employee", json!({"id": id})).await;
        assert_eq!(shown, expected, "{id}");
        assert_hides(&shown, &sealed());
    }
    let command = |more: Value| with(json!({"command": "find_employee", "company_uuid": product.company}), &more);
    let one = "empno: or mobile or name is required, and only one of them";
    fails(world(), &command(json!({})), "Invalid", one).await;
    fails(world(), &command(json!({"empno": "1", "name": "张三"})), "Invalid", one).await;
    let unknown = json!({"command": "show_employee", "company_uuid": product.company, "id": MOBILE});
    fails(world(), &unknown, "NotFound", "id: does not exist").await;
}

#[tokio::test]
async fn companies_products_and_visits_are_listed_page_by_page() {
    let stage = Stage::open().await;
    let products = [Product::join_stage(&stage).await, Product::join_stage(&stage).await];
    let mut ids: Vec<&str> = products.iter().map(|product| product.product_id.as_str()).collect();
    ids.sort_unstable();
    let mut listed = Vec::new();
    for command in ["list_products", "list_hris_companies"] {
        let first = done(&stage.address, &json!({"command": command, "limit": 1})).await;
        let second = done(&stage.address, &json!({"command": command, "cursor": first["next_cursor"]})).await;
        assert_eq!(second["next_cursor"], Value::Null, "{command}");
        let name = if command == "list_products" { "products" } else { "companies" };
        listed.push([first[name].as_array().unwrap().clone(), second[name].as_array().unwrap().clone()].concat());
    }
    let expected = ids.iter().map(|id| json!({"product_id": id, "name": "测试产品", "enabled": true}));
    assert_eq!(listed[0], expected.collect::<Vec<_>>());
    let mut uuids = [&products[0].company, &products[1].company];
    uuids.sort_unstable();
    let company = |uuid: &&String| json!({"uuid": uuid, "name": "彩程", "full_name": "成都彩程软件设计有限公司"});
    assert_eq!(listed[1], uuids.iter().map(company).collect::<Vec<_>>());

    let product = &products[0];
    product.imports("employees", &[employee()]).await;
    let visitors = ["慕容雪见", "曹操", "刘备"];
    for name in visitors {
        let visit = product.with_token(json!({"name": name, "time": "明天下午三点"}));
        assert_eq!(product.post(&format!("/api/v2/employees/{EMPLOYEE}/notify"), visit).await.status, 200);
        stage.clock.advance(SignedDuration::from_hours(24));
    }
    let visit = |listed: &Value, name: &str, at: &str| {
        json!({
            "visit_uuid": listed["visit_uuid"], "employee_uuid": EMPLOYEE, "announced_at": at, "visitor": name,
            "visit_time": "****",
        })
    };
    let first = list(product, "list_visits", json!({"limit": 2})).await;
    let rest = list(product, "list_visits", json!({"limit": 2, "cursor": first["next_cursor"]})).await;
    let all = [first["visits"].as_array().unwrap().clone(), rest["visits"].as_array().unwrap().clone()].concat();
    let expected = [
        visit(&all[0], "刘*", "2024-01-17T18:30:00+08:00"),
        visit(&all[1], "曹*", "2024-01-16T18:30:00+08:00"),
        visit(&all[2], "慕***", "2024-01-15T18:30:00+08:00"),
    ];
    assert_eq!((&all[..], &rest["next_cursor"]), (&expected[..], &Value::Null));
    for visitor in [&all[0], &all[1], &all[2]] {
        assert!(visitor["visit_uuid"].as_str().is_some_and(|uuid| uuid.len() == 32));
    }
    let days = [
        (json!({"from": "2024-01-16", "to": "2024-01-16"}), &expected[1..2]),
        (json!({"from": "2024-01-16"}), &expected[..2]),
        (json!({"to": "2024-01-16"}), &expected[1..]),
        (json!({"to": "2024-01-14"}), &[]),
    ];
    for (days, expected) in days {
        let listed = list(product, "list_visits", days.clone()).await;
        assert_eq!(listed, json!({"visits": expected, "next_cursor": null}), "{days}");
    }
    let inverted = json!({"command": "list_visits", "company_uuid": product.company, "from": "2024-01-16", "to": "2024-01-15"});
    fails(&stage.address, &inverted, "Invalid", "to: must not be before from").await;
    let of_other = json!({"cursor": first["next_cursor"]});
    let foreign = with(json!({"command": "list_visits", "company_uuid": products[1].company}), &of_other);
    fails(&stage.address, &foreign, "Invalid", "cursor: is not a cursor of this list").await;
}

#[tokio::test]
async fn each_sealed_field_is_revealed_alone() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.imports("employees", &[with(employee(), &sealed())]).await;
    let candidate = json!({
        "uuid": CANDIDATE, "name": "候选人", "email": "c@example.com", "mobile": "13800000001", "marriage": "已婚",
        "birthday": "1990-01-01",
    });
    product.imports("candidates", std::slice::from_ref(&candidate)).await;
    let visit = product.with_token(json!({"name": "曹操", "time": "下午"}));
    assert_eq!(product.post(&format!("/api/v2/employees/{EMPLOYEE}/notify"), visit).await.status, 200);
    let visit = list(&product, "list_visits", json!({})).await["visits"][0]["visit_uuid"].clone();

    let service = shared::hris::Service::connect(&stage.environment()).await.unwrap();
    let id = |id: &str| format!("{}/{id}", product.company);
    let (visit, visited) = (id(visit.as_str().unwrap()), json!({"visitor": "曹操", "visit_time": "下午"}));
    let records = [("employee", id(EMPLOYEE), sealed()), ("candidate", id(CANDIDATE), candidate), ("visit", visit, visited)];
    for (kind, id, values) in &records {
        let (_, fields) = REVEALED.iter().find(|(revealed, _)| revealed == kind).unwrap();
        for field in *fields {
            let revealed = service.reveal(kind, id, field).await;
            match values[*field].as_str() {
                Some(value) => assert_eq!(revealed.unwrap(), value, "{kind} {field}"),
                // Only a candidate that Moka pushed has it.
                None => assert_eq!((*field, missing(revealed)), ("moka", "field".to_owned())),
            }
        }
    }
    let (_, employee, _) = &records[0];
    for (kind, id, field, fault) in [
        ("approval", employee.as_str(), "form_values", "kind"),
        ("employee", employee, "name", "field"),
        ("employee", &id("unknown"), "mobile", "id"),
        ("employee", &id(EMPNO), "mobile", "id"),
        ("employee", &employee.replace(&product.company, &"e".repeat(32)), "mobile", "id"),
        ("candidate", employee, "mobile", "id"),
        ("visit", "x", "visitor", "id"),
    ] {
        assert_eq!(missing(service.reveal(kind, id, field).await), fault, "{kind} {id} {field}");
    }
}

/// What is missing.
fn missing(revealed: shared::error::Result<String>) -> String {
    revealed.unwrap_err().faults()[0].field.clone()
}
