//! The job board's API (docs/contract/jobboard.txt) as Lambda functions: one for each group of resources, each with the router of its own
//! endpoints.

pub mod account;
pub mod collections;
pub mod contacts;
mod content;
mod edge;
pub mod image;
pub mod jobs;
pub mod messages;
pub mod orders;
mod paging;
pub mod reports;
mod schemas;
pub mod search;
mod view;
pub mod vouchers;

use std::sync::Arc;

use lambda::family::{Family, Routes};
use lambda::frame::Frame;
use lambda::openapi::Parts;
use shared::error::Result;
use shared::jobboard::Service;
use shared::runtime::environment::Environment;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};

pub use content::ContentBody;
use edge::{ERROR_CODES, Failure, error_body};

/// The state of every handler.
pub type App = Arc<Service>;

pub struct Jobboard;

impl Frame for Jobboard {
    type App = App;
    type Failure = Failure;

    const NAME: &'static str = "jobboard";
    /// An image and the rest of its form.
    const MAX_BODY: usize = shared::jobboard::images::MAX_BYTES + 16 * 1024;
    const OWNED: &'static [&'static str] = &[
        "user_id",
        "status",
        "create_at",
        "update_at",
        "is_top",
        "top_start_time",
        "top_end_time",
        "last_refresh_time",
        "distance_m",
        "job_id",
        "purpose_user_id",
        "purpose_user_name",
        "purpose_user_phone",
        "removed_reason",
        "name_in_review",
    ];
}

impl Family for Jobboard {
    const FUNCTIONS: &'static [(&'static str, Routes<Self>)] = &[
        ("jobboard-account", account::router),
        ("jobboard-jobs", jobs::router),
        ("jobboard-search", search::router),
        ("jobboard-collections", collections::router),
        ("jobboard-contacts", contacts::router),
        ("jobboard-vouchers", vouchers::router),
        ("jobboard-orders", orders::router),
        ("jobboard-image", image::router),
    ];

    fn document() -> Parts {
        #[derive(utoipa::OpenApi)]
        #[openapi(
            components(schemas(edge::Problem)),
            info(
                title = "工桥 · 餐饮招聘小程序接口",
                description = "商家发布、置顶、刷新招聘; 求职者浏览、收藏、用联系券联系商家。",
                version = "1.0.0",
                contact(name = "工桥开放平台")
            ),
            security(("token" = []))
        )]
        struct Document;
        // Not `bearer`: the document sends the token without the scheme.
        let token = ApiKeyValue::with_description("Authorization", "登录应答头 X-Auth-Token 中的 token; 前面有无 Bearer 均可");
        Parts {
            base: <Document as utoipa::OpenApi>::openapi(),
            security: vec![("token", SecurityScheme::ApiKey(ApiKey::Header(token)))],
            tags: &[
                ("用户", "注册、登录与个人信息"),
                ("商家", "发布与管理招聘信息"),
                ("求职", "浏览与收藏"),
                ("联系", "联系券与联系记录"),
                ("订单", "商品、付款与订单状态"),
                ("通用", "图片"),
            ],
            errors: ERROR_CODES,
            error_body,
            examples: include_str!("../examples.json"),
        }
    }

    async fn app(environment: &Environment) -> Result<App> {
        Service::connect(environment).await.map(Arc::new)
    }

    /// The search loads all open jobs. After a failure the first request tries again.
    async fn prepare(app: &App, function: &str) {
        if function == "jobboard-search"
            && let Err(error) = app.prepare_search().await
        {
            tracing::warn!(%error, "the open jobs could not be loaded yet");
        }
    }

    async fn refresh(app: &App) {
        app.keys().refresh().await;
    }
}
