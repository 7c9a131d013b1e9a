//! Bodies, query strings and path segments.

use std::marker::PhantomData;

use axum::extract::{FromRequest, FromRequestParts, Path as RawPath, Request};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use deserr::Deserr;
use lambda::body;
use lambda::credentials::{TokenRequest, read_token_request};
use shared::channel::Resource;
use shared::error::{Error, Fault};
use shared::values::RecordId;
use shared::values::input::{Faults, Json as Input, WHOLE};

use super::answer::Failure;
use crate::App;

/// A JSON body. A member that is null counts as absent.
pub struct Json<T>(pub T);

impl<T: Deserr<Faults>> FromRequest<App> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &App) -> Result<Self, Failure> {
        Ok(Self(body::known(json_body(request).await?.without_nulls())?))
    }
}

/// A request for tokens: a JSON body, or an HTML form with the same fields, as OAuth clients send their credentials.
pub struct JsonOrForm<T>(pub T);

impl<T: TokenRequest> FromRequest<App> for JsonOrForm<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &App) -> Result<Self, Failure> {
        let headers = request.headers().clone();
        let body = body::read(request).await?;
        let fields = if body::is_form(&headers, &body) {
            fields(&body)?
        } else {
            parse(announces_json(&headers), &body)?.without_nulls()
        };
        Ok(Self(read_token_request(&headers, fields)?))
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
    fields(parts.uri.query().unwrap_or_default().as_bytes())
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
    match RawPath::from_request_parts(parts, app).await {
        Ok(RawPath(segment)) => Ok(segment),
        Err(_) => Err(invalid(Fault::new("path", "is not valid UTF-8")).into()),
    }
}

async fn json_body(request: Request) -> Result<Input, Failure> {
    let is_announced = announces_json(request.headers());
    Ok(parse(is_announced, &body::read(request).await?)?)
}

/// Whether the media type is that of JSON, or missing.
fn announces_json(headers: &HeaderMap) -> bool {
    body::media_type(headers).is_none_or(|media_type| media_type == "application/json" || media_type.ends_with("+json"))
}

/// Parses a JSON body. Its media type matters only if the body does not look like JSON: the fault then names the media type.
fn parse(is_announced: bool, body: &[u8]) -> Result<Input, Error> {
    if !is_announced && !body::looks_like_json(body) {
        return Err(invalid(Fault::new("Content-Type", "must be application/json")));
    }
    if Input::is_blank(body) {
        return Err(invalid(Fault::new(WHOLE, "must be a JSON object, but the body is empty")));
    }
    Input::parse(body).map_err(invalid)
}

fn fields(urlencoded: &[u8]) -> Result<Input, Error> {
    Input::from_pairs(form_urlencoded::parse(urlencoded).into_owned()).map_err(invalid)
}

fn invalid(fault: Fault) -> Error {
    Error::invalid([fault])
}
