//! The tables.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use crate::Failure;
use crate::search::Measured;
use crate::wire::Call;

pub struct Contender {
    pub name: &'static str,
    pub binary: PathBuf,
    pub samples: Vec<Samples>,
}

/// What one process showed.
pub struct Samples {
    pub ready: Duration,
    pub first: Duration,
    pub warm: Vec<Duration>,
    /// KiB.
    pub peak_memory: u64,
}

/// The medians of a contender; times in milliseconds.
struct Row {
    ready: f64,
    first: f64,
    warm: f64,
    warm_p99: f64,
    /// MiB.
    memory: f64,
    /// MB.
    size: f64,
}

impl Contender {
    pub fn new(name: &'static str, binary: PathBuf) -> Self {
        Self { name, binary, samples: Vec::new() }
    }

    fn row(&self) -> Result<Row, Failure> {
        let of = |measure: fn(&Samples) -> Duration| self.samples.iter().map(measure).collect();
        let warm: Vec<Duration> = self.samples.iter().flat_map(|samples| samples.warm.iter().copied()).collect();
        let memory = self.samples.iter().map(|samples| Duration::from_millis(samples.peak_memory)).collect();
        Ok(Row {
            ready: quantile(of(|samples| samples.ready), 0.5)?,
            first: quantile(of(|samples| samples.first), 0.5)?,
            warm: quantile(warm.clone(), 0.5)?,
            warm_p99: quantile(warm, 0.99)?,
            memory: quantile(memory, 0.5)? / 1024.0,
            size: std::fs::metadata(&self.binary)?.len() as f64 / 1e6,
        })
    }
}

/// In milliseconds.
fn quantile(mut values: Vec<Duration>, at: f64) -> Result<f64, Failure> {
    values.sort_unstable();
    let index = ((values.len().max(1) - 1) as f64 * at).round() as usize;
    Ok(values.get(index).ok_or("no samples")?.as_secs_f64() * 1000.0)
}

/// The last contender is compared with the one before it, its floor.
pub fn calls(contenders: &[Contender], starts: usize, calls: usize) -> Result<String, Failure> {
    let rows = contenders.iter().map(Contender::row).collect::<Result<Vec<_>, _>>()?;
    let mut text = String::from("# Performance\n\n");
    writeln!(
        text,
        "Written by `cargo run --release -p bench`: {starts} fresh processes of each, in turn, {calls} warm calls in each process; \
         medians, in milliseconds. TLS stands in front of an embedded DynamoDB on the same machine, so the times say little and the \
         ratios much: DynamoDB itself adds the same few milliseconds to every call of each.\n"
    )?;
    writeln!(text, "| | start to ready | first call | warm p50 | warm p99 | peak memory MiB | binary MB |")?;
    writeln!(text, "|---|---:|---:|---:|---:|---:|---:|")?;
    for (contender, row) in contenders.iter().zip(&rows) {
        let Row { ready, first, warm, warm_p99, memory, size } = row;
        writeln!(
            text,
            "| {} | {ready:.2} | {first:.2} | {warm:.3} | {warm_p99:.3} | {memory:.1} | {size:.1} |",
            contender.name
        )?;
    }
    if let [.., floor, ours] = rows.as_slice() {
        writeln!(
            text,
            "| **ratio to the floor above** | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} |",
            ours.ready / floor.ready,
            ours.first / floor.first,
            ours.warm / floor.warm,
            ours.warm_p99 / floor.warm_p99,
            ours.memory / floor.memory,
            ours.size / floor.size
        )?;
    }
    text.push_str(
        "\nA function fetches its keys and opens its DynamoDB connection while it starts, when a function on Lambda has a whole CPU \
         to itself; the floor opens its connection in the first call. DynamoDB calls by endpoint are in [budgets.md](budgets.md).\n",
    );
    Ok(text)
}

/// What the list of open jobs takes, size by size.
pub fn searches(measured: &[Measured]) -> Result<String, Failure> {
    let mut text = String::from("## The list of open jobs\n\n");
    writeln!(
        text,
        "`POST /jobs/list` in the same run, over jobs of a seeded generator (`bench/src/jobs.rs`): Chinese positions, the coordinates of \
         real cities, tags and refreshes with their usual skew. Each function holds the open jobs itself and follows a feed of changes \
         (`shared/src/jobboard/search/`).\n"
    )?;
    let mut table = Table { text: &mut text, measured };
    table.head("open jobs", |one| Ok(thousands(one.jobs)))?;
    table.row("DynamoDB calls of a page", |one| Ok(operations(&one.rested)))?;
    table.row("their read units", |one| Ok(format!("{:.1}", units(&one.rested))))?;
    table.row("calls of a page within 250 ms of it", |one| Ok(operations(&one.at_once)))?;
    table.row("their read units", |one| Ok(format!("{:.1}", units(&one.at_once))))?;
    table.row("a filter expression instead, read units", |one| Ok(thousands(one.brute.units.round() as usize)))?;
    table.row("**as a multiple**", |one| Ok(format!("{:.0}", one.brute.units / units(&one.rested))))?;
    table.row("a filter expression instead, ms", |one| Ok(format!("{:.0}", one.brute.time.as_secs_f64() * 1000.0)))?;
    table.row("**as a multiple of a call's p50**", |one| {
        Ok(format!("{:.0}", one.brute.time.as_secs_f64() * 1000.0 / quantile(one.calls.clone(), 0.5)?))
    })?;
    table.row("share of the table that was read for that", |one| Ok(format!("{:.0} %", one.brute.share * 100.0)))?;
    table.row("call of the function with DynamoDB, p50 / p99 ms", |one| both(&one.calls))?;
    table.row("from the acknowledgement of a job to its first appearance in another process, p50 / p99 ms", |one| {
        both(&one.freshness)
    })?;
    table.row("start to ready with a snapshot, ms", |one| Ok(format!("{:.0}", one.ready.as_secs_f64() * 1000.0)))?;
    table
        .row("reading the table and writing a snapshot, ms", |one| Ok(format!("{:.0}", one.rebuilt.as_secs_f64() * 1000.0)))?;
    table.row("snapshot, MB", |one| Ok(format!("{:.2}", one.snapshot_bytes as f64 / 1e6)))?;
    table.row("peak memory of the function, MiB", |one| Ok(format!("{:.0}", one.peak_memory as f64 / 1024.0)))?;
    text.push_str(
        "\nThe embedded DynamoDB scans the slower the more there is, and gives the pages of an index slowly: the times of the filter expression \
         and of reading the table are its own, the read units are DynamoDB's.\n",
    );
    text.push_str("\nIn the function, without DynamoDB, p50 / p99 in milliseconds:\n\n");
    let mut table = Table { text: &mut text, measured };
    table.head("open jobs", |one| Ok(thousands(one.jobs)))?;
    let kinds = measured.first().map_or(0, |one| one.searches.len());
    for kind in 0..kinds {
        let name = measured.first().map_or("", |one| one.searches[kind].0.as_str());
        table.row(name, |one| both(&one.searches[kind].1))?;
    }
    Ok(text)
}

struct Table<'a> {
    text: &'a mut String,
    measured: &'a [Measured],
}

impl Table<'_> {
    fn head(&mut self, name: &str, cell: impl Fn(&Measured) -> Result<String, Failure>) -> Result<(), Failure> {
        self.row(name, cell)?;
        writeln!(self.text, "|---|{}", "---:|".repeat(self.measured.len()))?;
        Ok(())
    }

    fn row(&mut self, name: &str, cell: impl Fn(&Measured) -> Result<String, Failure>) -> Result<(), Failure> {
        let cells = self.measured.iter().map(cell).collect::<Result<Vec<_>, _>>()?;
        writeln!(self.text, "| {name} | {} |", cells.join(" | "))?;
        Ok(())
    }
}

fn both(times: &[Duration]) -> Result<String, Failure> {
    Ok(format!("{:.3} / {:.3}", quantile(times.to_vec(), 0.5)?, quantile(times.to_vec(), 0.99)?))
}

fn operations(calls: &[Call]) -> String {
    calls.iter().map(|call| call.operation.as_str()).collect::<Vec<_>>().join(" + ")
}

fn units(calls: &[Call]) -> f64 {
    calls.iter().map(|call| call.units).sum()
}

/// `1,000,000`.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(",")
}
