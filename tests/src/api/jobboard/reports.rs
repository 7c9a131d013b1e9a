//! Reports: what users say is wrong with a job.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::Stage;
use crate::support::board::{Board, User, done, rejection};

async fn report(user: &User, job: u64, reason: &str) -> crate::support::Response {
    user.post("/job/report", &json!({"job_id": job, "reason": reason})).await
}

async fn reports(board: &Board) -> Vec<Value> {
    board.command("list_reports", json!({})).await["reports"].as_array().expect("reports").clone()
}

#[tokio::test]
async fn a_report_is_listed_until_staff_close_it() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let (owner, one, other) = (board.join().await, board.join().await, board.join().await);
    let job = owner.post_job(json!({"positions": "保洁"})).await;
    assert_eq!(report(&one, job, "fee").await, done());
    // The first report of a user stays.
    assert_eq!(report(&one, job, "fake").await, done());
    stage.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(report(&other, job, "illegal").await, done());
    let listed = reports(&board).await;
    let expected = |row: &Value, user: &User, reason: &str, at: &str| {
        json!({
            "report_id": row["report_id"], "job_id": job, "positions": "保洁", "status": 1, "owner_id": owner.id,
            "reason": reason, "user_id": user.id, "at": at,
        })
    };
    assert_eq!(
        listed,
        [
            expected(&listed[0], &other, "illegal", "2024-01-15T18:30:01+08:00"),
            expected(&listed[1], &one, "fee", "2024-01-15T18:30:00+08:00"),
        ]
    );
    let workload = board.command("show_workload", json!({})).await;
    assert_eq!(workload["reports"], json!({"waiting": 2}));

    let close = json!({"job_id": job, "reason": "经核实没有问题", "by": "zhangsan"});
    for _ in 0..2 {
        assert_eq!(board.command("close_reports", close.clone()).await, json!({"job_id": job}));
    }
    assert_eq!(reports(&board).await, [Value::Null; 0]);
    assert_eq!(owner.job(job).await["positions"], "保洁", "the job stays");
    let recorded = board.command("audit", json!({"object": format!("jobboard/job/{job}")})).await;
    assert_eq!(recorded["records"].as_array().unwrap().len(), 1);
    assert_eq!(recorded["records"][0]["reason"], "经核实没有问题");
    // It can be reported again.
    assert_eq!(report(&one, job, "other").await, done());
    board.command("take_down_job", json!({"job_id": job, "reason": "虚假招聘", "by": "zhangsan"})).await;
    assert_eq!(reports(&board).await, [Value::Null; 0]);
}

#[tokio::test]
async fn a_ban_closes_the_reports_on_the_jobs_of_the_user() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let (owner, other, user) = (board.join().await, board.join().await, board.join().await);
    for owner in [&owner, &other] {
        assert_eq!(report(&user, owner.post_job(json!({})).await, "fake").await, done());
    }
    let ban = json!({"user_id": owner.id, "reason": "发布虚假招聘", "by": "zhangsan"});
    assert_eq!(board.command("ban_user", ban).await["jobs_down"], 1);
    let left = reports(&board).await;
    assert_eq!((left.len(), &left[0]["owner_id"]), (1, &json!(other.id)));
}

#[tokio::test]
async fn only_the_open_job_of_another_user_can_be_reported() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let (owner, user) = (board.join().await, board.join().await);
    let (open, closed) = (owner.post_job(json!({})).await, owner.post_job(json!({})).await);
    owner.post("/job/close", &json!({"job_id": closed})).await;
    assert_eq!(report(&owner, open, "fee").await, rejection(400, "job_id: is your own job"));
    for job in [closed, 7] {
        assert_eq!(report(&user, job, "fee").await, rejection(404, "job not found"), "{job}");
    }
    let unknown = "reason: must be one of: fake fee contact illegal other";
    assert_eq!(report(&user, open, "bad").await, rejection(400, unknown));
    assert_eq!(board.post("/job/report", &json!({"job_id": open, "reason": "fee"})).await.status, 401);
    assert_eq!(reports(&board).await, [Value::Null; 0]);
}

#[tokio::test]
async fn an_erased_user_leaves_no_report() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let (owner, other, user) = (board.join().await, board.join().await, board.join().await);
    let (own, foreign) = (user.post_job(json!({})).await, other.post_job(json!({})).await);
    assert_eq!(report(&owner, own, "fee").await, done());
    assert_eq!(report(&user, foreign, "fee").await, done());
    let erase = json!({"objects": [format!("jobboard/user/{}", user.id)], "reason": "本人申请", "by": "zhangsan"});
    let erased = board.command("erase_person", erase).await;
    assert_eq!(erased.get("errorType"), None, "{erased}");
    assert_eq!(reports(&board).await, [Value::Null; 0]);
}
