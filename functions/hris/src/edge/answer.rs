//! Answers: successes are bare bodies, failures `{"code":..,"text":".."}` (document, 错误码).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use lambda::body::Unreadable;
use serde::Serialize;
use shared::error::{Error, Fault, Kind};
use shared::hris::access::Rejection;
use shared::values::input::WHOLE;
use utoipa::ToSchema;

/// A success: the body alone.
pub struct Reply<T>(pub T);

impl<T: Serialize> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        answer(StatusCode::OK, &self.0)
    }
}

/// A failure by the document's table of codes.
pub enum Failure {
    Domain(Error),
    /// What of the credentials is not there: `access_key`, `signature` or `tonce`.
    Missing(Credential),
    Rejected(Rejection),
    UnknownAccessToken,
    /// The payload is not JSON.
    MalformedJson(Fault),
    /// The token in the payload is not the company's.
    WrongToken,
    /// The caller is known, and this is not for it.
    NotPermitted(&'static str),
    BindCodeExpired,
    /// An app that does not prove itself.
    UnknownApp,
    UnknownPath,
    WrongMethod,
    /// The body is larger than the family takes.
    TooLarge,
}

#[derive(Clone, Copy)]
pub enum Credential {
    AccessKey,
    Signature,
    Tonce,
}

/// 失败应答。
#[derive(Serialize, ToSchema)]
pub struct Problem {
    /// 见文档「API 错误代码列表」
    #[schema(example = 1101)]
    code: u16,
    #[schema(example = "signature is invalid")]
    text: String,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Domain(error)
    }
}

impl From<Unreadable> for Failure {
    fn from(reason: Unreadable) -> Self {
        match reason {
            Unreadable::TooLarge => Self::TooLarge,
            Unreadable::BrokenOff => Error::invalid([Fault::new("body", "could not be read")]).into(),
        }
    }
}

#[deny(clippy::wildcard_enum_match_arm)]
impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut retry_after = None;
        let (status, code, text) = match self {
            Self::Domain(error) => {
                let (status, code, otherwise) = match error.kind() {
                    Kind::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, 2002, "is not valid"),
                    Kind::NotFound => (StatusCode::NOT_FOUND, 1102, "does not exist"),
                    Kind::Conflict => (StatusCode::CONFLICT, 2002, "conflicts with what is stored"),
                    Kind::Unauthenticated | Kind::TokenRejected => (StatusCode::UNAUTHORIZED, 1105, "is invalid"),
                    Kind::Forbidden => (StatusCode::FORBIDDEN, 3001, "is not permitted"),
                    Kind::TooManyRequests { retry_after: seconds } => {
                        retry_after = Some(seconds);
                        (StatusCode::TOO_MANY_REQUESTS, 2002, "too many requests: try again later")
                    }
                    Kind::Internal => {
                        tracing::error!(%error, "request failed");
                        (StatusCode::INTERNAL_SERVER_ERROR, 9001, "internal error")
                    }
                };
                (status, code, sentence(error.faults()).unwrap_or_else(|| otherwise.to_owned()))
            }
            Self::Missing(Credential::AccessKey) => (StatusCode::UNAUTHORIZED, 1001, "access_key is missing".into()),
            Self::Missing(Credential::Signature) => (StatusCode::UNAUTHORIZED, 1002, "signature is missing".into()),
            Self::Missing(Credential::Tonce) => (StatusCode::UNAUTHORIZED, 1003, "tonce is missing".into()),
            Self::Rejected(Rejection::WrongSignature) => (StatusCode::UNAUTHORIZED, 1101, "signature is invalid".into()),
            Self::Rejected(Rejection::Untimely) => {
                (StatusCode::UNAUTHORIZED, 1103, "tonce must be Unix seconds within 300 of the server's time".into())
            }
            Self::WrongToken => (StatusCode::UNAUTHORIZED, 1104, "token is not that of the company".into()),
            Self::Rejected(Rejection::UnknownAccessKey) => (StatusCode::UNAUTHORIZED, 1105, "access_key is invalid".into()),
            Self::UnknownAccessToken => (StatusCode::UNAUTHORIZED, 1105, "access_token is invalid".into()),
            Self::UnknownApp => (StatusCode::UNAUTHORIZED, 1105, "app_id or app_secret is invalid".into()),
            Self::MalformedJson(Fault { field, reason }) => {
                (StatusCode::BAD_REQUEST, 2004, format!("{} {reason}", named(&field)))
            }
            Self::NotPermitted(why) => (StatusCode::FORBIDDEN, 3001, why.into()),
            Self::BindCodeExpired => (StatusCode::FORBIDDEN, 3002, "bind_code has expired".into()),
            Self::UnknownPath => (StatusCode::NOT_FOUND, 1102, "path does not exist".into()),
            Self::WrongMethod => (StatusCode::METHOD_NOT_ALLOWED, 2002, "method is not allowed here".into()),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, 2002, "body is larger than 1 MiB".into()),
        };
        let mut response = answer(status, &Problem { code, text });
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// `name is required; status must be ...`; none where there is no fault to tell.
fn sentence(faults: &[Fault]) -> Option<String> {
    let clauses: Vec<String> = faults.iter().map(|Fault { field, reason }| format!("{} {reason}", named(field))).collect();
    (!clauses.is_empty()).then(|| clauses.join("; "))
}

fn named(field: &str) -> &str {
    if field == WHOLE { "payload" } else { field }
}

fn answer(status: StatusCode, body: &impl Serialize) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json")];
    match serde_json::to_vec(body) {
        Ok(body) => (status, headers, body).into_response(),
        Err(error) => Failure::from(Error::internal(error)).into_response(),
    }
}
