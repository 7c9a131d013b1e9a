//! Who calls, on which platform, and from where (docs/contract/signing.txt, 1.1.2).

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use lambda::credentials::cookies;
use percent_encoding::percent_decode;
use shared::signing::states::Origin;
use shared::signing::values::{PlatformCode, Worker};
use shared::values::{Secret, Text};

use super::Failure;
use crate::App;

/// The platform of a request: `X-platform-code`, else the default one.
pub struct Platform(pub PlatformCode);

impl FromRequestParts<App> for Platform {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let named = parts.headers.get("x-platform-code").map(|code| code.to_str().unwrap_or("?"));
        let platform = app.platform(named.filter(|code| !code.is_empty())).await?;
        Ok(Self(platform.ok_or(Failure::UnknownPlatform)?))
    }
}

/// The worker of the session in `X-auth-token`. A handler without this parameter is open to anyone.
pub struct Caller(pub Worker);

impl FromRequestParts<App> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let Platform(platform) = Platform::from_request_parts(parts, app).await?;
        let token = token(&parts.headers).ok_or(Failure::NotLoggedIn)?;
        Ok(Self(app.session(&platform, token).await?.ok_or(Failure::NotLoggedIn)?))
    }
}

/// The worker of a request that needs no session: none without a valid one.
pub struct Viewer(pub Option<Worker>);

impl FromRequestParts<App> for Viewer {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let Platform(platform) = Platform::from_request_parts(parts, app).await?;
        match token(&parts.headers) {
            Some(token) => Ok(Self(app.session(&platform, token).await?)),
            None => Ok(Self(None)),
        }
    }
}

/// The token of the session, for an operation that ends it. It proves nothing without [`Caller`].
pub struct SessionToken(pub Secret<String>);

impl FromRequestParts<App> for SessionToken {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failure> {
        token(&parts.headers).map(|token| Self(token.map(str::to_owned))).ok_or(Failure::NotLoggedIn)
    }
}

/// The value of `X-auth-token`, if it is as long as a token can be.
fn token(headers: &HeaderMap) -> Option<Secret<&str>> {
    let token = headers.get("x-auth-token")?.to_str().ok()?;
    (1..=128).contains(&token.len()).then_some(Secret::new(token))
}

/// The id of the captcha that the request solves: from the header, because mini programs drop cookies, else from the cookie.
pub struct CaptchaId(pub Option<Secret<String>>);

impl FromRequestParts<App> for CaptchaId {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failure> {
        let header = parts.headers.get("x-captcha-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
        let cookie = || cookies(&parts.headers, "captcha_id").next().map(|id| (*id.expose()).to_owned());
        Ok(Self(header.or_else(cookie).filter(|id| id.len() <= 128).map(Secret::new)))
    }
}

/// The origin that the headers name. Malformed values are ignored.
pub struct RequestOrigin(pub Origin);

impl<S: Sync> FromRequestParts<S> for RequestOrigin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(origin(&parts.headers)))
    }
}

fn origin(headers: &HeaderMap) -> Origin {
    // Clients send a city percent-encoded or in plain UTF-8.
    let text = |name: &str| headers.get(name).map(|value| percent_decode(value.as_bytes()).decode_utf8_lossy().into_owned());
    // Only plain decimals: DynamoDB stores every one of them as a number.
    let plain = |location: &String| {
        location.len() <= 40 && location.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | ' '))
    };
    let location = text("x-location").filter(plain).and_then(|location| {
        let (longitude, latitude) = location.split_once('-').filter(|(longitude, _)| !longitude.is_empty())?;
        let (longitude, latitude): (f64, f64) = (longitude.trim().parse().ok()?, latitude.trim().parse().ok()?);
        ((-180. ..=180.).contains(&longitude) && (-90. ..=90.).contains(&latitude)).then_some((longitude, latitude))
    });
    Origin {
        unique_key: text("x-unique-key").and_then(|key| Text::parse(&key).ok()),
        city: text("x-city").and_then(|city| Text::parse(&city).ok()),
        location,
    }
}
