//! /jobs/list in processes that each hold the open jobs themselves: what one of them writes, the others list (jobboard.md, Search).

use std::collections::BTreeMap;

use jiff::SignedDuration;
use local::World;
use serde_json::{Value, json};

use crate::support::board::{Board, User, done};
use crate::support::{Answer, Fault, Stage};

/// After so long every process has seen a change.
const SEEN: SignedDuration = SignedDuration::from_millis(250);

struct Two {
    stage: Stage,
    owner: User,
    other: Board,
    _world: World,
}

impl Two {
    /// One process in which the owner writes, and another one that has listed jobs before.
    async fn open() -> Self {
        let stage = Stage::open().await;
        let owner = Board::of(&stage.address).join().await;
        let (other, world) = start(&stage).await;
        assert_eq!(ids(&other, json!({})).await, [0_u64; 0]);
        Self { stage, owner, other, _world: world }
    }

    /// What the other process lists once it has seen everything.
    async fn listed(&self, body: Value) -> Vec<u64> {
        self.stage.clock.advance(SEEN);
        ids(&self.other, body).await
    }

    /// The items of the feed, past the system.
    async fn told(&self) -> Vec<Value> {
        let items = self.stage.items("jobboard").await.into_iter();
        items.filter(|item| item["pk"]["S"].as_str().is_some_and(|pk| pk.starts_with("feed#"))).collect()
    }

    async fn untell(&self, item: &Value) {
        let key = json!({"pk": item["pk"], "sk": item["sk"]});
        self.stage.database("DeleteItem", &json!({"TableName": "jobboard", "Key": key})).await;
    }

    async fn tell(&self, item: &Value) {
        self.stage.database("PutItem", &json!({"TableName": "jobboard", "Item": item})).await;
    }
}

/// One more process on the same database and the same objects.
async fn start(stage: &Stage) -> (Board, World) {
    let (address, world) = stage.another_process().await;
    (Board::of(&address), world)
}

async fn list(board: &Board, body: Value) -> Answer {
    board.post("/jobs/list", &body).await
}

/// The ids of a page of fifty; of the only page where none is named, which the total must agree with.
async fn ids(board: &Board, mut body: Value) -> Vec<u64> {
    let is_all = body.get("page_num").is_none();
    body["page_size"] = 50.into();
    let answer = list(board, body).await;
    let rows = answer.body["data"]["jobs"].as_array().unwrap_or_else(|| panic!("{answer:?}"));
    assert!(!is_all || answer.body["data"]["total"] == rows.len(), "{answer:?}");
    rows.iter().map(|row| row["id"].as_u64().unwrap()).collect()
}

async fn write_snapshot(board: &Board) -> Value {
    board.address.invoke("jobboard-search-snapshot", &json!({})).await.body
}

#[tokio::test]
async fn whatever_happens_to_a_job_is_listed_by_other_processes_a_quarter_of_a_second_later() {
    let two = Two::open().await;
    let owner = &two.owner;
    let first = owner.post_job(json!({"positions": "洗碗工"})).await;
    // Whoever wrote it need not wait.
    assert_eq!(ids(&owner.board, json!({})).await, [first]);
    assert_eq!(two.listed(json!({})).await, [first]);
    two.stage.clock.advance(SignedDuration::from_secs(1));
    let second = owner.post_job(json!({})).await;
    assert_eq!(two.listed(json!({})).await, [second, first]);

    let named = json!({"job_id": first});
    assert_eq!(owner.post("/jobs/refresh", &named).await, done());
    assert_eq!(two.listed(json!({})).await, [first, second]);
    assert_eq!(owner.post("/jobs/update", &json!({"id": second, "positions": "店长"})).await, done());
    assert_eq!(two.listed(json!({"filter": {"positions": "店长"}})).await, [second]);
    let order = owner.order("/jobs/top", json!({"job_id": second, "top_hour": 72, "price": 5})).await;
    owner.board.pay(order["order_no"].as_str().unwrap()).await;
    assert_eq!(two.listed(json!({})).await, [second, first]);
    let order = owner.order("/jobs/refresh/pay", json!({"job_id": second, "price": 1.99})).await;
    owner.board.pay(order["order_no"].as_str().unwrap()).await;
    two.stage.clock.advance(SignedDuration::from_hours(72));
    assert_eq!(two.listed(json!({})).await, [second, first]);

    assert_eq!(owner.post("/job/close", &json!({"job_id": second})).await, done());
    assert_eq!(two.listed(json!({})).await, [first]);
    let removal = json!({"job_id": first, "reason": "虚假信息", "by": "zhangsan"});
    owner.board.command("take_down_job", removal).await;
    assert_eq!(two.listed(json!({})).await, [0_u64; 0]);
}

#[tokio::test]
async fn a_page_costs_one_query_and_one_batch_and_at_once_again_the_batch_alone() {
    let two = Two::open().await;
    let job = two.owner.post_job(json!({})).await;
    let calls = async |wait: SignedDuration, body: Value| {
        two.stage.clock.advance(wait);
        two.stage.take_calls();
        let found = ids(&two.other, body).await;
        (two.stage.take_calls(), found)
    };
    let (query, batch) = ("Query".to_owned(), "BatchGetItem".to_owned());
    let moment = SignedDuration::from_millis(1);
    assert_eq!(calls(SEEN, json!({})).await, (vec![query.clone(), batch.clone()], vec![job]));
    assert_eq!(calls(SEEN - moment, json!({"query_type": 3})).await, (vec![batch.clone()], vec![job]));
    assert_eq!(calls(moment, json!({})).await, (vec![query.clone(), batch.clone()], vec![job]));
    // Nothing is read for a page that is empty.
    assert_eq!(calls(SEEN, json!({"page_num": 2})).await, (vec![query.clone()], vec![]));
    // A day without a change, or many hours of them: still one.
    for _ in 0..40 {
        assert_eq!(two.owner.post("/jobs/update", &json!({"id": job, "salary_min": 1})).await, done());
        two.stage.clock.advance(SignedDuration::from_secs(100));
    }
    assert_eq!(calls(SEEN, json!({})).await, (vec![query, batch], vec![job]));
}

/// What was committed late says an earlier time than what was seen before.
#[tokio::test]
async fn a_change_that_is_told_late_is_not_missed() {
    let two = Two::open().await;
    let late = two.owner.post_job(json!({})).await;
    let told = two.told().await.remove(0);
    two.untell(&told).await;
    two.stage.clock.advance(SignedDuration::from_secs(8));
    let early = two.owner.post_job(json!({})).await;
    assert_eq!(two.listed(json!({})).await, [early]);
    two.tell(&told).await;
    assert_eq!(two.listed(json!({})).await, [early, late]);
}

/// The clocks of two writers are apart: a job is told to be closed at an earlier time than it is told to be open.
#[tokio::test]
async fn a_closed_job_does_not_come_back_when_what_was_told_before_is_read_again() {
    let two = Two::open().await;
    let job = two.owner.post_job(json!({})).await;
    let posted = two.told().await.remove(0);
    two.untell(&posted).await;
    two.stage.clock.advance(SignedDuration::from_secs(5));
    assert_eq!(two.owner.post("/job/close", &json!({"job_id": job})).await, done());
    let closed = two.told().await.remove(0);
    two.untell(&closed).await;
    // Five seconds before.
    let mut before = closed.clone();
    let (time, id) = closed["sk"]["S"].as_str().unwrap().split_at(16);
    before["sk"]["S"] = format!("{:016}{id}", time.parse::<u64>().unwrap() - 7000).into();
    two.tell(&before).await;
    two.tell(&posted).await;
    for _ in 0..30 {
        assert_eq!(two.listed(json!({})).await, [0_u64; 0]);
        two.stage.clock.advance(SignedDuration::from_millis(500));
    }
}

#[tokio::test]
async fn who_has_slept_lists_what_happened_meanwhile() {
    let two = Two::open().await;
    let mut jobs = vec![two.owner.post_job(json!({})).await, two.owner.post_job(json!({})).await];
    assert_eq!(two.listed(json!({"query_type": 3})).await, [jobs[1], jobs[0]]);
    let change = async |jobs: &mut Vec<u64>| {
        assert_eq!(two.owner.post("/job/close", &json!({"job_id": jobs.remove(0)})).await, done());
        jobs.push(two.owner.post_job(json!({})).await);
    };
    change(&mut jobs).await;
    two.stage.clock.advance(SignedDuration::from_mins(90));
    assert_eq!(two.listed(json!({"query_type": 3})).await, [jobs[1], jobs[0]]);
    // So long that what was told is gone.
    change(&mut jobs).await;
    two.stage.clock.advance(SignedDuration::from_hours(3));
    for told in two.told().await {
        two.untell(&told).await;
    }
    assert_eq!(two.listed(json!({"query_type": 3})).await, [jobs[1], jobs[0]]);
}

#[tokio::test]
async fn a_feed_that_cannot_be_read_is_read_later() {
    let two = Two::open().await;
    let job = two.owner.post_job(json!({})).await;
    two.stage.inject_into("Query", &[Fault::Throttled; 2]);
    assert_eq!(two.listed(json!({})).await, [job]);
    two.stage.clock.advance(SEEN);
    two.stage.inject_into("Query", &[Fault::Throttled; 60]);
    assert_eq!(list(&two.other, json!({})).await.status, 500);
    two.stage.heal();
    assert_eq!(ids(&two.other, json!({})).await, [job]);
}

/// A snapshot spares a process that starts the reading of the table, and nothing that happened since is missing.
#[tokio::test]
async fn a_process_starts_from_the_newest_snapshot_that_can_be_used() {
    let stage = Stage::open().await;
    let owner = Board::of(&stage.address).join().await;
    let mut jobs = Vec::new();
    let mut written = Vec::new();
    for number in 1..=5 {
        jobs.insert(0, owner.post_job(json!({})).await);
        let snapshot = write_snapshot(&owner.board).await;
        assert_eq!(snapshot["jobs"], number, "{snapshot}");
        written.push(snapshot["key"].as_str().unwrap().to_owned());
        stage.clock.advance(SignedDuration::from_mins(10));
    }
    jobs.insert(0, owner.post_job(json!({})).await);
    let objects = stage.objects().await;
    let last = &written[2..];
    assert_eq!(objects.list("search/").await.unwrap(), last);
    let starts = async || {
        let (board, _world) = start(&stage).await;
        stage.take_calls();
        assert_eq!(ids(&board, json!({"query_type": 3})).await, jobs);
        stage.take_calls().iter().filter(|call| *call == "Query").count()
    };
    let (of_a_snapshot, of_the_table) = (1, 9);
    assert_eq!(starts().await, of_a_snapshot);
    // Damaged, foreign, empty: the one before is taken, and in the end the table.
    let (good, _) = objects.read(&last[2], 0, 1 << 20).await.unwrap().unwrap();
    let mut damaged = good.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    objects.put(&last[2], damaged, "application/octet-stream").await.unwrap();
    assert_eq!(starts().await, of_a_snapshot);
    objects.put(&last[1], b"something else".to_vec(), "text/plain").await.unwrap();
    assert_eq!(starts().await, of_a_snapshot);
    objects.put(&last[0], Vec::new(), "text/plain").await.unwrap();
    assert_eq!(starts().await, of_the_table);
    // A new one is written of the table, and the damaged ones go in time.
    assert_eq!(write_snapshot(&owner.board).await["jobs"], 6);
    assert_eq!(starts().await, of_a_snapshot);
    // One is too old when what was told since is not told any more.
    stage.clock.advance(SignedDuration::from_hours(2));
    assert_eq!(starts().await, of_the_table);
    for key in objects.list("search/").await.unwrap() {
        objects.delete(&key).await.unwrap();
    }
    assert_eq!(starts().await, of_the_table);
}

#[tokio::test]
async fn a_snapshot_of_another_installation_is_not_taken() {
    // Policies are of this installation.
    let elsewhere = [("JOBBOARD_TABLE", "signing"), ("AWS_ACCESS_KEY_ID", "local")];
    let (stage, foreign) = (Stage::open().await, Stage::open_with(&elsewhere).await);
    let owner = Board::of(&stage.address).join().await;
    let job = owner.post_job(json!({})).await;
    let key = write_snapshot(&Board::of(&foreign.address)).await["key"].as_str().expect("a key").to_owned();
    let (bytes, _) = foreign.objects().await.read(&key, 0, 1 << 20).await.unwrap().unwrap();
    stage.objects().await.put(&key, bytes, "application/octet-stream").await.unwrap();
    let (board, _world) = start(&stage).await;
    assert_eq!(ids(&board, json!({})).await, [job]);
}

/// Many clients at once, through two processes; whenever they pause, both list just what is stored.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_list_the_same_after_many_changes_at_once() {
    let two = Two::open().await;
    let here = &two.owner;
    let there = User { board: two.other.clone(), ..here.clone() };
    let mut jobs = Vec::new();
    for _ in 0..16 {
        jobs.push(here.post_job(json!({})).await);
    }
    for round in 0..6_u64 {
        let work = (0..16_u64).map(|client| {
            let user = if client % 2 == 0 { here.clone() } else { there.clone() };
            let (job, other) = (jobs[client as usize], jobs[(client as usize + 5) % 16]);
            async move {
                for step in 0..5 {
                    let number = round * 80 + client * 5 + step;
                    match number % 7 {
                        0 => drop(user.post_job(json!({"salary_min": 1})).await),
                        1 | 2 => drop(user.post("/jobs/update", &json!({"id": job, "salary_max": 10_000 + number})).await),
                        3 if number % 5 == 0 => drop(user.post("/job/close", &json!({"job_id": other})).await),
                        _ => drop(user.post("/jobs/refresh", &json!({"job_id": other})).await),
                    }
                }
            }
        });
        futures::future::join_all(work).await;
        two.stage.clock.advance(SignedDuration::from_hours(25));
        let expected = stored(&two.stage).await;
        for board in [&here.board, &two.other] {
            for (query_type, expected) in &expected {
                let mut found = Vec::new();
                for page in 1..=expected.len() / 50 + 1 {
                    found.extend(ids(board, json!({"query_type": query_type, "page_num": page})).await);
                }
                assert_eq!(&found, expected, "round {round}, list {query_type}");
            }
        }
    }
}

/// The open jobs by query type, as they are stored.
async fn stored(stage: &Stage) -> BTreeMap<u8, Vec<u64>> {
    let number = |item: &Value, name: &str| item[name]["N"].as_str().map(|digits| digits.parse::<u64>().unwrap());
    let items = stage.items("jobboard").await.into_iter();
    let jobs: Vec<Value> = items.filter(|item| item["sk"]["S"] == "job" && number(item, "state") == Some(1)).collect();
    let created = |job: &Value| number(job, "created_at").expect("a time");
    let by = |key: &dyn Fn(&Value) -> u64| {
        let mut sorted: Vec<(u64, u64)> = jobs.iter().map(|job| (key(job), number(job, "id").unwrap())).collect();
        sorted.sort_unstable_by(|one, other| other.cmp(one));
        sorted.into_iter().map(|(_, id)| id).collect::<Vec<u64>>()
    };
    BTreeMap::from([(1, by(&|job| number(job, "refreshed_at").unwrap_or_else(|| created(job)))), (3, by(&created))])
}
