//! `Idempotency-Key`: the same request under the same key counts once a day; another request under it is rejected.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::board::{Board, User, done, job, ok, own_rejection, rejection};
use crate::support::{Response, Stage, fetch, world};

/// Posts the document's job under a key.
async fn create(user: &User, key: &str) -> (Response, Option<String>) {
    let request = user.request("/job/create").header("idempotency-key", key).body(job().to_string());
    let response = request.send().await.unwrap();
    let id = response.headers().get("x-resource-id").map(|id| id.to_str().unwrap().to_owned());
    (Response::read(response).await, id)
}

fn other_request() -> Response {
    rejection(409, "Idempotency-Key: was sent with another request")
}

#[tokio::test]
async fn a_job_is_posted_once() {
    let user = Board::of(world()).join().await;
    let first = create(&user, "a").await;
    assert_eq!(first.0, done());
    assert_eq!(create(&user, "a").await, first);
    let at_once = futures::future::join_all((0..16).map(|_| create(&user, "b"))).await;
    assert!(at_once.iter().all(|created| *created == at_once[0]), "{at_once:?}");
    assert_ne!(at_once[0].1, first.1);
    assert_eq!(user.post("/jobs/my", &json!({})).await.body["data"]["total"], 2);
    let mut other = job();
    other["positions"] = "厨师".into();
    assert_eq!(user.post_once("/job/create", "a", &other).await, other_request());
}

#[tokio::test]
async fn a_call_is_charged_once() {
    let board = Board::of(world());
    let (owner, caller) = (board.join().await, board.join().await);
    let job = owner.post_job(json!({})).await;
    let cost = json!({"purpose_id": job, "purpose_user_id": owner.id});
    // A failed request may be retried under the same key.
    let empty = own_rejection(1002, "not enough contact vouchers");
    assert_eq!(caller.post_once("/contact_voucher/cost", "k", &cost).await, empty);
    caller.adjust_vouchers(5).await;
    let calls = (0..16).map(|_| caller.post_once("/contact_voucher/cost", "k", &cost));
    for response in futures::future::join_all(calls).await {
        assert_eq!(response, done());
    }
    assert_eq!(caller.ledger().await, (4, vec![-1, 5], 2));
    assert_eq!(caller.post("/contact_history/out", &json!({})).await.body["data"]["total"], 1);
    let without_owner = json!({"purpose_id": job});
    assert_eq!(caller.post_once("/contact_voucher/cost", "k", &without_owner).await, other_request());
    assert_eq!(caller.post_once("/contact_voucher/cost", "l", &cost).await, done());
    assert_eq!(caller.ledger().await, (3, vec![-1, -1, 5], 3));
}

#[tokio::test]
async fn an_order_is_placed_once_and_a_replay_returns_the_same_response() {
    let board = Board::of(world());
    let user = board.join().await;
    let job = user.post_job(json!({})).await;
    for (path, body) in [
        ("/jobs/top", json!({"job_id": job, "top_hour": 72, "price": 5})),
        ("/jobs/refresh/pay", json!({"job_id": job, "price": 1.99})),
        ("/contact_voucher/buy", json!({"price": 3.99, "contact_voucher_num": 1})),
    ] {
        let placed = futures::future::join_all((0..8).map(|_| user.post_once(path, path, &body))).await;
        assert_eq!(placed[0], ok(placed[0].body["data"].clone()));
        assert!(placed.iter().all(|response| *response == placed[0]), "{path}: {placed:?}");
        assert_eq!(user.post_once(path, path, &body).await, placed[0]);
        let mut other = body.clone();
        other["price"] = 7.into();
        assert_eq!(user.post_once(path, path, &other).await, other_request());
        // Without a key it is another order.
        assert_ne!(user.post(path, &body).await.body["data"]["order_no"], placed[0].body["data"]["order_no"]);
    }
    // The same key for another request.
    let buy = json!({"price": 3.99, "contact_voucher_num": 1});
    assert_eq!(user.post_once("/contact_voucher/buy", "/jobs/top", &buy).await, other_request());
}

#[tokio::test]
async fn a_replay_returns_the_first_response_even_after_the_job_was_closed() {
    let user = Board::of(world()).join().await;
    let job = user.post_job(json!({})).await;
    let body = json!({"job_id": job, "top_hour": 72, "price": 5});
    let placed = user.post_once("/jobs/top", "k", &body).await;
    assert_eq!(user.post("/job/close", &json!({"job_id": job})).await, done());
    assert_eq!(user.post_once("/jobs/top", "k", &body).await, placed);
}

#[tokio::test]
async fn an_order_unknown_to_wechat_is_announced_while_it_can_be_paid() {
    let stage = Stage::open_with(&[("WECHAT_PAY_URL", "http://127.0.0.1:1")]).await;
    let user = Board::of(&stage.address).join().await;
    let buy = json!({"price": 3.99, "contact_voucher_num": 1});
    let broken = rejection(500, "try again later");
    assert_eq!(user.post_once("/contact_voucher/buy", "k", &buy).await, broken);
    stage.clock.advance(SignedDuration::from_secs(30 * 60 - 1));
    assert_eq!(user.post_once("/contact_voucher/buy", "k", &buy).await, broken);
    stage.clock.advance(SignedDuration::from_secs(1));
    let never = rejection(409, "Idempotency-Key: is that of an order which was never announced");
    assert_eq!(user.post_once("/contact_voucher/buy", "k", &buy).await, never);
}

#[tokio::test]
async fn an_idempotency_key_belongs_to_its_user_and_expires_after_a_day() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let (one, other) = (board.join().await, board.join().await);
    let (first, of_other) = (create(&one, "k").await, create(&other, "k").await);
    assert_ne!(first.1, of_other.1);
    stage.clock.advance(SignedDuration::from_secs(24 * 3600 - 1));
    assert_eq!(create(&one, "k").await, first);
    stage.clock.advance(SignedDuration::from_secs(1));
    assert_ne!(create(&one, "k").await.1, first.1);
}

#[tokio::test]
async fn an_idempotency_key_has_bounds_and_an_empty_one_is_ignored() {
    let user = Board::of(world()).join().await;
    let long = "x".repeat(256);
    let rejected = rejection(400, "Idempotency-Key: must be at most 255 visible characters");
    assert_eq!(user.post_once("/job/create", &long, &job()).await, rejected);
    assert_eq!(create(&user, &long[1..]).await.0, done());
    assert_ne!(create(&user, "").await.1, create(&user, "").await.1);
    let unreadable = user.request("/job/create").header("idempotency-key", "键".as_bytes()).body(job().to_string());
    assert_eq!(fetch(unreadable).await, rejected);
    let total: Value = user.post("/jobs/my", &json!({})).await.body["data"]["total"].clone();
    assert_eq!(total, 3);
}
