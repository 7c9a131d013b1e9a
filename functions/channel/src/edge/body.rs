//! What a request carries: its body, its query and the id in its path.

use std::marker::PhantomData;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use deserr::Deserr;
use lambda::body::{self, Unreadable};
use shared::channel::Resource;
use shared::error::{Error, Fault};
use shared::values::RecordId;
use shared::values::input::{Faults, Json as Input, WHOLE};

use super::Failure;
use super::answer::invalid;
use crate::App;

/// A JSON body. A member that is null counts as absent.
pub struct Json<T>(pub T);

impl<T: Deserr<Faults>> FromRequest<App> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &App) -> Result<Self, Failure> {
        Ok(Self(json_body(request).await?.without_nulls().read()?))
    }
}

/// A JSON body, or an HTML form with the same fields, in which OAuth clients send their credentials.
pub struct JsonOrForm<T>(pub T);

impl<T: Deserr<Faults>> FromRequest<App> for JsonOrForm<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &App) -> Result<Self, Failure> {
        if !body::is_form(request.headers()) {
            return Ok(Self(json_body(request).await?.read()?));
        }
        let body = body(request).await?;
        let pairs = form_urlencoded::parse(&body).into_owned();
        Ok(Self(Input::from_pairs(pairs).map_err(invalid)?.read()?))
    }
}

/// A JSON Merge Patch (RFC 7396) of a record: always an object.
pub struct Patch(pub serde_json::Value);

impl FromRequest<App> for Patch {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &App) -> Result<Self, Failure> {
        let patch = json_body(request).await?.into_inner();
        if patch.is_object() { Ok(Self(patch)) } else { Err(invalid(Fault::new(WHOLE, "must be an object")).into()) }
    }
}

/// The fields of a query string.
pub fn query(parts: &Parts) -> Result<Input, Error> {
    let pairs = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned();
    Input::from_pairs(pairs).map_err(invalid)
}

/// The partner's id of a record, from the path.
pub struct Id<T>(pub RecordId, PhantomData<T>);

impl<T: Resource> FromRequestParts<App> for Id<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        match RecordId::parse(&path_segment(parts, app).await?) {
            Ok(id) => Ok(Self(id, PhantomData)),
            Err(reason) => Err(invalid(Fault::new(T::ID_FIELD, reason)).into()),
        }
    }
}

/// The only parameter of a path, percent-decoded.
pub async fn path_segment(parts: &mut Parts, app: &App) -> Result<String, Failure> {
    match Path::from_request_parts(parts, app).await {
        Ok(Path(segment)) => Ok(segment),
        Err(_) => Err(invalid(Fault::new("path", "is not valid UTF-8")).into()),
    }
}

async fn json_body(request: Request) -> Result<Input, Failure> {
    if body::media_type(request.headers())
        .is_some_and(|media_type| media_type != "application/json" && !media_type.ends_with("+json"))
    {
        return Err(invalid(Fault::new("Content-Type", "must be application/json")).into());
    }
    let body = body(request).await?;
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(invalid(Fault::new(WHOLE, "must be a JSON object, but the body is empty")).into());
    }
    Ok(Input::parse(&body).map_err(invalid)?)
}

async fn body(request: Request) -> Result<Bytes, Failure> {
    body::read(request).await.map_err(|reason| match reason {
        Unreadable::TooLarge => Failure::TooLarge,
        Unreadable::BrokenOff => invalid(Fault::new(WHOLE, "could not be read")).into(),
    })
}
