//! All that the family knows of HTTP: extractors on the way in, the envelope on the way out.
//!
//! ```text
//! Authorization: Bearer <access token>      found here, verified in `shared`
//! {"code":0,"message":"success","data":{}}  every answer, see `Reply` and `Failure`
//! ```

use std::marker::PhantomData;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path as RawPath, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use deserr::Deserr;
use lambda::body::{self, Unreadable};
use serde::Serialize;
use shared::channel::{ChannelId, Resource};
use shared::error::{Error, Fault, Kind};
use shared::values::RecordId;
use shared::values::input::{Faults, Json as Input, WHOLE};
use utoipa::ToSchema;

use crate::App;

/// The channel that a valid token speaks for. A handler without this parameter is open to everybody.
pub struct Caller(pub ChannelId);

impl FromRequestParts<App> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let header = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(bearer).ok_or_else(Error::unauthenticated)?;
        Ok(Self(app.authorize(token).await?))
    }
}

/// `Bearer <token>`; the scheme's case does not matter (RFC 9110, 11.1).
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    let token = token.trim_start_matches(' ');
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && !token.contains(' ')).then_some(token)
}

/// A JSON body, checked as a whole. A member that is null counts as absent.
pub struct Json<T>(pub T);

impl<T: Deserr<Faults>> FromRequest<App> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &App) -> Result<Self, Failure> {
        Ok(Self(json_body(request).await?.without_nulls().read()?))
    }
}

/// A JSON body, or an HTML form with the same fields: OAuth clients send their credentials so.
pub struct JsonOrForm<T>(pub T);

impl<T: Deserr<Faults>> FromRequest<App> for JsonOrForm<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &App) -> Result<Self, Failure> {
        if !body::is_form(request.headers()) {
            return Ok(Self(json_body(request).await?.read()?));
        }
        let body = body(request).await?;
        let pairs = form_urlencoded::parse(&body).into_owned();
        Ok(Self(Input::from_pairs(pairs).map_err(invalid)?.read()?))
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
    let pairs = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned();
    Input::from_pairs(pairs).map_err(invalid)
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

/// The one parameter of a path, percent-decoded.
pub async fn path_segment(parts: &mut Parts, app: &App) -> Result<String, Failure> {
    match RawPath::from_request_parts(parts, app).await {
        Ok(RawPath(segment)) => Ok(segment),
        Err(_) => Err(invalid(Fault::new("path", "is not valid UTF-8")).into()),
    }
}

async fn json_body(request: Request) -> Result<Input, Failure> {
    if body::media_type(request.headers())
        .is_some_and(|media_type| media_type != "application/json" && !media_type.ends_with("+json"))
    {
        return Err(invalid(Fault::new("Content-Type", "must be application/json")).into());
    }
    let body = body(request).await?;
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(invalid(Fault::new(WHOLE, "must be a JSON object, but the body is empty")).into());
    }
    Ok(Input::parse(&body).map_err(invalid)?)
}

async fn body(request: Request) -> Result<Bytes, Failure> {
    body::read(request).await.map_err(|reason| match reason {
        Unreadable::TooLarge => Failure::TooLarge,
        Unreadable::BrokenOff => invalid(Fault::new(WHOLE, "could not be read")).into(),
    })
}

fn invalid(fault: Fault) -> Error {
    Error::invalid([fault])
}

/// A success in the document's envelope.
pub struct Reply<T>(pub T);

/// 成功应答。
#[derive(Serialize, ToSchema)]
pub struct Success<T> {
    /// 固定为 0
    #[schema(example = 0)]
    pub code: u16,
    /// 固定为 success
    #[schema(example = "success")]
    pub message: &'static str,
    pub data: T,
}

impl<T: Serialize> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        answer(StatusCode::OK, &Success { code: 0, message: "success", data: self.0 })
    }
}

/// A failure in the document's envelope: the code table stays closed, HTTP carries the finer distinction.
pub enum Failure {
    Domain(Error),
    UnknownPath,
    WrongMethod,
    TooLarge,
    /// Lambda could not carry the answer.
    AnswerTooLarge,
}

/// 失败应答。
#[derive(Serialize, ToSchema)]
pub struct Problem {
    /// 1001 参数错误、1002 认证失败、1003 Token 过期或无效、1004 权限不足、5001 服务器内部错误
    #[schema(example = 1001)]
    code: u16,
    #[schema(example = "参数错误")]
    message: &'static str,
    data: ProblemData,
}

#[derive(Serialize, ToSchema)]
struct ProblemData {
    /// 1001 时列出每个出错的字段
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<FieldProblem>>,
}

#[derive(Serialize, ToSchema)]
struct FieldProblem {
    /// 字段的 JSON 路径
    #[schema(example = "live_certification.photos[0]")]
    field: String,
    #[schema(example = "is required")]
    reason: String,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Domain(error)
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
                let (status, code) = match error.kind() {
                    Kind::Invalid => (StatusCode::BAD_REQUEST, BAD_PARAMETER),
                    Kind::NotFound => (StatusCode::NOT_FOUND, BAD_PARAMETER),
                    Kind::Conflict => (StatusCode::CONFLICT, BAD_PARAMETER),
                    Kind::Unauthenticated => (StatusCode::UNAUTHORIZED, (1002, "认证失败")),
                    Kind::TokenRejected => (StatusCode::UNAUTHORIZED, (1003, "Token 过期或无效")),
                    Kind::Forbidden => (StatusCode::FORBIDDEN, (1004, "权限不足")),
                    Kind::TooManyRequests { retry_after: seconds } => {
                        retry_after = Some(seconds);
                        (StatusCode::TOO_MANY_REQUESTS, BAD_PARAMETER)
                    }
                    Kind::Internal => {
                        tracing::error!(%error, "request failed");
                        (StatusCode::INTERNAL_SERVER_ERROR, (5001, "服务器内部错误"))
                    }
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
        let errors = faults.into_iter().map(|Fault { field, reason }| FieldProblem { field, reason: reason.into_owned() });
        let errors = Some(errors.collect::<Vec<_>>()).filter(|errors| !errors.is_empty());
        let mut response = answer(status, &Problem { code, message, data: ProblemData { errors } });
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

fn answer(status: StatusCode, body: &impl Serialize) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json")];
    match serde_json::to_vec(body) {
        Ok(body) => (status, headers, body).into_response(),
        Err(error) => Failure::from(Error::internal(error)).into_response(),
    }
}
