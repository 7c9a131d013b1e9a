//! `docs/faults.md`: its tables are written by the matrix, and compared.

use std::sync::Mutex;

use crate::contract::compare;

const PAGE: &str = "docs/faults.md";

/// Compares the table below a heading, or writes it where `BLESS` is set.
pub fn compare_table(heading: &str, rows: &[String]) {
    // The tests of several families write it.
    static WRITING: Mutex<()> = Mutex::new(());
    let _writing = WRITING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let page = std::fs::read_to_string(crate::contract::root().join(PAGE)).unwrap();
    let (before, behind) = page.split_once(&format!("## {heading}\n")).unwrap_or_else(|| panic!("{PAGE} has no {heading}"));
    let rest = behind.split_once("\n## ").map_or(String::new(), |(_, rest)| format!("\n## {rest}"));
    let table = rows.join("\n");
    compare(PAGE, &format!("{before}## {heading}\n\n| write | its calls | cells |\n|---|---|---|\n{table}\n{rest}"));
}
