//! Each function's policy in `template.yaml` against the calls that it made in the test-suite. That nothing is missing is proven there: a
//! call without a grant is refused. Here follows that nothing is granted without need.

use std::collections::BTreeSet;

use local::policies::Policies;
use local::template::Template;

/// Written by the tests of this package, which run before this one (`tests/src/support/grants.rs`).
const FILE: &str = "grants-used.txt";

#[test]
fn no_function_is_granted_what_it_never_used() {
    let file = std::env::current_exe().unwrap().with_file_name(FILE);
    let used = std::fs::read_to_string(&file).expect("all tests run before: cargo test --workspace");
    let used: BTreeSet<String> = used.lines().map(str::to_owned).collect();
    let granted: BTreeSet<String> = Policies::of(&Template::read().unwrap()).grants.iter().map(ToString::to_string).collect();
    let unused: Vec<&String> = granted.difference(&used).collect();
    assert!(unused.is_empty(), "granted in template.yaml, and used by no test:\n{unused:#?}");
    assert!(used.is_subset(&granted), "the record is of another template");
}
