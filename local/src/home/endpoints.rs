//! Every endpoint with the file that serves it.

use std::sync::LazyLock;

use serde_json::{Value, json};

/// `METHOD /path function` a line: generated from the handlers, compared by a test.
const ROUTES: &str = include_str!("../../../routes.txt");

/// One of the four APIs.
pub struct Family {
    pub name: &'static str,
    pub title: String,
    pub description: String,
}

pub struct Endpoint {
    pub method: &'static str,
    pub path: &'static str,
    pub function: &'static str,
    /// From the root of the repository.
    pub file: String,
    /// Empty for the second spelling of a path.
    pub handler: String,
    pub summary: String,
}

/// What the OpenAPI documents and the table of routes tell.
pub struct Index {
    pub families: Vec<Family>,
    pub endpoints: Vec<Endpoint>,
}

/// Made when it is first looked at.
pub static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let documents = [
        ("channel", json!(channel::openapi())),
        ("hris", json!(hris::openapi())),
        ("signing", json!(signing::openapi())),
        ("jobboard", json!(jobboard::openapi())),
    ];
    let families = documents.iter().map(|(name, document)| Family {
        name,
        title: text(&document["info"]["title"]).trim_start_matches("工桥 · ").to_owned(),
        description: text(&document["info"]["description"]),
    });
    let endpoint = |line: &'static str| {
        let mut words = line.split_whitespace();
        let (method, path, function) = (words.next()?, words.next()?, words.next()?);
        let (family, resource) = function.split_once('-')?;
        let (_, document) = documents.iter().find(|(name, _)| *name == family)?;
        let operation = &document["paths"][path][method.to_ascii_lowercase()];
        Some(Endpoint {
            method,
            path,
            function,
            file: format!("functions/{family}/src/{}.rs", if is_consent(path) { "consent" } else { resource }),
            handler: text(&operation["operationId"]),
            summary: text(&operation["summary"]),
        })
    };
    Index { families: families.collect(), endpoints: ROUTES.lines().filter_map(endpoint).collect() }
});

/// A page of its own, in the function of what it leads to.
fn is_consent(path: &str) -> bool {
    path == "/api/v2/oauth/authorize"
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
