//! A record of a form that this version does not know is not misread: whatever reads it fails, and it stays as it is
//! (docs/adr/0013-form-of-records.md).

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::board::{self, Board};
use crate::support::product::{self, EMPLOYEE, Product, numbered};
use crate::support::resource::{PAYMENTS, TASKS};
use crate::support::worker::{self, Platform, resume};
use crate::support::{Response, Stage, problem};

/// Stores the records that `is_of` accepts again with this form. Returns them as they are stored now.
async fn set_form(stage: &Stage, table: &str, form: u32, is_of: impl Fn(&Value) -> bool) -> Vec<Value> {
    let mut items: Vec<Value> = stage.items(table).await.into_iter().filter(|item| is_of(item)).collect();
    assert!(!items.is_empty(), "no such record in {table}");
    for item in &mut items {
        item["form"] = json!({"N": form.to_string()});
    }
    stage.put_all(table, items.clone()).await;
    stage.expire_caches();
    items
}

/// The requests succeed with records of form 1, as without any form, and fail with those of form 2, which stay as they are.
async fn assert_form_is_checked(
    stage: &Stage,
    table: &str,
    is_of: impl Fn(&Value) -> bool,
    failure: Response,
    requests: impl AsyncFn() -> Vec<Response>,
) {
    let before = requests().await;
    assert!(before.iter().all(|response| response.status == 200), "{before:?}");
    let newer = set_form(stage, table, 2, &is_of).await;
    stage.take_lines();
    let rejected = requests().await;
    assert_eq!(rejected, vec![failure; before.len()]);
    // What RollOutAlarm watches.
    let lines = stage.take_lines();
    assert_eq!(lines.iter().filter(|line| line.contains(r#""failed_requests":1.0"#)).count(), before.len(), "{lines:#?}");
    let mut kept: Vec<Value> = stage.items(table).await.into_iter().filter(&is_of).collect();
    kept.retain(|item| !newer.contains(item));
    assert_eq!(kept, Vec::<Value>::new());
    set_form(stage, table, 1, &is_of).await;
    assert_eq!(requests().await, before);
}

#[tokio::test]
async fn the_partner_api_does_not_misread_a_record() {
    let stage = Stage::open().await;
    let partner = PAYMENTS.partner(&stage.address).await;
    let is_task = |item: &Value| item["sk"]["S"] == "task";
    assert_form_is_checked(&stage, "channel", is_task, problem(500, 5001, &[]), async || {
        vec![
            partner.put(&TASKS.example_path(), &TASKS.example()).await,
            // A repeat finds what is stored when its write is rejected.
            partner.post(TASKS.path, &TASKS.example()).await,
            partner.get(&TASKS.example_path()).await,
            partner.get(TASKS.path).await,
        ]
    })
    .await;
}

#[tokio::test]
async fn the_hr_api_does_not_misread_a_record() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.add_records().await;
    let is_employee = |item: &Value| item["pk"]["S"].as_str().is_some_and(|pk| pk.ends_with("#employee"));
    assert_form_is_checked(&stage, "hris", is_employee, product::rejection(500, 9001, "internal error"), async || {
        let one = format!("/api/v2/employees/{EMPLOYEE}");
        let token = product.with_token(json!({}));
        vec![product.get(&one, token.clone()).await, product.get("/api/v2/employees", token).await]
    })
    .await;
}

#[tokio::test]
async fn the_signing_api_does_not_misread_a_record() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    let worker = platform.worker("worker").await;
    assert_eq!(worker.send_json(Method::POST, &resume()).await, worker::ok(Value::Null));
    let is_application = |item: &Value| item["sk"]["S"] == "application";
    let failure = worker::rejection(500, "系统繁忙，请稍后再试");
    assert_form_is_checked(&stage, "signing", is_application, failure, async || vec![worker.get("/employee").await]).await;
}

#[tokio::test]
async fn the_job_board_does_not_misread_a_record() {
    let stage = Stage::open().await;
    let owner = Board::of(&stage.address).join().await;
    let job = owner.post_job(json!({})).await;
    owner.post_job(json!({})).await;
    // One of two: a list with only the other job would be wrong.
    let key = format!("job#{job}");
    let is_job = |item: &Value| item["pk"]["S"] == key;
    let failure = board::rejection(500, "try again later");
    assert_form_is_checked(&stage, "jobboard", is_job, failure, async || {
        vec![
            owner.post("/jobs/update", &json!({"id": job, "positions": "收银员"})).await,
            owner.post("/jobs/info", &json!({"job_id": job})).await,
            owner.post("/jobs/my", &json!({})).await,
        ]
    })
    .await;
}

#[tokio::test]
async fn a_sweep_counts_a_record_of_an_unknown_form_as_failed_and_keeps_it() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.add_records().await;
    let mut left = numbered(7);
    left["status"] = "dimission".into();
    product.imports("employees", &[left]).await;
    let has_left = |item: &Value| item["left_at"].is_object() && item["due"].is_object();
    let newer = set_form(&stage, "hris", 2, has_left).await;
    stage.clock.advance(SignedDuration::from_hours(24 * 365 * 5));
    let run = async || stage.address.invoke("ops-cleanup", &json!({})).await.body["dismissed"].clone();
    assert_eq!(run().await, json!({"done": 0, "failed": 1, "is_cut_short": false}));
    let kept: Vec<Value> = stage.items("hris").await.into_iter().filter(has_left).collect();
    assert_eq!(kept, newer);
    set_form(&stage, "hris", 1, has_left).await;
    assert_eq!(run().await, json!({"done": 1, "failed": 0, "is_cut_short": false}));
}
