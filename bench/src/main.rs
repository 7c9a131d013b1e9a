//! The benchmarks: every function compared with floors of the same build profile, lists and the search as they grow, and the whole system
//! under load: `cargo run --release -p bench`.
//!
//! Prints the tables and writes `docs/performance.md` with its charts. Absolute times depend on the machine, so compare the ratios. The name
//! of a section runs this section only: `cargo run --release -p bench -- load`.

mod charts;
mod consent;
mod console;
mod events;
mod functions;
mod lists;
mod load;
mod page;
mod partner;
mod place;
mod report;
mod runtime;
mod scale;
mod sealing;
mod search;
mod tls;
mod wire;

use std::path::{Path, PathBuf};
use std::process::Command;

use bench::Failure;
use local::template::Template;

/// The sections, which can be named as arguments. Without arguments all run.
const SECTIONS: [&str; 10] =
    ["consent", "console", "events", "functions", "lists", "load", "partner", "scale", "sealing", "search"];

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("no root")?.to_owned();
    let named: Vec<String> = std::env::args().skip(1).collect();
    if let [scale::LOAD, path] = named.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        say(&scale::load(Path::new(path))?);
        return Ok(());
    }
    if let Some(unknown) = named.iter().find(|name| !SECTIONS.contains(&name.as_str())) {
        return Err(format!("{unknown} is not one of {}", SECTIONS.join(", ")).into());
    }
    let sections: Vec<&str> =
        SECTIONS.into_iter().filter(|section| named.is_empty() || named.iter().any(|name| name == section)).collect();
    if sections.iter().any(|section| ["functions", "search"].contains(section)) {
        say("building the functions and the floors with the release profile");
        build(&root)?;
    }
    let run = page::run(&root)?;
    let charts = root.join("docs/charts");
    std::fs::create_dir_all(&charts)?;
    for section in sections {
        let text = match section {
            "consent" => report::consents(&consent::measure().await?)?,
            "console" => report::console(&console::measure().await?)?,
            "events" => report::events(&events::measure().await?)?,
            "functions" => {
                let contenders = functions::measure(&root).await?;
                let cold_starts = report::cold_starts(&contenders)?;
                let title = "From the start of a process to its first response";
                charts::bars(&charts.join("cold-start.svg"), title, &cold_starts, 2)?;
                report::functions(&contenders)?
            }
            "lists" => {
                let lists = lists::measure().await?;
                charts::lines(
                    &charts.join("lists.svg"),
                    "Read units of a page: the last page by number (thick), by cursor (thin)",
                    &lists,
                )?;
                report::lists(&lists)?
            }
            "load" => {
                let load = load::measure().await?;
                let text = report::load(&load)?;
                if load.lost > 0 || !load.errors.is_empty() {
                    return Err(format!("the load caused errors or lost writes:\n{text}").into());
                }
                text
            }
            "partner" => report::partner(&partner::measure().await?)?,
            "scale" => report::scale(&scale::measure()?)?,
            "sealing" => report::sealing(&sealing::measure().await?)?,
            _ => {
                let mut searches = Vec::new();
                for count in search::SIZES {
                    searches.push(search::measure(&root, count).await?);
                }
                report::searches(&searches)?
            }
        };
        say(&text);
        page::renew(&root.join("docs/performance.md"), &run, &text)?;
    }
    Ok(())
}

/// Builds all packages in one call. Separate calls would build dependencies several times, with different features.
fn build(root: &Path) -> Result<(), Failure> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--release", "--locked", "--bins"]);
    for package in ["channel", "hris", "jobboard", "ops", "signing", "floor"] {
        cargo.args(["-p", package]);
    }
    if cargo.current_dir(root).status()?.success() { Ok(()) } else { Err("the build failed".into()) }
}

/// The binary of a function. The floors have their own.
fn binary(root: &Path, function: &str) -> Result<PathBuf, Failure> {
    Ok(root.join("target/release").join(Template::read()?.binary(function).unwrap_or(function)))
}

#[expect(clippy::print_stdout, reason = "this program prints its progress and results on the terminal")]
fn say(line: &str) {
    println!("{line}");
}
