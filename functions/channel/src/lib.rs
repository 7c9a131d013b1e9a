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
use shared::channel::Service;
use shared::error::Result;
use shared::runtime::environment::Environment;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};

use edge::Failure;

/// The state of every handler.
pub type App = Arc<Service>;

pub struct Channel;

impl Frame for Channel {
    type App = App;
    type Failure = Failure;

    const NAME: &'static str = "channel";
    /// Several times the largest record.
    const MAX_BODY: usize = 1024 * 1024;
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
    const EXAMPLES: &'static str = include_str!("../examples.json");

    fn document() -> OpenApi {
        #[derive(utoipa::OpenApi)]
        #[openapi(
            info(title = "工桥 · 渠道开放接口", description = "渠道推送灵活用工的用户、企业、任务、投递与付款。"),
            security(("token" = []))
        )]
        struct Document;
        <Document as utoipa::OpenApi>::openapi()
    }

    fn security() -> Vec<(&'static str, SecurityScheme)> {
        vec![("token", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)))]
    }

    async fn app(environment: &Environment) -> Result<App> {
        Service::connect(environment).await.map(Arc::new)
    }

    async fn refresh(app: &App) {
        app.keys().refresh().await;
    }
}
