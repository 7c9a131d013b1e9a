//! Counts the calls to DynamoDB of one request after another, and compares them with `docs/budgets.md`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Answer, Stage};

const DOCUMENT: &str = include_str!("../../../docs/budgets.md");

/// `caller` is whoever sends the requests of the family.
pub struct Meter<Caller> {
    pub stage: Stage,
    pub caller: Caller,
    measured: BTreeMap<String, String>,
}

impl<Caller> Meter<Caller> {
    pub fn new(stage: Stage, caller: Caller) -> Self {
        Self { stage, caller, measured: BTreeMap::new() }
    }

    /// What is called until the future is ready.
    pub async fn measure<T>(&mut self, label: &str, request: impl Future<Output = T>) -> T {
        self.stage.take_calls();
        let answer = request.await;
        let calls = self.stage.take_calls();
        let calls = if calls.is_empty() { "none".to_owned() } else { calls.join(" + ") };
        assert!(self.measured.insert(label.to_owned(), calls).is_none(), "{label} is measured twice");
        answer
    }

    /// Measures a request that succeeds, and gives the data that it answers.
    pub async fn answered(&mut self, label: &str, request: impl Future<Output = Answer>) -> Value {
        let answer = self.measure(label, request).await;
        assert!(answer.status < 400, "{label}: {answer:?}");
        answer.body["data"].clone()
    }

    /// Whether what was measured is what the table below this heading allows.
    #[track_caller]
    pub fn assert_is(&self, heading: &str) {
        assert_eq!(self.measured, table(heading));
    }
}

/// The table below this heading: what is called, and the calls of DynamoDB that it makes.
fn table(heading: &str) -> BTreeMap<String, String> {
    let rows = DOCUMENT.lines().skip_while(|line| *line != heading).skip(2);
    let mut table = BTreeMap::new();
    for row in rows.take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [label, calls] = cells[..] else { panic!("{row} has not two cells") };
        assert!(table.insert(label.to_owned(), calls.to_owned()).is_none(), "{label} stands there twice");
    }
    table
}

/// The endpoints of a table, as `METHOD /path`, each with a line for its plain course.
pub fn budgeted(heading: &str) -> BTreeSet<String> {
    let table = table(heading);
    let endpoints: BTreeSet<String> =
        table.keys().map(|label| label.split_once(',').map_or(label.as_str(), |(route, _)| route).to_owned()).collect();
    for endpoint in &endpoints {
        assert!(table.contains_key(endpoint), "{endpoint} has no budget for its plain course");
    }
    endpoints
}

/// `METHOD /path` of a family's routes.
pub fn endpoints(routes: &[(&'static str, String, &'static str)]) -> BTreeSet<String> {
    routes.iter().map(|(method, path, _)| format!("{method} {path}")).collect()
}
