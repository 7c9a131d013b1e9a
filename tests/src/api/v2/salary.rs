//! POST /salary/subject_values (document 003, 薪酬科目上传).

use serde_json::{Value, json};

use crate::support::product::{EMPNO, Product, body, employee, items, opened, rejection};
use crate::support::resource::number;
use crate::support::{Response, Stage};

const PATH: &str = "/api/v2/salary/subject_values";

fn value(empno: &str, subject: &str, month: &str, value: &str) -> Value {
    json!({"empno": empno, "subject_name": subject, "month": month, "value": number(value)})
}

fn done() -> Response {
    body(json!({"code": 0, "text": "ok"}))
}

/// The stored salaries, `(place, value in fen)`, sorted.
async fn stored(stage: &Stage) -> Vec<(String, String)> {
    let mut places = Vec::new();
    for item in items(stage, "#salary#").await {
        let [pk, sk] = ["pk", "sk"].map(|name| item[name]["S"].as_str().expect("a key"));
        let empno = pk.rsplit('#').next().expect("a number");
        let value = opened(stage, &item).await["value"]["N"].as_str().expect("a value").to_owned();
        places.push((format!("{empno} {sk}"), value));
    }
    places.sort();
    places
}

#[tokio::test]
async fn the_last_value_of_an_employee_subject_and_month_counts() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    let mut second = employee();
    (second["uuid"], second["empno"], second["mobile"]) = ("a".repeat(32).into(), "001".into(), Value::Null);
    product.imports("employees", &[employee(), second]).await;
    let uploads = [
        value("001", "绩效工资", "2017-09", "1024.12"),
        value("001", "绩效工资", "2017-09", "7"),
        value("001", "绩效工资", "2017-10", "0"),
        value("001", "扣款", "2017-09", "-0.1"),
        value(EMPNO, "绩效工资", "2017-09", "999999999999.99"),
        value("001", "绩效工资", "2017-09", "1024.10"),
    ];
    for upload in uploads {
        assert_eq!(product.post(PATH, upload.clone()).await, done(), "{upload}");
    }
    let expected = [
        ("001 2017-09#扣款", "-10"),
        ("001 2017-09#绩效工资", "102410"),
        ("001 2017-10#绩效工资", "0"),
        ("NORMAL-1 2017-09#绩效工资", "99999999999999"),
    ];
    assert_eq!(stored(&stage).await, expected.map(|(place, fen)| (place.to_owned(), fen.to_owned())));
}

#[tokio::test]
async fn a_salary_of_an_unknown_employee_is_rejected_and_not_stored() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    let other = Product::join_stage(&stage).await;
    other.imports("employees", &[employee()]).await;
    for empno in ["001", EMPNO] {
        let response = product.post(PATH, value(empno, "绩效工资", "2017-09", "1")).await;
        assert_eq!(response, rejection(404, 1102, "empno does not exist"), "{empno}");
    }
    assert_eq!(stored(&stage).await, []);
}

#[tokio::test]
async fn every_fault_of_a_salary_is_named() {
    let product = Product::with_records().await;
    const VALUE: &str = "value must be from -1000000000000 to 1000000000000";
    const MONTH: &str = "month must be a month, such as 2017-09";
    let cases = [
        (json!({}), "empno is required; subject_name is required; month is required; value is required"),
        (value(EMPNO, "绩效工资", "2017-09", "1024.123"), "value must have at most 2 decimals"),
        (value(EMPNO, "绩效工资", "2017-09", "-1000000000000.01"), VALUE),
        (value(EMPNO, "绩效工资", "2017-09", "1000000000000.01"), VALUE),
        (json!({"empno": EMPNO, "subject_name": "绩效工资", "month": "2017-09", "value": "1元"}), "value must be a number"),
        (value(EMPNO, "绩效工资", "2017-13", "1"), MONTH),
        (value(EMPNO, "绩效工资", "2017-009", "1"), MONTH),
        (value(EMPNO, "绩效工资", "2017-09-01", "1"), MONTH),
        (value(EMPNO, " ", "2017-09", "1"), "subject_name must not be empty"),
        (value(EMPNO, &"字".repeat(65), "2017-09", "1"), "subject_name is too long"),
    ];
    for (payload, text) in cases {
        assert_eq!(product.post(PATH, payload.clone()).await, rejection(422, 2002, text), "{payload}");
    }
    assert_eq!(product.post(PATH, value(EMPNO, &"字".repeat(64), "2017-09", "1000000000000")).await, done());
}
