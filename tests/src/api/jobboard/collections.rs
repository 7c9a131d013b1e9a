//! Collected jobs (document, 收藏, 取消收藏 and 我收藏的).

use serde_json::{Value, json};

use crate::support::board::{Board, User, done, ok, refusal};
use crate::support::world;

async fn collected(user: &User, body: Value) -> (Vec<u64>, u64) {
    let data = user.post("/collect/my", &body).await.body["data"].clone();
    let rows = data["list"].as_array().expect("rows").iter().map(|row| row["job_id"].as_u64().unwrap()).collect();
    (rows, data["total"].as_u64().expect("a total"))
}

#[tokio::test]
async fn collecting_twice_and_cancelling_what_is_not_there_both_succeed() {
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
async fn they_are_listed_by_the_time_of_collection_newest_first_while_they_are_open() {
    let board = Board::of(world());
    let (owner, user) = (board.join().await, board.join().await);
    let mut jobs = Vec::new();
    for _ in 0..4 {
        jobs.push(owner.post_job(json!({})).await);
    }
    for at in [2, 0, 3, 1] {
        assert_eq!(user.post("/job/collect", &json!({"job_id": jobs[at].to_string()})).await, done());
    }
    // Collected again it keeps its place.
    user.post("/job/collect", &json!({"job_id": jobs[2]})).await;
    assert_eq!(collected(&user, json!({"biz_type": 1})).await, (vec![jobs[1], jobs[3], jobs[0], jobs[2]], 4));
    assert_eq!(collected(&user, json!({"page_num": 2, "page_size": 3})).await, (vec![jobs[2]], 4));
    assert_eq!(collected(&user, json!({"biz_type": 2})).await, (vec![], 0));
    owner.post("/job/close", &json!({"job_id": jobs[3]})).await;
    assert_eq!(collected(&user, json!({})).await, (vec![jobs[1], jobs[0], jobs[2]], 3));
    user.post("/job/cancnel_collect", &json!({"job_id": jobs[3]})).await;
    let row = user.post("/collect/my", &json!({"page_size": 1})).await;
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
    assert_eq!(row, ok(json!({"list": [expected], "total": 3})));
}

#[tokio::test]
async fn what_is_not_open_is_not_collected() {
    let board = Board::of(world());
    let (owner, user) = (board.join().await, board.join().await);
    let job = owner.post_job(json!({})).await;
    owner.post("/job/close", &json!({"job_id": job})).await;
    for unknown in [json!(job), json!(7)] {
        assert_eq!(user.post("/job/collect", &json!({"job_id": unknown})).await, refusal(404, "job not found"));
    }
    for (body, detail) in [
        (json!({}), "job_id: is required"),
        (json!({"job_id": 0}), "job_id: must be a whole number from 1 to 9007199254740991"),
        (json!({"job_id": 9_007_199_254_740_992_u64}), "job_id: must be a whole number from 1 to 9007199254740991"),
    ] {
        assert_eq!(user.post("/job/collect", &body).await, refusal(400, detail));
    }
    assert_eq!(collected(&user, json!({})).await, (vec![], 0));
}

#[tokio::test]
async fn one_collects_500_jobs_and_not_one_more() {
    let board = Board::of(world());
    let (owner, user) = (board.join().await, board.join().await);
    let mut jobs = Vec::new();
    for _ in 0..51 {
        jobs.extend(futures::future::join_all((0..10).map(|_| owner.post_job(json!({})))).await);
    }
    for ten in jobs[..500].chunks(10) {
        let bodies: Vec<Value> = ten.iter().map(|job| json!({"job_id": job})).collect();
        let answers = futures::future::join_all(bodies.iter().map(|body| user.post("/job/collect", body))).await;
        assert!(answers.iter().all(|answer| *answer == done()));
    }
    let one_more = json!({"job_id": jobs[500]});
    assert_eq!(user.post("/job/collect", &one_more).await, refusal(409, "job_id: is one too many: 500 jobs are collected"));
    assert_eq!(user.post("/job/collect", &json!({"job_id": jobs[0]})).await, done());
    assert_eq!(collected(&user, json!({"page_num": 50})).await.1, 500);
    user.post("/job/cancnel_collect", &json!({"job_id": jobs[0]})).await;
    assert_eq!(user.post("/job/collect", &one_more).await, done());
}
