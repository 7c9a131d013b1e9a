//! `updated_after`: what has changed since a time, in the order of changes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shared::runtime::clock::Clock as _;

use super::SETTLED_AFTER;
use crate::support::dice::Dice;
use crate::support::resource::TASKS;
use crate::support::{Partner, Stage, data, problem};

const START: &str = "2024-01-15T10:30:00Z";

async fn page(partner: &Partner, query: &str) -> (Vec<Value>, Value) {
    let mut data = data(&partner.get(&format!("/api/v1/tasks?{query}")).await);
    let list = data.as_object_mut().unwrap().remove("list").unwrap();
    (list.as_array().unwrap().clone(), data)
}

fn ids(tasks: &[Value]) -> Vec<&str> {
    tasks.iter().map(|task| task["channel_task_id"].as_str().unwrap()).collect()
}

async fn push(partner: &Partner, id: &str) {
    TASKS.create(partner, &TASKS.with("channel_task_id", id)).await;
}

async fn change(partner: &Partner, id: &str, text: &str) {
    let response = partner.put(&TASKS.path_of(id), &json!({"task_name": text})).await;
    assert_eq!(data(&response)["task_name"], text);
}

/// Every task of a walk by cursor.
async fn walk(partner: &Partner, query: &str) -> Vec<Value> {
    let (list, rest) = page(partner, query).await;
    walk_on(partner, query, list, rest).await
}

/// Every task of a walk that has come to this page.
async fn walk_on(partner: &Partner, query: &str, mut list: Vec<Value>, mut rest: Value) -> Vec<Value> {
    while let Some(cursor) = rest["next_cursor"].as_str() {
        let (more, next) = page(partner, &format!("{query}&cursor={cursor}")).await;
        list.extend(more);
        rest = next;
    }
    list
}

#[tokio::test]
async fn changes_are_listed_in_their_order_once_they_are_fifteen_seconds_old() {
    let stage = Stage::open().await;
    let partner = TASKS.partner(&stage.address).await;
    for id in ["a", "b", "c"] {
        push(&partner, id).await;
        stage.clock.advance(SignedDuration::from_secs(1));
    }
    change(&partner, "a", "later").await;
    let since = format!("updated_after={START}");
    assert_eq!(ids(&walk(&partner, &since).await), [""; 0]);
    stage.clock.advance(SETTLED_AFTER - SignedDuration::from_secs(3));
    assert_eq!(ids(&walk(&partner, &since).await), [""; 0], "a was created 15 seconds ago, and has changed since");
    stage.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(ids(&walk(&partner, &since).await), ["b"]);
    stage.clock.advance(SignedDuration::from_secs(2));
    assert_eq!(ids(&walk(&partner, &since).await), ["b", "c", "a"]);
    assert_eq!(ids(&walk(&partner, "updated_after=2024-01-15T10:30:03Z").await), ["a"]);
    assert_eq!(ids(&walk(&partner, "updated_after=2024-01-15T10:30:04Z").await), [""; 0]);
    assert_eq!(ids(&walk(&partner, "updated_after=9999-12-31T23:59:59Z").await), [""; 0]);
    assert_eq!(ids(&walk(&partner, "updated_after=1800-01-01T00:00:00Z").await), ["b", "c", "a"]);
}

#[tokio::test]
async fn pages_of_changes_have_the_total_and_continue_by_number_and_by_cursor() {
    let stage = Stage::open().await;
    let partner = TASKS.partner(&stage.address).await;
    // All in the same millisecond: the order is that of their server ids.
    for id in ["a", "b", "c", "d", "e"] {
        push(&partner, id).await;
    }
    stage.clock.advance(SETTLED_AFTER);
    let since = format!("updated_after={START}&page_size=2");
    let (page_before, first) = page(&partner, &since).await;
    assert_eq!((ids(&page_before), &first["total"], &first["page"]), (vec!["a", "b"], &json!(5), &json!(1)));
    let (list, rest) = page(&partner, &format!("{since}&page=3")).await;
    assert_eq!((ids(&list), rest), (vec!["e"], json!({"total": 5, "page": 3, "page_size": 2, "next_cursor": null})));
    let behind = format!("{since}&cursor={}", first["next_cursor"].as_str().unwrap());
    // What changes after the first page moves to the end, and is listed there when it has settled.
    change(&partner, "c", "later").await;
    let (rest, second) = page(&partner, &behind).await;
    assert_eq!((ids(&rest), &second["total"], &second["page"]), (vec!["d", "e"], &json!(5), &json!(2)));
    assert_eq!(second["next_cursor"], Value::Null);
    stage.clock.advance(SETTLED_AFTER);
    let whole = walk_on(&partner, &since, page_before, first.clone()).await;
    assert_eq!(ids(&whole), ["a", "b", "d", "e", "c"]);
    let of_another = format!("updated_after=2024-01-15T10:30:01Z&cursor={}", first["next_cursor"].as_str().unwrap());
    let reason = "is not a cursor of this list and filter";
    let response = partner.get(&format!("/api/v1/tasks?{of_another}")).await;
    assert_eq!(response, problem(400, 1001, &[("cursor", reason)]));
}

const WRITERS: usize = 6;
const CHANGES: usize = 60;
/// The longest write, by the clock: less than the time in which a change settles.
const LONGEST: SignedDuration = SignedDuration::from_secs(9);

/// The writes that have begun, by the time that they may have taken from the clock.
#[derive(Default)]
pub(super) struct Begun(Mutex<BTreeMap<Timestamp, usize>>);

impl Begun {
    pub fn begin(&self, stage: &Stage) -> Timestamp {
        let mut begun = self.0.lock().unwrap();
        let now = stage.clock.now();
        *begun.entry(now).or_default() += 1;
        now
    }

    pub fn end(&self, at: Timestamp) {
        let mut begun = self.0.lock().unwrap();
        let count = begun.get_mut(&at).unwrap();
        *count -= 1;
        if *count == 0 {
            begun.remove(&at);
        }
    }

    /// Advances the clock, unless a write would take too long by it.
    pub fn tick(&self, stage: &Stage, step: SignedDuration) {
        let begun = self.0.lock().unwrap();
        let oldest = begun.keys().next().copied();
        if oldest.is_none_or(|oldest| (stage.clock.now() + step).duration_since(oldest) <= LONGEST) {
            stage.clock.advance(step);
        }
    }
}

/// Each writer changes its own tasks and those of the others, and the clock advances while writes are under way. So changes
/// appear in the index behind later ones. A reader synchronises all the while.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reader_misses_no_change_while_writers_are_active() {
    let stage = Stage::open_with(&local::WITHOUT_LIMITS).await;
    let partner = TASKS.partner(&stage.address).await;
    let (begun, done) = (Begun::default(), AtomicBool::new(false));
    let all: Vec<String> = (0..WRITERS * 4).map(|number| format!("T{number}")).collect();
    for id in &all {
        push(&partner, id).await;
    }
    let write = async |writer: usize| {
        let mut dice = Dice(0x9e37_79b9 + writer as u64);
        for round in 0..CHANGES {
            let id = &all[dice.below(all.len())];
            let at = begun.begin(&stage);
            change(&partner, id, &format!("{writer} {round}")).await;
            begun.end(at);
        }
    };
    let writers = async {
        futures::future::join_all((0..WRITERS).map(write)).await;
        done.store(true, Ordering::Release);
    };
    let clock = async {
        while !done.load(Ordering::Acquire) {
            begun.tick(&stage, SignedDuration::from_millis(20));
            tokio::task::yield_now().await;
        }
    };
    let reader = async {
        let mut reader = Synchronised::default();
        while !done.load(Ordering::Acquire) {
            reader.synchronise(&partner).await;
        }
        stage.clock.advance(SETTLED_AFTER);
        reader.synchronise(&partner).await;
        reader
    };
    let ((), (), reader) = tokio::join!(writers, clock, reader);
    for id in &all {
        let stored = data(&partner.get(&TASKS.path_of(id)).await);
        assert_eq!(reader.tasks.get(id), Some(&stored), "{} walks", reader.walks);
    }
    assert!(reader.walks > 5, "{} walks", reader.walks);
}

/// A partner's copy of the tasks.
struct Synchronised {
    tasks: HashMap<String, Value>,
    since: String,
    walks: usize,
}

impl Default for Synchronised {
    fn default() -> Self {
        Self { tasks: HashMap::new(), since: START.to_owned(), walks: 0 }
    }
}

impl Synchronised {
    /// Takes what changed since the newest change that it has.
    async fn synchronise(&mut self, partner: &Partner) {
        let changed = walk(partner, &format!("updated_after={}&page_size=7", self.since)).await;
        let mut seen = BTreeSet::new();
        for task in changed {
            assert!(seen.insert(task.to_string()), "twice, without a change between: {task}");
            self.since = task["updated_at"].as_str().unwrap().to_owned().max(std::mem::take(&mut self.since));
            self.tasks.insert(task["channel_task_id"].as_str().unwrap().to_owned(), task);
        }
        self.walks += 1;
    }
}
