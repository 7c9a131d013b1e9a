//! Pages of a list of employees, by number and by cursor (document 003, Pagination Schema).

use serde_json::{Value, json};

use crate::support::product::{Product, body, numbered, rejection, returned};

const EMPLOYEES: &str = "/api/v2/employees";

/// The list of these employees.
fn list(rows: &[Value]) -> Vec<Value> {
    rows.iter().map(returned).collect()
}

/// A company with this many employees, and the employees as they are listed.
async fn company_of(count: u32) -> (Product, Vec<Value>) {
    let product = Product::join().await;
    let rows: Vec<Value> = (1..=count).map(numbered).collect();
    product.imports("employees", &rows).await;
    (product, list(&rows))
}

#[tokio::test]
async fn a_page_is_requested_by_an_object_or_a_string() {
    let (product, all) = company_of(205).await;
    for (pagination, page, size, pages) in [
        (json!({"page": 1}), 1, 20, 11),
        (json!("{\"page\":1}"), 1, 20, 11),
        (json!(" { \"page\" : \"2\" } "), 2, 20, 11),
        (json!({"page": "2"}), 2, 20, 11),
        (json!({"page": 11}), 11, 20, 11),
        (json!({"page": 12}), 12, 20, 11),
        (json!({"page": 1_000_000}), 1_000_000, 20, 11),
        (json!({"page": 1, "page_size": 1}), 1, 1, 205),
        (json!({"page": 205, "page_size": 1}), 205, 1, 205),
        (json!({"page": 1, "page_size": 100}), 1, 100, 3),
        (json!("{\"page\":3,\"page_size\":100}"), 3, 100, 3),
        (json!({"page": 3, "page_size": "100"}), 3, 100, 3),
        (json!({"page": 5, "page_size": 41}), 5, 41, 5),
        (json!({"page": 2, "page_size": null, "cursor": null}), 2, 20, 11),
    ] {
        let found = product.get(EMPLOYEES, product.with_token(json!({"pagination": pagination}))).await;
        let from = ((page - 1) * size).min(all.len());
        let to = (page * size).min(all.len());
        let cursor = found.body["nextCursor"].clone();
        assert_eq!(cursor.is_string(), page < pages, "{pagination}: {cursor}");
        let expected = json!({
            "currentPage": page, "pageSize": size, "totalPages": pages, "totalCount": 205, "nextCursor": cursor,
            "employees": all[from..to],
        });
        assert_eq!(found, body(expected), "{pagination}");
    }
    let found = product.get(EMPLOYEES, product.with_token(json!({}))).await;
    assert_eq!(found, body(json!(all)));
}

#[tokio::test]
async fn an_impossible_page_is_rejected() {
    let product = Product::with_records().await;
    let (page, size) =
        ("pagination.page must be an integer from 1 to 1000000", "pagination.page_size must be an integer from 1 to 100");
    let cursor = "pagination.cursor is not a cursor of this list and filter";
    for (pagination, text) in [
        (json!({}), "pagination.page is required"),
        (json!({"page_size": 10}), "pagination.page is required"),
        (json!("{}"), "pagination.page is required"),
        (json!({"page": 0}), page),
        (json!({"page": -1}), page),
        (json!({"page": 1_000_001}), page),
        (json!({"page": 1.5}), page),
        (json!({"page": "x"}), page),
        (json!({"page": ""}), page),
        (json!({"page": [1]}), page),
        (json!("{\"page\":0}"), page),
        (json!({"page": 1, "page_size": 0}), size),
        (json!({"page": 1, "page_size": 101}), size),
        (json!("{\"page\":1,\"page_size\":101}"), size),
        (json!({"page": 1, "page_size": true}), size),
        (json!({"page": 0, "page_size": 0}), &format!("{page}; {size}")),
        (json!({"page": 1, "cursor": "x"}), "pagination.cursor cannot be combined with page"),
        (json!({"cursor": 1}), "pagination.cursor must be a string"),
        (json!({"cursor": ""}), "pagination.page is required"),
        (json!({"cursor": "x".repeat(513)}), "pagination.cursor is too long"),
        (json!({"cursor": "x"}), cursor),
        (json!({"cursor": "张"}), cursor),
        (json!({"cursor": "A".repeat(512)}), cursor),
        (json!(1), "pagination must be an object"),
        (json!([1]), "pagination must be an object"),
        (json!(true), "pagination must be an object"),
        (json!("x"), "pagination must hold a JSON object"),
        (json!("[1"), "pagination must hold a JSON object"),
        (json!("[1]"), "pagination must be an object"),
        (json!("\"{}\""), "pagination must be an object"),
    ] {
        let response = product.get(EMPLOYEES, product.with_token(json!({"pagination": pagination}))).await;
        assert_eq!(response, rejection(422, 2002, text), "{pagination}");
    }
}

#[tokio::test]
async fn a_walk_by_cursor_returns_every_employee_once() {
    let product = Product::join().await;
    let mut rows: Vec<Value> = (1..=101).map(numbered).collect();
    for row in rows.iter_mut().step_by(3) {
        row["status"] = "dimission".into();
    }
    product.imports("employees", &rows).await;
    for (filter, size) in [(json!({}), 7), (json!({"status": "joined"}), 10), (json!({"name": "员工1"}), 1), (json!({}), 100)]
    {
        let expected: Vec<Value> = rows
            .iter()
            .filter(|row| filter.get("status").is_none() || row["status"] == "regular")
            .filter(|row| filter.get("name").is_none_or(|name| row["name"].as_str().unwrap().contains(name.as_str().unwrap())))
            .map(returned)
            .collect();
        let pages = expected.len().div_ceil(size);
        let mut next = json!({"page": 1, "page_size": size});
        for (at, employees) in expected.chunks(size).enumerate() {
            let mut payload = filter.clone();
            payload["pagination"] = next;
            let found = product.get(EMPLOYEES, product.with_token(payload)).await;
            let cursor = found.body["nextCursor"].clone();
            assert_eq!(cursor.is_string(), at + 1 < pages, "{filter} {at}: {cursor}");
            let page = json!({
                "currentPage": at + 1, "pageSize": size, "totalPages": pages, "totalCount": expected.len(),
                "nextCursor": cursor, "employees": employees,
            });
            assert_eq!(found, body(page), "{filter} {at}");
            next = json!({"cursor": cursor, "page_size": size});
        }
    }
}

#[tokio::test]
async fn a_walk_carries_the_total_and_includes_employees_added_ahead_of_it() {
    let product = Product::join().await;
    let rows: Vec<Value> = (1..=5).map(|number| numbered(number * 10)).collect();
    product.imports("employees", &rows).await;
    let get = async |pagination: Value| product.get(EMPLOYEES, product.with_token(json!({"pagination": pagination}))).await;
    let first = get(json!({"page": 1, "page_size": 3})).await;
    product.imports("employees", &[numbered(5), numbered(45)]).await;
    let page = |total: usize, employees: &[Value]| {
        body(json!({
            "currentPage": 2, "pageSize": 3, "totalPages": 2, "totalCount": total, "nextCursor": null, "employees": employees,
        }))
    };
    let next_page = list(&[rows[3].clone(), numbered(45), rows[4].clone()]);
    assert_eq!(get(json!({"cursor": first.body["nextCursor"], "page_size": 3})).await, page(5, &next_page));
    assert_eq!(get(json!({"page": 1, "page_size": 3})).await.body["totalCount"], 7);
}

#[tokio::test]
async fn a_cursor_belongs_to_its_list_and_filter() {
    let (product, _) = company_of(3).await;
    let (other, _) = company_of(3).await;
    let list = async |product: &Product, filter: Value| product.get(EMPLOYEES, product.with_token(filter)).await;
    let first = list(&product, json!({"status": "regular", "pagination": {"page": 1, "page_size": 1}})).await;
    let cursor = first.body["nextCursor"].as_str().unwrap();
    let with = |filter: Value, cursor: &str| {
        let mut filter = filter;
        filter["pagination"] = json!({"cursor": cursor, "page_size": 1});
        filter
    };
    let same = list(&product, with(json!({"status": "regular"}), cursor)).await;
    assert_eq!(same.body["employees"], json!([returned(&numbered(2))]));
    let rejected = rejection(422, 2002, "pagination.cursor is not a cursor of this list and filter");
    for filter in [
        json!({}),
        json!({"status": "joined"}),
        json!({"status": "waiting"}),
        json!({"status": "regular", "name": "员"}),
        json!({"status": "regular", "join_date_start": "2012-09-29"}),
        json!({"status": "regular", "leave_date_end": "2012-09-29"}),
    ] {
        assert_eq!(list(&product, with(filter.clone(), cursor)).await, rejected, "{filter}");
    }
    assert_eq!(list(&other, with(json!({"status": "regular"}), cursor)).await, rejected);
    for at in 0..cursor.len() {
        let to = if &cursor[at..=at] == "A" { "B" } else { "A" };
        let changed = format!("{}{to}{}", &cursor[..at], &cursor[at + 1..]);
        assert_eq!(list(&product, with(json!({"status": "regular"}), &changed)).await, rejected, "{changed}");
    }
}

#[tokio::test]
async fn a_company_without_employees_has_an_empty_list() {
    let product = Product::join().await;
    assert_eq!(product.get(EMPLOYEES, product.with_token(json!({}))).await, body(json!([])));
    let empty = |page: u32| {
        body(json!({
            "currentPage": page, "pageSize": 20, "totalPages": 0, "totalCount": 0, "nextCursor": null, "employees": [],
        }))
    };
    for page in [1, 2] {
        let found = product.get(EMPLOYEES, product.with_token(json!({"pagination": {"page": page}}))).await;
        assert_eq!(found, empty(page), "{page}");
    }
}
