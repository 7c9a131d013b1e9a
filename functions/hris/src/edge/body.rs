//! Payloads, and the bodies of unsigned requests.

use axum::extract::{FromRequest, Request};
use deserr::Deserr;
use lambda::body;
use lambda::credentials::{TokenRequest, read_token_request};
use shared::error::{Error, Kind};
use shared::values::input::{Faults, Json as Input};
use utoipa::ToSchema;

use super::answer::Failure;
use crate::App;

/// The payload of a signed call, which is the API document's word. A null member counts as absent.
pub trait Payload: Deserr<Faults> {
    /// The API document lists `token` in the payload: it must be the company's current one.
    const BEARS_TOKEN: bool = false;
    /// Whether it selects rows of a list. Then an unknown member is a fault, because a filter that is misspelt would be no filter.
    const IS_FILTER: bool = false;
}

// The documentation of a write whose payload bears the company's token.
/// 请求的内容, 带公司的令牌
#[derive(ToSchema)]
#[expect(dead_code, reason = "the token is checked before the payload is read")]
pub struct WithToken<T> {
    /// 公司的令牌
    token: String,
    #[serde(flatten)]
    payload: T,
}

/// 没有业务数据
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct Nothing {}

impl Payload for Nothing {}

/// 只有公司的 token
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct TokenOnly {}

impl Payload for TokenOnly {
    const BEARS_TOKEN: bool = true;
}

/// Parses a payload. An absent or empty one is an object without members.
pub(super) fn read_payload(payload: &str) -> Result<Input, Failure> {
    let payload = if Input::is_blank(payload.as_bytes()) { "{}" } else { payload };
    Ok(Input::parse(payload.as_bytes()).map_err(Failure::MalformedJson)?.without_nulls())
}

/// The fields of an unsigned request: an HTML form or a JSON object.
pub struct Fields<T>(pub T);

impl<T: Deserr<Faults>> FromRequest<App> for Fields<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &App) -> Result<Self, Failure> {
        Ok(Self(body::known(fields(request).await?)?))
    }
}

/// The fields of a request for an access token, likewise. The header `Authorization: Basic` may carry some of them.
pub struct TokenFields<T>(pub T);

impl<T: TokenRequest> FromRequest<App> for TokenFields<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &App) -> Result<Self, Failure> {
        let headers = request.headers().clone();
        match read_token_request(&headers, fields(request).await?) {
            Ok(fields) => Ok(Self(fields)),
            Err(error) if error.kind() == Kind::Unauthenticated => Err(Failure::UnknownApp),
            Err(error) => Err(error.into()),
        }
    }
}

async fn fields(request: Request) -> Result<Input, Failure> {
    let headers = request.headers().clone();
    let body = body::read(request).await?;
    Ok(if body::is_form(&headers, &body) {
        Input::from_pairs(form_urlencoded::parse(&body).into_owned()).map_err(|fault| Error::invalid([fault]))?
    } else {
        Input::parse(&body).map_err(Failure::MalformedJson)?.without_nulls()
    })
}
