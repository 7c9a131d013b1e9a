//! The partner API (docs/contract/channel.txt) as Lambda functions: one for each group of resources, with the router of its endpoints.

pub mod applications;
pub mod auth;
pub mod companies;
mod edge;
mod paging;
pub mod payments;
mod records;
pub mod tasks;
pub mod uploads;
pub mod users;

use std::sync::Arc;

use lambda::family::{Family, Routes};
use lambda::frame::Frame;
use lambda::openapi::Parts;
use shared::channel::Service;
use shared::error::Result;
use shared::runtime::environment::Environment;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};

use edge::{ERROR_CODES, Failure, error_body};

/// The state of every handler.
pub type App = Arc<Service>;

pub struct Channel;

impl Frame for Channel {
    type App = App;
    type Failure = Failure;

    const NAME: &'static str = "channel";
    /// Several times the largest record.
    const MAX_BODY: usize = 1024 * 1024;
    const OWNED: &'static [&'static str] =
        &["user_id", "company_id", "task_id", "application_id", "payment_id", "created_at", "updated_at"];
}

impl Family for Channel {
    const FUNCTIONS: &'static [(&'static str, Routes<Self>)] = &[
        ("channel-auth", auth::router),
        ("channel-users", users::router),
        ("channel-companies", companies::router),
        ("channel-tasks", tasks::router),
        ("channel-applications", applications::router),
        ("channel-payments", payments::router),
        ("channel-uploads", uploads::router),
    ];

    fn document() -> Parts {
        #[derive(utoipa::OpenApi)]
        #[openapi(
            components(schemas(edge::Problem)),
            info(
                title = "工桥 · 渠道开放接口",
                description = "渠道推送灵活用工的用户、企业、任务、投递与付款。",
                version = "1.0.0",
                contact(name = "工桥开放平台")
            ),
            security(("token" = []))
        )]
        struct Document;
        Parts {
            base: <Document as utoipa::OpenApi>::openapi(),
            security: vec![("token", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)))],
            tags: &[
                ("认证", "换取与刷新 Token"),
                ("用户", "灵活用工人员"),
                ("企业", "发布任务的企业"),
                ("任务", "企业的招募任务"),
                ("投递", "用户对任务的投递"),
                ("付款", "给用户的付款"),
                ("上传", "先取上传地址, 再直传文件"),
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
}
