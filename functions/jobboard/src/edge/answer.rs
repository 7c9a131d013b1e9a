//! The envelopes of responses (docs/contract/jobboard.txt, 响应体; docs/design/jobboard.md, Conventions).

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use lambda::answer::{self, FieldProblem};
use lambda::body::{NoFile, Unreadable};
use lambda::frame::Unserved;
use serde::Serialize;
use shared::error::{Error, Fault, Kind};
use shared::jobboard::orders::OrderError;
use shared::jobboard::vouchers::VoucherError;
use shared::outbound::wechat::CodeError;
use utoipa::ToSchema;

use super::words;

/// A success with data.
pub struct Reply<T>(pub T);

/// 成功应答。
#[derive(Serialize, ToSchema)]
pub struct Success<T> {
    /// 固定为 0
    #[schema(example = 0)]
    code: u16,
    /// 固定为 ok
    #[schema(example = "ok")]
    message: &'static str,
    /// 结果
    data: T,
}

impl<T: Serialize> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        answer::json::<Failure>(StatusCode::OK, &Success { code: 0, message: "ok", data: self.0 })
    }
}

/// A success without data.
pub struct Done;

/// 成功应答, 没有数据。
#[derive(Serialize, ToSchema)]
pub struct Ack {
    /// 固定为 0
    #[schema(example = 0)]
    code: u16,
    /// 固定为空
    #[schema(example = "")]
    message: &'static str,
    /// 固定为 null
    #[schema(value_type = Option<Object>)]
    data: (),
}

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        answer::json::<Failure>(StatusCode::OK, &Ack { code: 0, message: "", data: () })
    }
}

/// A failure, as the envelope reports it.
pub enum Failure {
    Domain(Error),
    /// 1002.
    NotEnoughVouchers,
    /// 1003.
    WrongPrice,
    /// The login code is invalid, expired or already used.
    WrongLoginCode,
    /// WeChat blocks the user.
    BlockedUser,
    /// After how many seconds the client may retry.
    BusyWeChat {
        retry_after: i64,
    },
    /// The login code is valid, but its user has not registered (docs/contract/jobboard.txt, 登陆失败响应体).
    NotRegistered,
    UnknownPath,
    WrongMethod,
    TooLarge(&'static str),
    Unreadable(&'static str),
}

/// 失败应答: code 为 HTTP 状态, 或 1002 (联系券不足)、1003 (价格不符)。
#[derive(Serialize, ToSchema)]
pub struct Problem {
    /// HTTP 状态, 或 1002 (联系券不足)、1003 (价格不符)
    #[schema(example = 404)]
    code: u16,
    /// HTTP 状态的英文短语
    #[schema(example = "Not Found")]
    message: &'static str,
    /// 具体原因
    #[schema(example = "user not found")]
    data: String,
    /// 每个出错的字段, 没有时省略
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<FieldProblem>>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Domain(error)
    }
}

impl From<CodeError> for Failure {
    fn from(error: CodeError) -> Self {
        match error {
            CodeError::Wrong => Self::WrongLoginCode,
            CodeError::Blocked => Self::BlockedUser,
            CodeError::Busy { retry_after } => Self::BusyWeChat { retry_after },
            CodeError::Failed(error) => Self::Domain(error),
        }
    }
}

impl From<OrderError> for Failure {
    fn from(error: OrderError) -> Self {
        match error {
            OrderError::WrongPrice => Self::WrongPrice,
            OrderError::Failed(error) => Self::Domain(error),
        }
    }
}

impl From<VoucherError> for Failure {
    fn from(error: VoucherError) -> Self {
        match error {
            VoucherError::NotEnough => Self::NotEnoughVouchers,
            VoucherError::Failed(error) => Self::Domain(error),
        }
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
            Unreadable::TooLarge => Self::TooLarge("the body is too large"),
            Unreadable::BrokenOff => Self::Unreadable("the body could not be read"),
        }
    }
}

impl From<NoFile> for Failure {
    fn from(reason: NoFile) -> Self {
        match reason {
            NoFile::NotAForm => Self::Unreadable("the body must be multipart/form-data"),
            NoFile::Missing => Error::invalid([Fault::new("file", "is required")]).into(),
            NoFile::Several => Self::Unreadable("file: must be one at a time"),
            NoFile::TooLarge => {
                Self::TooLarge("file: is larger than 4.5 MB: ask /img/upload/presign where to send it, up to 20 MB")
            }
            NoFile::BrokenOff => Self::Unreadable("file: is not whole"),
        }
    }
}

#[deny(clippy::wildcard_enum_match_arm)]
impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (mut retry_after, mut errors) = (None, None);
        let (status, code, data) = match self {
            Self::Domain(error) => {
                let (status, wait) = answer::status(&error);
                retry_after = wait;
                errors = answer::field_problems(&error, words::text);
                (status, status.as_u16(), detail(&error))
            }
            Self::NotEnoughVouchers => (StatusCode::BAD_REQUEST, 1002, "not enough contact vouchers".into()),
            Self::WrongPrice => (StatusCode::BAD_REQUEST, 1003, "price does not match".into()),
            Self::WrongLoginCode => (StatusCode::UNAUTHORIZED, 401, "login_code: is wrong or used".into()),
            Self::BlockedUser => {
                (StatusCode::FORBIDDEN, 403, "login_code: is of a user whom WeChat blocks".into()) // words:ignore: a text of the API
            }
            Self::BusyWeChat { retry_after: wait } => {
                retry_after = Some(wait);
                (StatusCode::TOO_MANY_REQUESTS, 429, "WeChat is busy: try again".into())
            }
            Self::NotRegistered => (StatusCode::NOT_FOUND, 404, "user not found".into()),
            Self::UnknownPath => (StatusCode::NOT_FOUND, 404, "path not found".into()),
            Self::WrongMethod => (StatusCode::METHOD_NOT_ALLOWED, 405, "method is not allowed here".into()),
            Self::TooLarge(data) => (StatusCode::PAYLOAD_TOO_LARGE, 413, data.into()),
            Self::Unreadable(data) => (StatusCode::BAD_REQUEST, 400, data.into()),
        };
        let message = status.canonical_reason().unwrap_or_default();
        answer::failure::<Self>(status, retry_after, &Problem { code, message, data, errors })
    }
}

/// `positions: is required; contact: must be a phone number`, or `job not found`.
fn detail(error: &Error) -> String {
    let missing = error.kind() == Kind::NotFound;
    let clause = |Fault { field, reason }: &Fault| match missing {
        true => format!("{field} {reason}"),
        false => format!("{field}: {reason}"),
    };
    let clauses: Vec<String> = error.faults().iter().map(clause).collect();
    if !clauses.is_empty() {
        return clauses.join("; ");
    }
    match error.kind() {
        Kind::Invalid => "the request is not valid",
        Kind::NotFound => "not found",
        Kind::Conflict => "the request contradicts what is stored",
        Kind::Unauthenticated | Kind::TokenRejected => "login required",
        Kind::Forbidden => "not allowed",
        Kind::TooManyRequests { .. } => "try again later",
        Kind::Internal => "try again later",
    }
    .into()
}
