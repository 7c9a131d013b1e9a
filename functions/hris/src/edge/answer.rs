//! Responses: successes are bare bodies, failures `{"code":..,"text":".."}` (docs/contract/hris.txt, 错误码).

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use lambda::answer::{self, FieldProblem};
use lambda::body::Unreadable;
use lambda::frame::Unserved;
use serde::Serialize;
use shared::error::{Error, Fault, Kind};
use shared::hris::access::AuthError;
use shared::hris::pagination_required;
use shared::values::input::WHOLE;
use utoipa::ToSchema;

/// A success: the body alone.
pub struct Reply<T>(pub T);

impl<T: Serialize> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        answer::json::<Failure>(StatusCode::OK, &self.0)
    }
}

/// A failure with a code of the API document's table.
pub enum Failure {
    Domain(Error),
    Missing(MissingParameter),
    UnknownAccessKey,
    Untimely,
    WrongSignature,
    UnknownAccessToken,
    /// The payload is not JSON.
    MalformedJson(Fault),
    /// The token in the payload is not the company's.
    WrongToken,
    /// The caller is authenticated but not permitted to do this.
    NotPermitted(&'static str),
    BindCodeExpired,
    /// The app is unknown, or its secret is wrong.
    UnknownApp,
    UnknownPath,
    WrongMethod,
    /// The body is larger than the family accepts.
    TooLarge,
}

/// A parameter that every signed call needs.
#[derive(Clone, Copy)]
pub enum MissingParameter {
    AccessKey,
    Signature,
    Tonce,
}

/// 失败应答
#[derive(Serialize, ToSchema)]
pub struct Problem {
    /// 错误代码, 见文档「API 错误代码列表」
    #[schema(example = 1101)]
    code: u16,
    /// 错误消息, 英文; 参数错误时列出每个出错的字段
    #[schema(example = "signature is invalid")]
    text: String,
    /// 每个出错的字段, 没有时省略
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<FieldProblem>>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Domain(error)
    }
}

impl From<AuthError> for Failure {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::UnknownAccessKey => Self::UnknownAccessKey,
            AuthError::Untimely => Self::Untimely,
            AuthError::WrongSignature => Self::WrongSignature,
            AuthError::Failed(error) => Self::Domain(error),
        }
    }
}

impl From<Unserved> for Failure {
    fn from(reason: Unserved) -> Self {
        match reason {
            Unserved::UnknownPath => Self::UnknownPath,
            Unserved::WrongMethod => Self::WrongMethod,
            Unserved::AnswerTooLarge(_) => pagination_required().into(),
        }
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
        let (mut retry_after, mut errors) = (None, None);
        let (status, code, text) = match self {
            Self::Domain(error) => {
                let (status, seconds) = answer::status(&error);
                retry_after = seconds;
                errors = answer::field_problems(&error, Fault::text);
                let (status, code, default) = match error.kind() {
                    // The API document's status of a wrong field.
                    Kind::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, 2002, "is not valid"),
                    Kind::NotFound => (status, 1102, "does not exist"),
                    Kind::Conflict => (status, 2002, "conflicts with what is stored"),
                    Kind::Unauthenticated | Kind::TokenRejected => (status, 1105, "is invalid"),
                    Kind::Forbidden => (status, 3001, "is not permitted"),
                    Kind::TooManyRequests { .. } => (status, 2002, "too many requests: try again later"),
                    Kind::Internal => (status, 9001, "internal error"),
                };
                (status, code, sentence(error.faults()).unwrap_or_else(|| default.to_owned()))
            }
            Self::Missing(MissingParameter::AccessKey) => (StatusCode::UNAUTHORIZED, 1001, "access_key is missing".into()),
            Self::Missing(MissingParameter::Signature) => (StatusCode::UNAUTHORIZED, 1002, "signature is missing".into()),
            Self::Missing(MissingParameter::Tonce) => (StatusCode::UNAUTHORIZED, 1003, "tonce is missing".into()),
            Self::WrongSignature => (StatusCode::UNAUTHORIZED, 1101, "signature is invalid".into()),
            Self::Untimely => {
                (StatusCode::UNAUTHORIZED, 1103, "tonce must be Unix seconds within 300 of the server's time".into())
            }
            Self::WrongToken => (StatusCode::UNAUTHORIZED, 1104, "token is not that of the company".into()),
            Self::UnknownAccessKey => (StatusCode::UNAUTHORIZED, 1105, "access_key is invalid".into()),
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
        answer::failure::<Self>(status, retry_after, &Problem { code, text, errors })
    }
}

/// `name is required; status must be ...`; `None` without faults.
fn sentence(faults: &[Fault]) -> Option<String> {
    let clauses: Vec<String> = faults.iter().map(|Fault { field, reason }| format!("{} {reason}", named(field))).collect();
    (!clauses.is_empty()).then(|| clauses.join("; "))
}

fn named(field: &str) -> &str {
    if field == WHOLE { "payload" } else { field }
}
