//! Pages by number of lists that are longer than their milestones (`shared/src/storage/milestones.rs`).

use jiff::SignedDuration;
use local::WITHOUT_LIMITS;
use serde_json::{Value, json};

use crate::support::board::{Board, User, data, done};
use crate::support::long::{LISTS, Long};
use crate::support::{Fault, Stage};

async fn stage() -> Stage {
    Stage::open_with(&WITHOUT_LIMITS).await
}

/// The ids of all records, by a walk along the cursors.
async fn walked(user: &User, path: &str, id: &str) -> Vec<u64> {
    let (mut ids, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let page = data(&user.post(path, &json!({"page_size": 50, "cursor": cursor})).await);
        ids.extend(page["list"].as_array().unwrap().iter().map(|row| row[id].as_u64().unwrap()));
        cursor = page["next_cursor"].clone();
        if cursor.is_null() {
            return ids;
        }
    }
}

/// The ids of a page by number, and the total.
async fn numbered(user: &User, (path, list, id, total): (&str, &str, &str, &str), page: usize, size: usize) -> (Vec<u64>, u64) {
    let read = data(&user.post(path, &json!({"page_num": page, "page_size": size})).await);
    let ids = read[list].as_array().unwrap().iter().map(|row| row[id].as_u64().unwrap()).collect();
    let (is_last, all) = (read["next_cursor"].is_null(), read[total].as_u64().unwrap());
    assert_eq!(is_last, (page * size) as u64 >= all, "{path} {page}");
    (ids, all)
}

/// Compares pages by number at many depths with the walk along the cursors.
async fn compare(long: &Long, expected: usize) {
    for list in LISTS.iter().filter(|(path, ..)| *path != "/collect/my") {
        let (path, _, id, _) = *list;
        let user = long.reader(path);
        let all = walked(user, path, id).await;
        assert!(all.is_sorted_by(|one, other| one > other), "{path}");
        assert_eq!(all.len(), expected + usize::from(path == "/contact_voucher/records"), "{path}");
        for size in [7, 50] {
            let pages = all.len().div_ceil(size);
            let depths =
                (1..=pages + 1).filter(|page| page % 3 == 1 || *page + 1 >= pages || [200, 250, 251].contains(&(page * size)));
            for page in depths {
                let rows: Vec<u64> = all.iter().skip((page - 1) * size).take(size).copied().collect();
                assert_eq!(numbered(user, *list, page, size).await, (rows, all.len() as u64), "{path} {page} {size}");
            }
        }
    }
}

/// The number of milestones of each list that has any.
async fn milestones(stage: &Stage, long: &Long) -> Vec<usize> {
    let mut counts = Vec::new();
    for (user, list) in [(&long.merchant, "jobs"), (&long.seeker, "out"), (&long.merchant, "in"), (&long.seeker, "vouchers")] {
        let item = stage.item("jobboard", &format!("milestones#{}", user.id), list).await;
        counts.push(item["milestones"]["L"].as_array().map_or(0, Vec::len));
    }
    counts
}

#[tokio::test]
async fn every_page_by_number_is_the_one_of_the_walk_and_the_total_is_exact() {
    let stage = stage().await;
    let board = Board::of(&stage.address);
    let long = Long::open(&stage, board.join().await, board.join().await).await;
    let mut filled = 0;
    for (records, milestones_of_lists) in [(240, 0), (620, 2), (1020, 4)] {
        long.fill(&stage, filled..records).await;
        filled = records;
        compare(&long, records as usize + 1).await;
        assert_eq!(milestones(&stage, &long).await, [milestones_of_lists; 4], "{records}");
    }
}

#[tokio::test]
async fn a_milestone_is_stored_once_its_record_is_an_hour_old() {
    let stage = stage().await;
    let board = Board::of(&stage.address);
    let long = Long::open(&stage, board.join().await, board.join().await).await;
    // The copies are two hours old, and the newest of these is a minute old when the first page is read.
    let contacts = LISTS[2];
    long.seeker.adjust_vouchers(200).await;
    stage.clock.advance(SignedDuration::from_millis(1));
    let job = long.merchant.post_job(json!({})).await;
    long.fill(&stage, 0..150).await;
    for _ in 0..150 {
        assert_eq!(long.seeker.call(job).await, done());
    }
    let count = async |stage: &Stage| milestones(stage, &long).await[1];
    let (page, total) = numbered(&long.seeker, contacts, 31, 10).await;
    assert_eq!((page.len(), total, count(&stage).await), (1, 301, 0));
    stage.clock.advance(SignedDuration::from_mins(59));
    assert_eq!(numbered(&long.seeker, contacts, 31, 10).await, (page.clone(), 301));
    assert_eq!(count(&stage).await, 0);
    stage.clock.advance(SignedDuration::from_mins(2));
    for _ in 0..2 {
        assert_eq!(numbered(&long.seeker, contacts, 31, 10).await, (page.clone(), 301));
        assert_eq!(count(&stage).await, 1);
    }
}

#[tokio::test]
async fn a_deleted_job_leaves_every_page_and_the_total() {
    let stage = stage().await;
    let board = Board::of(&stage.address);
    let long = Long::open(&stage, board.join().await, board.join().await).await;
    let (owner, jobs) = (&long.merchant, LISTS[0]);
    long.fill(&stage, 0..599).await;
    let all = walked(owner, "/jobs/my", "id").await;
    assert_eq!(numbered(owner, jobs, 60, 10).await, (all[590..].to_vec(), 600));
    assert_eq!(milestones(&stage, &long).await[0], 2);
    let deleted = json!({"job_id": all[595], "reason": "虚假信息", "by": "zhangsan"});
    board.command("delete_job", deleted).await;
    let left: Vec<u64> = all.iter().copied().filter(|id| *id != all[595]).collect();
    // For an hour the index may still show it, so no milestone is stored.
    for minutes in [0, 59, 2] {
        stage.clock.advance(SignedDuration::from_mins(minutes));
        for page in [1, 30, 59, 60] {
            let rows = left.iter().skip((page - 1) * 10).take(10).copied().collect();
            assert_eq!(numbered(owner, jobs, page, 10).await, (rows, 599), "{minutes} {page}");
        }
        assert_eq!(milestones(&stage, &long).await[0], if minutes == 2 { 2 } else { 0 }, "{minutes}");
    }
}

#[tokio::test]
async fn a_page_whose_milestones_cannot_be_stored_is_the_same() {
    let stage = stage().await;
    let board = Board::of(&stage.address);
    let long = Long::open(&stage, board.join().await, board.join().await).await;
    long.fill(&stage, 0..520).await;
    stage.inject_into("PutItem", &[Fault::Throttled; 1000]);
    for list in LISTS.iter().filter(|(path, ..)| *path != "/collect/my") {
        let user = long.reader(list.0);
        let all = walked(user, list.0, list.2).await;
        let expected = (all.iter().skip(500).take(10).copied().collect(), all.len() as u64);
        assert_eq!(numbered(user, *list, 51, 10).await, expected, "{}", list.0);
    }
    assert_eq!(milestones(&stage, &long).await, [0; 4]);
    assert!(stage.clear_faults() > 0);
    compare(&long, 521).await;
    assert_eq!(milestones(&stage, &long).await, [2; 4]);
}

#[tokio::test]
async fn concurrent_pages_and_calls_keep_the_total_exact() {
    let stage = stage().await;
    let board = Board::of(&stage.address);
    let long = Long::open(&stage, board.join().await, board.join().await).await;
    long.fill(&stage, 0..700).await;
    long.seeker.adjust_vouchers(40).await;
    stage.clock.advance(SignedDuration::from_millis(1));
    let job = long.merchant.post_job(json!({})).await;
    let calls = async {
        for _ in 0..40 {
            assert_eq!(long.seeker.call(job).await, done());
        }
    };
    let reads = futures::future::join_all((0..8).map(async |reader| {
        let mut before = 0;
        for page in 1..=20 {
            let (_, total) = numbered(&long.seeker, LISTS[2], page * 3 + reader, 10).await;
            assert!((before..=741).contains(&total), "{total} after {before}");
            before = total;
        }
    }));
    tokio::join!(calls, reads);
    assert_eq!(numbered(&long.seeker, LISTS[2], 1, 10).await.1, 741);
    compare_contacts(&long).await;
}

/// Every page of the calls that the seeker made.
async fn compare_contacts(long: &Long) {
    let all = walked(&long.seeker, "/contact_history/out", "id").await;
    for page in 1..=all.len().div_ceil(10) {
        let rows = all.iter().skip((page - 1) * 10).take(10).copied().collect();
        assert_eq!(numbered(&long.seeker, LISTS[2], page, 10).await, (rows, all.len() as u64), "{page}");
    }
}

#[tokio::test]
async fn the_milestones_of_an_erased_user_are_removed() {
    let stage = stage().await;
    let board = Board::of(&stage.address);
    let long = Long::open(&stage, board.join().await, board.join().await).await;
    long.fill(&stage, 0..300).await;
    compare(&long, 301).await;
    assert_eq!(milestones(&stage, &long).await, [1; 4]);
    for user in [&long.merchant, &long.seeker] {
        let object = format!("jobboard/user/{}", user.id);
        let erased = json!({"command": "erase_person", "objects": [object], "reason": "r", "by": "zhangsan"});
        let erased = stage.address.command(&erased).await;
        assert_eq!(erased.get("errorType"), None, "{erased}");
    }
    assert_eq!(milestones(&stage, &long).await, [0; 4]);
}
