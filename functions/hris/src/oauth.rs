//! /oauth (docs/contract/hris.txt, 授权): an employee consents on a page, the app exchanges the response code for an access token.

use axum::extract::State;
use deserr::Deserr;
use lambda::Address;
use serde::Serialize;
use shared::hris::oauth::{ACCESS_TOKEN_AGE, Exchange};
use shared::values::input::Faults;
use shared::values::{Secret, SecretText, Text, exposed};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::consent;
use crate::edge::{Failure, Fields, Problem, Reply};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().merge(consent::router()).routes(routes!(create_token))
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
}

#[derive(Serialize, ToSchema)]
struct TokenView {
    #[serde(serialize_with = "exposed")]
    #[schema(value_type = String)]
    access_token: Secret<String>,
    /// 秒
    #[schema(example = 7_776_000)]
    expires_in: i64,
}

/// 用 response_code 换取 access_token
#[utoipa::path(post, path = "/api/v2/oauth/token", tag = "授权", security(()), request_body = TokenBody,
    responses((status = 200, body = TokenView), (status = "default", body = Problem)))]
async fn create_token(
    State(app): State<App>,
    Address(address): Address,
    Fields(body): Fields<TokenBody>,
) -> Result<Reply<TokenView>, Failure> {
    let exchange = Exchange {
        app_id: body.app_id.as_str(),
        app_secret: body.app_secret.as_deref(),
        callback_url: body.callback_url.as_str(),
        response_code: body.response_code.as_deref(),
    };
    let access_token = app.exchange(&exchange, &address).await?.ok_or(Failure::UnknownApp)?;
    Ok(Reply(TokenView { access_token, expires_in: ACCESS_TOKEN_AGE.as_secs() }))
}
