//! Cursors: opaque, and good in the list that gave them alone.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::product::{self, Product};
use crate::support::resource::ALL;
use crate::support::{Answer, Partner, problem, world};

/// A partner with two tasks, and the cursor of its list's first page.
async fn of_tasks() -> (Partner, String) {
    let partner = Partner::join(world()).await;
    partner.has(&["companies", "tasks"]).await;
    let mut second = ALL[2].example();
    second["channel_task_id"] = "T2".into();
    partner.post("/api/v1/tasks", &second).await;
    let first = partner.get("/api/v1/tasks?page_size=1").await;
    (partner, first.body["data"]["next_cursor"].as_str().expect("a cursor").to_owned())
}

async fn walk(partner: &Partner, cursor: &str) -> Answer {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("cursor", cursor).finish();
    partner.send(Method::GET, &format!("/api/v1/tasks?page_size=1&{query}"), Some(&partner.token), None).await
}

/// A product with two employees, and the cursor of its list's first page.
async fn of_employees() -> (Product, String) {
    let product = Product::join().await;
    let row = |number: u32| json!({"uuid": format!("e{number:031x}"), "name": "员工", "empno": number.to_string(), "status": "regular"});
    product.imports("employees", &[row(1), row(2)]).await;
    let first = json!({"pagination": {"page": 1, "page_size": 1}});
    let first = product.get("/api/v2/employees", product.with_token(first)).await;
    (product, first.body["nextCursor"].as_str().expect("a cursor").to_owned())
}

async fn list(product: &Product, cursor: &str) -> Answer {
    let page: Value = json!({"pagination": {"cursor": cursor, "page_size": 1}});
    product.get("/api/v2/employees", product.with_token(page)).await
}

/// The cursor with each of its characters changed, with each tail cut off, and longer.
fn damaged(cursor: &str) -> Vec<String> {
    let mut damaged = Vec::new();
    for at in 0..cursor.len() {
        let to = if &cursor[at..=at] == "A" { "B" } else { "A" };
        damaged.push(format!("{}{to}{}", &cursor[..at], &cursor[at + 1..]));
        if at > 0 {
            damaged.push(cursor[..at].to_owned());
        }
    }
    damaged.extend([format!("{cursor}A"), format!("{cursor}="), format!("A{cursor}"), format!("{cursor}{cursor}")]);
    damaged
}

#[tokio::test]
async fn a_changed_or_cut_cursor_of_a_channel_is_refused_by_its_field() {
    let (partner, cursor) = of_tasks().await;
    assert_eq!(walk(&partner, &cursor).await.status, 200);
    let refused = problem(400, 1001, &[("cursor", "is not a cursor of this list and filter")]);
    for damaged in damaged(&cursor) {
        assert_eq!(walk(&partner, &damaged).await, refused, "{damaged}");
    }
}

#[tokio::test]
async fn a_changed_or_cut_cursor_of_a_product_is_refused_by_its_field() {
    let (product, cursor) = of_employees().await;
    assert_eq!(list(&product, &cursor).await.status, 200);
    let refused = product::refusal(422, 2002, "pagination.cursor is not a cursor of this list and filter");
    for damaged in damaged(&cursor) {
        assert_eq!(list(&product, &damaged).await, refused, "{damaged}");
    }
}

#[tokio::test]
async fn no_family_takes_a_cursor_of_another() {
    let ((partner, of_tasks), (product, of_employees)) = (of_tasks().await, of_employees().await);
    let refused = problem(400, 1001, &[("cursor", "is not a cursor of this list and filter")]);
    assert_eq!(walk(&partner, &of_employees).await, refused);
    let refused = product::refusal(422, 2002, "pagination.cursor is not a cursor of this list and filter");
    assert_eq!(list(&product, &of_tasks).await, refused);
    let departments = json!({"pagination": {"cursor": of_employees, "page_size": 1}});
    let path = format!("/api/v2/departments/{}/employees", product::DEPARTMENT);
    product.imports("departments", &[json!({"name": "管理组", "uuid": product::DEPARTMENT})]).await;
    assert_eq!(product.get(&path, product.with_token(departments)).await, refused);
}
