//! /weixin/logout, which ends one session, and the command `end_worker_sessions`, which ends all sessions of a worker.

use futures::future::join_all;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::worker::{Platform, Worker, coded, ok, rejection, resume};
use crate::support::{Fault, Response, Stage, fetch, world};

/// An endpoint of each function.
const GUARDED: [&str; 4] = ["/em_status", "/employee", "/companies", "/image/1.png"];

async fn log_out(worker: &Worker) -> Response {
    fetch(worker.request(Method::POST, "/weixin/logout")).await
}

pub async fn assert_alive(worker: &Worker) {
    for path in GUARDED {
        assert_ne!(worker.get(path).await.status, 401, "{path}");
    }
}

pub async fn assert_ended(worker: &Worker) {
    let ended = rejection(401, "请先登录");
    for path in GUARDED {
        let expected = if path.starts_with("/image") { coded(ended.clone()) } else { ended.clone() };
        assert_eq!(worker.get(path).await, expected, "{path}");
    }
    assert_eq!(log_out(worker).await, ended);
}

/// Submits the résumé of a worker. Returns its em_id.
pub async fn applied(worker: &Worker) -> Value {
    assert_eq!(worker.send_json(Method::POST, &resume()).await, ok(Value::Null));
    worker.get("/employee").await.body["data"]["em_id"].clone()
}

#[tokio::test]
async fn a_log_out_ends_its_session_at_once_and_no_other() {
    let platform = Platform::create(world()).await;
    let (here, there) = (platform.worker("leaving").await, platform.worker("leaving").await);
    let other = platform.worker("staying").await;
    for worker in [&here, &there, &other] {
        assert_alive(worker).await;
    }
    assert_eq!(log_out(&here).await, ok(json!({})));
    assert_ended(&here).await;
    for worker in [&there, &other] {
        assert_alive(worker).await;
    }
    assert_alive(&platform.worker("leaving").await).await;
    assert_ended(&here).await;
}

#[tokio::test]
async fn a_session_of_another_platform_is_not_ended() {
    let (platform, elsewhere) = (Platform::create(world()).await, Platform::create(world()).await);
    let worker = platform.worker("worker").await;
    let foreign = Worker { platform: elsewhere, token: worker.token.clone() };
    assert_eq!(log_out(&foreign).await, rejection(401, "请先登录"));
    assert_alive(&worker).await;
}

#[tokio::test]
async fn a_log_out_makes_room_for_another_session() {
    let platform = Platform::create(world()).await;
    let mut sessions = Vec::new();
    for _ in 0..5 {
        sessions.push(platform.worker("five").await);
    }
    for _ in 0..3 {
        assert_eq!(log_out(&sessions.pop().expect("a session")).await, ok(json!({})));
        sessions.push(platform.worker("five").await);
    }
    for session in &sessions {
        assert_alive(session).await;
    }
}

#[tokio::test]
async fn an_administrator_ends_all_sessions_of_a_worker_at_once_and_no_others() {
    let (platform, elsewhere) = (Platform::create(world()).await, Platform::create(world()).await);
    let (here, there) = (platform.worker("lost").await, platform.worker("lost").await);
    let others = [platform.worker("kept").await, elsewhere.worker("lost").await];
    let em_id = applied(&here).await;
    for worker in [&here, &there].into_iter().chain(&others) {
        assert_alive(worker).await;
    }
    for _ in 0..2 {
        let ended = platform.command("end_worker_sessions", json!({"em_id": em_id})).await;
        assert_eq!(ended, json!({"platform_code": platform.code, "em_id": em_id}));
        for worker in [&here, &there] {
            assert_ended(worker).await;
        }
    }
    for worker in &others {
        assert_alive(worker).await;
    }
    let again = platform.worker("lost").await;
    assert_alive(&again).await;
    assert_eq!(again.get("/employee").await.body["data"]["em_id"], em_id);
}

#[tokio::test]
async fn the_command_names_what_is_wrong() {
    let (platform, elsewhere) = (Platform::create(world()).await, Platform::create(world()).await);
    let worker = platform.worker("worker").await;
    let em_id = applied(&worker).await;
    let rejected = |kind: &str, message: &str| json!({"errorType": kind, "errorMessage": message});
    let unknown = rejected("NotFound", "em_id: does not exist");
    for (event, expected) in [
        (json!({}), rejected("Invalid", "em_id: is required")),
        (json!({"em_id": 0}), rejected("Invalid", "em_id: must be a whole number from 1 to 9007199254740991")),
        (json!({"em_id": 7}), unknown.clone()),
    ] {
        assert_eq!(platform.command("end_worker_sessions", event.clone()).await, expected, "{event}");
    }
    assert_eq!(elsewhere.command("end_worker_sessions", json!({"em_id": em_id})).await, unknown);
    assert_alive(&worker).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_session_escapes_when_log_ins_race_with_the_end_of_all() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    let first = platform.worker("racing").await;
    let em_id = applied(&first).await;
    let end = async || platform.command("end_worker_sessions", json!({"em_id": em_id})).await;
    let named = json!({"platform_code": platform.code, "em_id": em_id});
    for _ in 0..3 {
        let log_ins = join_all((0..6).map(|_| platform.worker("racing")));
        let (sessions, ended, again) = tokio::join!(log_ins, end(), end());
        assert_eq!([ended, again], [named.clone(), named.clone()]);
        assert_ended(&first).await;
        assert_eq!(end().await, named);
        for session in sessions {
            assert_ended(&session).await;
        }
    }
    let sessions = stage.items("credentials").await.into_iter().filter(|item| item["sk"]["S"] == "session");
    assert_eq!(sessions.collect::<Vec<_>>(), [Value::Null; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_use_that_extends_the_session_does_not_revive_it() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    for number in 0..4 {
        let worker = platform.worker(&format!("worker-{number}")).await;
        stage.clock.advance(SignedDuration::from_hours(25));
        stage.take_calls();
        // The write that extends the session is throttled once. The SDK makes it again, most often after the log-out.
        stage.inject_into("PutItem", &[Fault::Throttled]);
        let log_out_meanwhile = async {
            while !stage.take_calls().contains(&"PutItem".to_owned()) {
                tokio::task::yield_now().await;
            }
            log_out(&worker).await
        };
        let (used, ended) = tokio::join!(worker.get("/companies"), log_out_meanwhile);
        assert_eq!((used.status, ended), (200, ok(json!({}))));
        assert_ended(&worker).await;
    }
}

#[tokio::test]
async fn a_log_out_ends_a_session_that_its_workers_record_does_not_list() {
    let stage = Stage::open().await;
    let platform = Platform::create(&stage.address).await;
    let worker = platform.worker("restored").await;
    let mut record = stage.items("signing").await.into_iter().find(|item| item["sk"]["S"] == "worker").expect("a worker");
    record["sessions"] = json!({"L": []});
    stage.database("PutItem", &json!({"TableName": "signing", "Item": record})).await;
    assert_alive(&worker).await;
    assert_eq!(log_out(&worker).await, ok(json!({})));
    assert_ended(&worker).await;
}
