//! The table.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use crate::Failure;

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
pub fn markdown(contenders: &[Contender], starts: usize, calls: usize) -> Result<String, Failure> {
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
