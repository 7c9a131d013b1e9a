//! Collected jobs (document, 收藏, 取消收藏 and 我收藏的).

use jiff::SignedDuration;
use local::WITHOUT_LIMITS;
use serde_json::{Value, json};

use crate::support::board::{Board, User, done, ok, rejection};
use crate::support::{Stage, world};

async fn collected(user: &User, body: Value) -> (Vec<u64>, u64) {
    let data = user.post("/collect/my", &body).await.body["data"].clone();
    let rows = data["list"].as_array().expect("rows").iter().map(|row| row["job_id"].as_u64().unwrap()).collect();
    (rows, data["total"].as_u64().expect("a total"))
}

#[tokio::test]
async fn collecting_twice_and_cancelling_an_absent_collection_both_succeed() {
    let board = Board::of(world());
    let (owner, user) = (board.join().await, board.join().await);
    let job = owner.post_job(json!({})).await;
    let named = format!("{{\n    \"job_id\": {job},\n}}");
    for spelling in ["/job/cancnel_collect", "/jobs/cancnel_collect", "/job/cancel_collect", "/jobs/cancel_collect"] {
        for _ in 0..2 {
            assert_eq!(user.post_text(spelling, &named).await, done(), "{spelling}");
        }
        assert_eq!(collected(&user, json!({})).await, (vec![], 0));
        for path in ["/job/collect", "/jobs/collect"] {
            assert_eq!(user.post_text(path, &named).await, done());
        }
        assert_eq!(collected(&user, json!({})).await, (vec![job], 1));
    }
}

#[tokio::test]
async fn open_jobs_are_listed_by_time_of_collection_newest_first() {
    let board = Board::of(world());
    let (owner, user) = (board.join().await, board.join().await);
    let mut jobs = Vec::new();
    for _ in 0..4 {
        jobs.push(owner.post_job(json!({})).await);
    }
    for at in [2, 0, 3, 1] {
        assert_eq!(user.post("/job/collect", &json!({"job_id": jobs[at].to_string()})).await, done());
    }
    // A job that is collected again keeps its place.
    user.post("/job/collect", &json!({"job_id": jobs[2]})).await;
    assert_eq!(collected(&user, json!({"biz_type": 1})).await, (vec![jobs[1], jobs[3], jobs[0], jobs[2]], 4));
    assert_eq!(collected(&user, json!({"page_num": 2, "page_size": 3})).await, (vec![jobs[2]], 4));
    assert_eq!(collected(&user, json!({"biz_type": 2})).await, (vec![], 0));
    owner.post("/job/close", &json!({"job_id": jobs[3]})).await;
    assert_eq!(collected(&user, json!({})).await, (vec![jobs[1], jobs[0], jobs[2]], 3));
    user.post("/job/cancnel_collect", &json!({"job_id": jobs[3]})).await;
    let row = user.post("/collect/my", &json!({"page_size": 1})).await;
    let cursor = row.body["data"]["next_cursor"].clone();
    assert!(cursor.is_string(), "{row:?}");
    let shown = owner.job(jobs[1]).await;
    let keys = [
        "positions",
        "salary_min",
        "salary_max",
        "first_area_des",
        "second_area_des",
        "third_area_des",
        "address",
        "create_at",
        "is_top",
    ];
    let mut expected: serde_json::Map<String, Value> =
        keys.iter().map(|key| ((*key).to_owned(), shown[*key].clone())).collect();
    expected.insert("job_id".into(), jobs[1].into());
    assert_eq!(row, ok(json!({"list": [expected], "total": 3, "next_cursor": cursor})));
}

#[tokio::test]
async fn only_open_jobs_can_be_collected() {
    let board = Board::of(world());
    let (owner, user) = (board.join().await, board.join().await);
    let job = owner.post_job(json!({})).await;
    owner.post("/job/close", &json!({"job_id": job})).await;
    for unknown in [json!(job), json!(7)] {
        assert_eq!(user.post("/job/collect", &json!({"job_id": unknown})).await, rejection(404, "job not found"));
    }
    for (body, detail) in [
        (json!({}), "job_id: is required"),
        (json!({"job_id": 0}), "job_id: must be a whole number from 1 to 9007199254740991"),
        (json!({"job_id": 9_007_199_254_740_992_u64}), "job_id: must be a whole number from 1 to 9007199254740991"),
    ] {
        assert_eq!(user.post("/job/collect", &body).await, rejection(400, detail));
    }
    assert_eq!(collected(&user, json!({})).await, (vec![], 0));
}

#[tokio::test]
async fn a_user_collects_at_most_500_jobs() {
    let stage = Stage::open_with(&WITHOUT_LIMITS).await;
    let board = Board::of(&stage.address);
    let (owner, user) = (board.join().await, board.join().await);
    let mut jobs = Vec::new();
    for _ in 0..51 {
        jobs.extend(futures::future::join_all((0..10).map(|_| owner.post_job(json!({})))).await);
    }
    for ten in jobs[..500].chunks(10) {
        let bodies: Vec<Value> = ten.iter().map(|job| json!({"job_id": job})).collect();
        let responses = futures::future::join_all(bodies.iter().map(|body| user.post("/job/collect", body))).await;
        assert!(responses.iter().all(|response| *response == done()));
    }
    let one_more = json!({"job_id": jobs[500]});
    assert_eq!(user.post("/job/collect", &one_more).await, rejection(409, "job_id: is one too many: 500 jobs are collected"));
    assert_eq!(user.post("/job/collect", &json!({"job_id": jobs[0]})).await, done());
    assert_eq!(collected(&user, json!({"page_num": 50})).await.1, 500);
    user.post("/job/cancnel_collect", &json!({"job_id": jobs[0]})).await;
    assert_eq!(user.post("/job/collect", &one_more).await, done());
}

#[tokio::test]
async fn a_row_shows_tops_and_refreshes_and_a_job_collected_again_comes_first() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let (owner, user) = (board.join().await, board.join().await);
    let (one, other) = (owner.post_job(json!({})).await, owner.post_job(json!({"salary_max": -1})).await);
    for job in [one, other] {
        assert_eq!(user.post("/job/collect", &json!({"job_id": job})).await, done());
        stage.clock.advance(SignedDuration::from_secs(1));
    }
    assert_eq!(collected(&user, json!({})).await, (vec![other, one], 2));
    let order = owner.order("/jobs/top", json!({"job_id": one, "top_hour": 72, "price": 5})).await;
    board.pay(order["order_no"].as_str().unwrap()).await;
    assert_eq!(owner.post("/jobs/refresh", &json!({"job_id": one})).await, done());
    // Neither of them moves it. Cancelling and collecting again does.
    assert_eq!(collected(&user, json!({})).await, (vec![other, one], 2));
    assert_eq!(user.post("/job/cancnel_collect", &json!({"job_id": one})).await, done());
    assert_eq!(user.post("/job/collect", &json!({"job_id": one})).await, done());
    let row = |job: u64, salary_max: i64, is_top: u8| {
        json!({
            "job_id": job, "positions": "服务员", "salary_min": 8000, "salary_max": salary_max, "first_area_des": "北京市",
            "second_area_des": "北京市", "third_area_des": "朝阳区", "address": "北京市朝阳区三里屯太古里北区B1层XX餐厅",
            "create_at": "2024-01-15 18:30:00.000", "is_top": is_top,
        })
    };
    let mut topped = row(one, 20_000, 1);
    topped["last_refresh_time"] = "2024-01-15 18:30:02.000".into();
    let rows = json!([topped, row(other, -1, 0)]);
    assert_eq!(user.post("/collect/my", &json!({})).await, ok(json!({"list": rows, "total": 2, "next_cursor": null})));
    stage.clock.advance(SignedDuration::from_hours(72));
    assert_eq!(user.post("/collect/my", &json!({})).await.body["data"]["list"][0]["is_top"], 0);
}

#[tokio::test]
async fn a_taken_down_or_deleted_job_leaves_the_list_and_can_be_cancelled() {
    let board = Board::of(world());
    let (owner, user) = (board.join().await, board.join().await);
    let mut jobs = Vec::new();
    for _ in 0..3 {
        jobs.push(owner.post_job(json!({})).await);
        assert_eq!(user.post("/job/collect", &json!({"job_id": jobs.last()})).await, done());
    }
    for (command, job, left) in [("take_down_job", jobs[1], vec![jobs[2], jobs[0]]), ("delete_job", jobs[2], vec![jobs[0]])] {
        board.command(command, json!({"job_id": job, "reason": "虚假信息", "by": "zhangsan"})).await;
        let total = left.len() as u64;
        assert_eq!(collected(&user, json!({})).await, (left, total), "{command}");
        assert_eq!(user.post("/job/cancnel_collect", &json!({"job_id": job})).await, done(), "{command}");
        assert_eq!(user.post("/job/collect", &json!({"job_id": job})).await, rejection(404, "job not found"), "{command}");
    }
    assert_eq!(collected(&user, json!({"biz_type": 0, "page_num": 2})).await, (vec![], 1));
    assert_eq!(collected(&user, json!({"biz_type": 3})).await, (vec![], 0));
    for (body, detail) in [
        (json!({"page_size": 51}), "page_size: must be a whole number from 1 to 50"),
        (json!({"page_num": 0}), "page_num: must be a whole number from 1 to 1000000"),
        (json!({"biz_type": 4}), "biz_type: must be a whole number from 0 to 3"),
    ] {
        assert_eq!(user.post("/collect/my", &body).await, rejection(400, detail));
    }
}

#[tokio::test]
async fn concurrent_collecting_and_cancelling_keep_the_count_right() {
    let stage = Stage::open().await;
    let board = Board::of(&stage.address);
    let (owner, user) = (board.join().await, board.join().await);
    let jobs = futures::future::join_all((0..4).map(|_| owner.post_job(json!({})))).await;
    let bodies: Vec<Value> = jobs.iter().map(|job| json!({"job_id": job})).collect();
    for path in ["/job/collect", "/job/cancnel_collect", "/job/collect"] {
        let calls = bodies.iter().flat_map(|body| std::iter::repeat_n(body, 4)).map(|body| user.post(path, body));
        let responses = futures::future::join_all(calls).await;
        assert!(responses.iter().all(|response| *response == done()), "{path}: {responses:?}");
    }
    assert_eq!(collected(&user, json!({})).await.1, 4);
    let items = stage.items("jobboard").await;
    let count = items.iter().find(|item| item["pk"]["S"] == format!("collect#{}", user.id) && item["sk"]["S"] == "count");
    assert_eq!(count.expect("a count")["collected"], json!({"N": "4"}));
}
