//! /weixin/close: a worker closes the account, opens it again by a log-in, or is erased by the clean-up.

use futures::future::join_all;
use image::ImageFormat;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use super::logout::{applied, assert_alive, assert_ended};
use crate::support::persons::assert_absent;
use crate::support::picture::picture;
use crate::support::worker::{Platform, Worker, ok, rejection, resume};
use crate::support::{Response, Stage, fetch};

const PERIOD: SignedDuration = SignedDuration::from_hours(30 * 24);
const SECOND: SignedDuration = SignedDuration::from_secs(1);

async fn close(worker: &Worker) -> Response {
    fetch(worker.request(Method::POST, "/weixin/close")).await
}

/// How many workers a run of the clean-up erases.
async fn erased(stage: &Stage) -> Value {
    let run = stage.address.invoke("ops-cleanup", &json!({})).await.body;
    assert_eq!((&run["closed_workers"]["failed"], &run["closed_users"]["done"]), (&json!(0), &json!(0)), "{run}");
    run["closed_workers"]["done"].clone()
}

/// Action, actor and fields of each audit record of a worker, the newest first.
async fn recorded(platform: &Platform, em_id: &Value) -> Vec<Value> {
    let command = json!({"command": "audit", "object": format!("signing/worker/{}/{em_id}", platform.code)});
    let records = platform.address.command(&command).await["records"].clone();
    let short = |record: &Value| json!([record["action"], record["actor"], record["fields"]]);
    records.as_array().unwrap().iter().map(short).collect()
}

fn record_of(platform: &Platform, em_id: &Value, action: &str) -> Value {
    json!([action, {"kind": "worker", "id": format!("{}/{em_id}", platform.code), "name": ""}, ["closed_at", "sessions"]])
}

#[tokio::test]
async fn a_closed_account_has_no_session() {
    let stage = Stage::open().await;
    let (platform, elsewhere) = (Platform::create(&stage.address).await, Platform::create(&stage.address).await);
    let (here, there) = (platform.worker("leaving").await, platform.worker("leaving").await);
    let others = [platform.worker("staying").await, elsewhere.worker("leaving").await];
    let (em_id, kept) = (applied(&here).await, applied(&others[0]).await);
    for worker in [&here, &there].into_iter().chain(&others) {
        assert_alive(worker).await;
    }
    assert_eq!(close(&here).await, ok(json!({})));
    for worker in [&here, &there] {
        assert_ended(worker).await;
        assert_eq!(close(worker).await, rejection(401, "请先登录"));
    }
    for worker in &others {
        assert_alive(worker).await;
    }
    assert_eq!(recorded(&platform, &em_id).await, [record_of(&platform, &em_id, "POST /weixin/close")]);
    assert_eq!(recorded(&platform, &kept).await, [Value::Null; 0]);
}

#[tokio::test]
async fn a_log_in_within_30_days_opens_the_account() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    let worker = platform.worker("returning").await;
    let em_id = applied(&worker).await;
    let before = worker.get("/employee").await;
    assert_eq!(close(&worker).await, ok(json!({})));
    stage.clock.advance(PERIOD - SECOND);
    assert_eq!(erased(&stage).await, 0);

    let again = platform.worker("returning").await;
    assert_eq!(again.get("/employee").await, before);
    assert_alive(&again).await;
    assert_ended(&worker).await;
    let (opened, closed) =
        (record_of(&platform, &em_id, "POST /weixin/login"), record_of(&platform, &em_id, "POST /weixin/close"));
    assert_eq!(recorded(&platform, &em_id).await, [opened.clone(), closed.clone()]);
    // Another log-in opens nothing, and an open account is never erased.
    platform.worker("returning").await;
    assert_eq!(recorded(&platform, &em_id).await, [opened, closed]);
    stage.clock.advance(PERIOD + PERIOD);
    assert_eq!(erased(&stage).await, 0);

    // The period counts from the last closing.
    let again = platform.worker("returning").await;
    assert_eq!(close(&again).await, ok(json!({})));
    stage.clock.advance(PERIOD - SECOND);
    assert_eq!(erased(&stage).await, 0);
    assert_eq!(platform.worker("returning").await.get("/employee").await, before);
}

const OPENID: &str = "planted-openid-7731";
const PLANTED: [&str; 5] = ["慕容雪见植", "13761542098", "44030119900307663X", "居住路八十八号三单元", OPENID];

#[tokio::test]
async fn after_30_days_the_clean_up_erases_the_person() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    let (worker, other) = (platform.worker(OPENID).await, platform.worker("staying").await);
    let mut sent = resume();
    (sent["real_name"], sent["phone"], sent["id_number"]) = (PLANTED[0].into(), PLANTED[1].into(), PLANTED[2].into());
    sent["addr"] = PLANTED[3].into();
    sent["id_card_front"] = worker.upload("a.png", &picture(ImageFormat::Png)).await.body["data"]["url"].clone();
    assert_eq!(worker.send_json(Method::POST, &sent).await, ok(Value::Null));
    let em_id = worker.get("/employee").await.body["data"]["em_id"].clone();
    let kept = applied(&other).await;
    assert_eq!(close(&worker).await, ok(json!({})));
    let before = stage.items("signing").await;
    stage.clock.advance(PERIOD - SECOND);
    assert_eq!(erased(&stage).await, 0);
    assert_eq!(stage.items("signing").await, before);
    let pictures = async || stage.objects().await.list("signing/").await.unwrap().len();
    assert_eq!(pictures().await, 1);

    stage.clock.advance(SECOND);
    assert_eq!(erased(&stage).await, 1);
    let mut stored = Vec::new();
    for table in ["channel", "credentials", "hris", "jobboard", "signing", "audit"] {
        stored.extend(stage.items(table).await);
    }
    assert_absent(Value::from(stored).to_string().as_bytes(), &PLANTED);
    assert_eq!(pictures().await, 0);
    let number = json!(em_id.to_string());
    let of_person = |item: &Value| [&item["em_id"]["N"], &item["sk"]["S"]].contains(&&number);
    assert!(!stage.items("signing").await.iter().any(of_person));
    assert_eq!(erased(&stage).await, 0);
    assert_eq!(platform.command("show_application", json!({"em_id": kept})).await["real_name"], "张三");
    let sweep = json!(["ops-cleanup", {"kind": "sweep", "id": "ops-cleanup", "name": "ops-cleanup"}, ["erased"]]);
    assert_eq!(recorded(&platform, &em_id).await, [sweep, record_of(&platform, &em_id, "POST /weixin/close")]);

    // A restore brings the worker back; the replay of the erasures removes the worker again.
    for item in before.iter().filter(|item| of_person(item)) {
        stage.database("PutItem", &json!({"TableName": "signing", "Item": item})).await;
    }
    let replayed = stage.address.command(&json!({"command": "replay_erasures", "since": "2024-02-01"})).await;
    assert_eq!(replayed["erased"][0]["object"], format!("signing/worker/{}/{em_id}", platform.code), "{replayed}");
    assert!(!stage.items("signing").await.iter().any(of_person));

    let opened = platform.log_in(&platform.login_code(OPENID).await).await;
    assert_eq!((opened.status, &opened.body["data"]["em_id"]), (200, &json!(0)), "{opened:?}");
    let again = platform.worker(OPENID).await;
    assert_ne!(applied(&again).await, em_id);
}

#[tokio::test]
async fn a_close_also_ends_a_session_that_the_workers_record_does_not_list() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    let worker = platform.worker("restored").await;
    let mut record = stage.items("signing").await.into_iter().find(|item| item["sk"]["S"] == "worker").expect("a worker");
    record["sessions"] = json!({"L": []});
    stage.database("PutItem", &json!({"TableName": "signing", "Item": record})).await;
    assert_eq!(close(&worker).await, ok(json!({})));
    assert_ended(&worker).await;
    stage.clock.advance(PERIOD);
    assert_eq!(erased(&stage).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn closings_and_log_ins_that_race_leave_no_session_alive_that_the_record_does_not_list() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    let sessions = join_all((0..4).map(|_| platform.worker("racing"))).await;
    let em_id = applied(&sessions[0]).await;
    let closings = join_all(sessions.iter().map(close));
    let log_ins = join_all((0..4).map(|_| platform.worker("racing")));
    let (closings, logged_in) = tokio::join!(closings, log_ins);
    assert!(closings.contains(&ok(json!({}))), "{closings:?}");
    let last = platform.worker("racing").await;
    assert_eq!(applied_again(&last).await, em_id);
    assert_eq!(close(&last).await, ok(json!({})));
    for worker in sessions.iter().chain(&logged_in).chain([&last]) {
        assert_ended(worker).await;
    }
    stage.clock.advance(PERIOD);
    assert_eq!(erased(&stage).await, 1);
}

/// The number of the application that the worker has.
async fn applied_again(worker: &Worker) -> Value {
    worker.get("/employee").await.body["data"]["em_id"].clone()
}
