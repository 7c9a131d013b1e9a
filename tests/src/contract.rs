//! What could drift is generated and compared: document = handlers = template = OpenAPI = `routes.txt` = event files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use local::template::Template;

use crate::support::document;

/// Endpoints beyond the document. Only ever shrinks, or grows with a design page.
const ADDITIONS: [&str; 2] = ["POST /api/v1/uploads", "GET /api/v1/uploads/{name}"];
/// Routes of the template that are no endpoints: they catch what no other route serves.
const CATCH_ALL: [&str; 2] = ["ANY /api/v1", "ANY /api/v1/{proxy+}"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// `METHOD /path` with the function that serves it.
fn handlers() -> BTreeMap<String, String> {
    let routes = channel::routes().into_iter();
    routes.map(|(method, path, function)| (format!("{method} {path}"), function.to_owned())).collect()
}

/// Compares a generated file, or writes it where `BLESS` is set.
fn compare(path: &str, generated: &str) {
    let file = root().join(path);
    #[expect(clippy::disallowed_methods, reason = "a person at the terminal asks for it")]
    if std::env::var("BLESS").is_ok() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, generated).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(committed == generated, "{path} has drifted: run BLESS=1 cargo test -p tests contract, and read the difference");
}

#[test]
fn every_documented_endpoint_is_served_and_nothing_else_but_the_additions() {
    let documented = document::endpoints();
    assert_eq!(documented.len(), 20);
    let parameter = |segment: &str| segment.strip_prefix(':').map_or(segment.to_owned(), |name| format!("{{{name}}}"));
    let documented = documented.iter().map(|endpoint| {
        let (method, path) = endpoint.split_once(' ').unwrap();
        format!("{method} /api/v1{}", path.split('/').map(parameter).collect::<Vec<_>>().join("/"))
    });
    let expected: BTreeSet<String> = documented.chain(ADDITIONS.map(str::to_owned)).collect();
    assert_eq!(handlers().into_keys().collect::<BTreeSet<_>>(), expected);
}

#[test]
fn the_template_routes_each_endpoint_to_the_function_that_handles_it() {
    let routes = Template::read().unwrap().routes();
    let mut routed: BTreeMap<String, String> =
        routes.into_iter().map(|route| (format!("{} {}", route.method, route.path), route.function)).collect();
    for catch_all in CATCH_ALL {
        assert!(routed.remove(catch_all).is_some(), "{catch_all} is missing");
    }
    assert_eq!(routed, handlers());
}

#[test]
fn a_function_has_one_name_everywhere() {
    let mut functions: BTreeSet<String> = channel::FUNCTIONS.iter().map(|(name, _)| (*name).to_owned()).collect();
    functions.extend(ops::FUNCTIONS.map(str::to_owned));
    assert_eq!(Template::read().unwrap().functions().into_iter().collect::<BTreeSet<_>>(), functions);

    let binaries =
        ["functions/channel/src/bin", "functions/ops/src/bin"].into_iter().flat_map(|folder| files(&root().join(folder)));
    assert_eq!(binaries.map(|file| stem(&file)).collect::<BTreeSet<_>>(), functions);

    let events = files(&root().join("events")).into_iter();
    assert_eq!(events.map(|file| stem(&file)).collect::<BTreeSet<_>>(), functions);
}

#[test]
fn the_openapi_document_is_that_of_the_handlers() {
    compare("openapi/channel.json", &(channel::openapi().to_pretty_json().unwrap() + "\n"));
}

#[test]
fn the_route_table_is_that_of_the_handlers() {
    let mut lines: Vec<String> =
        handlers().into_iter().map(|(endpoint, function)| format!("{endpoint:<60} {function}\n")).collect();
    lines.sort_by_key(|line| line.split(' ').nth(1).map(str::to_owned));
    compare("routes.txt", &lines.concat());
}

fn files(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// The file's name up to the first dot.
fn stem(file: &Path) -> String {
    file.file_name().unwrap().to_string_lossy().split('.').next().unwrap().to_owned()
}
