//! The OpenAPI documents, and Swagger UI for them.

use std::sync::Arc;

use askama::Template;
use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{Redirect, Response};
use shared::error::Error;

use super::answer::{Failure, INTERACTIVE, file, page};
use super::apis::{APIS, Api, api};

#[derive(Template)]
#[template(path = "docs/ui.html")]
struct UiPage {
    api: &'static Api,
}

pub async fn get_document(Path(file_name): Path<String>) -> Result<Response, Failure> {
    let api = file_name.strip_suffix(".json").and_then(api).ok_or(Failure::UnknownPath)?;
    Ok(file("application/json", api.openapi))
}

/// Redirects to the first document.
pub async fn choose() -> Redirect {
    Redirect::to("/docs/ui/channel")
}

/// The page of a document, or a file of Swagger UI.
pub async fn show(Path(name): Path<String>) -> Result<Response, Failure> {
    match name.as_str() {
        "start.js" => Ok(file("text/javascript; charset=utf-8", include_str!("../../assets/ui.js"))),
        "swagger-ui.css" => packed(&name, "text/css; charset=utf-8"),
        "swagger-ui-bundle.js" => packed(&name, "text/javascript; charset=utf-8"),
        name => page(INTERACTIVE, &UiPage { api: api(name).ok_or(Failure::UnknownPath)? }),
    }
}

/// A file of the library, which is stored compressed. All browsers accept gzip.
fn packed(name: &str, content_type: &'static str) -> Result<Response, Failure> {
    let served = utoipa_swagger_ui::serve(name, Arc::default()).map_err(|error| Error::internal(error.to_string()))?;
    let served = served.ok_or_else(|| Error::internal(format!("Swagger UI has no file {name}")))?;
    let mut response = file(content_type, served.bytes.into_owned());
    if served.gzpipped {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(response)
}
