//! What a user may do in a day. The quotas of these tests are small; the default ones are in `template.yaml`.

use image::ImageFormat;
use jiff::SignedDuration;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::support::board::{Board, User, done, job, ok, rejection};
use crate::support::picture::picture;
use crate::support::{Response, Stage, fetch, world};

const FEW: &str = "jobs=3,refreshes=2,unpaid_orders=2,uploads=3,upload_megabytes=30,collections=2,contacts=2,reports=2";

async fn stage() -> Stage {
    Stage::open_with(&[("DAILY_QUOTAS", FEW)]).await
}

async fn post_jobs(owner: &User, count: usize) -> Vec<u64> {
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(owner.post_job(json!({})).await);
    }
    ids
}

/// The rejection that names the quota, and the seconds until midnight in Shanghai.
async fn rejected(user: &User, path: &str, body: &Value) -> (Response, String) {
    let request = || user.request(path).body(body.to_string());
    let response = request().send().await.unwrap();
    let wait = response.headers()["retry-after"].to_str().unwrap().to_owned();
    (Response::read(response).await, wait)
}

fn used_up(reason: &str) -> (Response, String) {
    // The clock of a stage begins at 18:30 in Shanghai.
    (rejection(429, reason), (5 * 3600 + 1800).to_string())
}

#[tokio::test]
async fn a_user_posts_so_many_jobs_a_day_and_others_as_many() {
    let stage = stage().await;
    let board = Board::of(&stage.address);
    let (owner, other) = (board.join().await, board.join().await);
    post_jobs(&owner, 3).await;
    assert_eq!(rejected(&owner, "/job/create", &job()).await, used_up("jobs: at most 3 a day"));
    post_jobs(&other, 3).await;
    stage.clock.advance(SignedDuration::from_secs(5 * 3600 + 1800 - 1));
    assert_eq!(owner.post("/job/create", &job()).await.status, 429);
    stage.clock.advance(SignedDuration::from_secs(1));
    post_jobs(&owner, 3).await;
    assert_eq!(owner.post("/jobs/my", &json!({})).await.body["data"]["total"], 6);
}

#[tokio::test]
async fn no_concurrent_request_escapes_the_count() {
    let stage = stage().await;
    let owner = Board::of(&stage.address).join().await;
    let body = job();
    let all = futures::future::join_all((0..20).map(|_| owner.post("/job/create", &body))).await;
    let posted = all.iter().filter(|response| response.status == 200).count();
    let full = rejection(429, "jobs: at most 3 a day");
    assert_eq!((posted, all.iter().filter(|response| **response == full).count()), (3, 17), "{all:?}");
    assert_eq!(owner.post("/jobs/my", &json!({})).await.body["data"]["total"], 3);
}

#[tokio::test]
async fn what_is_rejected_or_repeated_is_not_counted() {
    let stage = stage().await;
    let owner = Board::of(&stage.address).join().await;
    let mut wrong = job();
    wrong["contact"] = "1".into();
    for _ in 0..5 {
        assert_eq!(owner.post("/job/create", &wrong).await.status, 400);
        assert_eq!(owner.post_once("/job/create", "one", &job()).await.status, 200);
    }
    post_jobs(&owner, 2).await;
    assert_eq!(owner.post("/job/create", &job()).await.status, 429);
    assert_eq!(owner.post_once("/job/create", "one", &job()).await.status, 200, "the answer of the first request");
}

#[tokio::test]
async fn a_user_refreshes_so_many_jobs_a_day() {
    let stage = stage().await;
    let owner = Board::of(&stage.address).join().await;
    let ids = post_jobs(&owner, 3).await;
    for id in &ids[..2] {
        assert_eq!(owner.post("/jobs/refresh", &json!({"job_id": id})).await, done());
    }
    let third = json!({"job_id": ids[2]});
    assert_eq!(rejected(&owner, "/jobs/refresh", &third).await, used_up("refreshes: at most 2 a day"));
    assert!(owner.job(ids[2]).await.get("last_refresh_time").is_none());
    // An order refreshes it nevertheless.
    let order = owner.order("/jobs/refresh/pay", json!({"job_id": ids[2], "price": 1.99})).await;
    owner.board.pay(order["order_no"].as_str().unwrap()).await;
    assert_eq!(owner.job(ids[2]).await["last_refresh_time"], "2024-01-15 18:30:00.000");
}

#[tokio::test]
async fn a_paid_order_makes_room_for_another_one() {
    let stage = stage().await;
    let user = Board::of(&stage.address).join().await;
    let first = user.order_voucher().await;
    user.order_voucher().await;
    let body = json!({"contact_voucher_num": 1, "price": 3.99});
    let full = used_up("unpaid_orders: at most 2 a day");
    assert_eq!(rejected(&user, "/contact_voucher/buy", &body).await, full);
    for _ in 0..3 {
        user.board.pay(&first).await;
    }
    user.order_voucher().await;
    assert_eq!(rejected(&user, "/contact_voucher/buy", &body).await, full, "the payment counts once");
}

#[tokio::test]
async fn an_order_that_is_paid_after_midnight_does_not_count_for_the_next_day() {
    let stage = stage().await;
    let user = Board::of(&stage.address).join().await;
    stage.clock.advance(SignedDuration::from_secs(5 * 3600 + 1800 - 60));
    let late = user.order_voucher().await;
    stage.clock.advance(SignedDuration::from_secs(120));
    user.board.pay(&late).await;
    assert_eq!(user.order_status(&late).await, "paid");
    user.order_voucher().await;
    user.order_voucher().await;
    assert_eq!(user.post("/contact_voucher/buy", &json!({"contact_voucher_num": 1, "price": 3.99})).await.status, 429);
}

#[tokio::test]
async fn a_user_collects_and_contacts_so_many_jobs_a_day() {
    let stage = stage().await;
    let board = Board::of(&stage.address);
    let ids = post_jobs(&board.join().await, 3).await;
    let user = board.join().await;
    user.adjust_vouchers(5).await;
    for id in [ids[0], ids[1], ids[0]] {
        assert_eq!(user.post("/job/collect", &json!({"job_id": id})).await, done());
    }
    let third = json!({"job_id": ids[2]});
    assert_eq!(rejected(&user, "/job/collect", &third).await, used_up("collections: at most 2 a day"));
    assert_eq!(user.call(ids[0]).await.status, 200);
    assert_eq!(user.call(ids[0]).await.status, 200);
    assert_eq!(user.call(ids[2]).await, rejection(429, "contacts: at most 2 a day"));
    assert_eq!(user.ledger().await.0, 3, "a rejected contact costs nothing");
}

#[tokio::test]
async fn a_user_reports_so_many_jobs_a_day() {
    let stage = stage().await;
    let board = Board::of(&stage.address);
    let ids = post_jobs(&board.join().await, 3).await;
    let user = board.join().await;
    let report = |id: u64| json!({"job_id": id, "reason": "fee"});
    for id in &ids[..2] {
        assert_eq!(user.post("/job/report", &report(*id)).await, done());
    }
    assert_eq!(rejected(&user, "/job/report", &report(ids[2])).await, used_up("reports: at most 2 a day"));
}

#[tokio::test]
async fn a_user_uploads_so_many_pictures_and_bytes_a_day() {
    let stage = stage().await;
    let user = Board::of(&stage.address).join().await;
    let presign = |size: u32| json!({"content_type": "image/png", "size": size});
    assert_eq!(user.post("/img/upload/presign", &presign(20_000_000)).await.status, 200);
    let large = used_up("upload_megabytes: at most 30 MB a day");
    assert_eq!(rejected(&user, "/img/upload/presign", &presign(10_000_001)).await, large);
    assert_eq!(user.post("/img/upload/presign", &presign(1_000_000)).await.status, 200);
    let upload = || {
        let file = Part::bytes(picture(ImageFormat::Png)).file_name("one.png");
        fetch(user.request("/img/upload").multipart(Form::new().part("file", file)))
    };
    let uploaded = upload().await;
    assert_eq!(uploaded, ok(json!({"url": uploaded.body["data"]["url"]})));
    assert_eq!(upload().await, rejection(429, "uploads: at most 3 a day"));
}

/// The attack of one script: a job in every request.
#[tokio::test]
async fn the_thirty_first_job_of_a_day_is_rejected_by_default() {
    let owner = Board::of(world()).join().await;
    let body = job();
    let all = futures::future::join_all((0..60).map(|_| owner.post("/job/create", &body))).await;
    assert_eq!(all.iter().filter(|response| response.status == 200).count(), 30);
}
