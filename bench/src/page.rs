//! `docs/performance.md`: one section per benchmark, which names the run that it comes from.

use std::path::Path;
use std::process::Command;

use shared::runtime::clock::{Clock as _, SystemClock};

use crate::Failure;

const HEAD: &str = "# Performance\n\n`cargo run --release -p bench` writes this page. Sections that name the same run were measured together.\n";

/// The name of a run: its start time and the commit that it measures.
pub fn run(root: &Path) -> Result<String, Failure> {
    let commit = Command::new("git").args(["describe", "--always", "--dirty"]).current_dir(root).output()?;
    let (now, commit) = (SystemClock.now().to_string(), String::from_utf8(commit.stdout)?);
    let minute = now.get(..16).ok_or("no minute")?.replace('T', " ");
    Ok(format!("{minute} UTC, at {}", commit.trim()))
}

/// Replaces the section with the same heading, or appends the section. A section begins with its heading.
pub fn renew(page: &Path, run: &str, section: &str) -> Result<(), Failure> {
    let (heading, body) = section.split_once("\n\n").ok_or("no heading")?;
    let section = format!("{heading}\n\nRun of {run}. {}\n", body.trim_end());
    let text = std::fs::read_to_string(page).unwrap_or_default();
    let mut sections: Vec<String> = text.split("\n## ").skip(1).map(|rest| format!("## {}\n", rest.trim_end())).collect();
    match sections.iter_mut().find(|old| old.lines().next() == Some(heading)) {
        Some(old) => *old = section,
        None => sections.push(section),
    }
    std::fs::write(page, std::iter::once(HEAD.to_owned()).chain(sections).collect::<Vec<_>>().join("\n"))?;
    Ok(())
}
