//! Who may see the page: it shows secrets, and its buttons act.
//!
//! The system listens on this machine alone, but a browser on it also opens pages of others. One whose name is made to lead
//! here (DNS rebinding) still calls us by that name, and a form or script of another page names its origin.

use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::gateway::refusal;

/// Everything of the page comes from here, and no other page holds it in a frame.
const POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";

const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Lets a request through that was sent to this machine by name, and not by a page of another origin.
pub async fn admit(request: Request, next: Next) -> Response {
    let Some(host) = local_host(request.headers()) else {
        return refusal(StatusCode::FORBIDDEN, "open this page at 127.0.0.1 or localhost");
    };
    if !request.method().is_safe() && is_foreign(request.headers(), &host) {
        return refusal(StatusCode::FORBIDDEN, "another page may not do this");
    }
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The name, with its port, by which the request calls this machine.
fn local_host(headers: &HeaderMap) -> Option<Authority> {
    let host: Authority = headers.get(header::HOST)?.to_str().ok()?.parse().ok()?;
    matches!(host.host(), "127.0.0.1" | "localhost" | "[::1]").then_some(host)
}

/// Browsers tell the origin of whatever is not just read; other programs have none.
fn is_foreign(headers: &HeaderMap, host: &Authority) -> bool {
    headers.get(header::ORIGIN).is_some_and(|origin| origin.as_bytes() != format!("http://{host}").as_bytes())
}
