//! `docs/faults.md`: the matrix generates its tables.

use crate::support::repository::compare_part;

const PAGE: &str = "docs/faults.md";

/// Compares the table below a heading, or writes it if `BLESS` is set.
#[track_caller]
pub fn compare_table(heading: &str, rows: &[String]) {
    let table = rows.join("\n");
    compare_part(PAGE, |page| {
        let (before, behind) = page.split_once(&format!("## {heading}\n")).unwrap_or_else(|| panic!("{PAGE} has no {heading}"));
        let rest = behind.split_once("\n## ").map_or(String::new(), |(_, rest)| format!("\n## {rest}"));
        format!("{before}## {heading}\n\n| write | its calls | cells |\n|---|---|---|\n{table}\n{rest}")
    });
}
