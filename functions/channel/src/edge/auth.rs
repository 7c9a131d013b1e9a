//! The credential of a request.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use lambda::credentials::bearer;
use shared::channel::ChannelId;
use shared::error::Error;

use super::answer::Failure;
use crate::App;

/// The channel of a valid access token. A handler without this parameter is open to everyone.
pub struct Caller(pub ChannelId);

impl FromRequestParts<App> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let token = bearer(&parts.headers).ok_or_else(Error::unauthenticated)?;
        Ok(Self(app.authorize(token).await?))
    }
}
