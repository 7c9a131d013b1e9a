//! Who calls (document, Header; jobboard.md, Conventions).

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use shared::error::Error;
use shared::values::Id;

use super::Failure;
use crate::App;

/// The user whose token comes with the request. A handler without this parameter is open to everybody.
pub struct Caller(pub Id);

impl FromRequestParts<App> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let token = token(&parts.headers).ok_or_else(Error::unauthenticated)?;
        let user = app.authorize(token)?;
        if is_named(&parts.headers, user) { Ok(Self(user)) } else { Err(Error::unauthenticated().into()) }
    }
}

/// Who looks at something public; nobody where no valid token comes with the request.
pub struct Viewer(pub Option<Id>);

impl FromRequestParts<App> for Viewer {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        Ok(Self(Caller::from_request_parts(parts, app).await.ok().map(|Caller(user)| user)))
    }
}

/// `Bearer <token>`, `<token>`, `"<token>"`: the document shows it quoted.
fn token(headers: &HeaderMap) -> Option<&str> {
    let header = unquote(headers.get(header::AUTHORIZATION)?.to_str().ok()?);
    let token = match header.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => unquote(token),
        _ => header,
    };
    (!token.is_empty()).then_some(token)
}

fn unquote(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text).trim()
}

/// Whether the header `user_id`, where a gateway has not dropped it, names this user.
fn is_named(headers: &HeaderMap, user: Id) -> bool {
    match headers.get("user_id") {
        Some(named) => named.to_str().is_ok_and(|named| unquote(named) == user.to_string()),
        None => true,
    }
}

/// The address that the caller reached us by.
pub struct Host(pub String);

impl FromRequestParts<App> for Host {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failure> {
        lambda::base_url(&parts.headers).map(Self).ok_or(Failure::Unreadable("Host: is required"))
    }
}
