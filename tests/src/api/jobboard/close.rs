//! /user/close: a user closes the account, opens it again by a log-in, or is erased by the clean-up.

use std::collections::BTreeSet;

use futures::future::join_all;
use image::ImageFormat;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::logout::{assert_alive, assert_ended, log_in, login_required};
use crate::support::audit::records_of;
use crate::support::board::{Board, User, data, done, rejection};
use crate::support::persons::{assert_absent, assert_present, openid, stored};
use crate::support::picture::picture;
use crate::support::wire::Failure;
use crate::support::{Response, Stage};

const AT: &str = "2024-01-15T10:30:00Z";
const CLOSE: &str = "/user/close";
const PERIOD: SignedDuration = SignedDuration::from_hours(30 * 24);
const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// How many users a run of the clean-up erases.
async fn erased(stage: &Stage) -> Value {
    let run = stage.address.invoke("ops-cleanup", &json!({})).await.body;
    assert_eq!((&run["closed_users"]["failed"], &run["closed_workers"]["done"]), (&json!(0), &json!(0)), "{run}");
    run["closed_users"]["done"].clone()
}

/// The ids of the jobs that everyone sees.
async fn listed(stage: &Stage, board: &Board) -> BTreeSet<u64> {
    stage.refresh_searches();
    let jobs = data(&board.post("/jobs/list", &json!({})).await)["jobs"].clone();
    jobs.as_array().unwrap().iter().map(|job| job["id"].as_u64().unwrap()).collect()
}

/// The audit records of a user, the newest first.
async fn recorded(user: &User) -> Vec<Value> {
    records_of(&user.board.address, &format!("jobboard/user/{}", user.id)).await
}

/// The record of a request that closes or opens the account.
fn record_of(user: &User, at: &str, action: &str, fields: &[&str], version: u64) -> Value {
    json!({
        "at": at, "actor": {"kind": "user", "id": user.id.to_string(), "name": ""}, "action": action,
        "object": format!("jobboard/user/{}", user.id), "fields": fields, "before": version - 1, "after": version, "outcome": "done",
    })
}

async fn log_in_status(board: &Board, name: &str) -> Response {
    board.post("/wechat/user/login", &json!({"login_code": board.code("login", name).await})).await
}

#[tokio::test]
async fn a_closed_account_has_no_token_and_no_open_job() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let (first, other) = (board.register("leaving", "13900000001").await, board.register("staying", "13900000002").await);
    let second = log_in(&board, "leaving", &first).await;
    let (open, also_open, closed, taken_down) = (
        first.post_job(json!({})).await,
        first.post_job(json!({})).await,
        first.post_job(json!({})).await,
        first.post_job(json!({})).await,
    );
    assert_eq!(first.post("/job/close", &json!({"job_id": closed})).await, done());
    board.command("take_down_job", json!({"job_id": taken_down, "reason": "虚假信息", "by": "zhangsan"})).await;
    let (kept, before) = (other.post_job(json!({})).await, other.info().await);
    let closed_before = first.job(closed).await;
    assert_eq!(listed(&stage, &board).await, BTreeSet::from([open, also_open, kept]));

    stage.clock.advance(SECOND);
    assert_eq!(first.post(CLOSE, &json!({})).await, done());
    // At once in the process that closed it, within five seconds in all.
    for user in [&first, &second] {
        assert_eq!(user.info().await, login_required());
        assert_eq!(user.post(CLOSE, &json!({})).await, login_required());
    }
    stage.expire_caches();
    for user in [&first, &second] {
        assert_ended(user).await;
        assert_eq!(user.post(CLOSE, &json!({})).await, login_required());
    }
    assert_eq!(listed(&stage, &board).await, BTreeSet::from([kept]));
    for job in [open, also_open] {
        assert_eq!(board.post("/jobs/info", &json!({"job_id": job})).await, rejection(404, "job not found"));
    }
    assert_eq!(
        recorded(&first).await,
        [record_of(&first, "2024-01-15T10:30:01Z", "POST /user/close", &["closed_at", "epoch"], 2)]
    );

    assert_alive(&other).await;
    assert_eq!(other.info().await, before);
    assert_eq!(recorded(&other).await, [Value::Null; 0]);
    // A job that was closed before is not changed, and one that was taken down stays so.
    let again = log_in(&board, "leaving", &first).await;
    assert_eq!(again.job(closed).await, closed_before);
    let rejected = again.post("/job/close", &json!({"job_id": taken_down})).await;
    assert_eq!(rejected, rejection(400, "job_id: was taken down"));
}

#[tokio::test]
async fn a_log_in_within_30_days_opens_the_account() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let (user, other) = (board.register("returning", "13900000001").await, board.join().await);
    assert_eq!(user.post("/user/update/info", &json!({"name": "小周", "sex": 1})).await, done());
    user.adjust_vouchers(3).await;
    let (own, foreign) = (user.post_job(json!({})).await, other.post_job(json!({})).await);
    assert_eq!(user.post("/job/collect", &json!({"job_id": foreign})).await, done());
    let information = user.info().await;

    assert_eq!(user.post(CLOSE, &json!({})).await, done());
    stage.clock.advance(PERIOD - SECOND);
    assert_eq!(erased(&stage).await, 0);
    let again = log_in(&board, "returning", &user).await;
    let all_of = async |user: &User| {
        assert_eq!(user.info().await, information);
        assert_eq!(user.ledger().await, (3, vec![3], 1));
        assert_eq!(data(&user.post("/collect/my", &json!({})).await)["total"], 1);
        assert_eq!(user.job(own).await["id"], own);
    };
    all_of(&again).await;
    assert_alive(&again).await;
    assert_ended(&user).await;
    // Its jobs stay closed.
    assert_eq!(listed(&stage, &board).await, BTreeSet::from([foreign]));
    let opened = record_of(&user, "2024-02-14T10:29:59Z", "POST /wechat/user/login", &["closed_at"], 4);
    let closed = |at: &str, version| record_of(&user, at, "POST /user/close", &["closed_at", "epoch"], version);
    let without_vouchers = async || {
        let mut records = recorded(&user).await;
        records.retain(|record| record["action"] != "adjust_vouchers");
        records
    };
    assert_eq!(without_vouchers().await, [opened.clone(), closed(AT, 3)]);

    // An ordinary log-in reads no more than before, and an open account is never erased.
    stage.take_calls();
    log_in(&board, "returning", &user).await;
    assert_eq!(stage.take_calls(), ["UpdateItem", "GetItem"]);
    stage.clock.advance(PERIOD + PERIOD);
    assert_eq!(erased(&stage).await, 0);

    // A registration opens it as well. The period counts from the last closing.
    let again = log_in(&board, "returning", &user).await;
    assert_eq!(again.post(CLOSE, &json!({})).await, done());
    stage.clock.advance(PERIOD - SECOND);
    assert_eq!(erased(&stage).await, 0);
    let again = board.register("returning", "13900000003").await;
    assert_eq!(again.id, user.id);
    all_of(&again).await;
    let registered = record_of(&user, "2024-05-14T10:29:58Z", "POST /wechat/user/register", &["closed_at"], 6);
    assert_eq!(without_vouchers().await, [registered, closed("2024-04-14T10:29:59Z", 5), opened, closed(AT, 3)]);
}

const NAME: &str = "慕容雪见植";
const PHONE: &str = "13761542098";
/// The name under which the simulator of WeChat knows the person.
const WECHAT: &str = "planted-person";
const PLACE: &str = "清河坊植树弄二十号";
const JOB_ADDRESS: &str = "植桂里四合院东厢";
const JOB_DESCRIPTION: &str = "包吃住另有植树补贴";

/// A user with a job, a collected job and a picture.
async fn planted(stage: &Stage, board: &Board) -> User {
    let user = board.register(WECHAT, PHONE).await;
    assert_eq!(user.post("/user/update/info", &json!({"name": NAME})).await, done());
    let place = json!({"address": PLACE, "longitude": 104.06, "latitude": 30.65});
    assert_eq!(user.post("/user/update/geo", &place).await, done());
    let job = json!({"contact": PHONE, "user_name": NAME, "address": JOB_ADDRESS, "description": JOB_DESCRIPTION});
    let job = user.post_job(job).await;
    assert_eq!(user.post("/job/collect", &json!({"job_id": job})).await, done());
    let name = format!("img/{}_{}.png", user.id, stage.clock_nanoseconds());
    stage.objects().await.put(&name, picture(ImageFormat::Png), "image/png").await.unwrap();
    user
}

#[tokio::test]
async fn after_30_days_the_clean_up_erases_the_person() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let (user, other) = (planted(&stage, &board).await, board.join().await);
    let kept = other.post_job(json!({})).await;
    assert_eq!(user.post(CLOSE, &json!({})).await, done());
    let of_user = async || {
        let mut items = stage.items("jobboard").await;
        items.retain(|item| item["sk"]["S"] == "user");
        items
    };
    let before = of_user().await;
    assert_eq!(before.len(), 4, "two users, two openids");
    stage.clock.advance(PERIOD - SECOND);
    assert_eq!(erased(&stage).await, 0);
    assert_eq!(of_user().await, before);
    let openid = openid(&stage, "JOBBOARD_SECRET", "jobboard", |item| item["pk"]["S"] == format!("user#{}", user.id)).await;
    let planted = [NAME, PHONE, &openid, PLACE, JOB_ADDRESS, JOB_DESCRIPTION, &format!("img/{}_", user.id)];
    assert_present(&stored(&stage).await, &planted);

    stage.clock.advance(SECOND);
    assert_eq!(erased(&stage).await, 1);
    assert_absent(&stored(&stage).await, &planted);
    assert_eq!(erased(&stage).await, 0);
    assert_eq!(log_in_status(&board, WECHAT).await, rejection(404, "user not found"));
    let again = board.register(WECHAT, PHONE).await;
    assert_ne!(again.id, user.id);
    assert_eq!(data(&again.post("/jobs/my", &json!({})).await)["total"], 0);
    assert_eq!(data(&again.info().await)["name"], "");
    assert_eq!(listed(&stage, &board).await, BTreeSet::from([kept]));

    let object = format!("jobboard/user/{}", user.id);
    let sweep = json!({
        "at": "2024-02-14T10:30:00Z", "actor": {"kind": "sweep", "id": "ops-cleanup", "name": "ops-cleanup"},
        "action": "ops-cleanup", "object": object, "fields": ["erased"], "outcome": "done",
    });
    let mut order = sweep.clone();
    (order["object"], order["ids"]) = ("persons/erasure/all".into(), json!([object]));
    order["reason"] = "closed account".into();
    // The job, the collection, and the user; first the order.
    let by_user = record_of(&user, AT, "POST /user/close", &["closed_at", "epoch"], 4);
    assert_eq!(recorded(&user).await, [sweep.clone(), sweep.clone(), sweep, order, by_user]);

    // A restore brings the user back; the replay of the erasures removes the user again.
    for item in before.iter().filter(|item| item["pk"]["S"] == format!("user#{}", user.id)) {
        stage.database("PutItem", &json!({"TableName": "jobboard", "Item": item})).await;
    }
    let replayed = stage.address.command(&json!({"command": "replay_erasures", "since": "2024-02-01 00:00"})).await;
    let why = "电子商务法 第三十一条 (3 years), 会计档案管理办法 第十四条 (30 years)";
    let ledger = json!({"what": "orders, refunds, contacts and the voucher ledger, under the number of the user", "why": why});
    let erased = json!({"object": object, "records": 1, "pictures": 0, "kept": [ledger]});
    assert_eq!(replayed, json!({"erased": [erased], "next_cursor": null}));
    assert!(stage.items("jobboard").await.iter().all(|item| item["pk"]["S"] != format!("user#{}", user.id)));
    assert_eq!(again.info().await.status, 200);
}

#[tokio::test]
async fn a_user_who_comes_back_during_the_erasure_is_a_new_user() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let user = board.register(WECHAT, PHONE).await;
    let orders = async || {
        let command = json!({"command": "audit", "object": "persons/erasure/all"});
        stage.address.command(&command).await["records"].as_array().unwrap().len()
    };
    assert_eq!(user.post(CLOSE, &json!({})).await, done());
    stage.clock.advance(PERIOD);
    for (passing, recorded) in [(0, 0), (1, 1)] {
        stage.wire.fail_call("TransactWriteItems", passing, Failure::Rejected);
        let run = stage.address.invoke("ops-cleanup", &json!({})).await.body;
        assert_eq!(run["closed_users"], json!({"done": 0, "failed": 1, "is_cut_short": false}));
        assert_eq!((stage.clear_faults(), orders().await), (0, recorded));
    }
    let again = board.register(WECHAT, PHONE).await;
    assert_ne!(again.id, user.id);
    assert_eq!((erased(&stage).await, orders().await), (json!(1), 1));
    let replay = json!({"command": "replay_erasures", "since": "2024-01-15 00:00"});
    let replayed = stage.address.command(&replay).await;
    let gone = json!({"object": format!("jobboard/user/{}", user.id), "records": 0, "pictures": 0, "kept": []});
    assert_eq!(replayed, json!({"erased": [gone], "next_cursor": null}));
    assert_eq!(log_in(&board, WECHAT, &again).await.id, again.id);
}

#[tokio::test]
async fn a_setting_changes_the_period() {
    let stage = Stage::open_with(&[("RETAIN_CLOSED_DAYS", "3")]).await;
    let board = Board::of(&stage.address);
    let user = board.join().await;
    assert_eq!(user.post(CLOSE, &json!({})).await, done());
    stage.clock.advance(SignedDuration::from_hours(72) - SECOND);
    assert_eq!(erased(&stage).await, 0);
    stage.clock.advance(SECOND);
    assert_eq!(erased(&stage).await, 1);
}

#[tokio::test]
async fn a_close_with_an_ended_token_closes_nothing_of_a_later_log_in() {
    let stage = Stage::open().await;
    let (address, _other) = stage.another_process().await;
    let (board, elsewhere) = (Board::of(&stage.address), Board::of(&address));
    let first = board.register("twice", "13900000001").await;
    let first_elsewhere = User { board: elsewhere, ..first.clone() };
    assert_eq!(first_elsewhere.info().await.status, 200);
    assert_eq!(first.post(CLOSE, &json!({})).await, done());
    let second = log_in(&board, "twice", &first).await;
    let job = second.post_job(json!({})).await;
    // The other process still knows the epoch of the first token.
    assert_eq!(first_elsewhere.post(CLOSE, &json!({})).await, done());
    stage.expire_caches();
    assert_alive(&second).await;
    assert_eq!(listed(&stage, &board).await, BTreeSet::from([job]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn closings_updates_and_log_ins_that_race_leave_one_account() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let user = board.register("racing", "13900000001").await;
    let closings = join_all((0..8).map(|_| async { user.post(CLOSE, &json!({})).await }));
    let updates = join_all((0..8).map(|number| {
        let user = &user;
        async move { user.post("/user/update/info", &json!({"name": format!("名{number}")})).await }
    }));
    let log_ins = join_all((0..8).map(|_| log_in(&board, "racing", &user)));
    let (closings, updates, _) = tokio::join!(closings, updates, log_ins);
    for response in closings.iter().chain(&updates) {
        assert!([done(), login_required()].contains(response), "{response:?}");
    }
    assert!(closings.contains(&done()));
    stage.expire_caches();
    assert_ended(&user).await;
    let last = log_in(&board, "racing", &user).await;
    assert_alive(&last).await;
    assert_eq!(last.post(CLOSE, &json!({})).await, done());
    stage.clock.advance(PERIOD);
    assert_eq!(erased(&stage).await, 1);
    assert_eq!(log_in_status(&board, "racing").await, rejection(404, "user not found"));
}
