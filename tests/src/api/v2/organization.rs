//! /sub_companies and /departments, with the lists of their employees (document 003, 分公司, 部门).

use serde_json::{Value, json};

use crate::support::product::{DEPARTMENT, EMPLOYEE, Product, SUB_COMPANY, body, employee, numbered, rejection, returned};
use crate::support::{Response, Stage};

const UNKNOWN: &str = "00000000000000000000000000000000";

fn missing(field: &str) -> Response {
    rejection(404, 1102, &format!("{field} does not exist"))
}

/// The departments of the document's example.
fn departments() -> Value {
    json!([
        {
            "name": "管理组", "uuid": "7684be70c34c554c8fdc062eba4382be", "superior_uuid": null,
            "charger_uuid": "fbfd8384fb43da1d979fd277473d7984",
        },
        {
            "name": "运营组", "uuid": "8674be70c34c554c8fdc062eba4382be", "superior_uuid": null,
            "charger_uuid": "fbfd8384fb43da1d979fd277473d7984",
        },
        {
            "name": "系统组", "uuid": "8689be70c34c554c8fdc062eba4382be", "superior_uuid": null,
            "charger_uuid": "fbfd8384fb43da1d979fd277473d7984",
        },
    ])
}

#[tokio::test]
async fn departments_are_returned_as_in_the_document() {
    let product = Product::join().await;
    let rows = departments();
    product.imports("departments", rows.as_array().unwrap()).await;
    assert_eq!(product.get("/api/v2/departments", Value::Null).await, body(rows.clone()));
    for row in rows.as_array().unwrap() {
        let uuid = row["uuid"].as_str().unwrap();
        for uuid in [uuid, &uuid.to_uppercase()] {
            let found = product.get(&format!("/api/v2/departments/{uuid}"), Value::Null).await;
            assert_eq!(found, body(row.clone()), "{uuid}");
        }
    }
}

#[tokio::test]
async fn a_department_names_its_superior() {
    let product = Product::with_records().await;
    let row = json!({"name": "财务", "uuid": UNKNOWN, "superior_uuid": DEPARTMENT});
    product.imports("departments", &[row]).await;
    let expected = json!({"name": "财务", "uuid": UNKNOWN, "superior_uuid": DEPARTMENT, "charger_uuid": null});
    assert_eq!(product.get(&format!("/api/v2/departments/{UNKNOWN}"), Value::Null).await, body(expected));
}

#[tokio::test]
async fn sub_companies_have_every_documented_property() {
    let product = Product::with_records().await;
    product.imports("sub_companies", &[json!({"uuid": UNKNOWN, "name": "空"})]).await;
    let full = json!({
        "uuid": SUB_COMPANY, "company_uuid": product.company, "name": "彩程北京分公司", "short_name": "北京",
        "registered_address": "长安街1号", "boss": "袁绍",
    });
    let bare = json!({
        "uuid": UNKNOWN, "company_uuid": product.company, "name": "空", "short_name": "", "registered_address": "", "boss": "",
    });
    assert_eq!(product.get("/api/v2/sub_companies", Value::Null).await, body(json!([bare, full])));
    for (uuid, row) in [(SUB_COMPANY, &full), (&SUB_COMPANY.to_uppercase(), &full), (UNKNOWN, &bare)] {
        assert_eq!(product.get(&format!("/api/v2/sub_companies/{uuid}"), Value::Null).await, body(row.clone()), "{uuid}");
    }
}

#[tokio::test]
async fn a_company_without_records_has_empty_lists() {
    let product = Product::join().await;
    for path in ["/api/v2/sub_companies", "/api/v2/departments"] {
        assert_eq!(product.get(path, Value::Null).await, body(json!([])), "{path}");
    }
}

#[tokio::test]
async fn an_unknown_department_or_sub_company_does_not_exist() {
    let product = Product::with_records().await;
    for unknown in [UNKNOWN, "1", "%E5%BC%A0", &"a".repeat(2000)] {
        for (path, field) in [
            (format!("/api/v2/departments/{unknown}"), "uuid"),
            (format!("/api/v2/departments/{unknown}/employees"), "uuid"),
            (format!("/api/v2/sub_companies/{unknown}"), "sub_company_uuid"),
            (format!("/api/v2/sub_companies/{unknown}/employees"), "sub_company_uuid"),
            (format!("/api/v2/sub_companies/{SUB_COMPANY}/employees/{unknown}"), "uuid"),
        ] {
            assert_eq!(product.get(&path, Value::Null).await, missing(field), "{path}");
        }
    }
}

#[tokio::test]
async fn an_employee_of_a_sub_company_is_an_array_of_one() {
    let product = Product::with_records().await;
    product.imports("sub_companies", &[json!({"uuid": UNKNOWN, "name": "空"})]).await;
    product.imports("employees", &[numbered(1)]).await;
    let found = body(json!([returned(&employee())]));
    for (sub_company, uuid) in [(SUB_COMPANY, EMPLOYEE), (&SUB_COMPANY.to_uppercase(), &EMPLOYEE.to_uppercase())] {
        let path = format!("/api/v2/sub_companies/{sub_company}/employees/{uuid}");
        assert_eq!(product.get(&path, Value::Null).await, found, "{path}");
    }
    let elsewhere = format!("/api/v2/sub_companies/{UNKNOWN}/employees/{EMPLOYEE}");
    assert_eq!(product.get(&elsewhere, Value::Null).await, missing("uuid"));
    let nowhere = format!("/api/v2/sub_companies/{SUB_COMPANY}/employees/{:032x}", 1);
    assert_eq!(product.get(&nowhere, Value::Null).await, missing("uuid"));
}

#[tokio::test]
async fn the_employees_of_a_department_and_of_a_sub_company_are_listed_by_number() {
    let product = Product::with_records().await;
    product.imports("departments", &[json!({"uuid": UNKNOWN, "name": "空"})]).await;
    product.imports("sub_companies", &[json!({"uuid": UNKNOWN, "name": "空"})]).await;
    let mut rows: Vec<Value> = (1..=25).rev().map(numbered).collect();
    for row in &mut rows {
        row["department_uuid"] = DEPARTMENT.into();
        row["sub_company_uuid"] = SUB_COMPANY.into();
    }
    product.imports("employees", &rows).await;
    product.imports("employees", &[numbered(26)]).await;
    let mut all: Vec<Value> = rows.iter().rev().map(returned).collect();
    all.push(returned(&employee()));
    for group in ["departments", "sub_companies"] {
        let uuid = if group == "departments" { DEPARTMENT } else { SUB_COMPANY };
        let path = format!("/api/v2/{group}/{uuid}/employees");
        assert_eq!(product.get(&path, Value::Null).await, body(all.clone().into()), "{path}");
        assert_eq!(product.get(&path, json!({})).await, body(all.clone().into()), "{path}");

        let first = product.get(&path, json!({"pagination": {"page": 1}})).await;
        let cursor = first.body["nextCursor"].clone();
        assert!(cursor.is_string(), "{first:?}");
        let page = |number: u32, employees: &[Value], next: Value| {
            body(json!({
                "currentPage": number, "pageSize": 20, "totalPages": 2, "totalCount": 26, "nextCursor": next,
                "employees": employees,
            }))
        };
        assert_eq!(first, page(1, &all[..20], cursor.clone()), "{path}");
        for pagination in [json!({"page": 2}), json!({"cursor": cursor}), json!("{\"page\":2}")] {
            let second = product.get(&path, json!({"pagination": pagination})).await;
            assert_eq!(second, page(2, &all[20..], Value::Null), "{path} {pagination}");
        }
        let empty = product.get(&format!("/api/v2/{group}/{UNKNOWN}/employees"), Value::Null).await;
        assert_eq!(empty, body(json!([])), "{group}");
        let other =
            product.get(&format!("/api/v2/{group}/{UNKNOWN}/employees"), json!({"pagination": {"cursor": cursor}})).await;
        assert_eq!(other, rejection(422, 2002, "pagination.cursor is not a cursor of this list and filter"), "{group}");
    }
}

#[tokio::test]
async fn an_employee_who_moves_is_listed_in_the_new_department() {
    let product = Product::with_records().await;
    product.imports("departments", &[json!({"uuid": UNKNOWN, "name": "空"})]).await;
    let mut moved = employee();
    moved["department_uuid"] = UNKNOWN.into();
    product.imports("employees", &[moved.clone()]).await;
    let of = async |uuid: &str| product.get(&format!("/api/v2/departments/{uuid}/employees"), Value::Null).await;
    assert_eq!(of(DEPARTMENT).await, body(json!([])));
    assert_eq!(of(UNKNOWN).await, body(json!([returned(&moved)])));
}

#[tokio::test]
async fn a_list_of_departments_is_one_query() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    let rows = departments();
    product.imports("departments", rows.as_array().unwrap()).await;
    assert_eq!(product.get("/api/v2/departments", Value::Null).await, body(rows.clone()));
    stage.take_calls();
    assert_eq!(product.get("/api/v2/departments", Value::Null).await, body(rows));
    assert_eq!(stage.take_calls(), ["Query"]);
}
