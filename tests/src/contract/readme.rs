//! The README and the recipes in their two languages.

use crate::support::repository::read;

/// The depth of each heading of a page, its commands and responses, and the first cells of its tables.
fn shown(page: &str) -> Vec<String> {
    let text = read(page);
    let prose = text.split("```").step_by(2).flat_map(str::lines);
    let headings = prose.filter(|line| line.starts_with('#')).map(|line| line.split(' ').next().unwrap().to_owned());
    let blocks = text.split("```").skip(1).step_by(2).map(str::to_owned);
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.map(|row| row.split('|').nth(1).unwrap().replace(['、', ','], "").replace(' ', ""));
    headings.chain(blocks).chain(cells).collect()
}

#[test]
fn the_readme_and_the_recipes_show_the_same_in_both_languages() {
    let english = ["README.md", "docs/getting-started.md"].map(shown).concat();
    assert!(english.len() > 45, "{english:?}");
    assert_eq!(english, ["README.zh-CN.md", "docs/getting-started.zh-CN.md"].map(shown).concat());
}
