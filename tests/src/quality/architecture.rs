//! The rules of the code that the compiler does not check.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use crate::support::repository::{read, root, sources};

fn dependencies(package: &str) -> Vec<String> {
    let manifest = read(&format!("{package}/Cargo.toml"));
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
fn only_binaries_and_their_runtime_import_lambda_http() {
    let sources = sources("functions").into_iter();
    for (path, text) in sources.filter(|(path, _)| !path.starts_with(root().join("functions/lambda"))) {
        let is_binary = path.ends_with("src/main.rs");
        assert!(is_binary || !text.contains("lambda_http"), "{} imports lambda_http", path.display());
        assert!(!is_binary || text.lines().count() <= 25, "{} is more than a handful of lines", path.display());
    }
}

#[test]
fn handlers_do_not_touch_the_database() {
    for (path, text) in sources("functions") {
        assert!(
            !text.contains("aws_sdk") && !text.contains("shared::storage::table"),
            "{} bypasses the service",
            path.display()
        );
    }
}

#[test]
fn there_is_one_tls_and_one_http_stack() {
    let tree =
        Command::new(env!("CARGO")).args(["tree", "--workspace", "--prefix=none", "--locked"]).current_dir(root()).output();
    let tree = String::from_utf8(tree.unwrap().stdout).unwrap();
    assert!(tree.contains("rustls v0.23") && tree.contains("hyper v1."));
    for second in ["openssl v", "native-tls v", "ring v", "rustls v0.21", "hyper v0.", "http v0."] {
        assert!(!tree.lines().any(|line| line.starts_with(second)), "{second} is a dependency");
    }
}

/// The features of each dependency of a selection of packages.
fn features(selection: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
    let arguments = ["tree", "--prefix=none", "--locked", "--format={p} [{f}]"];
    let tree = Command::new(env!("CARGO")).args(arguments).args(selection).current_dir(root()).output();
    let tree = String::from_utf8(tree.unwrap().stdout).unwrap();
    let mut features: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in tree.lines() {
        let Some((package, own)) = line.split_once(" [") else { continue };
        let package = package.trim_end_matches(" (proc-macro)").to_owned();
        let own = own.split(']').next().unwrap().split(',').filter(|feature| !feature.is_empty());
        features.entry(package).or_default().extend(own.map(str::to_owned));
    }
    features
}

/// Otherwise `cargo test --workspace` compiles again what `cargo run -p local` has compiled.
#[test]
fn run_and_test_share_every_dependency() {
    let of_local = features(&["-p", "local", "-e", "normal,build"]);
    let of_all = features(&["--workspace", "-e", "normal,build,dev"]);
    assert!(of_local.len() > 200);
    for (package, own) in of_local {
        assert_eq!(of_all[&package], own, "{package}: local/Cargo.toml turns on what the tests need");
    }
}
