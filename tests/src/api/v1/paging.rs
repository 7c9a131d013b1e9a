//! A thousand tasks in pages.

use std::sync::LazyLock;

use futures::future::join_all;
use serde_json::{Value, json};

use crate::support::resource::ALL;
use crate::support::{Partner, data, problem, world};

const TASKS: usize = 1000;
/// One task of this many is closed, one of this many is suspended.
const CLOSED: usize = 3;
const SUSPENDED: usize = 250;

fn status(number: usize) -> &'static str {
    match number {
        number if number.is_multiple_of(SUSPENDED) => "suspended",
        number if number.is_multiple_of(CLOSED) => "closed",
        _ => "open",
    }
}

/// A task's place in the order of lists: its server id, and its status.
type Place = (u64, &'static str);

async fn push(partner: &Partner, number: usize) -> Place {
    let mut task = ALL[2].example();
    task["channel_task_id"] = format!("T{number}").into();
    task["status"] = status(number).into();
    let record = ALL[2].create(partner, &task).await;
    (record["task_id"].as_str().unwrap().parse().unwrap(), status(number))
}

/// A partner with a thousand tasks, and their places, newest first: the greater server id is the newer one.
async fn with_tasks() -> (Partner, Vec<Place>) {
    let partner = Partner::join(world()).await;
    partner.push_examples(&["companies"]).await;
    let mut places = Vec::new();
    for batch in 0..TASKS / 50 {
        places.extend(join_all((0..50).map(|number| push(&partner, batch * 50 + number))).await);
    }
    places.sort_by_key(|(id, _)| std::cmp::Reverse(*id));
    (partner, places)
}

/// The same for all tests that only read: the partner, and the ids of its tasks with a status or with any.
async fn shared() -> (Partner, impl Fn(Option<&str>) -> Vec<u64>) {
    static SHARED: LazyLock<(Partner, Vec<Place>)> = LazyLock::new(|| {
        let made = std::thread::spawn(|| tokio::runtime::Runtime::new().unwrap().block_on(with_tasks()));
        made.join().unwrap()
    });
    let (partner, places) = tokio::task::spawn_blocking(|| &*SHARED).await.unwrap();
    // Connections belong to the runtime that opened them.
    let partner = Partner { http: local::http::client(), ..partner.clone() };
    (partner, move |status| {
        places.iter().filter(|place| status.is_none_or(|status| place.1 == status)).map(|place| place.0).collect()
    })
}

/// A page: its ids, and the rest of its data.
async fn page(partner: &Partner, query: &str) -> (Vec<u64>, Value) {
    let response = partner.get(&format!("/api/v1/tasks?{query}")).await;
    let mut data = data(&response);
    let list = data.as_object_mut().unwrap().remove("list").unwrap();
    let ids = list.as_array().unwrap().iter().map(|task| task["task_id"].as_str().unwrap().parse().unwrap());
    (ids.collect(), data)
}

/// Every page of a walk by cursor. `filter` begins with `&` unless it is empty.
async fn walk(partner: &Partner, size: usize, filter: &str) -> Vec<Vec<u64>> {
    let mut pages = Vec::new();
    let (mut query, mut total) = (format!("page_size={size}{filter}"), None);
    loop {
        let (ids, rest) = page(partner, &query).await;
        pages.push(ids);
        let total = total.get_or_insert(rest["total"].clone());
        let cursor = rest["next_cursor"].clone();
        let expected = json!({"total": total, "page": pages.len(), "page_size": size, "next_cursor": cursor});
        assert_eq!(rest, expected, "{query}");
        match cursor.as_str() {
            Some(cursor) => query = format!("page_size={size}{filter}&cursor={cursor}"),
            None => return pages,
        }
        assert!(pages.len() <= TASKS, "the walk does not end");
    }
}

fn chunks(ids: &[u64], size: usize) -> Vec<Vec<u64>> {
    ids.chunks(size).map(<[u64]>::to_vec).collect()
}

#[tokio::test]
async fn a_walk_by_cursor_returns_every_record_for_any_page_size() {
    let (partner, ids) = shared().await;
    for size in [9, 37, 50, 99, 100] {
        assert_eq!(walk(&partner, size, "").await, chunks(&ids(None), size), "{size}");
    }
}

#[tokio::test]
async fn a_walk_by_page_number_returns_the_same_pages_as_one_by_cursor() {
    let (partner, ids) = shared().await;
    let expected = chunks(&ids(None), 37);
    assert_eq!(walk(&partner, 37, "").await, expected);
    for (number, expected) in (1..).zip(&expected) {
        let (ids, rest) = page(&partner, &format!("page={number}&page_size=37")).await;
        assert_eq!(ids, *expected, "{number}");
        let cursor = rest["next_cursor"].clone();
        assert_eq!(cursor.is_string(), number < 28, "{number}");
        assert_eq!(rest, json!({"total": TASKS, "page": number, "page_size": 37, "next_cursor": cursor}));
    }
    let beyond = json!({"total": TASKS, "page": 29, "page_size": 37, "next_cursor": null});
    assert_eq!(page(&partner, "page=29&page_size=37").await, (vec![], beyond));
}

#[tokio::test]
async fn a_cursor_continues_from_any_numbered_page() {
    let (partner, ids) = shared().await;
    let (_, third) = page(&partner, "page=3&page_size=20").await;
    let (fourth, rest) = page(&partner, &format!("page_size=10&cursor={}", third["next_cursor"].as_str().unwrap())).await;
    assert_eq!(fourth, ids(None)[60..70]);
    assert_eq!(rest["page"], 4);
}

#[tokio::test]
async fn a_filter_keeps_the_order_and_its_total_counts_the_matches() {
    let (partner, ids) = shared().await;
    for (status, sizes) in [("open", [37, 100]), ("closed", [37, 99]), ("suspended", [25, 100])] {
        let wanted = ids(Some(status));
        assert_eq!(wanted.len(), (0..TASKS).filter(|number| self::status(*number) == status).count());
        let filter = format!("&status={status}");
        for size in sizes {
            let expected = chunks(&wanted, size);
            assert_eq!(walk(&partner, size, &filter).await, expected, "{status} by {size}");
            for (number, expected) in (1..).zip(&expected) {
                let (ids, rest) = page(&partner, &format!("page={number}&page_size={size}{filter}")).await;
                assert_eq!((&ids, &rest["total"]), (expected, &json!(wanted.len())), "{status}, page {number} by {size}");
            }
        }
    }
    let none = json!({"total": 0, "page": 1, "page_size": 20, "next_cursor": null});
    assert_eq!(page(&partner, "channel_company_id=other").await, (vec![], none));
}

#[tokio::test]
async fn after_a_cursor_at_most_85_times_a_page_is_read_and_the_walk_continues() {
    let (partner, ids) = shared().await;
    let (all, wanted) = (ids(None), ids(Some("suspended")));
    let first = all.iter().position(|id| *id == wanted[0]).unwrap();
    // The system reads one entry more than the page has rows, then four times as many, and so on.
    let read = all[first + 1..].chunks(2 * 85);
    let pages = read.map(|read| read.iter().copied().filter(|id| wanted.contains(id)).collect());
    let expected: Vec<Vec<u64>> = std::iter::once(vec![wanted[0]]).chain(pages).collect();
    assert!(expected.contains(&vec![]) && expected.concat() == wanted);
    assert_eq!(walk(&partner, 1, "&status=suspended").await, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_walk_returns_every_old_task_once_while_new_ones_arrive() {
    let (partner, places) = with_tasks().await;
    let old: Vec<u64> = places.iter().map(|place| place.0).collect();
    let inserting = async |from: usize| join_all((0..4).map(|number| push(&partner, from + number))).await;
    let mut found = Vec::new();
    let (mut query, mut total, mut inserted) = ("page_size=37".to_owned(), None, 0);
    loop {
        let ((ids, rest), _) = futures::join!(page(&partner, &query), inserting(TASKS + inserted));
        inserted += 4;
        found.extend(ids);
        assert_eq!(rest["total"], *total.get_or_insert(rest["total"].clone()));
        match rest["next_cursor"].as_str() {
            Some(cursor) => query = format!("page_size=37&cursor={cursor}"),
            None => break,
        }
    }
    assert!(found.is_sorted_by(|newer, older| newer > older), "newest first, each once");
    found.retain(|id| *id <= old[0]);
    assert_eq!(found, old);
    let (_, rest) = page(&partner, "page_size=1").await;
    assert_eq!(rest["total"], TASKS + inserted);
}

#[tokio::test]
async fn a_page_larger_than_lambdas_limit_is_rejected_and_a_smaller_one_is_returned() {
    let partner = Partner::join(world()).await;
    partner.push_examples(&["companies"]).await;
    for number in 0..90 {
        let mut task = ALL[2].example();
        task["channel_task_id"] = format!("T{number}").into();
        for field in ["wage_description", "recruitment_description", "job_requirements"] {
            // JSON takes six bytes for each, and Lambda's JSON around it seven.
            task[field] = "\u{1}".repeat(4000).into();
        }
        ALL[2].create(&partner, &task).await;
    }
    let too_large = problem(400, 1001, &[("page_size", "makes too large an answer: ask for fewer records")]);
    assert_eq!(partner.get("/api/v1/tasks?page_size=100").await, too_large);
    let (ids, rest) = page(&partner, "page_size=50").await;
    assert_eq!((ids.len(), &rest["total"]), (50, &json!(90)));
}
