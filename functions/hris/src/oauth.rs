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
use crate::edge::{Failure, Reply, TokenFields};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().merge(consent::router()).routes(routes!(create_token)).routes(routes!(revoke_token))
}

/// 换取 access_token 的请求
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults)]
#[schema(as = TokenRequest)]
struct TokenBody {
    /// 客户端访问识别码, 1 到 64 个字符; 也可以用 OAuth 2.0 的名称 client_id
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    app_id: Text<1, 64>,
    /// 与 app_id 对应的密钥, 1 到 255 个字符; 也可以用 OAuth 2.0 的名称 client_secret
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    app_secret: SecretText<1, 255>,
    /// 用户授权后的回调 URL, 与授权时和登记的完全相同; 也可以用 OAuth 2.0 的名称 redirect_uri
    #[schema(value_type = String, min_length = 1, max_length = 2048)]
    callback_url: Text<1, 2048>,
    /// 用户授权后得到的 response_code, 10 分钟内有效, 只能使用一次; 也可以用 OAuth 2.0 的名称 code
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    response_code: SecretText<1, 255>,
    /// 可省略; OAuth 2.0 的客户端带上固定值 authorization_code, 应答中就有 token_type
    #[deserr(default)]
    #[schema(value_type = Option<String>, pattern = "^authorization_code$")]
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

/// 授权标识
#[derive(Serialize, ToSchema)]
struct TokenView {
    /// 授权标识, 代替签名调用只读接口
    #[serde(serialize_with = "exposed")]
    #[schema(value_type = String)]
    access_token: Secret<String>,
    /// access_token 的有效期, 秒
    #[schema(example = 7_776_000)]
    expires_in: i64,
    /// 固定为 Bearer; 请求没有 grant_type 时省略
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Bearer")]
    token_type: Option<&'static str>,
}

/// 用 response_code 换取 access_token
///
/// 请求体为 JSON 或表单; app_id 和 app_secret 也可以放在请求头 Authorization: Basic 中。每次换取得到新的 access_token。
/// 重复使用的 response_code 返回 422; 第一次使用 30 秒之后的重复使用, 还会使已换取的 access_token 失效。
/// 授权的员工不能再授权时 (离职或不再是管理员), 或应用、产品停用时, access_token 提前失效。
/// 同一应用和 IP 地址每分钟最多失败 10 次, 超出后返回 429, 等待 Retry-After 秒后再试。
#[utoipa::path(post, path = "/api/v2/oauth/token", tag = "授权", security(()), request_body = TokenBody,
    responses((status = 200, body = TokenView)))]
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

/// 撤销 access_token 的请求
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults)]
#[schema(as = RevocationRequest)]
struct RevocationBody {
    /// 客户端访问识别码, 1 到 64 个字符; 也可以用 OAuth 2.0 的名称 client_id
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    app_id: Text<1, 64>,
    /// 与 app_id 对应的密钥, 1 到 255 个字符; 也可以用 OAuth 2.0 的名称 client_secret
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    app_secret: SecretText<1, 255>,
    /// 要撤销的 access_token, 1 到 255 个字符
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    token: SecretText<1, 255>,
    /// 可省略, 不影响结果: 只有 access_token 一种
    #[deserr(default, rename = "token_type_hint")]
    #[schema(rename = "token_type_hint", value_type = Option<String>, max_length = 64, example = "access_token")]
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
/// 请求体为 JSON 或表单; app_id 和 app_secret 也可以放在请求头 Authorization: Basic 中。频率限制与换取 access_token 共用。
#[utoipa::path(post, path = "/api/v2/oauth/revoke", tag = "授权", security(()), request_body = RevocationBody,
    responses((status = 200, body = Revoked)))]
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
