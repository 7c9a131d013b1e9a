//! Responses of the console's API: JSON. A failure is `{"error":"Invalid","faults":[{"field":"code","reason":"is wrong or was used"}]}`; its
//! status says the same as `error`.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use lambda::answer;
use lambda::body::Unreadable;
use lambda::frame::Unserved;
use serde_json::{Value, json};
use shared::error::{Error, Fault};

use crate::kind;

/// A success.
pub struct Reply(pub Value);

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        answer::json::<Failure>(StatusCode::OK, &self.0)
    }
}

pub enum Failure {
    Domain(Error),
    UnknownPath,
    WrongMethod,
    TooLarge,
    /// The media type is not JSON, or the request comes from another site.
    Foreign,
    /// The command needs a recent proof of the second factor: `POST /console/api/totp` comes first.
    StepUpNeeded,
}

/// What a response says, for the page that replaces it.
#[derive(Clone)]
pub struct Failed {
    pub error: &'static str,
    pub faults: Vec<Fault>,
}

impl Default for Failed {
    fn default() -> Self {
        Self { error: "Internal", faults: Vec::new() }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Domain(error)
    }
}

impl From<Unserved> for Failure {
    fn from(reason: Unserved) -> Self {
        match reason {
            Unserved::UnknownPath => Self::UnknownPath,
            Unserved::WrongMethod => Self::WrongMethod,
            Unserved::AnswerTooLarge(error) => error.into(),
        }
    }
}

impl From<Unreadable> for Failure {
    fn from(reason: Unreadable) -> Self {
        match reason {
            Unreadable::TooLarge => Self::TooLarge,
            Unreadable::BrokenOff => Error::invalid([Fault::new("$", "ends early")]).into(),
        }
    }
}

#[deny(clippy::wildcard_enum_match_arm)]
impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut retry_after = None;
        let (status, error, faults) = match &self {
            Self::Domain(error) => {
                let (status, wait) = answer::status(error);
                retry_after = wait;
                (status, kind(error), error.faults())
            }
            Self::UnknownPath => (StatusCode::NOT_FOUND, "NotFound", &[][..]),
            Self::WrongMethod => (StatusCode::METHOD_NOT_ALLOWED, "WrongMethod", &[][..]),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "TooLarge", &[][..]),
            Self::Foreign => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "Foreign", &[][..]),
            Self::StepUpNeeded => (StatusCode::FORBIDDEN, "StepUpNeeded", &[][..]),
        };
        let shown: Vec<Value> =
            faults.iter().map(|Fault { field, reason }| json!({"field": field, "reason": reason})).collect();
        let mut response = answer::failure::<Self>(status, retry_after, &json!({"error": error, "faults": shown}));
        response.extensions_mut().insert(Failed { error, faults: faults.to_vec() });
        response
    }
}
