//! The commands that list the organization of a company: its departments, and its employees with masks.

use serde_json::{Value, json};

use super::admin::fails;
use crate::support::product::{DEPARTMENT, EMPLOYEE, EMPNO, Product, employee, numbered};
use crate::support::world;

const KITCHEN: &str = "d0000000000000000000000000000001";
const PASTRY: &str = "d0000000000000000000000000000002";

/// A command about the company.
fn command(product: &Product, name: &str, more: &Value) -> Value {
    let mut command = json!({"command": name, "company_uuid": product.company});
    command.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    command
}

async fn list(product: &Product, name: &str, more: Value) -> Value {
    product.command(command(product, name, &more)).await
}

/// An employee of a department.
fn member(number: u32, department: &str, status: &str) -> Value {
    let mut row = numbered(number);
    (row["department_uuid"], row["status"]) = (department.into(), status.into());
    row
}

/// The numbers of the employees on all pages of a list, page by page.
async fn pages(product: &Product, filter: Value) -> Vec<Vec<String>> {
    let (mut pages, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let mut filter = filter.clone();
        if !cursor.is_null() {
            filter["cursor"] = cursor;
        }
        let page = list(product, "list_employees", filter).await;
        let rows = page["employees"].as_array().unwrap_or_else(|| panic!("{page}"));
        pages.push(rows.iter().map(|row| row["empno"].as_str().unwrap().to_owned()).collect());
        cursor = page["next_cursor"].clone();
        if cursor.is_null() {
            return pages;
        }
    }
}

#[tokio::test]
async fn departments_are_listed_page_by_page_with_superior_and_head() {
    let product = Product::join().await;
    product.imports("departments", &[json!({"name": "管理组", "uuid": DEPARTMENT})]).await;
    product.imports("employees", &[employee()]).await;
    let rows = [
        json!({"name": "厨房", "uuid": KITCHEN, "charger_uuid": EMPLOYEE}),
        json!({"name": "面点", "uuid": PASTRY, "superior_uuid": KITCHEN, "charger_uuid": EMPLOYEE}),
    ];
    product.imports("departments", &rows).await;
    let mut expected = [
        json!({
            "uuid": DEPARTMENT, "name": "管理组", "superior_uuid": null, "charger_uuid": null, "charger_name": null,
        }),
        json!({
            "uuid": KITCHEN, "name": "厨房", "superior_uuid": null, "charger_uuid": EMPLOYEE, "charger_name": "一***",
        }),
        json!({
            "uuid": PASTRY, "name": "面点", "superior_uuid": KITCHEN, "charger_uuid": EMPLOYEE, "charger_name": "一***",
        }),
    ];
    expected.sort_by_key(|department| department["uuid"].to_string());
    let all = list(&product, "list_departments", json!({})).await;
    assert_eq!(all, json!({"departments": expected, "next_cursor": null}));
    let first = list(&product, "list_departments", json!({"limit": 2})).await;
    let second = list(&product, "list_departments", json!({"limit": 2, "cursor": first["next_cursor"]})).await;
    assert_eq!((&first["departments"], &second["departments"]), (&json!(expected[..2]), &json!(expected[2..])));
    assert_eq!(second["next_cursor"], Value::Null);

    let another = Product::join().await;
    assert_eq!(list(&another, "list_departments", json!({})).await, json!({"departments": [], "next_cursor": null}));
    let foreign = command(&another, "list_departments", &json!({"cursor": first["next_cursor"]}));
    fails(world(), &foreign, "Invalid", "cursor: is not a cursor of this list").await;
}

#[tokio::test]
async fn employees_are_listed_by_number_with_masks() {
    let product = Product::join().await;
    product.imports("departments", &[json!({"name": "管理组", "uuid": DEPARTMENT})]).await;
    product.imports("employees", &[employee(), numbered(2), numbered(1)]).await;
    let row = |number: u32| {
        json!({
            "uuid": format!("{number:032x}"), "empno": format!("{number:06}"), "name": "员**", "mobile": format!("130****{number:04}"),
            "status": "regular", "department_uuid": null, "job_title": "",
        })
    };
    let first = json!({
        "uuid": EMPLOYEE, "empno": EMPNO, "name": "一***", "mobile": "186****6721", "status": "regular",
        "department_uuid": DEPARTMENT, "job_title": "CTO",
    });
    let mut rows = [first, row(1), row(2)];
    rows.sort_by_key(|row| row["empno"].to_string());
    assert_eq!(list(&product, "list_employees", json!({})).await, json!({"employees": rows, "next_cursor": null}));
    let none = json!({"employees": [], "next_cursor": null});
    for filter in [json!({"status": "internship"}), json!({"department_uuid": KITCHEN})] {
        assert_eq!(list(&product, "list_employees", filter.clone()).await, none, "{filter}");
    }
    let unknown = command(&product, "list_employees", &json!({"status": "working"}));
    let faults = "status: must be one of: waiting probation regular dimission internship";
    fails(world(), &unknown, "Invalid", faults).await;
}

#[tokio::test]
async fn employees_are_listed_by_department_and_status_page_by_page() {
    let product = Product::join().await;
    product.imports("departments", &[json!({"name": "厨房", "uuid": KITCHEN}), json!({"name": "面点", "uuid": PASTRY})]).await;
    // Every fourth employee has left, and every second one is of the kitchen.
    let rows: Vec<Value> = (1..=24)
        .map(|number| {
            let department = if number % 2 == 0 { KITCHEN } else { PASTRY };
            member(number, department, if number % 4 == 0 { "dimission" } else { "regular" })
        })
        .collect();
    product.imports("employees", &rows).await;
    let numbers = |of: &dyn Fn(u32) -> bool| -> Vec<String> {
        (1..=24).filter(|number| of(*number)).map(|number| format!("{number:06}")).collect()
    };
    let in_fives = |all: Vec<String>| -> Vec<Vec<String>> { all.chunks(5).map(<[String]>::to_vec).collect() };
    let kitchen = json!({"department_uuid": KITCHEN, "limit": 5});
    let kitchen_left = json!({"department_uuid": KITCHEN, "status": "dimission", "limit": 5});
    for (filter, expected) in [
        (json!({"limit": 5}), in_fives(numbers(&|_| true))),
        (json!({"status": "dimission", "limit": 5}), in_fives(numbers(&|number| number % 4 == 0))),
        (kitchen, in_fives(numbers(&|number| number % 2 == 0))),
        // Filled up over several rounds of reads.
        (kitchen_left, in_fives(numbers(&|number| number % 4 == 0))),
    ] {
        assert_eq!(pages(&product, filter.clone()).await, expected, "{filter}");
    }
    // None of the pastry has left: the page is complete, not short.
    let pastry_left = json!({"department_uuid": PASTRY, "status": "dimission", "limit": 5});
    assert_eq!(pages(&product, pastry_left).await.concat(), [""; 0]);

    let first = list(&product, "list_employees", json!({"limit": 5})).await;
    let another = Product::join().await;
    let cursor = &first["next_cursor"];
    for foreign in [
        command(&product, "list_employees", &json!({"status": "regular", "cursor": cursor})),
        command(&product, "list_employees", &json!({"department_uuid": KITCHEN, "cursor": cursor})),
        command(&another, "list_employees", &json!({"cursor": cursor})),
    ] {
        fails(world(), &foreign, "Invalid", "cursor: is not a cursor of this list").await;
    }
}
