//! The overview and the page of each API. `scripts/check_docs.py` runs the commands of the pages.

use askama::Template;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::Response;

use super::answer::{self, STRICT, file, page};
use super::apis::{APIS, Api, Failure, api};

#[derive(Template)]
#[template(path = "docs/overview.html")]
struct OverviewPage {
    origin: String,
}

#[derive(Template)]
#[template(path = "docs/walkthrough.html")]
struct WalkthroughPage {
    api: &'static Api,
    failures: Vec<Failure>,
    /// The base URL in the commands: the one that serves the page.
    origin: String,
}

pub async fn show_overview(headers: HeaderMap) -> Result<Response, answer::Failure> {
    page(STRICT, &OverviewPage { origin: origin(&headers) })
}

/// The page of an API, or a file that all pages use.
pub async fn show(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, answer::Failure> {
    match name.as_str() {
        "style.css" => Ok(file("text/css; charset=utf-8", include_str!("../../assets/style.css"))),
        "copy.js" => Ok(file("text/javascript; charset=utf-8", include_str!("../../assets/copy.js"))),
        "icon.svg" => Ok(file("image/svg+xml", include_str!("../../assets/icon.svg"))),
        name => {
            let api = api(name).ok_or(answer::Failure::UnknownPath)?;
            page(STRICT, &WalkthroughPage { api, failures: api.failures()?, origin: origin(&headers) })
        }
    }
}

/// The base URL of the request, or an example. Readers copy the commands that contain it to a shell, so it must not contain any other
/// characters.
fn origin(headers: &HeaderMap) -> String {
    let is_plain = |origin: &String| origin.chars().all(|c| c.is_ascii_alphanumeric() || ".-:/".contains(c));
    lambda::base_url(headers).filter(is_plain).unwrap_or_else(|| "https://api.example.com".to_owned())
}
