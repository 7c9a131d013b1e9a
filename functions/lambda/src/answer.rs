//! What the responses of all families have in common; each family adds its own envelope.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use shared::error::{Error, Fault, Kind};
use utoipa::ToSchema;

use crate::observe;
use crate::openapi::ReasonCode;

/// The HTTP status of a domain error, and after how many seconds the client may retry. The line of the request names the offending fields.
/// The cause of an internal error is logged here, and nowhere else.
#[deny(clippy::wildcard_enum_match_arm)]
pub fn status(error: &Error) -> (StatusCode, Option<i64>) {
    observe::note(error);
    match error.kind() {
        Kind::Invalid => (StatusCode::BAD_REQUEST, None),
        Kind::NotFound => (StatusCode::NOT_FOUND, None),
        Kind::Conflict => (StatusCode::CONFLICT, None),
        Kind::Unauthenticated | Kind::TokenRejected => (StatusCode::UNAUTHORIZED, None),
        Kind::Forbidden => (StatusCode::FORBIDDEN, None),
        Kind::TooManyRequests { retry_after } => (StatusCode::TOO_MANY_REQUESTS, Some(retry_after)),
        Kind::Internal => {
            tracing::error!(%error, "request failed");
            (StatusCode::INTERNAL_SERVER_ERROR, None)
        }
    }
}

/// 出错的字段
#[derive(Serialize, ToSchema)]
pub struct FieldProblem {
    /// 字段的 JSON 路径; 整个请求体为 $
    #[schema(example = "name")]
    field: String,
    #[schema(value_type = ReasonCode)]
    reason_code: &'static str,
    /// 出错的原因, 可以显示给用户
    #[schema(example = "必填")]
    text: String,
}

/// The faults of an error with their codes; `None` without faults. `text` says what is wrong in the words of the family.
pub fn field_problems(error: &Error, text: impl Fn(&Fault) -> String) -> Option<Vec<FieldProblem>> {
    let problem =
        |fault: &Fault| FieldProblem { field: fault.field.clone(), reason_code: fault.code().as_str(), text: text(fault) };
    Some(error.faults().iter().map(problem).collect()).filter(|problems: &Vec<_>| !problems.is_empty())
}

/// A response with a JSON body. `F` is the family's failure: it reports a body that cannot be serialized.
pub fn json<F: IntoResponse + From<Error>>(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(body) => (status, [(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(error) => F::from(Error::internal(error)).into_response(),
    }
}

/// A failure with a JSON body. `retry_after` is in seconds.
pub fn failure<F: IntoResponse + From<Error>>(status: StatusCode, retry_after: Option<i64>, body: &impl Serialize) -> Response {
    let mut response = json::<F>(status, body);
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
