//! `ops-cleanup` erases personal data when its period is over, and nothing before (docs/privacy.md, How the clean-up erases).

use std::collections::BTreeMap;

use image::ImageFormat;
use jiff::SignedDuration;
use ops::cleanup::Cleanup;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use shared::runtime::clock::Clock as _;
use shared::runtime::environment::Environment;

use crate::support::board::{Board, User, done};
use crate::support::picture::picture;
use crate::support::product::{self, EMPLOYEE, EMPNO, MOBILE, Product, employee, numbered, returned};
use crate::support::wire::Failure;
use crate::support::worker::{COMPANY, HANDLER, Platform, Worker, ok, resume};
use crate::support::{Stage, fetch};

const RULES: [&str; 6] = ["visits", "dismissed", "pictures", "resumes", "closed_users", "closed_workers"];
const SECOND: SignedDuration = SignedDuration::from_secs(1);

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

/// What a run did by each rule, done and failed; its metrics must say the same.
async fn clean(stage: &Stage) -> [(u64, u64); 6] {
    stage.take_lines();
    let run = stage.address.invoke("ops-cleanup", &json!({})).await.body;
    let lines: Vec<Value> = stage.take_lines().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let metrics = lines.iter().find(|line| line["function"] == "ops-cleanup").unwrap_or_else(|| panic!("{lines:?}"));
    RULES.map(|rule| {
        let of = |what: &str| run[rule][what].as_u64().unwrap_or_else(|| panic!("{run}"));
        for what in ["done", "failed"] {
            assert_eq!(metrics[format!("{rule}_{what}")].as_f64(), Some(of(what) as f64), "{rule}: {metrics}");
        }
        assert_eq!(run[rule]["is_cut_short"], false, "{run}");
        (of("done"), of("failed"))
    })
}

/// The output of a run that erased by one rule alone.
fn only(rule: &str, done: u64) -> [(u64, u64); 6] {
    RULES.map(|name| (if name == rule { done } else { 0 }, 0))
}

/// Nothing is erased a second before the period is over, `count` records are erased then, and none by another run.
async fn erases(stage: &Stage, rule: &str, count: u64, period: SignedDuration, tables: &[&str]) {
    let stored = async || {
        let mut all = BTreeMap::new();
        for table in tables {
            let items = stage.items(table).await.into_iter();
            all.extend(items.map(|item| (format!("{table} {} {}", item["pk"], item["sk"]), item)));
        }
        all
    };
    stage.clock.advance(period - SECOND);
    let before = stored().await;
    assert_eq!(clean(stage).await, only("", 0));
    assert!(stored().await == before, "{rule}: nothing is changed before");
    stage.clock.advance(SECOND);
    assert_eq!(clean(stage).await, only(rule, count));
    let after = stored().await;
    assert!(after != before, "{rule}");
    assert_eq!(clean(stage).await, only("", 0));
    assert!(stored().await == after, "{rule}: a second run changes nothing");
}

/// The stored items of a table, as text.
async fn text_of(stage: &Stage, table: &str) -> String {
    stage.items(table).await.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_visit_is_removed_after_a_year() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.add_records().await;
    let visit = product.with_token(json!({"name": "曹操", "time": "下午"}));
    assert_eq!(product.post(&format!("/api/v2/employees/{EMPLOYEE}/notify"), visit).await.status, 200);
    assert_eq!(product::items(&stage, "#visit").await.len(), 1);
    erases(&stage, "visits", 1, days(365), &["hris"]).await;
    assert_eq!(product::items(&stage, "#visit").await, [Value::Null; 0]);
}

#[tokio::test]
async fn a_run_whose_time_is_up_between_two_visits_is_continued_by_the_next() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.add_records().await;
    for number in 0..20 {
        let visit = product.with_token(json!({"name": format!("访客{number}"), "time": "下午"}));
        assert_eq!(product.post(&format!("/api/v2/employees/{EMPLOYEE}/notify"), visit).await.status, 200);
    }
    stage.clock.advance(days(365));
    let environment = Environment::new(stage.address.variables.clone(), stage.clock.clone());
    // The time is up when the first visit is removed. A few are removed at once.
    let run = Cleanup::connect(&environment).await.unwrap().handle(stage.clock.now(), "a-request").await;
    assert_eq!(run["visits"], json!({"done": 1, "failed": 0, "is_cut_short": true}));
    let left = product::items(&stage, "#visit").await.len();
    assert!((12..20).contains(&left), "{left}");
    assert_eq!(clean(&stage).await, only("visits", left as u64));
    assert_eq!(product::items(&stage, "#visit").await, [Value::Null; 0]);
}

/// A row with every sensitive field.
fn whole() -> Value {
    let mut row = employee();
    let more = json!({
        "phone_number": "028-85550000", "bank_name": "招商银行", "bank_card": "6222021234567890123", "dingtalk_id": "d-1",
        "photo": "https://files.example.com/photo.jpg", "avatar": "https://files.example.com/avatar.jpg", "wework_id": "w-1",
    });
    row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    row
}

const SENSITIVE: [&str; 14] = [
    "id_number",
    "bank_card",
    "bank_name",
    "address",
    "marriage",
    "birthday",
    "photo",
    "avatar",
    "phone_number",
    "mobile",
    "email",
    "exmail",
    "dingtalk_id",
    "wework_id",
];

/// The row that is left of one.
fn without_sensitive(mut row: Value) -> Value {
    row.as_object_mut().unwrap().retain(|field, _| !SENSITIVE.contains(&field.as_str()));
    row
}

async fn show(product: &Product, id: &str) -> crate::support::Response {
    product.get(&format!("/api/v2/employees/{id}"), product.with_token(json!({}))).await
}

#[tokio::test]
async fn the_sensitive_fields_of_an_employee_are_erased_two_years_after_leaving() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    product.add_records().await;
    let (mut dated, stays) = (whole(), numbered(2));
    (dated["status"], dated["leave_date"]) = ("dimission".into(), "2024-01-20".into());
    let mut undated = numbered(1);
    (undated["status"], undated["bank_card"]) = ("dimission".into(), "6222021234567890999".into());
    product.imports("employees", &[dated.clone(), undated.clone(), stays.clone()]).await;
    // An import that changes nothing does not start the period again.
    stage.clock.advance(days(100));
    let again = product.import("employees", std::slice::from_ref(&undated)).await;
    assert_eq!(again["results"][0]["status"], "unchanged", "{again}");

    erases(&stage, "dismissed", 1, days(630), &["hris"]).await;
    assert_eq!(show(&product, "000001").await, product::body(returned(&without_sensitive(undated.clone()))));
    assert_eq!(show(&product, EMPNO).await, product::body(returned(&dated)));
    // From 2024-01-15T10:30:00Z to the beginning of 2024-01-20 in Shanghai.
    erases(&stage, "dismissed", 1, SignedDuration::from_mins(4 * 24 * 60 + 5 * 60 + 30), &["hris"]).await;
    let left = product::body(returned(&without_sensitive(dated.clone())));
    assert_eq!((show(&product, EMPNO).await, show(&product, EMPLOYEE).await), (left.clone(), left));
    assert_eq!(show(&product, MOBILE).await.status, 404);
    assert_eq!(show(&product, "000002").await, product::body(returned(&stays)));

    let stored = text_of(&stage, "hris").await;
    for field in SENSITIVE.iter().filter_map(|field| dated[*field].as_str()) {
        assert!(!stored.contains(field), "{field} is stored");
    }
    let left = product::items(&stage, "#employee").await.into_iter().filter(|item| item["status"]["S"] == "dimission");
    let left: Vec<Value> =
        left.chain(product::items(&stage, "#empno").await).filter(|item| item["status"]["S"] == "dimission").collect();
    assert_eq!(left.len(), 4);
    for item in &left {
        assert!(["by_phone", "by_id_number", "due"].iter().all(|attribute| item.get(*attribute).is_none()), "{item}");
    }
    assert_eq!(product::items(&stage, "#mobile").await.len(), 1, "that of the employee who works there");

    // A row that brings the fields back is erased again by the next run.
    product.imports("employees", &[dated.clone(), undated.clone()]).await;
    assert_eq!(show(&product, EMPNO).await, product::body(returned(&dated)));
    assert_eq!(clean(&stage).await, only("dismissed", 2));
    assert_eq!(show(&product, "000001").await, product::body(returned(&without_sensitive(undated))));
}

#[tokio::test]
async fn an_employee_who_returns_keeps_all_fields() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    let mut row = numbered(1);
    for status in ["dimission", "regular"] {
        row["status"] = status.into();
        product.imports("employees", std::slice::from_ref(&row)).await;
        stage.clock.advance(days(400));
    }
    stage.clock.advance(days(1000));
    assert_eq!(clean(&stage).await, only("", 0));
    assert_eq!(show(&product, "000001").await, product::body(returned(&row)));
    // The period counts from the second leaving.
    row["status"] = "dimission".into();
    product.imports("employees", std::slice::from_ref(&row)).await;
    erases(&stage, "dismissed", 1, days(730), &["hris"]).await;
}

/// A worker with a résumé whose photos were uploaded here, and the names of the photos.
async fn applied(platform: &Platform, user: &str) -> (Worker, Value, Vec<String>) {
    let (worker, mut sent) = (platform.worker(user).await, resume());
    let mut names = Vec::new();
    for side in ["id_card_front", "id_card_back"] {
        sent[side] = worker.upload("a.png", &picture(ImageFormat::Png)).await.body["data"]["url"].clone();
        names.push(sent[side].as_str().unwrap().rsplit('/').next().unwrap().to_owned());
    }
    let request =
        worker.request(Method::POST, "/employee").json(&sent).header("x-city", "成都").header("x-location", "104.06-30.67");
    assert_eq!(request.send().await.unwrap().status(), 200);
    let em_id = worker.get("/employee").await.body["data"]["em_id"].clone();
    (worker, em_id, names)
}

/// What `GET /employee` shows of an erased résumé.
fn erased(em_id: &Value) -> Value {
    let mut shown = resume();
    for (field, value) in shown.as_object_mut().unwrap() {
        *value = match (field.as_str(), &value) {
            ("company_id" | "ad_user_id" | "work_pos", _) => continue,
            (place, Value::Number(_)) if place.ends_with("_id") => Value::Null,
            (_, Value::Number(_)) => 0.into(),
            (_, Value::Array(_)) => json!([]),
            _ => "".into(),
        };
    }
    assert_eq!((&shown["company_id"], &shown["ad_user_id"]), (&json!(COMPANY), &json!(HANDLER)));
    (shown["em_id"], shown["company"]) = (em_id.clone(), json!({"id": COMPANY, "company_name": "彩程"}));
    shown
}

#[tokio::test]
async fn the_resume_of_an_application_that_ended_is_erased_after_two_years() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    let (_, rejected, photos) = applied(&platform, "rejected").await;
    let (resubmitting, resubmitted, _) = applied(&platform, "resubmitted").await;
    let (_, open, _) = applied(&platform, "open").await;
    for em_id in [&rejected, &resubmitted] {
        platform.decide("reject_application", em_id, json!({"reason": "照片不清楚"})).await;
    }
    assert_eq!(resubmitting.send_json(Method::POST, &resume()).await.status, 200);
    let show = async |em_id: &Value| platform.command("show_application", json!({"em_id": em_id})).await;
    let before = show(&rejected).await;
    assert_eq!((&before["city"], &before["real_name"]), (&json!("成都"), &json!("张三")));
    erases(&stage, "resumes", 1, days(730), &["signing"]).await;

    let mut expected = before;
    (expected["real_name"], expected["city"], expected["location"]) = ("".into(), Value::Null, Value::Null);
    for (field, shown) in expected["resume"].as_object_mut().unwrap() {
        *shown = match (field.as_str(), &*shown) {
            ("phone" | "id_number", _) | (_, Value::Number(_)) => Value::Null,
            (_, Value::Array(_)) => json!([]),
            (_, Value::Object(_)) => json!({"address": "", "link": null}),
            _ => "".into(),
        };
    }
    let after = show(&rejected).await;
    // The erasure, and the removal of its mark.
    (expected["version"], expected["erased_at"]) = (4.into(), after["erased_at"].clone());
    assert!(after["erased_at"].is_string());
    assert_eq!(after, expected);
    let worker = platform.worker("rejected").await;
    assert_eq!(worker.get("/employee").await, ok(erased(&rejected)));
    for name in &photos {
        assert_eq!(worker.get(&format!("/image/{name}")).await.status, 404);
    }
    // Nor is there an older version.
    let items = stage.items("signing").await;
    let number = rejected.to_string();
    let of_worker = items.iter().find(|item| item["sk"]["S"] == "application" && item["em_id"]["N"] == number.as_str());
    let key = of_worker.unwrap()["pk"]["S"].as_str().unwrap().replace("#worker#", "/");
    for name in &photos {
        assert!(!stage.objects().await.erase(&format!("signing/{key}/{name}")).await.unwrap());
    }
    for em_id in [&resubmitted, &open] {
        assert_eq!(show(em_id).await["real_name"], "张三");
    }
    // A later change of an erased application marks nothing, and the worker may submit again.
    platform.decide("set_verify_status", &rejected, json!({"verify_status": 3})).await;
    assert_eq!(clean(&stage).await, only("", 0));
    assert_eq!(worker.send_json(Method::POST, &resume()).await.status, 200);
    assert_eq!(worker.get("/employee").await, ok(crate::support::worker::returned(&resume(), &rejected)));
    platform.decide("cancel_application", &rejected, json!({})).await;
    erases(&stage, "resumes", 1, days(730), &["signing"]).await;
}

/// Uploads a picture. Returns its address and its key in the bucket.
async fn uploaded(user: &User) -> (String, String) {
    let form = Form::new().part("file", Part::bytes(picture(ImageFormat::Png)).file_name("a.png"));
    let response = fetch(user.request("/img/upload").multipart(form)).await;
    let url = response.body["data"]["url"].as_str().unwrap_or_else(|| panic!("{response:?}")).to_owned();
    let key = url.strip_prefix(&format!("{}/", user.board.address.base_url)).expect("our own address").to_owned();
    (url, key)
}

/// A job with these photos, which an administrator removes by this command.
async fn removed(user: &User, photos: &[&String], command: &str) -> u64 {
    let job = user.post_job(json!({"photo_urls": photos})).await;
    user.board.command(command, json!({"job_id": job, "reason": "虚假信息", "by": "zhangsan"})).await;
    job
}

#[tokio::test]
async fn the_pictures_of_a_removed_job_are_erased_after_thirty_days_unless_the_owner_uses_them() {
    let stage = Stage::open().await;
    let (board, objects) = (Board::of(&stage.address), stage.objects().await);
    let (owner, other) = (board.register("owner", "13900000001").await, board.join().await);
    let (own, shown, avatar, foreign) =
        (uploaded(&owner).await, uploaded(&owner).await, uploaded(&owner).await, uploaded(&other).await);
    // Two versions.
    objects.put(&own.1, picture(ImageFormat::Png), "image/png").await.unwrap();
    let elsewhere = "https://cdn.example.com/1.jpg".to_owned();
    assert_eq!(owner.post("/user/update/info", &json!({"avatar": avatar.0})).await, done());
    let open = owner.post_job(json!({"photo_urls": [shown.0]})).await;
    let closed = owner.post_job(json!({"photo_urls": [own.0]})).await;
    assert_eq!(owner.post("/job/close", &json!({"job_id": closed})).await, done());
    let taken_down = removed(&owner, &[&own.0, &shown.0, &avatar.0, &foreign.0], "take_down_job").await;
    removed(&owner, &[&own.0, &elsewhere], "delete_job").await;
    removed(&owner, &[], "take_down_job").await;

    // After a day the clean-up looks for unused pictures. The one of the other user is in no job of that user.
    stage.clock.advance(days(1));
    let swept = stage.address.invoke("ops-cleanup", &json!({})).await.body;
    assert_eq!(swept["unused"]["done"], 4);
    assert!(!objects.exists(&foreign.1).await.unwrap());
    erases(&stage, "pictures", 2, days(29), &["jobboard"]).await;
    assert!(!objects.erase(&own.1).await.unwrap());
    for (_, key) in [&shown, &avatar] {
        assert!(objects.exists(key).await.unwrap(), "{key}");
    }
    let owner = board.register("owner", "13900000001").await;
    assert_eq!(owner.job(taken_down).await["photo_urls"], json!([]));
    assert_eq!(owner.job(open).await["photo_urls"], json!([shown.0]));
    board.command("take_down_job", json!({"job_id": open, "reason": "虚假信息", "by": "zhangsan"})).await;
    erases(&stage, "pictures", 1, days(30), &["jobboard"]).await;
    assert!(!objects.erase(&shown.1).await.unwrap());
    assert!(objects.erase(&avatar.1).await.unwrap());
}

#[tokio::test]
async fn a_top_of_a_removed_job_is_cleared_with_its_pictures() {
    let stage = Stage::open().await;
    let owner = Board::of(&stage.address).register("owner", "13900000001").await;
    let job = owner.post_job(json!({})).await;
    let order = owner.order("/jobs/top", json!({"job_id": job, "top_hour": 72, "price": 5})).await;
    owner.board.pay(order["order_no"].as_str().unwrap()).await;
    // The sweep of deliveries has changed the order already.
    stage.clock.advance(SignedDuration::from_mins(1));
    assert_eq!(clean(&stage).await, only("", 0));
    owner.board.command("take_down_job", json!({"job_id": job, "reason": "虚假信息", "by": "zhangsan"})).await;
    erases(&stage, "pictures", 1, days(30), &["jobboard"]).await;
    let owner = owner.board.register("owner", "13900000001").await;
    let job = owner.job(job).await;
    assert_eq!(json!([job["is_top"], job["top_start_time"], job["top_end_time"], job["photo_urls"]]), json!([0, "", "", []]));
}

#[tokio::test]
async fn a_run_that_fails_in_between_is_completed_by_the_next() {
    let stage = Stage::open_with(&[("RETAIN_PICTURES_DAYS", "3"), ("RETAIN_DISMISSED_DAYS", "3")]).await;
    let (owner, product) = (Board::of(&stage.address).join().await, Product::join_stage(&stage).await);
    let (first, second) = (uploaded(&owner).await, uploaded(&owner).await);
    removed(&owner, &[&first.0, &second.0], "delete_job").await;
    stage.clock.advance(days(3));
    stage.wire.fail_call("DeleteObjectVersion", 1, Failure::Rejected);
    assert_eq!(clean(&stage).await, [(0, 0), (0, 0), (0, 1), (0, 0), (0, 0), (0, 0)]);
    assert_eq!(stage.clear_faults(), 0);
    let objects = stage.objects().await;
    // The order of two pictures is not defined.
    let left = async || [objects.exists(&first.1).await.unwrap(), objects.exists(&second.1).await.unwrap()];
    assert!(matches!(left().await, [true, false] | [false, true]), "{:?}", left().await);
    assert_eq!(clean(&stage).await, only("pictures", 1));
    assert_eq!(left().await, [false, false]);

    let rows = [1, 2, 3].map(|number| {
        let mut row = numbered(number);
        row["status"] = "dimission".into();
        row
    });
    product.imports("employees", &rows).await;
    stage.clock.advance(days(3));
    stage.wire.fail_call("TransactWriteItems", 1, Failure::Rejected);
    assert_eq!(clean(&stage).await, [(0, 0), (2, 1), (0, 0), (0, 0), (0, 0), (0, 0)]);
    assert_eq!(stage.clear_faults(), 0);
    assert_eq!(clean(&stage).await, only("dismissed", 1));
    for row in rows {
        let shown = show(&product, row["empno"].as_str().unwrap()).await;
        assert_eq!(shown, product::body(returned(&without_sensitive(row))));
    }
}
