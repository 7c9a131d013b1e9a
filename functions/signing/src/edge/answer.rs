//! Responses: `{"status":..,"msg":..,"data":..}` (docs/contract/signing.txt, 1.3).

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use lambda::answer::{self, FieldProblem};
use lambda::body::{NoFile, Unreadable};
use lambda::frame::Unserved;
use serde::Serialize;
use serde_json::Value;
use shared::error::{Error, Fault};
use shared::outbound::wechat::CodeError;
use utoipa::ToSchema;

use super::words;

/// A success in the family's envelope.
pub struct Reply<T>(pub T);

/// 成功应答。
#[derive(Serialize, ToSchema)]
pub struct Success<T> {
    /// 固定为 0
    #[schema(example = 0)]
    pub status: u16,
    /// 固定为空
    #[schema(example = "")]
    pub msg: &'static str,
    /// 结果
    pub data: T,
}

/// 成功应答, 另有 error_code
#[derive(ToSchema)]
#[expect(dead_code, reason = "`with_error_code` adds the member to what is serialized")]
pub struct Coded<T> {
    /// 与 status 相同
    #[schema(example = 0)]
    error_code: u16,
    #[serde(flatten)]
    success: Success<T>,
}

impl<T: Serialize> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        answer::json::<Failure>(StatusCode::OK, &Success { status: 0, msg: "", data: self.0 })
    }
}

/// A failure in the family's envelope.
pub enum Failure {
    Domain(Error),
    UnknownPlatform,
    /// The request names no session, or its session has expired.
    NotLoggedIn,
    /// The code of `wx.login` is invalid, expired or already used.
    WrongCode,
    /// WeChat blocks the user.
    BlockedUser,
    /// After how many seconds the client may retry.
    BusyWeChat {
        retry_after: i64,
    },
    UnknownPath,
    WrongMethod,
    /// The body is larger than the family accepts.
    TooLarge,
    /// The body is neither a form nor JSON, or it contains no image.
    Unreadable(&'static str),
}

/// 失败应答。
#[derive(Serialize, ToSchema)]
pub struct Problem {
    /// 与 HTTP 状态相同
    #[schema(example = 400)]
    status: u16,
    /// 错误信息, 可以显示给用户
    #[schema(example = "请填写姓名")]
    msg: String,
    /// 固定为 null
    #[schema(value_type = Option<Object>)]
    data: Value,
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
            CodeError::Wrong => Self::WrongCode,
            CodeError::Blocked => Self::BlockedUser,
            CodeError::Busy { retry_after } => Self::BusyWeChat { retry_after },
            CodeError::Failed(error) => Self::Domain(error),
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
            Unreadable::TooLarge => Self::TooLarge,
            Unreadable::BrokenOff => Self::Unreadable("请求内容不完整"),
        }
    }
}

impl From<NoFile> for Failure {
    fn from(reason: NoFile) -> Self {
        match reason {
            NoFile::NotAForm => Self::Unreadable("请用 multipart/form-data 上传图片"),
            NoFile::Missing => Error::invalid([Fault::new("file", "is required")]).into(),
            NoFile::Several => Self::Unreadable("一次只能上传一张图片"),
            NoFile::TooLarge => Self::TooLarge,
            NoFile::BrokenOff => Self::Unreadable("上传的内容不完整"),
        }
    }
}

#[deny(clippy::wildcard_enum_match_arm)]
impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (mut retry_after, mut errors) = (None, None);
        let (status, msg) = match self {
            Self::Domain(error) => {
                let (status, wait) = answer::status(&error);
                retry_after = wait;
                errors = answer::field_problems(&error, words::clause);
                (status, words::message(&error))
            }
            Self::UnknownPlatform => (StatusCode::FORBIDDEN, "平台不存在或已停用".into()),
            Self::NotLoggedIn => (StatusCode::UNAUTHORIZED, "请先登录".into()),
            Self::WrongCode => (StatusCode::UNAUTHORIZED, "登录已失效，请重试".into()),
            Self::BlockedUser => (StatusCode::FORBIDDEN, "该微信账号暂时无法登录".into()),
            Self::BusyWeChat { retry_after: wait } => {
                retry_after = Some(wait);
                (StatusCode::TOO_MANY_REQUESTS, "微信繁忙，请稍后再试".into())
            }
            Self::UnknownPath => (StatusCode::NOT_FOUND, "接口不存在".into()),
            Self::WrongMethod => (StatusCode::METHOD_NOT_ALLOWED, "不支持该请求方法".into()),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "内容太大，图片不能超过 4.5 MB".into()),
            Self::Unreadable(msg) => (StatusCode::BAD_REQUEST, msg.into()),
        };
        answer::failure::<Self>(status, retry_after, &Problem { status: status.as_u16(), msg, data: Value::Null, errors })
    }
}

/// Adds `error_code`, a copy of `status`, to the responses of `/image` and `/verifycode` (docs/contract/signing.txt, 1.2).
pub async fn with_error_code(request: Request, next: Next) -> Response {
    let (parts, body) = next.run(request).await.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let Ok(Value::Object(members)) = serde_json::from_slice(&body) else {
        return Response::from_parts(parts, Body::from(body));
    };
    let mut coded = serde_json::Map::new();
    coded.insert("error_code".into(), members.get("status").cloned().unwrap_or_default());
    coded.extend(members);
    let mut response = answer::json::<Failure>(parts.status, &Value::Object(coded));
    response.headers_mut().extend(
        parts
            .headers
            .into_iter()
            .filter_map(|(name, value)| Some((name?, value)))
            .filter(|(name, _)| *name == header::RETRY_AFTER || *name == header::LOCATION),
    );
    response
}
