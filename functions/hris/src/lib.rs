//! The HR open API (docs/contract/hris.txt) as Lambda functions: one for each group of resources, each with
//! the router of its own endpoints.

pub mod approvals;
pub mod attendance;
mod consent;
mod edge;
pub mod employees;
pub mod events;
pub mod integration;
mod moka;
pub mod oauth;
pub mod organization;
mod paging;
pub mod recruitment;
pub mod salary;
mod webhook_page;
mod webhooks;

use std::sync::Arc;

use lambda::family::{Family, Routes};
use lambda::frame::Frame;
use lambda::openapi::Parts;
use shared::error::Result;
use shared::hris::Service;
use shared::runtime::environment::Environment;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;

use edge::{ERROR_CODES, Failure, error_body};

/// The state that all handlers share.
pub type App = Arc<Service>;

pub struct Hris;

impl Frame for Hris {
    type App = App;
    type Failure = Failure;

    const NAME: &'static str = "hris";
    /// Ten times the size of a thousand punches.
    const MAX_BODY: usize = 1024 * 1024;
    /// Those of a webhook.
    const OWNED: &'static [&'static str] = &["created_at", "secret", "secrets", "state", "stopped_at"];
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

    fn document() -> Parts {
        #[derive(utoipa::OpenApi)]
        #[openapi(
            components(schemas(edge::Problem)),
            info(
                title = "工桥 · 人事开放接口",
                description = "第三方服务读写公司的人事数据。\n\n每个请求都要签名: signature = HMAC-SHA256(secret_key, 请求方法 + 路径 + access_key + tonce + payload), 十六进制。access_key, tonce 和 signature 是查询参数, signature 也可以放在请求头 x-zhiren-signature 中; 签名在您的服务器上计算, secret_key 不要交给浏览器。只读接口也可以用员工授权得到的 access_token 代替签名。",
                version = "1.0.0",
                contact(name = "工桥开放平台")
            ),
            security(("access_key" = [], "tonce" = [], "signature" = []), ("access_token" = []), ("bearer" = []))
        )]
        struct Document;
        let query = |name: &str, description: &str| {
            SecurityScheme::ApiKey(ApiKey::Query(ApiKeyValue::with_description(name, description)))
        };
        let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        Parts {
            base: <Document as utoipa::OpenApi>::openapi(),
            security: vec![
                ("access_key", query("access_key", "访问识别码")),
                (
                    "tonce",
                    query(
                        "tonce",
                        "以秒为单位的 Unix 时间, 可以有小数, 与服务器相差不超过 300 秒; 同一签名的写入只生效一次, 一秒内内容相同的多次写入需用小数区分",
                    ),
                ),
                (
                    "signature",
                    query(
                        "signature",
                        "HMAC-SHA256(secret_key, METHOD + path + access_key + tonce + payload), 十六进制; 也可放在请求头 x-zhiren-signature",
                    ),
                ),
                ("access_token", query("access_token", "/api/v2/oauth/token 应答中的 access_token, 代替签名; 只读")),
                ("bearer", bearer),
            ],
            tags: &[
                ("授权", "员工授权应用, 换取 access_token"),
                ("公司", "公司的令牌"),
                ("分公司", "分公司与其员工"),
                ("部门", "部门与其员工"),
                ("员工", "员工档案与访客提醒"),
                ("考勤", "打卡、排班、请假与出勤结果"),
                ("审批", "审批单"),
                ("薪酬", "薪酬项目的值"),
                ("招聘", "候选人、招聘源与职位, 需员工授权"),
                ("Moka", "与 Moka 绑定, 接收候选人"),
                ("事件", "公司数据变动时推送事件"),
            ],
            errors: ERROR_CODES,
            error_body,
            examples: include_str!("../examples.json"),
        }
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
