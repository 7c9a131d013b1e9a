//! POST /auth/token and /auth/refresh (docs/contract/channel.txt, POST /auth/token).

use axum::extract::State;
use deserr::Deserr;
use lambda::Address;
use lambda::credentials::TokenRequest;
use serde::Serialize;
use shared::channel::tokens::{ACCESS_TOKEN_AGE, Tokens};
use shared::error::{Error, Fault};
use shared::values::input::{Faults, Synonyms};
use shared::values::{Reason, RecordId, Secret, SecretText, Text, exposed};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::edge::{Failure, JsonOrForm, Reply, Success};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(create_token)).routes(routes!(refresh_token))
}

/// 获取 Token 的请求
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults)]
#[schema(as = TokenRequest)]
struct TokenBody {
    /// 渠道唯一标识, 1 到 255 个字符; 也可以用 OAuth 2.0 的名称 client_id
    #[schema(value_type = String, min_length = 1, max_length = 255, example = "channel_001")]
    appkey: Text<1, 255>,
    /// 渠道密钥, 1 到 255 个字符; 也可以用 OAuth 2.0 的名称 client_secret
    #[schema(value_type = String, min_length = 1, max_length = 255, example = "your_secret_key")]
    secret: SecretText<1, 255>,
    /// 固定值: client_credentials
    #[schema(value_type = String, pattern = "^client_credentials$", example = "client_credentials")]
    grant_type: Text<1, 64>,
}

impl TokenRequest for TokenBody {
    const SYNONYMS: Synonyms = &[("client_id", "appkey"), ("client_secret", "secret")];
    const BASIC: Option<[&'static str; 2]> = Some(["appkey", "secret"]);
}

/// 刷新 Token 的请求
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults)]
#[schema(as = RefreshRequest)]
struct RefreshBody {
    /// 刷新令牌, 1 到 512 个字符
    #[schema(value_type = String, min_length = 1, max_length = 512, example = "refresh_token_string")]
    refresh_token: SecretText<1, 512>,
    /// 固定值: refresh_token
    #[schema(value_type = String, pattern = "^refresh_token$", example = "refresh_token")]
    grant_type: Text<1, 64>,
}

impl TokenRequest for RefreshBody {}

/// 访问令牌和刷新令牌
#[derive(Serialize, ToSchema)]
struct TokenView {
    /// 访问令牌, 放在请求头 Authorization: Bearer {token} 中
    #[serde(serialize_with = "exposed")]
    #[schema(value_type = String)]
    access_token: Secret<String>,
    /// 固定为 Bearer
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// access_token 的有效期, 秒
    #[schema(example = 7200)]
    expires_in: i64,
    /// 刷新令牌, 30 天内可用一次, 用于刷新 Token
    #[serde(serialize_with = "exposed")]
    #[schema(value_type = String)]
    refresh_token: Secret<String>,
}

impl From<Tokens> for TokenView {
    fn from(tokens: Tokens) -> Self {
        let Tokens { access_token, refresh_token } = tokens;
        Self { access_token, token_type: "Bearer", expires_in: ACCESS_TOKEN_AGE.as_secs(), refresh_token }
    }
}

/// 获取 Token
///
/// 用渠道标识和密钥换取访问令牌和刷新令牌。请求体为 JSON 或表单; appkey 和 secret 也可以放在请求头 Authorization: Basic 中。
/// 同一 appkey 和 IP 地址每分钟最多失败 10 次、成功 6000 次, 超出后返回 429, 等待 Retry-After 秒后再试。
#[utoipa::path(post, path = "/api/v1/auth/token", tag = "认证", security(()), request_body = TokenBody, responses(
    (status = 200, body = Success<TokenView>)))]
async fn create_token(
    State(app): State<App>,
    Address(address): Address,
    JsonOrForm(body): JsonOrForm<TokenBody>,
) -> Result<Reply<TokenView>, Failure> {
    check_grant_type(&body.grant_type, "client_credentials", "must be client_credentials")?;
    // A malformed appkey is the same error as an unknown one.
    let appkey = RecordId::parse(body.appkey.as_str()).map_err(|_| Error::unauthenticated())?;
    Ok(Reply(app.issue_tokens(&appkey, body.secret.as_deref(), &address).await?.into()))
}

/// 刷新 Token
///
/// 用刷新令牌换取新的访问令牌和刷新令牌。请求体为 JSON 或表单。每个刷新令牌只能使用一次。
/// 使用后 30 秒内再次使用, 得到的是最新的刷新令牌, 以便在没有收到应答时重试。
/// 此后再次使用返回 1003, 并使由它得到的刷新令牌全部失效, 需要重新获取 Token。
#[utoipa::path(post, path = "/api/v1/auth/refresh", tag = "认证", security(()), request_body = RefreshBody, responses(
    (status = 200, body = Success<TokenView>)))]
async fn refresh_token(
    State(app): State<App>,
    Address(address): Address,
    JsonOrForm(body): JsonOrForm<RefreshBody>,
) -> Result<Reply<TokenView>, Failure> {
    check_grant_type(&body.grant_type, "refresh_token", "must be refresh_token")?;
    Ok(Reply(app.refresh_tokens(body.refresh_token.as_deref(), &address).await?.into()))
}

fn check_grant_type(grant_type: &Text<1, 64>, expected: &str, reason: Reason) -> Result<(), Error> {
    if grant_type.as_str() == expected { Ok(()) } else { Err(Error::invalid([Fault::new("grant_type", reason)])) }
}
