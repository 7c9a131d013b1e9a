//! The HR open API (docs/contract/hris.txt) as Lambda functions: one for each group of resources, each with
//! the router of its own endpoints.

pub mod approvals;
pub mod attendance;
mod consent;
mod edge;
pub mod employees;
pub mod integration;
mod moka;
pub mod oauth;
pub mod organization;
mod paging;
pub mod recruitment;
pub mod salary;

use std::sync::Arc;

use axum::Router;
use lambda::family::{self, Family};
use serde_json::Value;
use shared::error::Result;
use shared::hris::Service;
use shared::runtime::environment::Environment;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};

use edge::Failure;

/// The state that all handlers share.
pub type App = Arc<Service>;

/// Every function of the family. The name is that of the binary, of the resource in `template.yaml` and of the event files.
pub const FUNCTIONS: [(&str, family::Routes<Hris>); 8] = [
    ("hris-organization", organization::router),
    ("hris-employees", employees::router),
    ("hris-attendance", attendance::router),
    ("hris-approvals", approvals::router),
    ("hris-salary", salary::router),
    ("hris-integration", integration::router),
    ("hris-oauth", oauth::router),
    ("hris-recruitment", recruitment::router),
];

pub struct Hris;

impl Family for Hris {
    type App = App;
    type Failure = Failure;

    const PREFIX: &'static str = "hris-";
    /// Ten times the size of a thousand punches.
    const MAX_BODY: usize = 1024 * 1024;

    fn unknown_path() -> Failure {
        Failure::UnknownPath
    }

    fn wrong_method() -> Failure {
        Failure::WrongMethod
    }

    fn answer_too_large() -> Failure {
        shared::hris::pagination_required().into()
    }
}

/// The router of one function. The parameter is its routes and not its name, so that a binary contains only the code of its own function.
/// Responses over 64 KB are compressed if the client accepts it.
pub async fn connect(routes: family::Routes<Hris>, environment: &Environment) -> Result<Router> {
    let routes = move || routes().layer(CompressionLayer::new().gzip(true).compress_when(SizeAbove::new(u16::MAX)));
    let app = async { Service::connect(environment).await.map(Arc::new) };
    family::connect::<Hris>(routes, app, environment).await
}

/// The OpenAPI document of the family, for the tests that write and compare it.
pub fn openapi() -> Result<Value, String> {
    #[derive(utoipa::OpenApi)]
    #[openapi(
        info(
            title = "工桥 · 知人开放接口 v2",
            description = "第三方服务读写公司的人事数据。\n\n每个请求都要签名: signature = HMAC-SHA256(secret_key, 请求方法 + 路径 + access_key + tonce + payload), 十六进制。access_key, tonce 和 signature 是查询参数, signature 也可以放在请求头 x-zhiren-signature 中; 签名在您的服务器上计算, secret_key 不要交给浏览器。只读接口也可以用员工授权得到的 access_token 代替签名。"
        ),
        security((), ("access_token" = []), ("bearer" = []))
    )]
    struct Document;
    let access_token = ApiKeyValue::with_description("access_token", "/api/v2/oauth/token 应答中的 access_token; 只读");
    let access_token = SecurityScheme::ApiKey(ApiKey::Query(access_token));
    let mut document = <Document as utoipa::OpenApi>::openapi();
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("access_token", access_token);
    components.add_security_scheme("bearer", bearer);
    family::openapi::<Hris>(document, &FUNCTIONS, include_str!("../examples.json"))
}

/// Every route of the family with the function that serves it: `(method, path, function)`.
pub fn routes() -> Vec<(&'static str, String, &'static str)> {
    family::routes::<Hris>(&FUNCTIONS)
}
