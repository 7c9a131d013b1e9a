//! /wechat/user/logout, and the command `end_user_sessions`: both end all tokens of a user.

use futures::future::join_all;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::board::{Board, User, done, ok, rejection};
use crate::support::{Fault, Response, Stage, fetch, world};

const LOGOUT: &str = "/wechat/user/logout";

/// An endpoint of each function that needs a token.
const GUARDED: [&str; 8] = [
    "GET /user/info",
    "POST /jobs/my",
    "POST /collect/my",
    "POST /contact_history/out",
    "POST /contact_voucher/records",
    "POST /order/status",
    "POST /img/upload/presign",
    "POST /wechat/user/logout",
];

pub fn login_required() -> Response {
    rejection(401, "login required")
}

/// Another token of a registered user.
pub async fn log_in(board: &Board, name: &str, user: &User) -> User {
    let body = json!({"login_code": board.code("login", name).await}).to_string();
    let response = board.request(Method::POST, "/wechat/user/login").body(body).send().await.unwrap();
    let token = response.headers()["x-auth-token"].to_str().unwrap().to_owned();
    User { board: board.clone(), token, ..user.clone() }
}

async fn call(user: &User, endpoint: &str) -> Response {
    let (method, path) = endpoint.split_once(' ').unwrap();
    let request = user.board.request(method.parse().unwrap(), path).header("authorization", &user.token).body("{}");
    fetch(request).await
}

/// Every function accepts the token. None is called that ends it.
pub async fn assert_alive(user: &User) {
    for endpoint in GUARDED.into_iter().filter(|endpoint| !endpoint.ends_with(LOGOUT)) {
        assert_ne!(call(user, endpoint).await.status, 401, "{endpoint}");
    }
}

pub async fn assert_ended(user: &User) {
    for endpoint in GUARDED {
        assert_eq!(call(user, endpoint).await, login_required(), "{endpoint}");
    }
}

#[tokio::test]
async fn a_log_out_ends_all_tokens_of_the_user_and_no_others() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let (first, other) = (board.register("leaving", "13900000001").await, board.register("staying", "13900000002").await);
    let second = log_in(&board, "leaving", &first).await;
    let before = first.info().await;
    for user in [&first, &second, &other] {
        assert_alive(user).await;
    }
    assert_eq!(first.post(LOGOUT, &json!({})).await, done());
    // At once in the process that logged out, within five seconds in all.
    for user in [&first, &second] {
        assert_eq!(user.info().await, login_required());
    }
    stage.clock.advance(SignedDuration::from_millis(4999));
    assert_eq!(call(&second, "POST /jobs/my").await.status, 200);
    stage.clock.advance(SignedDuration::from_millis(1));
    for user in [&first, &second] {
        assert_ended(user).await;
    }
    assert_alive(&other).await;

    let again = log_in(&board, "leaving", &first).await;
    assert_eq!(again.info().await, before);
    assert_alive(&again).await;
    // A change of the profile does not bring the ended tokens back.
    assert_eq!(again.post("/user/update/info", &json!({"name": "小周"})).await, done());
    stage.expire_caches();
    assert_ended(&first).await;
    assert_alive(&again).await;
}

#[tokio::test]
async fn a_new_token_is_accepted_by_processes_that_cached_the_user() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let user = board.register("returning", "13900000001").await;
    assert_alive(&user).await;
    user.post(LOGOUT, &json!({})).await;
    // The clock stands still: nothing that was cached has expired.
    assert_alive(&log_in(&board, "returning", &user).await).await;
    // A registration of a known user is a log-in.
    assert_alive(&board.register("returning", "13900000001").await).await;
    assert_ended(&user).await;
}

#[tokio::test]
async fn an_administrator_ends_all_tokens_of_a_user_and_no_others() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let (user, other) = (board.register("lost", "13900000001").await, board.register("kept", "13900000002").await);
    let second = log_in(&board, "lost", &user).await;
    for user in [&user, &second, &other] {
        assert_alive(user).await;
    }
    for _ in 0..2 {
        let ended = board.command("end_user_sessions", json!({"user_id": user.id})).await;
        assert_eq!(ended, json!({"user_id": user.id}));
        stage.expire_caches();
        for user in [&user, &second] {
            assert_ended(user).await;
        }
        assert_alive(&other).await;
    }
    let again = log_in(&board, "lost", &user).await;
    assert_alive(&again).await;
    board.command("end_user_sessions", json!({"user_id": user.id.to_string()})).await;
    stage.expire_caches();
    for user in [&user, &again] {
        assert_ended(user).await;
    }
    assert_alive(&other).await;
}

#[tokio::test]
async fn the_command_names_what_is_wrong() {
    let board = Board::of(world());
    let rejected = |kind: &str, message: &str| json!({"errorType": kind, "errorMessage": message});
    for (event, expected) in [
        (json!({}), rejected("Invalid", "user_id: is required")),
        (json!({"user_id": 0}), rejected("Invalid", "user_id: must be a whole number from 1 to 9007199254740991")),
        (json!({"user_id": 7, "users": 8}), rejected("Invalid", "users: is not known")),
        (json!({"user_id": 7}), rejected("NotFound", "user: not found")),
    ] {
        assert_eq!(board.command("end_user_sessions", event.clone()).await, expected, "{event}");
    }
}

#[tokio::test]
async fn a_log_out_with_an_ended_token_ends_nothing_of_a_later_log_in() {
    let stage = Stage::open().await;
    let (address, _other) = stage.another_process().await;
    let (board, elsewhere) = (Board::of(&stage.address), Board::of(&address));
    let first = board.register("twice", "13900000001").await;
    let first_elsewhere = User { board: elsewhere.clone(), ..first.clone() };
    assert_eq!(first_elsewhere.info().await.status, 200);
    assert_eq!(first.post(LOGOUT, &json!({})).await, done());
    let second = log_in(&board, "twice", &first).await;
    assert_eq!(second.info().await.status, 200);
    // The other process still knows the epoch of the first token.
    assert_eq!(first_elsewhere.post(LOGOUT, &json!({})).await, done());
    for board in [board, elsewhere] {
        assert_eq!(User { board, ..second.clone() }.info().await.status, 200);
    }
    stage.expire_caches();
    assert_alive(&second).await;
    assert_eq!(first_elsewhere.info().await, login_required());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn log_outs_updates_and_log_ins_that_race_leave_no_ended_token_alive() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let user = board.register("racing", "13900000001").await;
    let log_outs = join_all((0..8).map(|_| async { user.post(LOGOUT, &json!({})).await }));
    let updates = join_all((0..8).map(|number| {
        let user = &user;
        async move { user.post("/user/update/info", &json!({"name": format!("名{number}")})).await }
    }));
    let log_ins = join_all((0..8).map(|_| log_in(&board, "racing", &user)));
    let (log_outs, updates, logged_in) = tokio::join!(log_outs, updates, log_ins);
    for response in log_outs.iter().chain(&updates) {
        assert!([done(), login_required()].contains(response), "{response:?}");
    }
    assert!(log_outs.contains(&done()));
    stage.expire_caches();
    assert_ended(&user).await;
    let last = log_in(&board, "racing", &user).await;
    assert_alive(&last).await;
    // All of them log out at once; then a token of any of them is ended.
    assert_eq!(last.post(LOGOUT, &json!({})).await, done());
    stage.expire_caches();
    for user in logged_in.iter().chain([&last]) {
        assert_ended(user).await;
    }
}

#[tokio::test]
async fn a_public_endpoint_treats_an_ended_token_as_none() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let owner = board.join().await;
    let job = owner.post_job(json!({})).await;
    owner.post("/job/close", &json!({"job_id": job})).await;
    assert_eq!(owner.job(job).await["id"], job);
    owner.post(LOGOUT, &json!({})).await;
    stage.expire_caches();
    assert_eq!(owner.post("/jobs/info", &json!({"job_id": job})).await, rejection(404, "job not found"));
    assert_eq!(owner.post("/jobs/list", &json!({})).await.status, 200);
}

#[tokio::test]
async fn a_public_endpoint_fails_if_the_user_cannot_be_looked_up() {
    let stage = Stage::open().await;
    let owner = Board::of(&stage.address).join().await;
    let empty = ok(json!({"jobs": [], "total": 0}));
    stage.inject_into("GetItem", &[Fault::Throttled; 30]);
    // Otherwise an owner would not find an own closed job.
    assert_eq!(owner.post("/jobs/list", &json!({})).await, rejection(500, "try again later"));
    assert_eq!(owner.board.post("/jobs/list", &json!({})).await, empty);
    stage.clear_faults();
    assert_eq!(owner.post("/jobs/list", &json!({})).await, empty);
}

#[tokio::test]
async fn a_user_who_was_stored_without_an_epoch_logs_in_and_out() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let user = board.register("early", "13900000001").await;
    for mut item in stage.items("jobboard").await {
        let key: &Value = &item["pk"]["S"];
        if key.as_str().is_some_and(|key| key.starts_with("user#") || key.starts_with("openid#")) {
            assert!(item.as_object_mut().unwrap().shift_remove("epoch").is_some(), "{item}");
            stage.database("PutItem", &json!({"TableName": "jobboard", "Item": item})).await;
        }
    }
    let again = log_in(&board, "early", &user).await;
    for user in [&user, &again] {
        assert_alive(user).await;
    }
    assert_eq!(again.post(LOGOUT, &json!({})).await, done());
    stage.expire_caches();
    for user in [&user, &again] {
        assert_ended(user).await;
    }
    assert_alive(&log_in(&board, "early", &user).await).await;
}
