//! The page of an operation, and the same in Markdown.

use askama::Template;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::Response;

use super::answer::{Failure, MARKDOWN, STRICT, file, page, rendered};
use super::apis::{APIS, Api, api};
use super::document::{Content, Document, Operation, Scheme};
use super::examples::{self, Example, escaped};
use super::markdown::cell;
use super::pages::origin;
use super::schema::Field;

#[derive(Template)]
#[template(path = "docs/operation.html")]
struct OperationPage {
    api: &'static Api,
    operation: &'static Operation,
    examples: Vec<Example>,
    previous: Option<&'static Operation>,
    next: Option<&'static Operation>,
}

#[derive(Template)]
#[template(path = "docs/operation.md")]
struct OperationText {
    api: &'static Api,
    operation: &'static Operation,
    examples: Vec<Example>,
    origin: String,
}

/// The page `create_user`, or its Markdown file.
pub async fn show(Path((family, name)): Path<(String, String)>, headers: HeaderMap) -> Result<Response, Failure> {
    let api = api(&family).ok_or(Failure::UnknownPath)?;
    let document = api.document()?;
    let (id, is_text) = name.strip_suffix(".md").map_or((&*name, false), |id| (id, true));
    let (previous, operation, next) = found(document, id).ok_or(Failure::UnknownPath)?;
    let origin = origin(&headers);
    let examples = examples::of(operation, &origin);
    if is_text {
        return Ok(file(MARKDOWN, rendered(&OperationText { api, operation, examples, origin })?));
    }
    page(STRICT, &OperationPage { api, operation, examples, previous, next })
}

/// An operation and its neighbours.
fn found<'a>(document: &'a Document, id: &str) -> Option<(Option<&'a Operation>, &'a Operation, Option<&'a Operation>)> {
    let operations: Vec<&Operation> = document.operations().collect();
    let index = operations.iter().position(|operation| operation.id == id)?;
    let previous = index.checked_sub(1).map(|index| operations[index]);
    Some((previous, operations[index], operations.get(index + 1).copied()))
}

impl Operation {
    /// Where Swagger UI shows the operation.
    fn fragment(&self) -> String {
        format!("#/{}/{}", escaped(&self.tag), self.id)
    }
}

impl Scheme {
    /// The name of the header or query parameter, with the form of its value.
    fn value(&self) -> String {
        if self.is_bearer { format!("{}: Bearer …", self.key) } else { self.key.clone() }
    }
}

impl Field {
    /// What is known of a field, for a cell of a table in Markdown.
    fn told(&self) -> String {
        let values = self.values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join("、");
        let values = (!values.is_empty()).then(|| format!("取值 {values}"));
        let parts =
            std::iter::once(self.description.clone()).filter(|text| !text.is_empty()).chain(values).chain(self.limits.clone());
        cell(&parts.collect::<Vec<_>>().join("；"))
    }
}

impl Content {
    /// The example over several lines.
    fn pretty(&self) -> Option<String> {
        (!self.example.is_null()).then(|| format!("{:#}", self.example))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docs::apis::APIS;

    #[test]
    fn every_page_is_small() {
        for api in &APIS {
            let document = api.document().unwrap();
            for Operation { id, .. } in document.operations() {
                let (previous, operation, next) = found(document, id).unwrap();
                let examples = examples::of(operation, "https://api.example.com");
                let html = OperationPage { api, operation, examples, previous, next }.render().unwrap();
                assert!(html.len() < 100_000, "{} {id}: {}", api.name, html.len());
            }
        }
    }
}
