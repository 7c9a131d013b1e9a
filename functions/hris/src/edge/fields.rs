//! Bodies that are not signed: those of the OAuth endpoints.

use axum::extract::{FromRequest, Request};
use deserr::Deserr;
use lambda::body;
use shared::error::Error;
use shared::values::input::{Faults, Json as Input};

use super::Failure;
use crate::App;

/// The fields of an HTML form, or of a JSON object.
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
