//! The section about the console.

use std::fmt::Write as _;
use std::time::Duration;

use local::demo::large;

use super::{quantile, thousands};
use crate::Failure;
use crate::console::{Page, TRIES};

/// For the p95 of a page, in milliseconds.
const LIMIT: f64 = 150.0;

/// The pages. Forms, which are many and alike, share a row.
pub fn console(pages: &[Page]) -> Result<String, Failure> {
    let mut text = String::from("## The console\n\n");
    writeln!(
        text,
        "Every page that a link of the console leads to, with {} users, orders and applications (`local --demo large`, all in one process), in \
         milliseconds of {TRIES} requests one after the other: the first record of each list, as the first role that may see the page. `POST` \
         finds records by a phone. Each p95 must be below {LIMIT} ms; the highest is **{:.1}**.\n",
        thousands(large::COUNT),
        highest(pages)?
    )?;
    writeln!(text, "| page | role | KB | p50 ms | p95 ms |\n|---|---|---:|---:|---:|")?;
    let (forms, others): (Vec<_>, Vec<_>) = pages.iter().partition(|page| page.path().starts_with("/console/form/"));
    for page in others {
        let (kilobytes, p50, p95) = (page.bytes as f64 / 1e3, quantile(page.times.clone(), 0.5)?, p95(page)?);
        writeln!(text, "| `{}` | {} | {kilobytes:.1} | {p50:.1} | {p95:.1} |", page.path(), page.role.as_str())?;
    }
    let times: Vec<Duration> = forms.iter().flat_map(|page| page.times.clone()).collect();
    let bytes = forms.iter().map(|page| page.bytes).max().ok_or("no forms")?;
    let (kilobytes, p50, p95) = (bytes as f64 / 1e3, quantile(times.clone(), 0.5)?, quantile(times, 0.95)?);
    writeln!(
        text,
        "| the forms of {} commands; KB of the largest | each | {kilobytes:.1} | {p50:.1} | {p95:.1} |\n",
        forms.len()
    )?;
    Ok(text)
}

fn p95(page: &Page) -> Result<f64, Failure> {
    quantile(page.times.clone(), 0.95)
}

fn highest(pages: &[Page]) -> Result<f64, Failure> {
    pages.iter().try_fold(0.0, |highest: f64, page| Ok(highest.max(p95(page)?)))
}
