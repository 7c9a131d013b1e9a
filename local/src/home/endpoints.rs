//! Every endpoint with the file that serves it.

use std::sync::LazyLock;

use channel::Channel;
use hris::Hris;
use jobboard::Jobboard;
use lambda::openapi::ALIAS;
use lambda::routes::{self, Route};
use serde_json::Value;
use signing::Signing;

/// One of the four APIs.
pub struct Family {
    pub name: &'static str,
    pub title: String,
    pub description: String,
}

pub struct Endpoint {
    pub route: Route,
    pub handler: String,
    pub summary: String,
}

/// The contents of the OpenAPI documents and the route table.
pub struct Index {
    pub families: Vec<Family>,
    pub endpoints: Vec<Endpoint>,
}

/// Built at the first use. A test checks that every document can be generated.
pub static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let documents = [document::<Channel>(), document::<Hris>(), document::<Signing>(), document::<Jobboard>()];
    let families = documents.iter().map(|(name, document)| Family {
        name,
        title: text(&document["info"]["title"]).trim_start_matches("工桥 · ").to_owned(),
        description: first_sentence(&text(&document["info"]["description"])),
    });
    let endpoint = |route: Route| {
        let (family, _) = route.function.split_once('-')?;
        let (_, document) = documents.iter().find(|(name, _)| *name == family)?;
        let operation = &document["paths"][route.path][route.method.to_ascii_lowercase()];
        let handler = operation.get(ALIAS).unwrap_or(&operation["operationId"]);
        Some(Endpoint { route, handler: text(handler), summary: text(&operation["summary"]) })
    };
    Index { families: families.collect(), endpoints: routes::all().filter_map(endpoint).collect() }
});

fn document<F: lambda::family::Family>() -> (&'static str, Value) {
    (F::NAME, F::openapi().unwrap_or_default())
}

fn first_sentence(text: &str) -> String {
    text.split_inclusive('。').next().unwrap_or_default().to_owned()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
