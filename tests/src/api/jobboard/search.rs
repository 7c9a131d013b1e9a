//! /jobs/list (document, 招聘信息列表; jobboard.md, Search). Each test has its own stage, because all users share the list.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::Stage;
use crate::support::board::{Board, User, rejection};

/// A stage with one owner.
async fn open() -> (Stage, User) {
    let stage = Stage::open().await;
    let owner = Board::of(&stage.address).join().await;
    (stage, owner)
}

/// The ids of a page, and the total.
async fn list(owner: &User, body: Value) -> (Vec<u64>, u64) {
    let response = owner.board.post("/jobs/list", &body).await;
    let data = &response.body["data"];
    let rows = data["jobs"].as_array().unwrap_or_else(|| panic!("{response:?}"));
    (rows.iter().map(|row| row["id"].as_u64().unwrap()).collect(), data["total"].as_u64().unwrap())
}

async fn filtered(owner: &User, filter: Value) -> Vec<u64> {
    let (found, total) = list(owner, json!({"query_type": 3, "filter": filter, "page_size": 50})).await;
    assert_eq!(total, found.len() as u64);
    found
}

#[tokio::test]
async fn filters_apply_alone_and_combined() {
    let (_stage, owner) = open().await;
    let chef = json!({
        "positions": "川菜厨师长 Chef", "salary_min": 8000, "salary_max": 20_000, "basic_protection": ["社保", "公积金"],
        "salary_benefits": ["节日福利"],
    });
    let cook = json!({"positions": "厨师", "salary_min": 5000, "salary_max": 8000, "basic_protection": ["社保"]});
    let boss = json!({"positions": "店长", "salary_min": 10_000, "salary_max": -1, "attendance_leave": ["月休4天"]});
    let chef = owner.post_job(chef).await;
    let cook = owner.post_job(cook).await;
    let boss = owner.post_job(boss).await;
    let cases = [
        (json!({}), vec![boss, cook, chef]),
        (json!({"positions": "厨师"}), vec![cook, chef]),
        (json!({"positions": "厨师长"}), vec![chef]),
        (json!({"positions": "cHEF"}), vec![chef]),
        (json!({"positions": " "}), vec![boss, cook, chef]),
        (json!({"positions": "服务员"}), vec![]),
        // Adjacent ends count.
        (json!({"salary_min": 8000}), vec![boss, cook, chef]),
        (json!({"salary_min": 8001}), vec![boss, chef]),
        (json!({"salary_max": 8000}), vec![cook, chef]),
        (json!({"salary_max": 7999}), vec![cook]),
        (json!({"salary_min": 20_001}), vec![boss]),
        (json!({"salary_min": 8000, "salary_max": -1}), vec![boss, cook, chef]),
        (json!({"salary_min": 0, "salary_max": 0}), vec![boss, cook, chef]),
        (json!({"salary_min": -1, "salary_max": null}), vec![boss, cook, chef]),
        (json!({"basic_protection": ["社保"]}), vec![cook, chef]),
        (json!({"basic_protection": ["公积金", "社保"]}), vec![chef]),
        (json!({"basic_protection": ["社保", "商业保险"]}), vec![]),
        (json!({"salary_benefits": ["社保"]}), vec![]),
        (json!({"attendance_leave": ["月休4天"], "basic_protection": []}), vec![boss]),
        (
            json!({
                "positions": "厨师长", "salary_min": 8000, "salary_max": 20_000, "basic_protection": ["社保", "公积金"],
                "salary_benefits": ["节日福利"], "attendance_leave": [], "longitude": 116.397128, "latitude": 39.916527,
            }),
            vec![chef],
        ),
    ];
    for (filter, expected) in cases {
        assert_eq!(filtered(&owner, filter.clone()).await, expected, "{filter}");
    }
}

#[tokio::test]
async fn recommended_jobs_are_running_tops_then_the_last_refreshed() {
    let (stage, owner) = open().await;
    let mut jobs = Vec::new();
    for _ in 0..4 {
        jobs.push(owner.post_job(json!({})).await);
        stage.clock.advance(SignedDuration::from_mins(1));
    }
    let recommended = async || list(&owner, json!({})).await.0;
    let top = async |job: u64| {
        let order = owner.order("/jobs/top", json!({"job_id": job, "top_hour": 72, "price": 5})).await;
        owner.board.pay(order["order_no"].as_str().unwrap()).await;
        stage.clock.advance(SignedDuration::from_mins(1));
    };
    let [a, b, c, d] = jobs[..] else { panic!("four jobs") };
    assert_eq!(recommended().await, [d, c, b, a]);
    owner.post("/jobs/refresh", &json!({"job_id": a})).await;
    stage.refresh_searches();
    assert_eq!(recommended().await, [a, d, c, b]);
    top(b).await;
    top(c).await;
    assert_eq!(recommended().await, [c, b, a, d]);
    // An extended top keeps its place.
    top(b).await;
    assert_eq!(recommended().await, [c, b, a, d]);
    stage.clock.advance(SignedDuration::from_hours(72));
    assert_eq!(recommended().await, [b, a, d, c]);
    stage.clock.advance(SignedDuration::from_hours(72));
    assert_eq!(recommended().await, [a, d, c, b]);
    // The latest jobs are those that were created last.
    assert_eq!(list(&owner, json!({"query_type": 3})).await.0, [d, c, b, a]);
}

#[tokio::test]
async fn jobs_of_the_same_moment_are_ordered_by_id() {
    let (_stage, owner) = open().await;
    let mut jobs = Vec::new();
    for _ in 0..5 {
        jobs.insert(0, owner.post_job(json!({})).await);
    }
    for body in [json!({"query_type": 1}), json!({"query_type": 3}), json!({"query_type": 2, "longitude": 1, "latitude": 1})] {
        assert_eq!(list(&owner, body.clone()).await, (jobs.clone(), 5), "{body}");
    }
}

#[tokio::test]
async fn the_nearest_jobs_come_first_with_their_distance() {
    let (_stage, owner) = open().await;
    let at = async |longitude: f64, latitude: f64| owner.post_job(json!({"longitude": longitude, "latitude": latitude})).await;
    let (shanghai, beijing, here) =
        (at(121.473701, 31.230416).await, at(116.4074, 39.9042).await, at(116.397128, 39.916527).await);
    let body = json!({"query_type": 2, "filter": {"longitude": 116.397128, "latitude": 39.916527}});
    let response = owner.board.post("/jobs/list", &body).await;
    let rows = response.body["data"]["jobs"].as_array().unwrap();
    let ids: Vec<u64> = rows.iter().map(|row| row["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, [here, beijing, shanghai]);
    // Calculated independently, along the great circle of a sphere of 6,371 km.
    let distances: Vec<u64> = rows.iter().map(|row| row["distance_m"].as_u64().unwrap()).collect();
    assert_eq!(distances, [0, 1627, 1_068_927]);
    let outside = json!({"query_type": 2, "longitude": 121.4, "latitude": 31.2});
    assert_eq!(list(&owner, outside).await.0, [shanghai, beijing, here]);
    let missing = owner.board.post("/jobs/list", &json!({"query_type": 2})).await;
    assert_eq!(missing, rejection(400, "filter.longitude: is required; filter.latitude: is required"));
    let half = owner.board.post("/jobs/list", &json!({"query_type": 2, "filter": {"longitude": 1}})).await;
    assert_eq!(half, rejection(400, "filter.latitude: is required"));
}

#[tokio::test]
async fn every_page_is_returned_with_the_exact_total() {
    let (_stage, owner) = open().await;
    let mut jobs = Vec::new();
    for _ in 0..23 {
        jobs.insert(0, owner.post_job(json!({})).await);
    }
    owner.post("/job/close", &json!({"job_id": jobs.remove(7)})).await;
    for (number, size) in [(1, 10), (2, 10), (3, 10), (4, 10), (5, 5), (22, 1), (1, 50), (1_000_000, 50)] {
        let skip = (number - 1) * size;
        let expected: Vec<u64> = jobs.iter().copied().skip(skip).take(size).collect();
        assert_eq!(list(&owner, json!({"query_type": 3, "page_num": number, "page_size": size})).await, (expected, 22));
    }
    assert_eq!(list(&owner, json!({})).await.0, jobs[..10]);
}

#[tokio::test]
async fn malformed_requests_name_their_fields() {
    let (_stage, owner) = open().await;
    for (body, detail) in [
        (json!({"query_type": 4}), "query_type: must be a whole number from 1 to 3"),
        (json!({"page_size": 51}), "page_size: must be a whole number from 1 to 50"),
        (json!({"page_num": 0}), "page_num: must be a whole number from 1 to 1000000"),
        (json!({"filter": 7}), "filter: must be an object"),
        (json!({"filter": {"positions": "x".repeat(65)}}), "filter.positions: is too long"),
        (json!({"filter": {"salary_min": -2}}), "filter.salary_min: must be a whole number from -1 to 10000000"),
        (
            json!({"filter": {"basic_protection": vec!["x"; 21]}}),
            "filter.basic_protection: must not have more than 20 elements",
        ),
        (json!({"filter": {"longitude": 181}}), "filter.longitude: must be from -180 to 180"),
    ] {
        assert_eq!(owner.board.post("/jobs/list", &body).await, rejection(400, detail), "{body}");
    }
}

#[tokio::test]
async fn distances_follow_the_globe_and_are_returned_only_for_the_nearest() {
    let (_stage, owner) = open().await;
    let at = async |longitude: f64, latitude: f64| owner.post_job(json!({"longitude": longitude, "latitude": latitude})).await;
    let (east, west, pole) = (at(179.9, 0.0).await, at(-179.9, 0.0).await, at(0.0, 90.0).await);
    let (opposite, again) = (at(-0.1, 0.0).await, at(-179.9, 0.0).await);
    let body = json!({"query_type": 2, "longitude": 1, "filter": {"longitude": 179.9}, "latitude": 0});
    let response = owner.board.post("/jobs/list", &body).await;
    let rows = response.body["data"]["jobs"].as_array().unwrap().iter();
    let rows: Vec<Value> = rows.map(|row| json!([row["id"], row["distance_m"]])).collect();
    // A fifth of a degree, a quarter and half of a circle, with a radius of 6,371 km.
    let expected = json!([[east, 0], [again, 22_239], [west, 22_239], [pole, 10_007_543], [opposite, 20_015_087]]);
    assert_eq!(json!(rows), expected);
    for query_type in [1, 3] {
        let response = owner.board.post("/jobs/list", &json!({"query_type": query_type, "longitude": 1, "latitude": 1})).await;
        let rows = response.body["data"]["jobs"].as_array().unwrap();
        assert!(rows.len() == 5 && rows.iter().all(|row| row.get("distance_m").is_none()), "{rows:?}");
    }
}

#[tokio::test]
async fn jobs_that_are_not_open_are_in_no_list_and_no_total() {
    let (stage, owner) = open().await;
    let mut jobs = Vec::new();
    for _ in 0..4 {
        jobs.push(owner.post_job(json!({})).await);
    }
    let [kept, closed, down, deleted] = jobs[..] else { panic!("four jobs") };
    assert_eq!(list(&owner, json!({})).await.1, 4);
    owner.post("/job/close", &json!({"job_id": closed})).await;
    for (command, job) in [("take_down_job", down), ("delete_job", deleted)] {
        owner.board.command(command, json!({"job_id": job, "reason": "虚假信息", "by": "zhangsan"})).await;
    }
    stage.refresh_searches();
    for body in [json!({}), json!({"query_type": 3}), json!({"query_type": 2, "longitude": 1, "latitude": 1})] {
        assert_eq!(list(&owner, body.clone()).await, (vec![kept], 1), "{body}");
        // Not even its owner.
        let own = owner.post("/jobs/list", &body).await;
        assert_eq!(own.body["data"]["total"], 1, "{body}");
    }
}
