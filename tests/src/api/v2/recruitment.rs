//! /recruitments (document 003, 候选人): an employee's consent opens them.

use serde_json::{Value, json};

use crate::support::Stage;
use crate::support::consent::access_token;
use crate::support::product::{CANDIDATE, DEPARTMENT, MOBILE, Product, body, rejection};

const ALL: [&str; 6] =
    ["candidates", "candidate/ca0000000000000000000000000000aa", "sources", "source/1", "vacancies", "vacancy/1"];

fn path(what: &str) -> String {
    format!("/api/v2/recruitments/{what}")
}

fn candidate() -> Value {
    json!({
        "uuid": CANDIDATE, "name": "候选人", "email": "c@example.com", "mobile": "13800000001", "sex": "", "marriage": "",
        "birthday": null, "degree": "", "status": "", "source_name": "内部推荐", "source_id": "1",
    })
}

/// A company with records and an access token for it.
async fn opened(stage: &Stage) -> (Product, String) {
    let product = Product::join_stage(stage).await;
    product.add_records().await;
    let token = access_token(&product, MOBILE).await;
    (product, token)
}

#[tokio::test]
async fn lists_and_single_records_are_read_with_an_access_token() {
    let stage = Stage::open().await;
    let (product, token) = opened(&stage).await;
    let page = json!({
        "currentPage": 1, "pageSize": 20, "totalPages": 1, "totalCount": 1, "nextCursor": null,
        "candidates": [candidate()],
    });
    let source = json!({"id": "1", "name": "内部推荐"});
    let vacancy = json!({"id": "1", "name": "后端工程师", "department_uuid": DEPARTMENT, "status": "open", "description": ""});
    let expected = [page, candidate(), json!([source]), source, json!([vacancy]), vacancy];
    for (what, expected) in ALL.into_iter().zip(expected) {
        assert_eq!(product.read(&token, &path(what), json!({})).await, body(expected), "{what}");
    }
    let upper = path(&format!("candidate/{}", CANDIDATE.to_uppercase()));
    assert_eq!(product.read(&token, &upper, json!({})).await, body(candidate()));
}

#[tokio::test]
async fn a_signature_does_not_open_recruitments() {
    let product = Product::with_records().await;
    for what in ALL {
        let response = product.get(&path(what), Value::Null).await;
        assert_eq!(response, rejection(403, 3001, "recruitments are opened by an access_token"), "{what}");
        let invalid = product.read("garbage", &path(what), json!({})).await;
        assert_eq!(invalid, rejection(401, 1105, "access_token is invalid"), "{what}");
    }
}

#[tokio::test]
async fn absent_records_and_those_of_another_company_are_not_found() {
    let stage = Stage::open().await;
    let (product, token) = opened(&stage).await;
    let other = Product::join_stage(&stage).await;
    let foreign = [
        ("candidates", json!({"uuid": "cb0000000000000000000000000000bb", "name": "他"})),
        ("sources", json!({"id": "2", "name": "他"})),
        ("vacancies", json!({"id": "2", "name": "他"})),
    ];
    for (kind, row) in foreign {
        other.imports(kind, &[row]).await;
    }
    for what in ["candidate/cb0000000000000000000000000000bb", "candidate/x", "source/2", "vacancy/2", "vacancy/x"] {
        let response = product.read(&token, &path(what), json!({})).await;
        assert_eq!(response, rejection(404, 1102, "id does not exist"), "{what}");
    }
    assert_eq!(product.read(&token, &path("candidates"), json!({})).await.body["totalCount"], 1);
}

#[tokio::test]
async fn candidates_are_listed_by_page_or_by_cursor() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.imports("employees", &[crate::support::product::employee()]).await;
    let row = |number: u32| json!({"uuid": format!("{number:032x}"), "name": format!("候选人{number}")});
    product.imports("candidates", &(0..45).rev().map(row).collect::<Vec<_>>()).await;
    let token = access_token(&product, MOBILE).await;
    let list = async |pagination: Value| product.read(&token, &path("candidates"), json!({"pagination": pagination})).await;
    let uuids = |page: &Value| -> Vec<String> {
        let rows = page["candidates"].as_array().expect("candidates").iter();
        rows.map(|row| row["uuid"].as_str().expect("a uuid").to_owned()).collect()
    };
    let expected = |range: std::ops::Range<u32>| range.map(|number| format!("{number:032x}")).collect::<Vec<_>>();
    for (page, range) in [(1, 0..20), (2, 20..40), (3, 40..45), (4, 45..45)] {
        for pagination in [json!({"page": page}), json!({"page": page.to_string()}), json!(format!("{{\"page\":{page}}}"))] {
            let response = list(pagination).await;
            let whole = json!({
                "currentPage": page, "pageSize": 20, "totalPages": 3, "totalCount": 45,
                "nextCursor": response.body["nextCursor"], "candidates": response.body["candidates"],
            });
            assert_eq!(response, body(whole));
            assert_eq!(uuids(&response.body), expected(range.clone()), "{page}");
            assert_eq!(response.body["nextCursor"].is_null(), page >= 3, "{page}");
        }
    }
    let (mut walked, mut pagination) = (Vec::new(), json!({"page": 1, "page_size": 7}));
    while walked.len() < 45 {
        let page = list(pagination).await;
        assert_eq!((page.status, &page.body["totalCount"]), (200, &json!(45)));
        walked.extend(uuids(&page.body));
        pagination = json!({"cursor": page.body["nextCursor"], "page_size": 7});
    }
    assert_eq!(walked, expected(0..45));
    assert_eq!(pagination["cursor"], Value::Null);
    let forged = list(json!({"cursor": "garbage"})).await;
    assert_eq!(forged, rejection(422, 2002, "pagination.cursor is not a cursor of this list and filter"));
}
