//! The caller of a request (docs/contract/jobboard.txt, Header; docs/design/jobboard.md, Conventions).

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use shared::error::{Error, Kind};
use shared::jobboard::sessions::Session;
use shared::values::{Id, Secret};

use super::Failure;
use crate::App;

/// The user of the token. Anyone can call a handler without this parameter.
pub struct Caller(pub Id);

impl FromRequestParts<App> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        LoggedIn::from_request_parts(parts, app).await.map(|LoggedIn(session)| Self(session.user))
    }
}

/// The session of the token, for an operation that ends it.
pub struct LoggedIn(pub Session);

impl FromRequestParts<App> for LoggedIn {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let token = token(&parts.headers).ok_or_else(Error::unauthenticated)?;
        Ok(Self(app.authorize(token, named(&parts.headers)).await?))
    }
}

/// The caller of a public operation: None without a valid token.
pub struct Viewer(pub Option<Id>);

impl FromRequestParts<App> for Viewer {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        match Caller::from_request_parts(parts, app).await {
            Ok(Caller(user)) => Ok(Self(Some(user))),
            Err(Failure::Domain(error)) if matches!(error.kind(), Kind::Unauthenticated | Kind::TokenRejected) => {
                Ok(Self(None))
            }
            Err(failure) => Err(failure),
        }
    }
}

/// `Bearer <token>`, `<token>`, `"<token>"`: the document shows it quoted.
fn token(headers: &HeaderMap) -> Option<Secret<&str>> {
    let header = unquote(headers.get(header::AUTHORIZATION)?.to_str().ok()?);
    let token = match header.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => unquote(token),
        _ => header,
    };
    (!token.is_empty()).then_some(Secret::new(token))
}

fn unquote(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text).trim()
}

/// The user in the header `user_id`; text that is not ASCII names no user. It may be missing, because gateways drop names with `_`.
fn named(headers: &HeaderMap) -> Option<&str> {
    headers.get("user_id").map(|named| named.to_str().map_or("", unquote))
}

/// The base URL that the client called.
pub struct Host(pub String);

impl FromRequestParts<App> for Host {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failure> {
        lambda::base_url(&parts.headers).map(Self).ok_or(Failure::Unreadable("Host: is required"))
    }
}
