//! The claims of `docs/security.md` that no other test covers, and a check that the tests named there exist.

mod cursors;
mod headers;
mod limits;
mod messages;
mod requests;
mod tokens;

use std::collections::BTreeSet;

use crate::support::repository::sources;

const DOCUMENT: &str = include_str!("../../../../docs/security.md");

/// The names in a list item that begins with `Tests:`.
fn named(section: &str) -> Vec<&str> {
    let lists = section.split("Tests:").skip(1).map(|list| list.split("\n\n").next().unwrap_or_default());
    lists.flat_map(|list| list.split('`').skip(1).step_by(2)).collect()
}

/// The names of a file's tests: functions below a test attribute, also within `proptest!`.
fn tests_of(text: &str) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim_start) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if !line.starts_with("#[") && !line.starts_with("//") {
            let function = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
            let name = function.and_then(|function| function.split('(').next());
            names.extend(name.filter(|_| is_test));
            is_test = false;
        }
    }
    names
}

#[test]
fn a_test_is_distinguished_from_other_functions() {
    let text = "#[test]\nfn plain() {}\nfn helper() {}\n#[tokio::test(flavor = \"a\")]\n// Why.\n#[cfg(unix)]\nasync fn slow() {}\n\
        proptest! {\n    #[test]\n    fn any(x in 0..9) {}\n}\n#[cfg(test)]\nfn of_tests() {}\n";
    assert_eq!(tests_of(text), BTreeSet::from(["any", "plain", "slow"]));
}

#[test]
fn each_item_of_the_list_names_tests_that_exist() {
    let sources: Vec<String> =
        ["tests", "shared", "functions"].iter().flat_map(|folder| sources(folder)).map(|(_, text)| text).collect();
    let tests: BTreeSet<&str> = sources.iter().flat_map(|text| tests_of(text)).collect();
    let sections: Vec<&str> = DOCUMENT.split("\n## API").skip(1).collect();
    let numbers: BTreeSet<u32> = sections.iter().filter_map(|section| section.split(' ').next()?.parse().ok()).collect();
    assert_eq!(numbers, (1..=10).collect());
    for section in sections {
        let named = named(section);
        assert!(!named.is_empty(), "no test in: {section}");
        let missing: Vec<_> = named.iter().filter(|name| !tests.contains(**name)).collect();
        assert!(missing.is_empty(), "{missing:?} in API{}", section.lines().next().unwrap_or_default());
    }
}

#[test]
fn no_administrators_function_has_a_route() {
    let served: BTreeSet<&str> = lambda::routes::all().map(|route| route.function).collect();
    assert!(served.len() > 20);
    for function in ops::FUNCTIONS {
        assert!(!served.contains(function), "{function} is served");
    }
}
