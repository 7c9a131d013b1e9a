//! The API of the signing mini program (docs/contract/signing.txt) as Lambda functions: one for each group of resources, each with the
//! router of its own endpoints.

pub mod directory;
mod edge;
pub mod employee;
pub mod image;
mod resume;
pub mod session;

use std::sync::Arc;

use lambda::family::{Family, Routes};
use lambda::frame::Frame;
use shared::error::Result;
use shared::runtime::environment::Environment;
use shared::signing::Service;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};

use edge::Failure;

/// The state that all handlers share.
pub type App = Arc<Service>;

pub struct Signing;

impl Frame for Signing {
    type App = App;
    type Failure = Failure;

    const NAME: &'static str = "signing";
    /// An image and the rest of its form.
    const MAX_BODY: usize = shared::signing::images::MAX_BYTES + 16 * 1024;
}

impl Family for Signing {
    const FUNCTIONS: &'static [(&'static str, Routes<Self>)] = &[
        ("signing-session", session::router),
        ("signing-employee", employee::router),
        ("signing-directory", directory::router),
        ("signing-image", image::router),
    ];
    const EXAMPLES: &'static str = include_str!("../examples.json");

    fn document() -> OpenApi {
        #[derive(utoipa::OpenApi)]
        #[openapi(
            info(title = "工桥 · 闪签云小程序接口", description = "工人登录、提交简历、跟进签约。"),
            security(("session" = []))
        )]
        struct Document;
        <Document as utoipa::OpenApi>::openapi()
    }

    fn security() -> Vec<(&'static str, SecurityScheme)> {
        let session = ApiKeyValue::with_description("X-auth-token", "/weixin/login 应答中的 session_token");
        vec![("session", SecurityScheme::ApiKey(ApiKey::Header(session)))]
    }

    async fn app(environment: &Environment) -> Result<App> {
        Service::connect(environment).await.map(Arc::new)
    }

    async fn refresh(app: &App) {
        app.keys().refresh().await;
    }
}
