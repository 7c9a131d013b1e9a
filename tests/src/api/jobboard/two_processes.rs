//! Two processes share the access token of WeChat: one that is rejected is replaced once, for both.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::board::{Board, ok, rejection};
use crate::support::{Response, Stage, fetch};

/// WeChat accepts two forced requests 30 seconds apart.
const INTERVAL: SignedDuration = SignedDuration::from_secs(30);

async fn simulate(board: &Board, what: &str) -> Value {
    fetch(board.http.get(format!("{}/simulate/{what}", board.address.wechat_url))).await.body
}

/// How many requests to replace the access token WeChat got.
async fn forced(board: &Board) -> u64 {
    simulate(board, "token_requests").await["forced"].as_u64().expect("a number")
}

/// Registers a new user and returns the response with its header `Retry-After`.
async fn register(board: &Board, name: &str) -> (Response, Option<String>) {
    let codes = json!({"login_code": board.code("login", name).await, "phone_code": board.code("phone", "13911112222").await});
    let response = board.request(Method::POST, "/wechat/user/register").body(codes.to_string()).send().await.unwrap();
    let wait = response.headers().get("retry-after").map(|wait| wait.to_str().unwrap().to_owned());
    let (status, body) = (response.status().as_u16(), response.json().await.unwrap());
    (Response { status, body }, wait)
}

#[track_caller]
fn assert_registered((response, wait): &(Response, Option<String>)) {
    let user = response.body["data"]["user_info"]["id"].as_u64().unwrap_or_else(|| panic!("{response:?}"));
    assert_eq!((response, wait), (&ok(json!({"user_info": {"id": user}})), &None));
}

fn busy(seconds: u32) -> (Response, Option<String>) {
    (rejection(429, "WeChat is busy: try again"), Some(seconds.to_string()))
}

#[tokio::test]
async fn one_rejected_access_token_is_replaced_once_for_two_processes() {
    let stage = Stage::open().await;
    let (address, _other) = stage.another_process().await;
    let boards = [Board::of(&stage.address), Board::of(&address)];
    for (at, board) in boards.iter().enumerate() {
        assert_registered(&register(board, &format!("first-{at}")).await);
    }
    simulate(&boards[0], "reject_token").await;
    for round in 0..6 {
        for (at, board) in boards.iter().enumerate() {
            assert_registered(&register(board, &format!("user-{round}-{at}")).await);
        }
    }
    assert_eq!(forced(&boards[0]).await, 1);
}

#[tokio::test]
async fn a_token_that_is_rejected_during_many_registrations_is_replaced_once() {
    let stage = Stage::open().await;
    let (address, _other) = stage.another_process().await;
    let boards = [Board::of(&stage.address), Board::of(&address)];
    for (at, board) in boards.iter().enumerate() {
        assert_registered(&register(board, &format!("first-{at}")).await);
    }
    simulate(&boards[0], "reject_token").await;
    let registrations = (0..24).map(|number| {
        let board = boards[number % 2].clone();
        async move { register(&board, &format!("user-{number}")).await }
    });
    for outcome in futures::future::join_all(registrations).await {
        assert_registered(&outcome);
    }
    // Each process forces at most once in 30 seconds, and WeChat replaces the token for the first of them only.
    assert!((1..=2).contains(&forced(&boards[0]).await));
}

#[tokio::test]
async fn a_token_that_cannot_be_replaced_counts_as_a_busy_wechat_for_30_seconds() {
    let stage = Stage::open().await;
    let (address, _other) = stage.another_process().await;
    let (one, other) = (Board::of(&stage.address), Board::of(&address));
    for (name, board) in [("one", &one), ("other", &other)] {
        assert_registered(&register(board, name).await);
    }
    simulate(&one, "reject_token").await;
    assert_registered(&register(&one, "replaced").await);
    simulate(&one, "reject_token").await;
    // The process has forced a token just now, so it does not force another one.
    assert_eq!(register(&one, "too early").await, busy(30));
    assert_eq!(forced(&one).await, 1);
    // The other process has not, but WeChat does not replace the token so soon.
    assert_eq!(register(&other, "too early").await, busy(30));
    assert_eq!(forced(&one).await, 2);
    stage.clock.advance(SignedDuration::from_millis(10_500));
    for board in [&one, &other] {
        assert_eq!(register(board, "still too early").await, busy(20));
    }
    assert_eq!(forced(&one).await, 2);
    stage.clock.advance(INTERVAL);
    assert_registered(&register(&one, "in time").await);
    assert_registered(&register(&other, "in time too").await);
    assert_eq!(forced(&one).await, 3);
}

#[tokio::test]
async fn wechat_replaces_a_token_twenty_times_a_day() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    assert_registered(&register(&board, "first").await);
    for number in 0..20 {
        stage.clock.advance(INTERVAL);
        simulate(&board, "reject_token").await;
        assert_registered(&register(&board, &format!("user-{number}")).await);
    }
    stage.clock.advance(INTERVAL);
    simulate(&board, "reject_token").await;
    assert_eq!(register(&board, "one too many").await, busy(30));
    assert_eq!(register(&board, "again").await, busy(30));
    assert_eq!(forced(&board).await, 21);
    // The next day begins at midnight in Shanghai.
    stage.clock.advance(SignedDuration::from_hours(6));
    assert_registered(&register(&board, "the next day").await);
}

#[tokio::test]
async fn every_error_of_an_access_token_replaces_it() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    assert_registered(&register(&board, "first").await);
    for (at, errcode) in [40001, 40014, 42001].into_iter().enumerate() {
        stage.clock.advance(INTERVAL);
        let codes = json!({"login_code": board.code("login", &format!("user-{errcode}")).await, "phone_code": "test"});
        simulate(&board, &format!("errcode?next={errcode}&path=getuserphonenumber")).await;
        let response = fetch(board.request(Method::POST, "/wechat/user/register").body(codes.to_string())).await;
        assert_registered(&(response, None));
        assert_eq!(forced(&board).await, at as u64 + 1, "{errcode}");
    }
    // No other error does.
    for (errcode, status) in [(45009, 429), (45011, 429), (-1, 429), (40013, 500)] {
        let codes = json!({"login_code": board.code("login", &format!("user-{errcode}")).await, "phone_code": "test"});
        simulate(&board, &format!("errcode?next={errcode}&path=getuserphonenumber")).await;
        let response = fetch(board.request(Method::POST, "/wechat/user/register").body(codes.to_string())).await;
        assert_eq!(response.status, status, "{errcode}: {response:?}");
    }
    assert_eq!(forced(&board).await, 3);
}
