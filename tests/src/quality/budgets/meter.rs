//! Counts the DynamoDB calls and capacity units of one request after another, and compares them with `docs/budgets.md`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use serde_json::Value;

use crate::support::repository::{compare_part, read};
use crate::support::wire::Units;
use crate::support::{Response, Stage};

const PAGE: &str = "docs/budgets.md";

/// `caller` sends the requests of the family.
pub struct Meter<Caller> {
    pub stage: Stage,
    pub caller: Caller,
    measured: BTreeMap<String, [String; 2]>,
}

impl<Caller> Meter<Caller> {
    pub fn new(stage: Stage, caller: Caller) -> Self {
        Self { stage, caller, measured: BTreeMap::new() }
    }

    /// Counts the calls until the future is ready.
    pub async fn measure<T>(&mut self, label: &str, request: impl Future<Output = T>) -> T {
        self.stage.take_calls();
        self.stage.wire.take_units();
        let response = request.await;
        let calls = self.stage.take_calls();
        let calls = if calls.is_empty() { "none".to_owned() } else { calls.join(" + ") };
        let cost = [calls, shown(self.stage.wire.take_units())];
        assert!(self.measured.insert(label.to_owned(), cost).is_none(), "{label} is measured twice");
        response
    }

    /// Measures a request that succeeds. Returns its data.
    pub async fn succeeds(&mut self, label: &str, request: impl Future<Output = Response>) -> Value {
        let response = self.measure(label, request).await;
        assert!(response.status < 400, "{label}: {response:?}");
        response.body["data"].clone()
    }

    /// The read units of a measurement.
    pub fn read(&self, label: &str) -> f64 {
        let units = self.measured[label][1].split_once(" read").map_or("0", |(units, _)| units);
        units.parse().unwrap()
    }

    /// Compares the measurements with the table below this heading, or writes the costs there if `BLESS` is set.
    #[track_caller]
    pub fn assert_is(&self, heading: &str) {
        compare_part(PAGE, |page| {
            let labels: BTreeSet<String> = rows(page, heading).into_iter().map(str::to_owned).collect();
            assert_eq!(self.measured.keys().cloned().collect::<BTreeSet<_>>(), labels);
            let (before, behind) = page.split_once(heading).unwrap();
            let mut written = format!("{before}{heading}\n|---|---|---|\n");
            for label in rows(page, heading) {
                let [calls, units] = &self.measured[label];
                written.push_str(&format!("| {label} | {calls} | {units} |\n"));
            }
            let rest = behind.split_once("|\n\n").map_or(String::new(), |(_, rest)| format!("\n{rest}"));
            written + &rest
        });
    }
}

/// The calls of one read after another, at these intervals in milliseconds. A process caches what it looked up for five seconds.
pub async fn over_time(stage: &Stage, read: impl AsyncFn() -> Response) -> Vec<String> {
    let mut calls = Vec::new();
    for milliseconds in [5000, 0, 4999, 1, 0, 4999, 1] {
        stage.clock.advance(SignedDuration::from_millis(milliseconds));
        stage.take_calls();
        assert_eq!(read().await.status, 200);
        calls.push(stage.take_calls().join(" + "));
    }
    calls
}

/// `0.5 read`, `2 written`.
fn shown(units: Units) -> String {
    let parts = [(units.read, "read"), (units.written, "written")];
    let parts: Vec<String> =
        parts.iter().filter(|(units, _)| *units > 0.0).map(|(units, kind)| format!("{units} {kind}")).collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join(" + ") }
}

/// The labels of the table below this heading.
fn rows<'a>(page: &'a str, heading: &str) -> Vec<&'a str> {
    let lines = page.lines().skip_while(|line| *line != heading).skip(2);
    let rows = lines.take_while(|line| line.starts_with('|'));
    rows.map(label).collect()
}

/// The label of a row.
fn label(row: &str) -> &str {
    row.trim_matches('|').split('|').next().unwrap_or_default().trim()
}

/// `METHOD /path` of a label, without its case.
fn endpoint(label: &str) -> &str {
    label.split_once(',').map_or(label, |(route, _)| route)
}

/// The endpoints of a table as `METHOD /path`. Each has a row without a case.
pub fn budgeted(heading: &str) -> BTreeSet<String> {
    let page = read(PAGE);
    let labels: BTreeSet<&str> = rows(&page, heading).into_iter().collect();
    let endpoints: BTreeSet<String> = labels.iter().map(|label| endpoint(label).to_owned()).collect();
    for endpoint in &endpoints {
        assert!(labels.contains(endpoint.as_str()), "{endpoint} has no row without a case");
    }
    endpoints
}

/// The endpoints of all tables that write to DynamoDB in at least one case. Commands are no endpoints.
pub fn writing() -> BTreeSet<String> {
    let page = read(PAGE);
    let rows = page.lines().filter(|line| line.starts_with('|') && line.ends_with(" written |"));
    rows.map(|row| endpoint(label(row)).to_owned()).filter(|endpoint| endpoint.contains(" /")).collect()
}

/// `METHOD /path` of a family's routes.
pub fn endpoints(routes: &[(&'static str, String, &'static str)]) -> BTreeSet<String> {
    routes.iter().map(|(method, path, _)| format!("{method} {path}")).collect()
}
