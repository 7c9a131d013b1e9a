//! The envelopes of responses.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use lambda::answer;
use lambda::body::Unreadable;
use lambda::frame::Unserved;
use lambda::openapi::ReasonCode;
use serde::Serialize;
use shared::error::{Error, Fault, Kind};
use shared::values::input::WHOLE;
use utoipa::ToSchema;

/// A success in the document's envelope.
pub struct Reply<T>(pub T);

/// 成功应答
#[derive(Serialize, ToSchema)]
pub struct Success<T> {
    /// 固定为 0
    #[schema(example = 0)]
    pub code: u16,
    /// 固定为 success
    #[schema(example = "success")]
    pub message: &'static str,
    /// 结果
    pub data: T,
}

impl<T: Serialize> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        answer::json::<Failure>(StatusCode::OK, &Success { code: 0, message: "success", data: self.0 })
    }
}

/// A failure in the document's envelope. The document's code table is closed; the HTTP status carries the finer distinction.
pub enum Failure {
    Domain(Error),
    UnknownPath,
    WrongMethod,
    /// The body is larger than the family accepts.
    TooLarge,
    /// The response exceeds the size limit of Lambda.
    AnswerTooLarge,
}

/// 失败应答
#[derive(Serialize, ToSchema)]
pub struct Problem {
    /// 1001 参数错误、1002 认证失败、1003 Token 过期或无效、1004 权限不足、5001 服务器内部错误
    #[schema(example = 1001)]
    code: u16,
    /// 错误码的说明
    #[schema(example = "参数错误")]
    message: &'static str,
    /// 错误的详情; 没有出错的字段时为空对象
    data: ProblemData,
}

/// 错误的详情
#[derive(Serialize, ToSchema)]
struct ProblemData {
    /// 1001 时列出每个出错的字段, 没有时省略
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<FieldProblem>>,
}

/// 出错的字段
#[derive(Serialize, ToSchema)]
struct FieldProblem {
    /// 字段的 JSON 路径; 整个请求体为 $
    #[schema(example = "live_certification.photos[0]")]
    field: String,
    /// 出错的原因, 英文
    #[schema(example = "is required")]
    reason: String,
    #[schema(value_type = ReasonCode)]
    reason_code: &'static str,
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
            Unserved::AnswerTooLarge(_) => Self::AnswerTooLarge,
        }
    }
}

impl From<Unreadable> for Failure {
    fn from(reason: Unreadable) -> Self {
        match reason {
            Unreadable::TooLarge => Self::TooLarge,
            Unreadable::BrokenOff => Error::invalid([Fault::new(WHOLE, "could not be read")]).into(),
        }
    }
}

#[deny(clippy::wildcard_enum_match_arm)]
impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        const BAD_PARAMETER: (u16, &str) = (1001, "参数错误");
        let mut retry_after = None;
        let one = |field, reason: &'static str| vec![Fault::new(field, reason)];
        let (status, (code, message), faults) = match self {
            Self::Domain(error) => {
                let (status, seconds) = answer::status(&error);
                retry_after = seconds;
                let code = match error.kind() {
                    Kind::Invalid | Kind::NotFound | Kind::Conflict | Kind::TooManyRequests { .. } => BAD_PARAMETER,
                    Kind::Unauthenticated => (1002, "认证失败"),
                    Kind::TokenRejected => (1003, "Token 过期或无效"),
                    Kind::Forbidden => (1004, "权限不足"),
                    Kind::Internal => (5001, "服务器内部错误"),
                };
                (status, code, error.faults().to_vec())
            }
            Self::UnknownPath => (StatusCode::NOT_FOUND, BAD_PARAMETER, one("path", "does not exist")),
            Self::WrongMethod => (StatusCode::METHOD_NOT_ALLOWED, BAD_PARAMETER, one("method", "is not allowed here")),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, BAD_PARAMETER, one(WHOLE, "is larger than 1 MiB")),
            Self::AnswerTooLarge => {
                (StatusCode::BAD_REQUEST, BAD_PARAMETER, one("page_size", "makes too large an answer: ask for fewer records"))
            }
        };
        let errors = faults.into_iter().map(|fault| {
            let reason_code = fault.code().as_str();
            FieldProblem { field: fault.field, reason: fault.reason.into_owned(), reason_code }
        });
        let errors = Some(errors.collect::<Vec<_>>()).filter(|errors| !errors.is_empty());
        answer::failure::<Self>(status, retry_after, &Problem { code, message, data: ProblemData { errors } })
    }
}
