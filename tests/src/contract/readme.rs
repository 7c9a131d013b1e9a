//! The README in its two languages.

use crate::support::repository::read;

/// The code blocks of a page, and the first cells of its tables.
fn shown(page: &str) -> Vec<String> {
    let text = read(page);
    let blocks = text.split("```").skip(1).step_by(2).map(str::to_owned);
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.map(|row| row.split('|').nth(1).unwrap().replace(['、', ','], "").replace(' ', ""));
    blocks.chain(cells).collect()
}

#[test]
fn the_readme_shows_the_same_in_both_languages() {
    let english = shown("README.md");
    assert!(english.len() > 25, "{english:?}");
    assert_eq!(english, shown("README.zh-CN.md"));
}
