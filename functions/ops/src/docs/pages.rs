//! The overview, the page of each API, the pages of text, and each of them in Markdown. `scripts/check_docs.py` runs the commands of the pages.

use askama::Template;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::Response;
use shared::error::Result;

use super::answer::{self, MARKDOWN, STRICT, file, page, rendered};
use super::apis::{APIS, Api, api};
use super::document::{Document, Operation};
use super::markdown::{cell, html};
use super::texts::{TEXTS, text};

#[derive(Template)]
#[template(path = "docs/overview.html")]
struct OverviewPage {
    documents: Vec<(&'static Api, &'static Document)>,
    origin: String,
}

#[derive(Template)]
#[template(path = "docs/walkthrough.html")]
struct WalkthroughPage {
    api: &'static Api,
    document: &'static Document,
    /// The base URL in the commands: the one that serves the page.
    origin: String,
}

#[derive(Template)]
#[template(path = "docs/walkthrough.md")]
struct WalkthroughText {
    api: &'static Api,
    document: &'static Document,
    origin: String,
}

#[derive(Template)]
#[template(path = "docs/text.html")]
struct TextPage {
    name: String,
    title: &'static str,
    content: String,
}

/// A list of the pages in Markdown, in the format of <https://llmstxt.org>.
#[derive(Template)]
#[template(path = "docs/llms.txt")]
struct Llms {
    documents: Vec<(&'static Api, &'static Document)>,
    origin: String,
}

pub async fn show_overview(headers: HeaderMap) -> Result<Response, answer::Failure> {
    page(STRICT, &OverviewPage { documents: documents()?, origin: origin(&headers) })
}

/// The page of an API, a page of text, one of them in Markdown, or a file that all pages use.
pub async fn show(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, answer::Failure> {
    match name.as_str() {
        "style.css" => Ok(file("text/css; charset=utf-8", include_str!("../../assets/style.css"))),
        "copy.js" => Ok(file("text/javascript; charset=utf-8", include_str!("../../assets/copy.js"))),
        "search.js" => Ok(file("text/javascript; charset=utf-8", include_str!("../../assets/search.js"))),
        "icon.svg" => Ok(file("image/svg+xml", include_str!("../../assets/icon.svg"))),
        "llms.txt" => {
            let list = rendered(&Llms { documents: documents()?, origin: origin(&headers) })?;
            Ok(file("text/plain; charset=utf-8", list))
        }
        name => show_page(name, origin(&headers)),
    }
}

fn show_page(name: &str, origin: String) -> Result<Response, answer::Failure> {
    let (name, is_text) = name.strip_suffix(".md").map_or((name, false), |name| (name, true));
    if let Some(text) = text(name, &origin) {
        let text = text?;
        if is_text {
            return Ok(file(MARKDOWN, text));
        }
        let title = TEXTS.iter().find(|(known, _)| *known == name).map_or("", |(_, title)| title);
        return page(STRICT, &TextPage { name: name.to_owned(), title, content: html(&text) });
    }
    let api = api(name).ok_or(answer::Failure::UnknownPath)?;
    let document = api.document()?;
    if is_text {
        return Ok(file(MARKDOWN, rendered(&WalkthroughText { api, document, origin })?));
    }
    page(STRICT, &WalkthroughPage { api, document, origin })
}

fn documents() -> Result<Vec<(&'static Api, &'static Document)>> {
    APIS.iter().map(|api| Ok((api, api.document()?))).collect()
}

impl Operation {
    /// The words that the search finds an operation by, besides those that it shows.
    fn words(&self) -> String {
        let aliases = self.aliases.iter().map(String::as_str);
        self.field_names().into_iter().chain(aliases).collect::<Vec<_>>().join(" ")
    }
}

/// The base URL of the request, or an example. Readers copy the commands that contain it to a shell, so it must not contain any other
/// characters.
pub fn origin(headers: &HeaderMap) -> String {
    let is_plain = |origin: &String| origin.chars().all(|c| c.is_ascii_alphanumeric() || ".-:/".contains(c));
    lambda::base_url(headers).filter(is_plain).unwrap_or_else(|| "https://api.example.com".to_owned())
}
