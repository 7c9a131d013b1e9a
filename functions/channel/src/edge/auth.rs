//! The credential of a request.

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use shared::channel::ChannelId;
use shared::error::Error;
use shared::values::Secret;

use super::answer::Failure;
use crate::App;

/// The channel of a valid access token. A handler without this parameter is open to everyone.
pub struct Caller(pub ChannelId);

impl FromRequestParts<App> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let header = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(bearer).ok_or_else(Error::unauthenticated)?;
        Ok(Self(app.authorize(token).await?))
    }
}

/// The token of `Bearer <token>`; the scheme is case-insensitive (RFC 9110, 11.1).
fn bearer(header: &str) -> Option<Secret<&str>> {
    let (scheme, token) = header.split_once(' ')?;
    let token = token.trim_start_matches(' ');
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && !token.contains(' ')).then_some(Secret::new(token))
}
