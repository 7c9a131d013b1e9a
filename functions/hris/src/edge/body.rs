//! Payloads, and the bodies of unsigned requests.

use axum::extract::{FromRequest, Request};
use deserr::Deserr;
use lambda::body;
use shared::error::Error;
use shared::values::input::{Faults, Json as Input};

use super::answer::Failure;
use crate::App;

/// The payload of a signed call, which is the API document's word. A null member counts as absent.
pub trait Payload: Deserr<Faults> {
    /// The API document lists `token` in the payload: it must be the company's current one.
    const BEARS_TOKEN: bool = false;
}

/// A call without payload.
#[derive(Deserr)]
#[deserr(error = Faults)]
pub struct Nothing {}

impl Payload for Nothing {}

/// The company's token alone.
#[derive(Deserr)]
#[deserr(error = Faults)]
pub struct TokenOnly {}

impl Payload for TokenOnly {
    const BEARS_TOKEN: bool = true;
}

/// Parses a payload. An absent or empty one is an object without members.
pub(super) fn read_payload(payload: &str) -> Result<Input, Failure> {
    let payload = if payload.trim().is_empty() { "{}" } else { payload };
    Ok(Input::parse(payload.as_bytes()).map_err(Failure::MalformedJson)?.without_nulls())
}

/// The fields of an unsigned request: an HTML form or a JSON object.
pub struct Fields<T>(pub T);

impl<T: Deserr<Faults>> FromRequest<App> for Fields<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &App) -> Result<Self, Failure> {
        let is_form = body::is_form(request.headers());
        let body = body::read(request).await?;
        let fields = if is_form {
            Input::from_pairs(form_urlencoded::parse(&body).into_owned()).map_err(|fault| Error::invalid([fault]))?
        } else {
            Input::parse(&body).map_err(Failure::MalformedJson)?.without_nulls()
        };
        Ok(Self(fields.read()?))
    }
}
