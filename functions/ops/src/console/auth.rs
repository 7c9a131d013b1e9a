//! Who requests: the member of the session in the cookie. And whether the request comes from the console itself.
//!
//! ```text
//! Cookie: __Host-console=<token>            a session
//! Cookie: __Host-console-sign-in=<token>    a sign-in that waits for the second factor
//! ```
//!
//! With the prefix `__Host-` a browser accepts the cookie only from this host, over HTTPS (RFC 6265bis, 4.1.3.2), and from `localhost`.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use lambda::body;
use lambda::credentials::cookies;
use shared::error::Error;
use shared::staff::SignedIn;
use shared::values::Secret;
use shared::values::input::Json;

use super::App;
use super::answer::Failure;

/// The cookie of a session.
pub const SESSION: &str = "__Host-console";
/// The cookie of a sign-in that waits for the second factor.
pub const SIGN_IN: &str = "__Host-console-sign-in";

/// The member who is signed in. A handler without this parameter is open to anyone.
pub struct Staff(pub SignedIn);

impl FromRequestParts<App> for Staff {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let token = cookie(&parts.headers, SESSION).ok_or_else(Error::unauthenticated)?;
        Ok(Self(app.staff.session(token).await?.ok_or_else(Error::unauthenticated)?))
    }
}

/// The value of a cookie.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &'a str) -> Option<Secret<&'a str>> {
    cookies(headers, name).next().filter(|value| !value.expose().is_empty())
}

/// Sets a cookie until the browser ends, or removes it. That of a sign-in lasts as long as the second factor may take.
pub fn set_cookie(response: &mut Response, name: &str, value: Option<Secret<&str>>) {
    let age = match value {
        None => "; Max-Age=0",
        Some(_) if name == SIGN_IN => "; Max-Age=600",
        Some(_) => "",
    };
    let value = value.as_ref().map_or("", |value| *value.expose());
    let cookie = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Strict{age}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// Whether a request comes from the console itself, as far as the browser says.
pub fn is_own(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    site.is_none_or(|site| site == b"same-origin")
}

/// The body of a request that changes something: a JSON object from the console itself. An empty body is an empty object.
pub struct Fields(pub Json);

impl FromRequest<App> for Fields {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &App) -> Result<Self, Failure> {
        let headers = request.headers();
        if !is_own(headers) || body::media_type(headers).as_deref() != Some("application/json") {
            return Err(Failure::Foreign);
        }
        let body = body::read(request).await?;
        if Json::is_blank(&body) {
            return Ok(Self(Json::from_value(serde_json::json!({}))));
        }
        Ok(Self(Json::parse(&body).map_err(|fault| Error::invalid([fault]))?))
    }
}
