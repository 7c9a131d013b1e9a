//! /recruitments (document 003, 候选人): an employee's consent opens them.

use serde_json::{Value, json};

use crate::support::Stage;
use crate::support::calls::{candidate, source, vacancy};
use crate::support::consent::access_token;
use crate::support::product::{CANDIDATE, DEPARTMENT, MOBILE, Product, body, rejection};

const ALL: [&str; 6] =
    ["candidates", "candidate/ca0000000000000000000000000000aa", "sources", "source/1", "vacancies", "vacancy/1"];

fn path(what: &str) -> String {
    format!("/api/v2/recruitments/{what}")
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
    let expected = [json!([candidate()]), candidate(), json!([source()]), source(), json!([vacancy()]), vacancy()];
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
    assert_eq!(product.read(&token, &path("candidates"), json!({})).await, body(json!([candidate()])));
}

/// The objects that the authors of the document published.
#[tokio::test]
async fn sources_and_vacancies_are_imported_under_the_names_that_responses_have() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.imports("employees", &[crate::support::product::employee()]).await;
    let token = access_token(&product, MOBILE).await;
    let sources = json!([
        {"uuid": "2387c26da1091124264793e123744fbb", "name": "拉勾"}, {"uuid": "2587c26da1091124264793e123744fbb", "name": "51job"},
    ]);
    let vacancies = json!([
        {
            "uuid": "2387c26da1091124264793e123744fbb", "head_count": "3", "status": "normal",
            "department_uuid": "3387c26da1091124264793e123744fbb", "department_name": "设计部",
            "job_title_uuid": "4387c26da1091124264793e123744fbb", "job_title_name": "设计师",
        },
        {
            "uuid": "2487c26da1091124264793e123744fbb", "head_count": "1", "status": "normal",
            "department_uuid": "3487c26da1091124264793e123744fbb", "department_name": "研发部",
            "job_title_uuid": "4487c26da1091124264793e123744fbb", "job_title_name": "工程师",
        },
    ]);
    for (kind, one, rows) in [("sources", "source", sources), ("vacancies", "vacancy", vacancies)] {
        let all = rows.as_array().expect("rows");
        product.imports(kind, all).await;
        assert_eq!(product.read(&token, &path(kind), json!({})).await, body(rows.clone()), "{kind}");
        for row in all {
            let path = path(&format!("{one}/{}", row["uuid"].as_str().expect("a uuid")));
            assert_eq!(product.read(&token, &path, json!({})).await, body(row.clone()), "{path}");
        }
        let mut both = all[0].clone();
        both["id"] = both["uuid"].clone();
        let unchanged = |missing: bool| {
            let mut result = json!({"line": 1, "status": "unchanged"});
            if missing {
                result["missing"] = json!(["department_uuid"]);
            }
            json!({"results": [result], "next": null})
        };
        assert_eq!(product.import(kind, &[both.clone()]).await, unchanged(kind == "vacancies"), "either name, or both");
        both["id"] = "x".into();
        let differs = json!({"line": 1, "status": "refused", "errors": [{"field": "uuid", "reason": "differs from id"}]});
        assert_eq!(product.import(kind, &[both]).await, json!({"results": [differs], "next": null}));
        let reason = "must be 1 to 64 characters without control characters or /";
        let bad = json!({"line": 1, "status": "refused", "errors": [{"field": "uuid", "reason": reason}]});
        assert_eq!(product.import(kind, &[json!({"uuid": "a/b", "name": "x"})]).await, json!({"results": [bad], "next": null}));
        let reason = "must not contain invisible, full-width or decomposed characters";
        let bad = json!({"line": 1, "status": "refused", "errors": [{"field": "uuid", "reason": reason}]});
        assert_eq!(
            product.import(kind, &[json!({"uuid": "A\u{200b}1", "name": "x"})]).await,
            json!({"results": [bad], "next": null})
        );
    }
}

#[tokio::test]
async fn a_vacancy_shows_the_current_name_of_its_department_and_its_head_count_as_text() {
    let stage = Stage::open().await;
    let (product, token) = opened(&stage).await;
    product.imports("departments", &[json!({"name": "运营组", "uuid": DEPARTMENT})]).await;
    let row = json!({"id": "1", "name": "后端工程师", "department_uuid": DEPARTMENT, "status": "open", "head_count": 3, "description": "写代码"});
    product.imports("vacancies", &[row, json!({"id": "2", "name": "无部门"})]).await;
    let mut first = vacancy();
    (first["department_name"], first["head_count"], first["description"]) = ("运营组".into(), "3".into(), "写代码".into());
    let second = json!({
        "uuid": "2", "head_count": "", "status": "", "department_uuid": null, "department_name": "", "job_title_uuid": null,
        "job_title_name": "无部门",
    });
    assert_eq!(product.read(&token, &path("vacancies"), json!({})).await, body(json!([first, second])));
    assert_eq!(product.read(&token, &path("vacancy/1"), json!({})).await, body(first));
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
    let whole = product.read(&token, &path("candidates"), json!({})).await;
    assert_eq!((whole.status, whole.body.as_array().map(Vec::len)), (200, Some(45)), "without pagination the list is whole");
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
    assert_eq!(uuids(&json!({"candidates": whole.body})), walked);
    assert_eq!(pagination["cursor"], Value::Null);
    let forged = list(json!({"cursor": "garbage"})).await;
    assert_eq!(forged, rejection(422, 2002, "pagination.cursor is not a cursor of this list and filter"));
}
