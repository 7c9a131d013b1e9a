//! The rules of the house that a compiler does not hold.

use std::path::{Path, PathBuf};
use std::process::Command;

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every Rust file below a folder, with its text.
pub fn sources(folder: &str) -> Vec<(PathBuf, String)> {
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

/// Names of what proves somebody, as the last word of a name.
const PROOFS: [&str; 9] = ["secret", "secrets", "signature", "mac", "hash", "token", "digest", "password", "proof"];

fn is_proof(name: &str) -> bool {
    PROOFS.contains(&name.rsplit('_').next().unwrap_or(name))
}

/// The last name of what stands before a comparison, and behind it: `token` of `a.token()` and of `&self.token`.
fn compared(line: &str) -> Vec<String> {
    let is_part = |c: char| c.is_alphanumeric() || "_.:()&*[]".contains(c);
    let mut names = Vec::new();
    for operator in [" == ", " != "] {
        for (at, _) in line.match_indices(operator) {
            let before = line[..at].rsplit(|c: char| !is_part(c)).next().unwrap_or_default();
            let behind = line[at + operator.len()..].split(|c: char| !is_part(c)).next().unwrap_or_default();
            for side in [before, behind] {
                let mut words = side.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
                names.extend(words.next_back().map(str::to_owned));
            }
        }
    }
    names
}

/// `==` tells by its time how much of a guess was right. `secrets::is_same` does not. Two values of our own may be compared anyhow: such
/// lines stand here, each with the reason. This list may only shrink.
const COMPARED_ANYHOW: [&str; 2] = [
    // Whether a record is pushed again with the same content, by its owner.
    "digests.iter().any(|digest| hex(digest) == stored.first_content)",
    // A login that meets its own hash in the list that it read.
    "sessions.iter().any(|session| session.hash == hash)",
];

#[test]
fn what_proves_somebody_is_compared_in_one_place() {
    for (path, text) in sources("shared/src").into_iter().chain(sources("functions")) {
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
            let is_fine = COMPARED_ANYHOW.iter().any(|known| line.contains(known));
            let found = compared(line).into_iter().find(|name| is_proof(name));
            assert!(is_fine || found.is_none(), "{}: {found:?} is compared by its bytes in `{}`", path.display(), line.trim());
        }
        let is_the_place = path.ends_with("shared/src/secrets.rs");
        assert!(is_the_place || !code.contains("verify_slices_are_equal"), "{} compares for itself", path.display());
    }
    let guilty =
        ["if stored.token == given {", "given != &self.secret_hash()", "x.map(|known| *known == mac)", "code_digest == given"];
    for guilty in guilty {
        assert!(compared(guilty).iter().any(|name| is_proof(name)), "{guilty}");
    }
    for innocent in ["secret.secret_id == *secret_id", "token.len() == 3", "// token == token", "hashes == 2"] {
        assert!(!compared(innocent).iter().any(|name| is_proof(name)) || innocent.starts_with("//"), "{innocent}");
    }
}

/// The fields, each with its type, of the structs of a file that derive `Debug`.
fn shown_fields(text: &str) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    for behind in text.split("#[derive(").skip(1) {
        let (derived, rest) = behind.split_once(")]").unwrap_or_default();
        let (head, body) = rest.split_once('{').unwrap_or_default();
        let is_struct = head.contains("struct ") && !head.contains(';') && !head.contains('(');
        if !is_struct || !derived.split(',').any(|name| name.trim() == "Debug") {
            continue;
        }
        for line in body.split("\n}").next().unwrap_or_default().lines().filter(|line| !line.trim_start().starts_with("//")) {
            if let Some((name, kind)) =
                line.trim().trim_start_matches("pub(crate) ").trim_start_matches("pub ").split_once(": ")
            {
                fields.push((name.to_owned(), kind.trim_end_matches(',').to_owned()));
            }
        }
    }
    fields
}

/// [`shared::secrets`]'s own types show nothing: they write their `Debug` by hand.
#[test]
fn no_type_that_holds_a_secret_derives_debug() {
    let told = ["openid", "plain", "kept", "key_pair", "private_key"];
    for (path, text) in sources("shared/src").into_iter().chain(sources("functions")) {
        for (name, kind) in shown_fields(&text) {
            let holds = is_proof(&name) || told.contains(&name.as_str());
            assert!(!holds || kind == "Secrets", "{}: {name}: {kind} is shown by Debug", path.display());
        }
    }
    let shown = shown_fields("#[derive(Clone, Debug)]\npub struct Login {\n    /// Told once.\n    pub token: String,\n}\n");
    assert_eq!(shown, [("token".to_owned(), "String".to_owned())]);
}
