//! Pages for browsers: plain HTML without scripts, which no other site can frame.

use askama::Template;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use shared::error::Error;
use shared::hris::page_tokens::PAGE_AGE;
use shared::values::Secret;

use super::Failure;

/// A page. It loads only what `policy` permits, in the syntax of `Content-Security-Policy`.
pub fn html(status: StatusCode, policy: &str, page: &impl Template) -> Result<Response, Failure> {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, format!("default-src 'none'; {policy}; frame-ancestors 'none'; base-uri 'none'")),
        (header::X_FRAME_OPTIONS, "DENY".into()),
        (header::REFERRER_POLICY, "no-referrer".into()),
    ];
    let html = page.render().map_err(Error::internal)?;
    Ok((status, headers, html).into_response())
}

/// Sets a cookie for as long as the tokens of a page are valid. `place` are its path and the sites that may send it. A browser sends it over
/// HTTPS alone, unless it came over HTTP: to a local system.
pub fn set_cookie(
    response: &mut Response,
    request: &HeaderMap,
    name: &str,
    value: Secret<&str>,
    place: &str,
) -> Result<(), Failure> {
    let is_secure = request.get("x-forwarded-proto").is_some_and(|scheme| scheme == "https");
    let (age, secure) = (PAGE_AGE.as_secs(), if is_secure { "; Secure" } else { "" });
    let cookie = format!("{name}={}; {place}; Max-Age={age}; HttpOnly{secure}", value.expose());
    response.headers_mut().insert(header::SET_COOKIE, HeaderValue::try_from(cookie).map_err(Error::internal)?);
    Ok(())
}
