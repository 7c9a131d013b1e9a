//! The rules of the house that a compiler does not hold.

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every Rust file below a folder, with its text.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
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

fn dependencies(package: &str) -> Vec<String> {
    let manifest = std::fs::read_to_string(root().join(package).join("Cargo.toml")).unwrap();
    let section = manifest.split("[dependencies]\n").nth(1).unwrap().split("\n[").next().unwrap();
    section.lines().filter_map(|line| line.split_once(" = ").map(|(name, _)| name.to_owned())).collect()
}

#[test]
fn the_domain_has_no_transport_dependency() {
    for transport in ["axum", "http", "hyper", "lambda_http", "lambda_runtime", "tower", "utoipa"] {
        assert!(!dependencies("shared").iter().any(|name| name == transport), "shared depends on {transport}");
    }
}

#[test]
fn families_of_the_domain_do_not_import_each_other() {
    let families = ["channel", "signing", "jobboard", "hris"];
    for family in families.into_iter().filter(|family| root().join("shared/src").join(family).is_dir()) {
        for (path, text) in sources(&format!("shared/src/{family}")) {
            for other in families.into_iter().filter(|other| *other != family) {
                assert!(!text.contains(&format!("crate::{other}")), "{} imports {other}", path.display());
            }
        }
    }
}

#[test]
fn only_binaries_of_the_functions_and_what_they_run_in_import_lambda_http() {
    let sources = sources("functions").into_iter();
    for (path, text) in sources.filter(|(path, _)| !path.starts_with(root().join("functions/lambda"))) {
        let is_binary = path.parent().is_some_and(|folder| folder.ends_with("bin"));
        assert!(is_binary || !text.contains("lambda_http"), "{} imports lambda_http", path.display());
        assert!(!is_binary || text.lines().count() <= 20, "{} is more than a handful of lines", path.display());
    }
}

#[test]
fn handlers_do_not_touch_the_database() {
    for (path, text) in sources("functions") {
        assert!(!text.contains("aws_sdk") && !text.contains("shared::store"), "{} goes around the service", path.display());
    }
}

#[test]
fn there_is_one_tls_and_one_http_stack() {
    let tree =
        Command::new(env!("CARGO")).args(["tree", "--workspace", "--prefix=none", "--locked"]).current_dir(root()).output();
    let tree = String::from_utf8(tree.unwrap().stdout).unwrap();
    assert!(tree.contains("rustls v0.23") && tree.contains("hyper v1."));
    for second in ["openssl v", "native-tls v", "ring v", "rustls v0.21", "hyper v0.", "http v0."] {
        assert!(!tree.lines().any(|line| line.starts_with(second)), "{second} came in");
    }
}
