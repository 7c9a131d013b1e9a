//! Responses: pages and the files that belong to them.

use std::hash::{DefaultHasher, Hasher as _};

use askama::Template;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use lambda::frame::Unserved;
use shared::error::Error;

/// The policy of a page that loads only our own styles, scripts and images.
pub const STRICT: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// The policy of Swagger UI, which writes inline styles, loads icons from `data:`, shows images of responses from `blob:`, and sends
/// requests to the same origin only.
pub const INTERACTIVE: &str = "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// For five minutes a browser may use its copy. Then it revalidates the copy by the entity tag.
const CACHED: &str = "public, max-age=300";

pub const MARKDOWN: &str = "text/markdown; charset=utf-8";

/// A page.
pub fn page(policy: &'static str, page: &impl Template) -> Result<Response, Failure> {
    let mut response = html(policy, page)?;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(CACHED));
    Ok(response)
}

/// A file that belongs to the pages.
pub fn file(content_type: &'static str, content: impl Into<Body>) -> Response {
    let headers =
        [(header::CONTENT_TYPE, content_type), (header::X_CONTENT_TYPE_OPTIONS, "nosniff"), (header::CACHE_CONTROL, CACHED)];
    (headers, content.into()).into_response()
}

/// Why a page is not shown.
pub enum Failure {
    UnknownPath,
    WrongMethod,
    Internal(Error),
}

#[derive(Template)]
#[template(path = "docs/failure.html")]
struct FailurePage {
    message: &'static str,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Internal(error)
    }
}

impl From<Unserved> for Failure {
    fn from(reason: Unserved) -> Self {
        match reason {
            Unserved::UnknownPath => Self::UnknownPath,
            Unserved::WrongMethod => Self::WrongMethod,
            Unserved::AnswerTooLarge(error) => error.into(),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            Self::UnknownPath => (StatusCode::NOT_FOUND, "没有这个页面"),
            Self::WrongMethod => (StatusCode::METHOD_NOT_ALLOWED, "这里只能用 GET"),
            Self::Internal(error) => {
                tracing::error!(%error, "request failed");
                (StatusCode::INTERNAL_SERVER_ERROR, "系统繁忙，请稍后再试")
            }
        };
        match html(STRICT, &FailurePage { message }) {
            Ok(page) => (status, page).into_response(),
            Err(_) => (status, message).into_response(),
        }
    }
}

/// The text of a template.
pub fn rendered(page: &impl Template) -> Result<String, Failure> {
    Ok(page.render().map_err(Error::internal)?)
}

fn html(policy: &'static str, page: &impl Template) -> Result<Response, Failure> {
    let html = rendered(page)?;
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    Ok((headers, html).into_response())
}

/// Adds an entity tag to each success, and sends no content to a client that has it already (RFC 9110, 13.1.2). The tag is weak, because
/// the content is the same with and without compression.
pub async fn unless_known(request: Request, next: Next) -> Response {
    let known = request.headers().get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok()).map(str::to_owned);
    let (mut parts, body) = next.run(request).await.into_parts();
    if parts.status != StatusCode::OK {
        return Response::from_parts(parts, body);
    }
    let Ok(content) = to_bytes(body, usize::MAX).await else {
        return Failure::from(Error::internal("a response body failed")).into_response();
    };
    let mut hasher = DefaultHasher::new();
    hasher.write(&content);
    let tag = format!("W/\"{:016x}\"", hasher.finish());
    let is_known = known.is_some_and(|known| known.split(',').any(|known| known.trim() == tag));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        parts.headers.insert(header::ETAG, tag);
    }
    if is_known {
        parts.status = StatusCode::NOT_MODIFIED;
        for absent in [header::CONTENT_TYPE, header::CONTENT_ENCODING, header::CONTENT_LENGTH] {
            parts.headers.remove(absent);
        }
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(content))
}
