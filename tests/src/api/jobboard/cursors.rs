//! A user's own lists by cursor (docs/design/jobboard.md, Lists).

use std::collections::BTreeSet;

use jiff::SignedDuration;
use local::WITHOUT_LIMITS;
use serde_json::{Value, json};

use crate::support::board::{Board, User, data, done, ok, rejection};
use crate::support::long::LISTS;
use crate::support::{Response, Stage, world};

const FOREIGN: &str = "cursor: is not a cursor of this list and filter";

/// A merchant and a job seeker, whose five lists have five records each.
async fn five(board: &Board) -> (User, User) {
    let (merchant, seeker) = (board.join().await, board.join().await);
    seeker.adjust_vouchers(5).await;
    for number in 0..5 {
        let job = merchant.post_job(json!({"positions": format!("服务员{number}")})).await;
        assert_eq!(seeker.post("/job/collect", &json!({"job_id": job})).await, done());
        assert_eq!(seeker.call(job).await, done());
    }
    (merchant, seeker)
}

fn reader<'a>(path: &str, merchant: &'a User, seeker: &'a User) -> &'a User {
    if ["/jobs/my", "/contact_history/in"].contains(&path) { merchant } else { seeker }
}

/// The response, and the headers that speak of the next page.
async fn send(user: &User, path: &str, body: &Value) -> (Response, Option<String>, Option<String>) {
    let response = user.request(path).body(body.to_string()).send().await.unwrap();
    let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let (next, exposed) = (header("x-next-cursor"), header("access-control-expose-headers"));
    (Response { status: response.status().as_u16(), body: response.json().await.unwrap() }, next, exposed)
}

#[tokio::test]
async fn a_walk_by_cursor_returns_the_numbered_pages() {
    let board = Board::of(world());
    let (merchant, seeker) = five(&board).await;
    for (path, _, _, total) in LISTS {
        let user = reader(path, &merchant, &seeker);
        let all = data(&user.post(path, &json!({})).await);
        // The ledger begins with the vouchers that were added.
        let records = all["list"].as_array().unwrap().len() as u64;
        assert_eq!(
            (records, &all[total], &all["next_cursor"]),
            (5 + u64::from(total == "list_total"), &json!(records), &Value::Null),
            "{path}"
        );
        let mut cursor = Value::Null;
        for page in 1..=3 {
            let by_number = user.post(path, &json!({"page_num": page, "page_size": 2})).await;
            let (by_cursor, next, exposed) = send(user, path, &json!({"cursor": cursor, "page_size": 2})).await;
            assert_eq!(by_cursor, by_number, "{path} {page}");
            cursor = by_cursor.body["data"]["next_cursor"].clone();
            assert_eq!(next.as_deref(), cursor.as_str(), "{path} {page}");
            assert_eq!(exposed.as_deref(), cursor.as_str().map(|_| "X-Next-Cursor"), "{path} {page}");
        }
        assert_eq!(cursor, Value::Null, "{path}");
        let behind = data(&user.post(path, &json!({"page_num": 4, "page_size": 2})).await);
        assert_eq!(
            (&behind["list"], &behind[total], &behind["next_cursor"]),
            (&json!([]), &json!(records), &Value::Null),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_cursor_may_have_another_page_size_and_an_empty_one_is_absent() {
    let board = Board::of(world());
    let (merchant, seeker) = five(&board).await;
    for (path, ..) in LISTS {
        let user = reader(path, &merchant, &seeker);
        let all = data(&user.post(path, &json!({})).await)["list"].clone();
        let first = data(&user.post(path, &json!({"page_size": 1, "cursor": ""})).await);
        let rest = data(&user.post(path, &json!({"page_size": 50, "cursor": first["next_cursor"]})).await);
        let rows: Vec<&Value> = first["list"].as_array().unwrap().iter().chain(rest["list"].as_array().unwrap()).collect();
        assert_eq!(json!(rows), all, "{path}");
        assert_eq!(rest["next_cursor"], Value::Null, "{path}");
    }
}

#[tokio::test]
async fn a_cursor_of_another_user_list_or_filter_is_rejected_by_its_field() {
    let board = Board::of(world());
    let (merchant, seeker) = five(&board).await;
    let (other_merchant, other_seeker) = five(&board).await;
    for (path, ..) in LISTS {
        let user = reader(path, &merchant, &seeker);
        let cursor = data(&user.post(path, &json!({"page_size": 2})).await)["next_cursor"].clone();
        let body = json!({"page_size": 2, "cursor": cursor});
        assert_eq!(user.post(path, &body).await.status, 200, "{path}");
        let other = reader(path, &other_merchant, &other_seeker);
        assert_eq!(other.post(path, &body).await, rejection(400, FOREIGN), "{path}");
        for (elsewhere, ..) in LISTS.iter().filter(|(elsewhere, ..)| *elsewhere != path) {
            assert_eq!(user.post(elsewhere, &body).await, rejection(400, FOREIGN), "{path} {elsewhere}");
        }
        if path != "/contact_voucher/records" {
            for biz_type in [1, 2, 3] {
                let filtered = json!({"page_size": 2, "cursor": cursor, "biz_type": biz_type});
                assert_eq!(user.post(path, &filtered).await, rejection(400, FOREIGN), "{path} {biz_type}");
            }
            let all = json!({"page_size": 2, "cursor": cursor, "biz_type": 0});
            assert_eq!(user.post(path, &all).await.status, 200, "{path}: 0 is the same as absent");
        }
    }
}

#[tokio::test]
async fn a_damaged_cursor_and_one_next_to_a_page_number_are_rejected() {
    let board = Board::of(world());
    let (merchant, seeker) = five(&board).await;
    for (path, ..) in LISTS {
        let user = reader(path, &merchant, &seeker);
        let cursor = data(&user.post(path, &json!({"page_size": 2})).await)["next_cursor"].as_str().unwrap().to_owned();
        let changed = if cursor.starts_with('A') { "B" } else { "A" };
        for damaged in [format!("{changed}{}", &cursor[1..]), cursor[1..].to_owned(), format!("{cursor}A"), "页".to_owned()] {
            assert_eq!(user.post(path, &json!({"cursor": damaged})).await, rejection(400, FOREIGN), "{path} {damaged}");
        }
        for (body, detail) in [
            (json!({"cursor": cursor, "page_num": 1}), "cursor: cannot be combined with page_num"),
            (json!({"cursor": "A".repeat(513)}), "cursor: is too long"),
            (json!({"cursor": 1}), "cursor: must be a string"),
        ] {
            assert_eq!(user.post(path, &body).await, rejection(400, detail), "{path}");
        }
    }
}

#[tokio::test]
async fn records_that_come_during_a_walk_are_not_in_it_and_none_comes_twice() {
    let stage = Stage::open_with(&WITHOUT_LIMITS).await;
    let board = Board::of(&stage.address);
    let (merchant, seeker) = five(&board).await;
    // The ids of two processes may be equal within a millisecond.
    stage.clock.advance(SignedDuration::from_millis(1));
    seeker.adjust_vouchers(60).await;
    stage.clock.advance(SignedDuration::from_millis(1));
    for (path, _, id, total) in LISTS {
        let user = reader(path, &merchant, &seeker);
        let before = data(&user.post(path, &json!({"page_size": 50})).await);
        let mut walked = Vec::new();
        let mut cursor = Value::Null;
        loop {
            let page = data(&user.post(path, &json!({"page_size": 2, "cursor": cursor})).await);
            walked.extend(page["list"].as_array().unwrap().clone());
            if path != "/contact_voucher/records" {
                assert_eq!(page[total], before[total], "{path}: the total of the first page");
            }
            // A new record comes first in every list.
            let job = merchant.post_job(json!({})).await;
            let writes = [seeker.post("/job/collect", &json!({"job_id": job})).await, seeker.call(job).await];
            assert_eq!(writes, [done(), done()]);
            cursor = page["next_cursor"].clone();
            if cursor.is_null() {
                break;
            }
        }
        assert_eq!(json!(walked), before["list"], "{path}");
        let ids: BTreeSet<u64> = walked.iter().map(|row| row[id].as_u64().unwrap()).collect();
        assert_eq!(ids.len(), walked.len(), "{path}");
    }
}

#[tokio::test]
async fn a_page_of_collections_by_cursor_leaves_out_closed_jobs() {
    let board = Board::of(world());
    let (owner, user) = (board.join().await, board.join().await);
    let mut jobs = Vec::new();
    for _ in 0..6 {
        jobs.push(owner.post_job(json!({})).await);
        assert_eq!(user.post("/job/collect", &json!({"job_id": jobs.last()})).await, done());
    }
    let page = async |cursor: &Value| {
        let page = data(&user.post("/collect/my", &json!({"page_size": 2, "cursor": cursor})).await);
        let rows: Vec<u64> = page["list"].as_array().unwrap().iter().map(|row| row["job_id"].as_u64().unwrap()).collect();
        (rows, page["total"].clone(), page["next_cursor"].clone())
    };
    let (rows, total, next) = page(&Value::Null).await;
    assert_eq!((rows, total), (vec![jobs[5], jobs[4]], json!(6)));
    for closed in [jobs[3], jobs[1]] {
        assert_eq!(owner.post("/job/close", &json!({"job_id": closed})).await, done());
    }
    let (rows, total, next) = page(&next).await;
    assert_eq!((rows, total), (vec![jobs[2], jobs[0]], json!(6)));
    assert_eq!(next, Value::Null);
    // All jobs behind the cursor are closed: the last page is empty.
    let (_, _, next) = page(&Value::Null).await;
    for closed in [jobs[2], jobs[0]] {
        assert_eq!(owner.post("/job/close", &json!({"job_id": closed})).await, done());
    }
    assert_eq!(page(&next).await, (vec![], json!(4), Value::Null));
}

#[tokio::test]
async fn the_examples_of_the_document_return_what_they_did_and_a_null_cursor() {
    let user = Board::of(world()).join().await;
    let example = json!({"biz_type": 1, "page_num": 1, "page_size": 2});
    for path in ["/collect/my", "/contact_history/out", "/contact_history/in"] {
        assert_eq!(user.post(path, &example).await, ok(json!({"list": [], "total": 0, "next_cursor": null})), "{path}");
    }
    let own = json!({"contacts": [], "list": [], "total": 0, "next_cursor": null});
    assert_eq!(user.post("/jobs/my", &example).await, ok(own));
    let records = json!({"contact_voucher_num": 0, "list": [], "list_total": 0, "next_cursor": null});
    assert_eq!(user.post("/contact_voucher/records", &json!({"page_num": 1, "page_size": 2})).await, ok(records));
}
