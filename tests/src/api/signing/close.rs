//! /weixin/close: a worker closes the account, opens it again by a log-in, or is erased by the clean-up.

use futures::future::join_all;
use image::ImageFormat;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use super::logout::{applied, assert_alive, assert_ended};
use crate::support::audit::records_of;
use crate::support::persons::{assert_absent, assert_present, openid, stored};
use crate::support::picture::picture;
use crate::support::worker::{Platform, Worker, ok, rejection, resume};
use crate::support::{Response, Stage, fetch};

const AT: &str = "2024-01-15T10:30:00Z";
const CLOSE: &str = "POST /weixin/close";
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

/// The audit records of a worker, the newest first.
async fn recorded(platform: &Platform, em_id: &Value) -> Vec<Value> {
    records_of(&platform.address, &format!("signing/worker/{}/{em_id}", platform.code)).await
}

/// The record of a request that closes or opens the account.
fn record_of(platform: &Platform, em_id: &Value, at: &str, action: &str, version: u64) -> Value {
    json!({
        "at": at, "actor": {"kind": "worker", "id": format!("{}/{em_id}", platform.code), "name": ""}, "action": action,
        "object": format!("signing/worker/{}/{em_id}", platform.code), "fields": ["closed_at", "sessions"],
        "before": version - 1, "after": version, "outcome": "done",
    })
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
    assert_eq!(recorded(&platform, &em_id).await, [record_of(&platform, &em_id, AT, CLOSE, 3)]);
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
    let opened = record_of(&platform, &em_id, "2024-02-14T10:29:59Z", "POST /weixin/login", 3);
    let closed = record_of(&platform, &em_id, AT, CLOSE, 2);
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

/// The name under which the simulator of WeChat knows the person.
const WECHAT: &str = "planted-person";
const NAME: &str = "慕容雪见植";
const PHONE: &str = "13761542098";
const ID_NUMBER: &str = "44030119900307663X";
const HOME: &str = "居住路八十八号三单元";

#[tokio::test]
async fn after_30_days_the_clean_up_erases_the_person() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    let (worker, other) = (platform.worker(WECHAT).await, platform.worker("staying").await);
    let mut sent = resume();
    (sent["real_name"], sent["phone"], sent["id_number"]) = (NAME.into(), PHONE.into(), ID_NUMBER.into());
    sent["addr"] = HOME.into();
    sent["id_card_front"] = worker.upload("a.png", &picture(ImageFormat::Png)).await.body["data"]["url"].clone();
    assert_eq!(worker.send_json(Method::POST, &sent).await, ok(Value::Null));
    let em_id = worker.get("/employee").await.body["data"]["em_id"].clone();
    let number = em_id.to_string();
    let is_worker = |item: &Value| item["sk"]["S"] == "worker" && item["em_id"]["N"] == *number;
    let openid = openid(&stage, "SIGNING_SECRET", "signing", is_worker).await;
    let planted = [NAME, PHONE, ID_NUMBER, HOME, &openid];
    let kept = applied(&other).await;
    assert_eq!(close(&worker).await, ok(json!({})));
    let before = stage.items("signing").await;
    stage.clock.advance(PERIOD - SECOND);
    assert_eq!(erased(&stage).await, 0);
    assert_eq!(stage.items("signing").await, before);
    let pictures = async || stage.objects().await.list("signing/").await.unwrap().len();
    assert_eq!(pictures().await, 1);
    assert_present(&stored(&stage).await, &planted);

    stage.clock.advance(SECOND);
    assert_eq!(erased(&stage).await, 1);
    assert_absent(&stored(&stage).await, &planted);
    assert_eq!(pictures().await, 0);
    let of_person = |item: &Value| item["em_id"]["N"] == *number || item["sk"]["S"] == *number;
    assert!(!stage.items("signing").await.iter().any(of_person));
    assert_eq!(erased(&stage).await, 0);
    assert_eq!(platform.command("show_application", json!({"em_id": kept})).await["real_name"], "张三");
    let sweep = json!({
        "at": "2024-02-14T10:30:00Z", "actor": {"kind": "sweep", "id": "ops-cleanup", "name": "ops-cleanup"},
        "action": "ops-cleanup", "object": "persons/erasure/all", "ids": [format!("signing/worker/{}/{em_id}", platform.code)],
        "fields": ["erased"], "reason": "closed account", "outcome": "done",
    });
    assert_eq!(recorded(&platform, &em_id).await, [sweep, record_of(&platform, &em_id, AT, CLOSE, 2)]);

    // A restore brings the worker back; the replay of the erasures removes the worker again.
    for item in before.iter().filter(|item| of_person(item)) {
        stage.database("PutItem", &json!({"TableName": "signing", "Item": item})).await;
    }
    let replayed = stage.address.command(&json!({"command": "replay_erasures", "since": "2024-02-01 00:00"})).await;
    let object = format!("signing/worker/{}/{em_id}", platform.code);
    let again = json!({"object": object, "records": 3, "pictures": 0, "kept": []});
    assert_eq!(replayed, json!({"erased": [again], "next_cursor": null}));
    assert!(!stage.items("signing").await.iter().any(of_person));

    let opened = platform.log_in(&platform.login_code(WECHAT).await).await;
    assert_eq!((opened.status, &opened.body["data"]["em_id"]), (200, &json!(0)), "{opened:?}");
    let again = platform.worker(WECHAT).await;
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
