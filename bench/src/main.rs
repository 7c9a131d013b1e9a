//! What the system costs: every function beside floors built with the same profile, lists and the search as they grow, and all of it
//! under load: `cargo run --release -p bench`.
//!
//! Absolute times are the machine's; the ratios are what counts. Prints the tables and writes `docs/performance.md` with its charts.

mod callers;
mod charts;
mod functions;
mod lists;
mod load;
mod place;
mod report;
mod runtime;
mod search;
mod tls;
mod wire;

use std::path::{Path, PathBuf};
use std::process::Command;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("no root")?.to_owned();
    say("building the functions and the floors with the release profile");
    build(&root)?;
    let contenders = functions::measure(&root).await?;
    let load = load::measure().await?;
    let lists = lists::measure().await?;
    let mut searches = Vec::new();
    for count in search::SIZES {
        searches.push(search::measure(&root, count).await?);
    }
    let text = [
        "# Performance\n\nWritten by `cargo run --release -p bench`, in one run.\n".to_owned(),
        report::functions(&contenders)?,
        report::lists(&lists)?,
        report::load(&load)?,
        report::searches(&searches)?,
    ];
    let text = text.join("\n");
    say(&text);
    std::fs::write(root.join("docs/performance.md"), text)?;
    let charts = root.join("docs/charts");
    std::fs::create_dir_all(&charts)?;
    let cold_starts = report::cold_starts(&contenders)?;
    charts::bars(&charts.join("cold-start.svg"), "From the start of a process to its first answer", &cold_starts, 2)?;
    charts::lines(&charts.join("lists.svg"), "Read units of a page of a list", &lists)?;
    if load.lost > 0 || !load.errors.is_empty() {
        return Err("under load not everything was well: see the page".into());
    }
    Ok(())
}

/// All at once: apart, each would have its dependencies built with features of its own.
fn build(root: &Path) -> Result<(), Failure> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--release", "--locked", "--bins"]);
    for package in ["channel", "hris", "jobboard", "ops", "signing", "floor"] {
        cargo.args(["-p", package]);
    }
    if cargo.current_dir(root).status()?.success() { Ok(()) } else { Err("the build failed".into()) }
}

fn binary(root: &Path, name: &str) -> PathBuf {
    root.join("target/release").join(name)
}

#[expect(clippy::print_stdout, reason = "this program talks to the person at the terminal")]
fn say(line: &str) {
    println!("{line}");
}
