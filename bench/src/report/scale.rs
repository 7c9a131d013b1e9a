//! The section about the search far beyond its usual size.

use std::fmt::Write as _;
use std::time::Duration;

use super::{quantile, thousands};
use crate::{Failure, scale};

/// The search with up to ten million jobs.
pub fn scale(measured: &[scale::Measured]) -> Result<String, Failure> {
    let mut text = String::from("## Ten million open jobs\n\n");
    writeln!(
        text,
        "The view of the search (`shared/src/jobboard/search/view/`) in the memory of one process, without DynamoDB and S3, over jobs of the \
         seeded generator. A process of its own loads the snapshot. At 5,000 changes a second a read of the feed has {} new changes, and \
         repeats {} of the ten seconds before.\n",
        thousands(scale::NEW),
        thousands(scale::REPEATED)
    )?;
    let row = |name: &str, cells: Vec<String>| format!("| {name} | {} |\n", cells.join(" | "));
    text.push_str(&row("open jobs", measured.iter().map(|one| thousands(one.jobs)).collect()));
    writeln!(text, "|---|{}", "---:|".repeat(measured.len()))?;
    text.push_str(&row("snapshot, MB", measured.iter().map(|one| format!("{:.1}", one.snapshot_bytes as f64 / 1e6)).collect()));
    text.push_str(&row("snapshot to view, ms", measured.iter().map(|one| one.loaded.as_millis().to_string()).collect()));
    text.push_str(&row("peak memory, MiB", measured.iter().map(|one| (one.peak_memory / 1024).to_string()).collect()));
    let p50_and_p99 = |times: &[Duration]| -> Result<String, Failure> {
        Ok(format!("{:.3} / {:.3}", quantile(times.to_vec(), 0.5)?, quantile(times.to_vec(), 0.99)?))
    };
    let applied = measured.iter().map(|one| p50_and_p99(&one.applied)).collect::<Result<_, _>>()?;
    text.push_str(&row("applying the changes of a read, p50 / p99 ms", applied));
    let kinds = measured.first().map_or(0, |one| one.searches.len());
    for kind in 0..kinds {
        let cells = measured.iter().map(|one| p50_and_p99(&one.searches[kind].1)).collect::<Result<_, _>>()?;
        text.push_str(&row(&measured[0].searches[kind].0, cells));
    }
    Ok(text)
}
