//! The parameters of paths.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

/// The parameter of a path, or a tuple of several, percent-decoded. Invalid ones are empty: the handler authenticates the caller first, then
/// finds no record.
pub struct Segment<T = String>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Default + Send> FromRequestParts<S> for Segment<T> {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        Ok(Self(Path::from_request_parts(parts, state).await.map_or_else(|_| T::default(), |Path(segment)| segment)))
    }
}
