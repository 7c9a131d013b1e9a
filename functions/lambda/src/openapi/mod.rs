//! The OpenAPI document of a family: the operations of its handlers, completed with what is the same for many of them.

mod closed;
mod errors;
mod examples;
mod merge_patch;
mod schemas;

use serde_json::{Map, Value, json};
use shared::error::Code;
use utoipa::openapi::security::SecurityScheme;
use utoipa::openapi::{OpenApi, Server};

pub use closed::{ReasonCode, one_of};
pub use errors::{ErrorCode, When};
pub use merge_patch::MergePatch;

/// The member of an operation at an alternative path that names the operation at the usual one.
pub const ALIAS: &str = "x-alias-of";

/// What the document of a family has beside its operations.
pub struct Parts {
    /// The title, the description, the contact, and what a call needs by default.
    pub base: OpenApi,
    pub security: Vec<(&'static str, SecurityScheme)>,
    /// Every tag with its description, in the order in which a client uses them.
    pub tags: &'static [(&'static str, &'static str)],
    pub errors: &'static [ErrorCode],
    /// The body of a response with this error, with the error's sample.
    pub error_body: fn(&ErrorCode) -> Value,
    /// The content of the family's `examples.json`.
    pub examples: &'static str,
}

/// The whole document. Its server is the address that serves the document. An example that does not fit the document is an error.
pub fn document(parts: Parts, operations: impl Iterator<Item = OpenApi>) -> Result<Value, String> {
    let Parts { mut base, security, tags, errors, error_body, examples } = parts;
    for (name, scheme) in security {
        base.components.get_or_insert_default().add_security_scheme(name, scheme);
    }
    base.servers = Some(vec![Server::new("/")]);
    operations.for_each(|operations| base.merge(operations));
    let mut document = serde_json::to_value(base).map_err(|error| error.to_string())?;
    document["x-reason-codes"] =
        Code::ALL.iter().map(|code| json!({"reason_code": code.as_str(), "meaning": code.meaning()})).collect();
    document["tags"] = tags.iter().map(|(name, description)| json!({"name": name, "description": description})).collect();
    merge_patch::complete(&mut document);
    schemas::share(&mut document);
    schemas::shorten(&mut document);
    errors::add(&mut document, errors, error_body);
    schemas::prune(&mut document);
    examples::merge(&mut document, examples)?;
    Ok(document)
}

/// Every operation of a document.
fn operations(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut);
    paths.flat_map(|item| item.as_object_mut().into_iter().flat_map(Map::values_mut))
}

/// Visits a value and every value in it.
fn visit(value: &mut Value, change: &mut impl FnMut(&mut Value)) {
    change(value);
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| visit(item, change)),
        Value::Object(members) => members.values_mut().for_each(|member| visit(member, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
