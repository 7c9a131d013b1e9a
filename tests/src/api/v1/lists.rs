//! Pages by number against a plain scan: the state of every record, read one by one.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::join_all;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::changes::Begun;
use crate::support::dice::Dice;
use crate::support::resource::{COMPANIES, TASKS};
use crate::support::{Partner, Stage, data};

const COMPANY_IDS: [&str; 3] = ["C20240101001", "C2", "C3"];
const STATUSES: [&str; 3] = ["open", "closed", "suspended"];
const ROUNDS: usize = 6;
const WRITERS: usize = 4;
const WRITES: usize = 8;
const SIZE: usize = 7;

/// A partner, and the ids of the tasks that it has posted.
struct Writer<'a> {
    stage: &'a Stage,
    partner: &'a Partner,
    begun: Begun,
    posted: Mutex<Vec<String>>,
}

impl Writer<'_> {
    /// Creates a task, or changes one that was created before.
    async fn write(&self, dice: &mut Dice) {
        let at = self.begun.begin(self.stage);
        let (company, status) = (dice.one_of(&COMPANY_IDS), dice.one_of(&STATUSES));
        let known = {
            let posted = self.posted.lock().unwrap();
            (!posted.is_empty()).then(|| posted[dice.below(posted.len())].clone())
        };
        if let Some(id) = known.filter(|_| dice.below(3) > 0) {
            let patch = match dice.below(3) {
                0 => json!({"channel_company_id": company}),
                1 => json!({"status": status}),
                _ => json!({"channel_company_id": company, "status": status}),
            };
            assert_eq!(self.partner.put(&TASKS.path_of(&id), &patch).await.status, 200);
        } else {
            let id = format!("T{:x}", dice.0);
            let mut task = TASKS.with("channel_task_id", id.as_str());
            (task["channel_company_id"], task["status"]) = (company.into(), status.into());
            TASKS.create(self.partner, &task).await;
            self.posted.lock().unwrap().push(id);
        }
        self.begun.end(at);
    }
}

async fn page(partner: &Partner, query: &str) -> (Vec<Value>, Value) {
    let mut data = data(&partner.get(&format!("/api/v1/tasks?{query}")).await);
    let list = data.as_object_mut().unwrap().remove("list").unwrap();
    (list.as_array().unwrap().clone(), data)
}

fn server_id(task: &Value) -> u64 {
    task["task_id"].as_str().unwrap().parse().unwrap()
}

/// Every task in its current state, newest first.
async fn scan(partner: &Partner, ids: &[String]) -> Vec<Value> {
    let mut tasks = Vec::new();
    for id in ids {
        tasks.push(data(&partner.get(&TASKS.path_of(id)).await));
    }
    tasks.sort_by_key(|task| std::cmp::Reverse(server_id(task)));
    tasks
}

/// Compares every page of every filter.
async fn compare(partner: &Partner, all: &[Value]) {
    for company in [None].into_iter().chain(COMPANY_IDS.map(Some)) {
        for status in [None].into_iter().chain(STATUSES.map(Some)) {
            let wanted = |task: &&Value| {
                company.is_none_or(|company| task["channel_company_id"] == company)
                    && status.is_none_or(|status| task["status"] == status)
            };
            let expected: Vec<&Value> = all.iter().filter(wanted).collect();
            let company = company.map_or(String::new(), |company| format!("&channel_company_id={company}"));
            let status = status.map_or(String::new(), |status| format!("&status={status}"));
            for number in 1..=expected.len().div_ceil(SIZE) + 1 {
                let query = format!("page={number}&page_size={SIZE}{company}{status}");
                let (tasks, rest) = page(partner, &query).await;
                let tasks: Vec<&Value> = tasks.iter().collect();
                let on_page: Vec<&Value> = expected.iter().copied().skip((number - 1) * SIZE).take(SIZE).collect();
                assert_eq!((tasks, &rest["total"]), (on_page, &json!(expected.len())), "{query}");
                assert_eq!(rest["next_cursor"].is_string(), number * SIZE < expected.len(), "{query}");
            }
        }
    }
}

/// With `memory` in MiB; without any, pages are read from the indexes.
async fn pages_are_exact(memory: &str) {
    let variables = [local::WITHOUT_LIMITS.as_slice(), &[("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory)]].concat();
    let stage = Stage::open_with(&variables).await;
    let partner = TASKS.partner(&stage.address).await;
    for id in &COMPANY_IDS[1..] {
        COMPANIES.create(&partner, &COMPANIES.with("channel_company_id", *id)).await;
    }
    let writer = Writer { stage: &stage, partner: &partner, begun: Begun::default(), posted: Mutex::default() };
    for round in 0..ROUNDS {
        let done = AtomicBool::new(false);
        let writers = async {
            let write = async |number: usize| {
                let mut dice = Dice((1 + round * WRITERS + number) as u64 * 0x9e37_79b9);
                for _ in 0..WRITES {
                    writer.write(&mut dice).await;
                }
            };
            join_all((0..WRITERS).map(write)).await;
            done.store(true, Ordering::Release);
        };
        let clock = async {
            while !done.load(Ordering::Acquire) {
                writer.begun.tick(&stage, SignedDuration::from_millis(2));
                tokio::task::yield_now().await;
            }
        };
        let reader = async {
            let mut before = 0;
            while !done.load(Ordering::Acquire) {
                let (tasks, rest) = page(&partner, "page_size=100").await;
                let total = rest["total"].as_u64().unwrap();
                assert!(total >= before, "{total} after {before}");
                before = total;
                let ids: Vec<u64> = tasks.iter().map(server_id).collect();
                assert!(ids.is_sorted_by(|one, other| one > other), "{ids:?}");
            }
        };
        tokio::join!(writers, clock, reader);
        let posted = writer.posted.lock().unwrap().clone();
        compare(&partner, &scan(&partner, &posted).await).await;
        // Sometimes longer than a change takes to settle.
        stage.clock.advance(SignedDuration::from_secs([0, 5, 40][round % 3]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn pages_from_memory_equal_a_plain_scan_while_writers_are_active() {
    pages_are_exact("512").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn pages_of_a_list_that_is_too_large_equal_a_plain_scan() {
    pages_are_exact("0").await;
}
