//! `docs/performance.md`: a section for each thing that is measured, each with its day.

use std::path::Path;

use shared::clock::{Clock as _, SystemClock};

use crate::Failure;

const HEAD: &str = "# Performance\n\nWritten by `cargo run --release -p bench`. Figures of one day are of one run, unless their sections were measured alone.\n";

/// Puts a section, which begins with its heading, in the place of the one with the same heading, or at the end.
pub fn renew(page: &Path, section: &str) -> Result<(), Failure> {
    let now = SystemClock.now().to_string();
    let (day, _) = now.split_once('T').ok_or("no day")?;
    let (heading, body) = section.split_once("\n\n").ok_or("no heading")?;
    let section = format!("{heading}\n\nMeasured on {day}. {}\n", body.trim_end());
    let text = std::fs::read_to_string(page).unwrap_or_default();
    let mut sections: Vec<String> = text.split("\n## ").skip(1).map(|rest| format!("## {}\n", rest.trim_end())).collect();
    match sections.iter_mut().find(|old| old.lines().next() == Some(heading)) {
        Some(old) => *old = section,
        None => sections.push(section),
    }
    std::fs::write(page, std::iter::once(HEAD.to_owned()).chain(sections).collect::<Vec<_>>().join("\n"))?;
    Ok(())
}
