//! Files of the repository, read by tests and compared with what the code generates.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The text of a file.
pub fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every Rust file below a folder, with its text.
pub fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for path in files(&folder) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty());
    found
}

/// Files and folders directly in a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// Compares a committed file with the generated text, or writes it if `BLESS` is set.
#[track_caller]
pub fn compare(path: &str, generated: &str) {
    compare_part(path, |_| generated.to_owned());
}

/// The same, of a file that several tests generate in parts: `generate` maps the committed text to the expected one.
#[track_caller]
pub fn compare_part(path: &str, generate: impl FnOnce(&str) -> String) {
    static WRITING: Mutex<()> = Mutex::new(());
    let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let file = root().join(path);
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    let generated = generate(&committed);
    #[expect(clippy::disallowed_methods, reason = "a developer sets it at the terminal")]
    if std::env::var("BLESS").is_ok() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, generated).unwrap();
        return;
    }
    assert!(committed == generated, "{path} differs: run BLESS=1 cargo test -p tests, and review the difference");
}
