//! What staff can take back: the removal of a job, and a ban.

use image::ImageFormat;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::board::{Board, data, done, rejection};
use crate::support::picture::picture;
use crate::support::{Stage, fetch, world};

fn rejected(kind: &str, message: &str) -> Value {
    json!({"errorType": kind, "errorMessage": message})
}

/// The list of open jobs, after the view of the process has become too old to be used again.
async fn listed(stage: &Stage) -> Value {
    stage.clock.advance(SignedDuration::from_millis(250));
    data(&Board::of(&stage.address).post("/jobs/list", &json!({})).await)
}

async fn restore(board: &Board, job: u64) -> Value {
    board.command("restore_job", json!({"job_id": job, "by": "zhangsan"})).await
}

#[tokio::test]
async fn a_restored_job_is_in_the_list_exactly_as_before() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let (owner, other) = (board.join().await, board.join().await);
    let mut jobs = Vec::new();
    for _ in 0..3 {
        jobs.push(owner.post_job(json!({})).await);
        stage.clock.advance(SignedDuration::from_mins(1));
    }
    other.post_job(json!({})).await;
    let [old, top, closed] = jobs[..] else { unreachable!() };
    owner.post("/jobs/refresh", &json!({"job_id": old})).await;
    let order = owner.order("/jobs/top", json!({"job_id": top, "top_hour": 72, "price": 5})).await;
    board.pay(order["order_no"].as_str().unwrap()).await;
    owner.post("/job/close", &json!({"job_id": closed})).await;
    let before = listed(&stage).await;
    assert_eq!(before["total"], 3);
    let own = owner.job(closed).await;
    let removal = |job: u64| json!({"job_id": job, "reason": "误判", "by": "zhangsan"});
    for job in [old, top, closed] {
        board.command("take_down_job", removal(job)).await;
    }
    let down = listed(&stage).await;
    assert_eq!((&down["total"], &down["jobs"][0]["user_id"]), (&json!(1), &json!(other.id)));
    let photos = own["photo_urls"].clone();
    for (job, status) in [(old, 1), (top, 1), (closed, 2)] {
        for _ in 0..2 {
            let restored = json!({"job_id": job, "status": status, "photo_urls": photos, "pictures_erased_at": null});
            assert_eq!(restore(&board, job).await, restored);
        }
    }
    assert_eq!(listed(&stage).await, before);
    assert_eq!(owner.job(closed).await, own);
    // The end of the top is still known to the clean-up.
    stage.clock.advance(SignedDuration::from_hours(72));
    assert_eq!(stage.address.invoke("ops-cleanup", &json!({})).await.body["tops"]["done"], 1);

    board.command("take_down_job", removal(old)).await;
    board.command("delete_job", removal(old)).await;
    assert_eq!(restore(&board, old).await, rejected("Conflict", "job_id: is deleted"));
    assert_eq!(restore(&board, 7).await, rejected("NotFound", "job: not found"));
}

#[tokio::test]
async fn the_pictures_of_a_job_that_is_restored_late_are_gone() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let owner = board.join().await;
    let form = reqwest::multipart::Form::new()
        .part("file", reqwest::multipart::Part::bytes(picture(ImageFormat::Png)).file_name("a.png"));
    let uploaded = data(&fetch(owner.request("/img/upload").multipart(form)).await)["url"].clone();
    let job = owner.post_job(json!({"photo_urls": [uploaded]})).await;
    let pictures = board.command("list_pictures", json!({"user_id": owner.id})).await;
    let name = uploaded.as_str().unwrap().rsplit('/').next().unwrap();
    let row = json!({"name": name, "path": format!("/img/{name}"), "uploaded_at": "2024-01-15T18:30:00+08:00"});
    assert_eq!(pictures, json!({"pictures": [row], "next_cursor": null}));
    board.command("take_down_job", json!({"job_id": job, "reason": "误判", "by": "zhangsan"})).await;
    stage.clock.advance(SignedDuration::from_hours(30 * 24));
    assert_eq!(stage.address.invoke("ops-cleanup", &json!({})).await.body["pictures"]["done"], 1);
    let gone = json!({"job_id": job, "status": 1, "photo_urls": [], "pictures_erased_at": "2024-02-14T18:30:00+08:00"});
    assert_eq!(restore(&board, job).await, gone);
    assert_eq!(
        board.command("list_pictures", json!({"user_id": owner.id})).await,
        json!({"pictures": [], "next_cursor": null})
    );
}

#[tokio::test]
async fn a_banned_user_is_logged_out_and_cannot_log_in_until_the_ban_ends() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let user = board.register("banned", "13900000077").await;
    let (open, kept) = (user.post_job(json!({})).await, user.post_job(json!({})).await);
    let closed = user.post_job(json!({})).await;
    user.post("/job/close", &json!({"job_id": closed})).await;
    let before = listed(&stage).await;
    let log_in = async || {
        let code = json!({"login_code": board.code("login", "banned").await});
        board.post("/wechat/user/login", &code).await
    };
    let register = async || {
        let codes = json!({"login_code": board.code("login", "banned").await, "phone_code": "test"});
        board.post("/wechat/user/register", &codes).await
    };
    let ban =
        async |reason: &str| board.command("ban_user", json!({"user_id": user.id, "reason": reason, "by": "zhangsan"})).await;
    let banned = json!({"user_id": user.id, "banned": true, "reason": "虚假招聘", "jobs_down": 2});
    assert_eq!(ban("虚假招聘").await, banned);
    // The first reason stays.
    assert_eq!(ban("另一个原因").await, banned);
    stage.expire_caches();
    assert_eq!(user.info().await, rejection(401, "login required"));
    let refused = rejection(403, "login_code: is of a banned user");
    assert_eq!((log_in().await, register().await), (refused.clone(), refused));
    assert_eq!(listed(&stage).await, json!({"jobs": [], "total": 0}));
    let shown = board.command("show_user", json!({"user_id": user.id})).await;
    assert_eq!(shown["ban"], json!({"reason": "虚假招聘", "by": "zhangsan", "at": "2024-01-15T18:30:00+08:00"}));
    let job = board.command("show_job", json!({"job_id": open})).await;
    assert_eq!(job["removal"], shown["ban"]);
    assert_eq!((&job["removed_with_owner"], &job["removed_from"]), (&json!(true), &json!(1)));
    assert_eq!(restore(&board, open).await, rejected("Conflict", "job_id: is of a banned user"));

    // A job with a reason of its own stays down.
    board.command("take_down_job", json!({"job_id": kept, "reason": "违规图片", "by": "zhangsan"})).await;
    let unban = async |restores: Value| {
        let mut event = json!({"user_id": user.id, "by": "zhangsan"});
        event.as_object_mut().unwrap().extend(restores.as_object().unwrap().clone());
        board.command("unban_user", event).await
    };
    let unbanned = |open_jobs: u64| json!({"user_id": user.id, "banned": false, "open_jobs": open_jobs});
    assert_eq!(unban(json!({})).await, unbanned(0));
    assert_eq!(log_in().await.status, 200);
    assert_eq!(user.info().await, rejection(401, "login required"), "an ended token stays ended");
    assert_eq!(unban(json!({"restore_jobs": true})).await, unbanned(1));
    assert_eq!(unban(json!({"restore_jobs": true})).await, unbanned(1));
    let row = before["jobs"].as_array().unwrap().iter().find(|job| job["id"] == open).unwrap();
    assert_eq!(listed(&stage).await, json!({"jobs": [row], "total": 1}));
    let job = board.command("show_job", json!({"job_id": kept})).await;
    assert_eq!((&job["status"], &job["removal"]["reason"]), (&json!(3), &json!("违规图片")));

    let recorded = board.command("audit", json!({"object": format!("jobboard/user/{}", user.id)})).await;
    let acts: Vec<Value> = recorded["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| json!([record["action"], record["fields"], record["reason"], record["by"]]))
        .collect();
    let expected =
        [json!(["unban_user", ["ban"], null, "zhangsan"]), json!(["ban_user", ["ban", "epoch"], "虚假招聘", "zhangsan"])];
    assert_eq!(acts, expected);
}

#[tokio::test]
async fn a_closed_account_that_is_banned_is_not_opened_by_a_log_in() {
    let board = Board::of(world());
    let name = format!("closed-and-banned-{}", crate::support::board::unique());
    let user = board.register(&name, "13900000078").await;
    assert_eq!(user.post("/user/close", &json!({})).await, done());
    let ban = json!({"user_id": user.id, "reason": "骚扰", "by": "zhangsan"});
    assert_eq!(board.command("ban_user", ban).await["banned"], true);
    let log_in = async || {
        let code = json!({"login_code": board.code("login", &name).await});
        board.post("/wechat/user/login", &code).await
    };
    assert_eq!(log_in().await, rejection(403, "login_code: is of a banned user"));
    let shown = board.command("show_user", json!({"user_id": user.id})).await;
    assert!(shown["closed_at"].is_string() && shown["ban"].is_object(), "{shown}");
    board.command("unban_user", json!({"user_id": user.id, "by": "zhangsan"})).await;
    assert_eq!(log_in().await.status, 200);
    let unknown = json!({"user_id": 7, "reason": "骚扰", "by": "zhangsan"});
    assert_eq!(board.command("ban_user", unknown.clone()).await, rejected("NotFound", "user: not found"));
}

#[tokio::test]
async fn the_unpaid_orders_of_a_banned_user_are_closed_and_a_payment_for_a_job_goes_back() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let user = board.join().await;
    let job = user.post_job(json!({})).await;
    let unpaid = user.order_voucher().await;
    let top = user.order("/jobs/top", json!({"job_id": job, "top_hour": 72, "price": 5.00})).await;
    let top = top["order_no"].as_str().unwrap();
    // WeChat Pay knows of the payment, and its notification is lost.
    board.simulate("pay", &json!({"out_trade_no": top, "notify": false})).await;
    let ban = json!({"user_id": user.id, "reason": "虚假招聘", "by": "zhangsan"});
    for _ in 0..2 {
        assert_eq!(board.command("ban_user", ban.clone()).await["jobs_down"], 1);
    }
    let state = async |order_no: &str| board.command("show_order", json!({"order_no": order_no})).await["status"].clone();
    assert_eq!((state(&unpaid).await, state(top).await), (json!("closed"), json!("refunding")));
    // A payment that was under way goes back as well: the order is closed at WeChat Pay.
    let paid = board.simulate("pay", &json!({"out_trade_no": unpaid})).await;
    assert_ne!(paid.status, 200, "{paid:?}");
}
