//! /oauth (docs/contract/hris.txt, 授权): an employee consents on a page, the app exchanges the response code for an access token, and ends
//! it when it is no longer needed.

use axum::extract::State;
use deserr::Deserr;
use lambda::Address;
use lambda::credentials::TokenRequest;
use serde::Serialize;
use shared::error::{Error, Fault};
use shared::hris::grants::ACCESS_TOKEN_AGE;
use shared::hris::oauth::Exchange;
use shared::values::input::{Faults, Synonyms};
use shared::values::{Secret, SecretText, Text, exposed};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::consent;
use crate::edge::{Failure, Problem, Reply, TokenFields};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().merge(consent::router()).routes(routes!(create_token)).routes(routes!(revoke_token))
}

#[derive(Deserr, ToSchema)]
#[deserr(error = Faults)]
#[schema(as = TokenRequest)]
struct TokenBody {
    #[schema(value_type = String)]
    app_id: Text<1, 64>,
    #[schema(value_type = String)]
    app_secret: SecretText<1, 255>,
    /// 与授权时相同
    #[schema(value_type = String)]
    callback_url: Text<1, 2048>,
    /// 10 分钟内有效, 只能使用一次
    #[schema(value_type = String)]
    response_code: SecretText<1, 255>,
    /// OAuth 2.0 的客户端使用标准字段名, 并带上固定值 authorization_code
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    grant_type: Option<Text<1, 64>>,
}

impl TokenRequest for TokenBody {
    const SYNONYMS: Synonyms = &[
        ("client_id", "app_id"),
        ("client_secret", "app_secret"),
        ("redirect_uri", "callback_url"),
        ("code", "response_code"),
    ];
    const BASIC: Option<[&'static str; 2]> = Some(["client_id", "client_secret"]);
}

#[derive(Serialize, ToSchema)]
struct TokenView {
    #[serde(serialize_with = "exposed")]
    #[schema(value_type = String)]
    access_token: Secret<String>,
    /// 秒
    #[schema(example = 7_776_000)]
    expires_in: i64,
    /// 仅在请求带有 grant_type 时
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Bearer")]
    token_type: Option<&'static str>,
}

/// 用 response_code 换取 access_token
#[utoipa::path(post, path = "/api/v2/oauth/token", tag = "授权", security(()), request_body = TokenBody,
    responses((status = 200, body = TokenView), (status = "default", body = Problem)))]
async fn create_token(
    State(app): State<App>,
    Address(address): Address,
    TokenFields(body): TokenFields<TokenBody>,
) -> Result<Reply<TokenView>, Failure> {
    if body.grant_type.as_ref().is_some_and(|grant_type| grant_type.as_str() != "authorization_code") {
        return Err(Error::invalid([Fault::new("grant_type", "must be authorization_code")]).into());
    }
    let exchange = Exchange {
        app_id: body.app_id.as_str(),
        app_secret: body.app_secret.as_deref(),
        callback_url: body.callback_url.as_str(),
        response_code: body.response_code.as_deref(),
    };
    let access_token = app.exchange(&exchange, &address).await?.ok_or(Failure::UnknownApp)?;
    // A client of OAuth 2.0 demands the type of the token (RFC 6749, 5.1).
    let token_type = body.grant_type.map(|_| "Bearer");
    Ok(Reply(TokenView { access_token, expires_in: ACCESS_TOKEN_AGE.as_secs(), token_type }))
}

#[derive(Deserr, ToSchema)]
#[deserr(error = Faults)]
#[schema(as = RevocationRequest)]
struct RevocationBody {
    #[schema(value_type = String)]
    app_id: Text<1, 64>,
    #[schema(value_type = String)]
    app_secret: SecretText<1, 255>,
    /// 要撤销的 access_token
    #[schema(value_type = String)]
    token: SecretText<1, 255>,
    /// 可省略: 只有 access_token 一种
    #[deserr(default, rename = "token_type_hint")]
    #[schema(rename = "token_type_hint", value_type = Option<String>, example = "access_token")]
    _token_type_hint: Option<Text<1, 64>>,
}

impl TokenRequest for RevocationBody {
    const SYNONYMS: Synonyms = &[("client_id", "app_id"), ("client_secret", "app_secret")];
    const BASIC: Option<[&'static str; 2]> = Some(["client_id", "client_secret"]);
}

/// 没有内容
#[derive(Serialize, ToSchema)]
struct Revoked {}

/// 撤销 access_token
///
/// 应用不再需要公司的数据时调用 (RFC 7009)。未知的和已失效的 access_token 同样返回 200; 其他应用的 access_token 不受影响。
#[utoipa::path(post, path = "/api/v2/oauth/revoke", tag = "授权", security(()), request_body = RevocationBody,
    responses((status = 200, body = Revoked), (status = "default", body = Problem)))]
async fn revoke_token(
    State(app): State<App>,
    Address(address): Address,
    TokenFields(body): TokenFields<RevocationBody>,
) -> Result<Reply<Revoked>, Failure> {
    let (app_id, app_secret, token) = (body.app_id.as_str(), body.app_secret.as_deref(), body.token.as_deref());
    if app.revoke_access_token(app_id, app_secret, token, &address).await? {
        Ok(Reply(Revoked {}))
    } else {
        Err(Failure::UnknownApp)
    }
}
