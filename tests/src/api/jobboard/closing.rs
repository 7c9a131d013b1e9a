//! Jobs that their owner closed, or that an administrator took down or deleted (jobboard.md, Jobs).

use serde_json::{Value, json};

use crate::support::board::{Board, done, rejection};
use crate::support::world;

#[tokio::test]
async fn a_job_that_is_no_longer_open_cannot_be_reopened() {
    let board = Board::of(world());
    let (owner, seeker) = (board.join().await, board.join().await);
    seeker.adjust_vouchers(1).await;
    let (closed, down, deleted) =
        (owner.post_job(json!({})).await, owner.post_job(json!({})).await, owner.post_job(json!({})).await);
    assert_eq!(owner.post("/job/close", &json!({"job_id": closed})).await, done());
    for (command, job) in [("take_down_job", down), ("delete_job", deleted)] {
        board.command(command, json!({"job_id": job, "reason": "虚假信息", "by": "zhangsan"})).await;
    }
    let (is_closed, was_taken_down) = (rejection(400, "job_id: is closed"), rejection(400, "job_id: was taken down"));
    let missing = rejection(404, "job not found");
    // Its owner may still correct a closed job; it stays closed.
    assert_eq!(owner.post("/jobs/update", &json!({"id": closed, "status": 1, "positions": "收银员"})).await, done());
    let shown = owner.job(closed).await;
    assert_eq!(json!([shown["status"], shown["positions"]]), json!([2, "收银员"]));
    for (job, update, close, refresh) in [
        (closed, done(), done(), is_closed.clone()),
        (down, was_taken_down.clone(), was_taken_down.clone(), was_taken_down),
        (deleted, missing.clone(), missing.clone(), missing.clone()),
    ] {
        let named = json!({"job_id": job});
        assert_eq!(owner.post("/jobs/update", &json!({"id": job, "address": "南京东路1号"})).await, update, "{job}");
        assert_eq!(owner.post("/job/close", &named).await, close, "{job}");
        assert_eq!(owner.post("/jobs/refresh", &named).await, refresh, "{job}");
        let pay = if job == deleted { missing.clone() } else { is_closed.clone() };
        assert_eq!(owner.post("/jobs/top", &json!({"job_id": job, "top_hour": 72, "price": 5})).await, pay, "{job}");
        assert_eq!(owner.post("/jobs/refresh/pay", &json!({"job_id": job, "price": 1.99})).await, pay, "{job}");
        assert_eq!(seeker.post("/jobs/info", &named).await, missing, "{job}");
        assert_eq!(seeker.post("/job/collect", &named).await, missing, "{job}");
        assert_eq!(seeker.call(job).await, missing, "{job}");
    }
    let own = owner.post("/jobs/my", &json!({})).await.body["data"].clone();
    let states: Vec<Value> = own["list"].as_array().unwrap().iter().map(|row| json!([row["job_id"], row["status"]])).collect();
    assert_eq!(json!([own["total"], states]), json!([2, [[down, 3], [closed, 2]]]));
}
