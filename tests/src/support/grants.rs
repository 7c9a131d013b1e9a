//! What functions of any test used of what they are granted, written down for `tests/policies.rs`, which runs when all tests of this
//! program are done.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::sync::{LazyLock, Mutex};

use local::policies::Grant;
use local::wire::Wire;

/// Beside the programs of the tests.
const FILE: &str = "grants-used.txt";

/// Writes each down once.
pub fn used(grant: &Grant) {
    static USED: LazyLock<Mutex<(BTreeSet<String>, std::fs::File)>> = LazyLock::new(|| {
        let file = std::env::current_exe().unwrap().with_file_name(FILE);
        Mutex::new((BTreeSet::new(), std::fs::File::create(file).unwrap()))
    });
    let (written, file) = &mut *USED.lock().unwrap();
    let line = grant.to_string();
    if written.insert(line.clone()) {
        writeln!(file, "{line}").unwrap();
    }
}

/// Hears of what is used, and lets everything pass.
pub struct Recorder;

impl Wire for Recorder {
    fn used(&self, grant: &Grant) {
        used(grant);
    }
}
