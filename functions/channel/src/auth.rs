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
use crate::edge::{Failure, JsonOrForm, Problem, Reply, Success};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(create_token)).routes(routes!(refresh_token))
}

#[derive(Deserr, ToSchema)]
#[deserr(error = Faults)]
#[schema(as = TokenRequest)]
struct TokenBody {
    /// 渠道唯一标识
    #[schema(value_type = String, max_length = 255, example = "channel_001")]
    appkey: Text<1, 255>,
    /// 渠道密钥
    #[schema(value_type = String, max_length = 255, example = "your_secret_key")]
    secret: SecretText<1, 255>,
    /// 固定值: client_credentials
    #[schema(value_type = String, example = "client_credentials")]
    grant_type: Text<1, 64>,
}

impl TokenRequest for TokenBody {
    const SYNONYMS: Synonyms = &[("client_id", "appkey"), ("client_secret", "secret")];
    const BASIC: Option<[&'static str; 2]> = Some(["appkey", "secret"]);
}

#[derive(Deserr, ToSchema)]
#[deserr(error = Faults)]
#[schema(as = RefreshRequest)]
struct RefreshBody {
    /// 刷新令牌
    #[schema(value_type = String, max_length = 512, example = "refresh_token_string")]
    refresh_token: SecretText<1, 512>,
    /// 固定值: refresh_token
    #[schema(value_type = String, example = "refresh_token")]
    grant_type: Text<1, 64>,
}

impl TokenRequest for RefreshBody {}

#[derive(Serialize, ToSchema)]
struct TokenView {
    #[serde(serialize_with = "exposed")]
    #[schema(value_type = String)]
    access_token: Secret<String>,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// 秒
    #[schema(example = 7200)]
    expires_in: i64,
    /// 30 天内可用一次
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
#[utoipa::path(post, path = "/api/v1/auth/token", tag = "认证", security(()), request_body = TokenBody, responses(
    (status = 200, body = Success<TokenView>), (status = "default", body = Problem)))]
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
#[utoipa::path(post, path = "/api/v1/auth/refresh", tag = "认证", security(()), request_body = RefreshBody, responses(
    (status = 200, body = Success<TokenView>), (status = "default", body = Problem)))]
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
