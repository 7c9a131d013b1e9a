//! Failures as pages. The handlers of pages and the frame fail as those of the API do; this layer shows people a page instead.

use askama::Template;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use shared::crypto::random::random_text;
use shared::error::Fault;

use super::super::answer::Failed;
use super::super::texts::text;
use super::input::sentence;
use super::shell::html;
use super::visit::{Pairs, is_fragment, redirect};
use super::{assets, filters};

#[derive(Template)]
#[template(path = "console/failure.html")]
struct FailurePage {
    nonce: String,
    assets: &'static str,
    title: String,
    faults: Vec<String>,
    is_fragment: bool,
}

/// Comes after every response to a request for a page.
pub async fn shown(request: Request, next: Next) -> Response {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let is_fragment = is_fragment(request.headers());
    let mut response = next.run(request).await;
    let is_page = !uri.path().starts_with("/console/api/");
    let is_json = response.headers().get(header::CONTENT_TYPE).is_some_and(|media_type| media_type == "application/json");
    if !is_page || !is_json {
        return response;
    }
    let (status, kept) = (response.status(), kept(&response));
    let Failed { error, faults } = response.extensions_mut().remove::<Failed>().unwrap_or_default();
    let mut shown = if status == StatusCode::UNAUTHORIZED {
        let back = if method == axum::http::Method::GET { uri.path_and_query().map_or("", |back| back.as_str()) } else { "" };
        let query = Pairs(vec![("next".into(), back.to_owned())]).encoded();
        redirect(&if back.is_empty() { "/console/sign-in".into() } else { format!("/console/sign-in?{query}") }, is_fragment)
    } else {
        page(error, &faults, status, is_fragment).unwrap_or(response)
    };
    shown.headers_mut().extend(kept);
    shown
}

/// The headers that the frame gives every response. The page has them, too.
fn kept(response: &Response) -> HeaderMap {
    let names = [header::CACHE_CONTROL, header::RETRY_AFTER, header::X_CONTENT_TYPE_OPTIONS];
    names.into_iter().filter_map(|name| response.headers().get(&name).cloned().map(|value| (name, value))).collect()
}

fn page(error: &str, faults: &[Fault], status: StatusCode, is_fragment: bool) -> Option<Response> {
    let nonce = random_text().ok()?;
    let page = FailurePage {
        assets: assets::version(),
        title: text(&format!("failure.{error}")).into_owned(),
        faults: faults.iter().map(sentence).collect(),
        nonce: nonce.clone(),
        is_fragment,
    };
    html(&nonce, "", status, &page).ok()
}
