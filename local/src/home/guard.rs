//! Protects the page, which shows secrets and whose buttons change data, from other web pages.
//!
//! The system listens on the loopback only, but a browser on this machine also opens pages of other sites. A site whose host name resolves
//! to this machine (DNS rebinding) still sends that name in `Host`, and a form or script of another page sends its own origin.

use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::gateway::failure;

/// The page loads everything from its own origin, and no other page may embed it in a frame.
const POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";

const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Passes a request if it names this machine as its host and does not come from a page of another origin.
pub async fn admit(request: Request, next: Next) -> Response {
    let Some(host) = local_host(request.headers()) else {
        return failure(StatusCode::FORBIDDEN, "open this page at 127.0.0.1 or localhost");
    };
    if !request.method().is_safe() && is_foreign(request.headers(), &host) {
        return failure(StatusCode::FORBIDDEN, "another page may not do this");
    }
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The host and port of the request, if they name this machine.
fn local_host(headers: &HeaderMap) -> Option<Authority> {
    let host: Authority = headers.get(header::HOST)?.to_str().ok()?.parse().ok()?;
    matches!(host.host(), "127.0.0.1" | "localhost" | "[::1]").then_some(host)
}

/// Browsers send the origin with every request that is not a plain read; other programs send none.
fn is_foreign(headers: &HeaderMap, host: &Authority) -> bool {
    headers.get(header::ORIGIN).is_some_and(|origin| origin.as_bytes() != format!("http://{host}").as_bytes())
}
