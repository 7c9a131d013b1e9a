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

use lambda::family::{Family, Routes};
use lambda::frame::Frame;
use shared::error::Result;
use shared::hris::Service;
use shared::runtime::environment::Environment;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;

use edge::Failure;

/// The state that all handlers share.
pub type App = Arc<Service>;

pub struct Hris;

impl Frame for Hris {
    type App = App;
    type Failure = Failure;

    const NAME: &'static str = "hris";
    /// Ten times the size of a thousand punches.
    const MAX_BODY: usize = 1024 * 1024;
}

impl Family for Hris {
    const FUNCTIONS: &'static [(&'static str, Routes<Self>)] = &[
        ("hris-organization", organization::router),
        ("hris-employees", employees::router),
        ("hris-attendance", attendance::router),
        ("hris-approvals", approvals::router),
        ("hris-salary", salary::router),
        ("hris-integration", integration::router),
        ("hris-oauth", oauth::router),
        ("hris-recruitment", recruitment::router),
    ];
    const EXAMPLES: &'static str = include_str!("../examples.json");

    fn document() -> OpenApi {
        #[derive(utoipa::OpenApi)]
        #[openapi(
            info(
                title = "工桥 · 知人开放接口 v2",
                description = "第三方服务读写公司的人事数据。\n\n每个请求都要签名: signature = HMAC-SHA256(secret_key, 请求方法 + 路径 + access_key + tonce + payload), 十六进制。access_key, tonce 和 signature 是查询参数, signature 也可以放在请求头 x-zhiren-signature 中; 签名在您的服务器上计算, secret_key 不要交给浏览器。只读接口也可以用员工授权得到的 access_token 代替签名。"
            ),
            security((), ("access_token" = []), ("bearer" = []))
        )]
        struct Document;
        <Document as utoipa::OpenApi>::openapi()
    }

    fn security() -> Vec<(&'static str, SecurityScheme)> {
        let access_token = ApiKeyValue::with_description("access_token", "/api/v2/oauth/token 应答中的 access_token; 只读");
        let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        vec![("access_token", SecurityScheme::ApiKey(ApiKey::Query(access_token))), ("bearer", bearer)]
    }

    async fn app(environment: &Environment) -> Result<App> {
        Service::connect(environment).await.map(Arc::new)
    }

    async fn refresh(app: &App) {
        app.keys().refresh().await;
    }

    /// Responses over 64 KB are compressed if the client accepts it.
    fn layer(routes: OpenApiRouter<App>) -> OpenApiRouter<App> {
        routes.layer(CompressionLayer::new().gzip(true).compress_when(SizeAbove::new(u16::MAX)))
    }
}
