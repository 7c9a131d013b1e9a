//! Who may consent: an employee who is marked as an administrator and works there (issue 21).

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::Stage;
use crate::support::consent::{App, Browser, CALLBACK, access_token};
use crate::support::product::{EMPNO, MOBILE, Product, body, employee, numbered, rejection, returned};

/// How long a process caches that a token is valid.
const REMEMBERED: SignedDuration = SignedDuration::from_secs(5);

async fn opened(stage: &Stage) -> (Product, App) {
    let product = Product::join_stage(stage).await;
    product.add_records().await;
    let app = product.app().await;
    (product, app)
}

fn with(mut row: Value, field: &str, value: Value) -> Value {
    row[field] = value;
    row
}

/// Every way to lose the right: the row that an import then brings.
fn without_the_right() -> [Value; 4] {
    let [waiting, left] = ["waiting", "dimission"].map(|status| with(employee(), "status", status.into()));
    [with(employee(), "administrator", false.into()), waiting, left, with(employee(), "mobile", "13900000001".into())]
}

#[tokio::test]
async fn only_an_administrator_who_works_there_is_sent_a_code() {
    let stage = Stage::open().await;
    let (product, app) = opened(&stage).await;
    let mut number = 0;
    for status in ["waiting", "probation", "regular", "internship", "dimission"] {
        for administrator in [Value::Null, false.into(), true.into()] {
            number += 1;
            let mut row = with(numbered(number), "status", status.into());
            if !administrator.is_null() {
                row["administrator"] = administrator.clone();
            }
            let mobile = row["mobile"].as_str().expect("a phone").to_owned();
            product.imports("employees", &[row]).await;
            assert_eq!(Browser::new(&app).request_code(&mobile, "").await.status, 200);
            let may = administrator == true && matches!(status, "probation" | "regular" | "internship");
            assert_eq!(stage.address.messages(&mobile).await.len(), usize::from(may), "{status}, {administrator}");
        }
    }
}

#[tokio::test]
async fn a_code_is_spent_once_its_employee_may_no_longer_consent() {
    for (row, number) in without_the_right().into_iter().take(3).zip(0..) {
        let stage = Stage::open().await;
        let (product, app) = opened(&stage).await;
        let mut browser = Browser::new(&app);
        let page = browser.request_code(MOBILE, "").await;
        let code = stage.address.code(MOBILE).await;
        product.imports("employees", &[row]).await;
        let rejected = browser.consent(&page, &code).await;
        assert_eq!((rejected.status, rejected.message().as_deref()), (422, Some("验证码已失效，请重新获取")), "{number}");
        product.imports("employees", &[employee()]).await;
        assert_eq!(browser.consent(&page, &code).await.called_back(CALLBACK).len(), 1, "{number}");
    }
}

#[tokio::test]
async fn a_token_ends_when_the_employee_may_no_longer_consent() {
    for (row, number) in without_the_right().into_iter().zip(0..) {
        let stage = Stage::open().await;
        let (product, _) = opened(&stage).await;
        let token = access_token(&product, MOBILE).await;
        let read = async || product.read(&token, "/api/v2/departments", json!({})).await;
        assert_eq!(read().await.status, 200);
        product.imports("employees", std::slice::from_ref(&row)).await;
        stage.clock.advance(REMEMBERED);
        if row["mobile"] == MOBILE {
            assert_eq!(read().await, rejection(401, 1105, "access_token is invalid"), "{number}");
        } else {
            assert_eq!(read().await.status, 200, "a new phone ends nothing");
        }
    }
}

#[tokio::test]
async fn an_import_of_a_response_keeps_the_administrator_and_no_response_shows_one() {
    let stage = Stage::open().await;
    let (product, app) = opened(&stage).await;
    let path = format!("/api/v2/employees/{EMPNO}");
    let read = product.get(&path, product.with_token(json!({}))).await;
    assert_eq!(read, body(returned(&employee())));
    assert!(read.body.get("administrator").is_none());
    let mut row = employee();
    row.as_object_mut().expect("a row").remove("administrator");
    for (row, status) in [
        (row.clone(), "unchanged"),
        (with(row.clone(), "administrator", Value::Null), "unchanged"),
        (with(row.clone(), "administrator", false.into()), "updated"),
        (row.clone(), "unchanged"),
        (employee(), "updated"),
        (with(row.clone(), "name", "改名".into()), "updated"),
    ] {
        let response = product.import("employees", std::slice::from_ref(&row)).await;
        assert_eq!(response["results"][0]["status"], status, "{row}");
    }
    Browser::new(&app).request_code(MOBILE, "").await;
    assert_eq!(stage.address.messages(MOBILE).await.len(), 1, "the renamed employee is still an administrator");
    let response = product.import("employees", &[with(row, "administrator", "yes".into())]).await;
    let errors = json!([{"field": "administrator", "reason": "must be a boolean"}]);
    assert_eq!(response["results"], json!([{"line": 1, "status": "refused", "errors": errors}]));
}
