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
use lambda::openapi::Parts;
use shared::error::Result;
use shared::runtime::environment::Environment;
use shared::signing::Service;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};

use edge::{ERROR_CODES, Failure, error_body};

/// The state that all handlers share.
pub type App = Arc<Service>;

pub struct Signing;

impl Frame for Signing {
    type App = App;
    type Failure = Failure;

    const NAME: &'static str = "signing";
    /// An image and the rest of its form.
    const MAX_BODY: usize = shared::signing::images::MAX_BYTES + 16 * 1024;
    const OWNED: &'static [&'static str] = &["em_id", "company"];
}

impl Family for Signing {
    const FUNCTIONS: &'static [(&'static str, Routes<Self>)] = &[
        ("signing-session", session::router),
        ("signing-employee", employee::router),
        ("signing-directory", directory::router),
        ("signing-image", image::router),
    ];

    fn document() -> Parts {
        #[derive(utoipa::OpenApi)]
        #[openapi(
            components(schemas(edge::Problem)),
            info(
                title = "工桥 · 签约小程序接口",
                description = "工人登录、提交简历、跟进签约。",
                version = "1.0.0",
                contact(name = "工桥开放平台")
            ),
            security(("session" = []))
        )]
        struct Document;
        let session = ApiKeyValue::with_description("X-auth-token", "/weixin/login 应答中的 session_token");
        Parts {
            base: <Document as utoipa::OpenApi>::openapi(),
            security: vec![("session", SecurityScheme::ApiKey(ApiKey::Header(session)))],
            tags: &[
                ("通用", "图形验证码、短信验证码与图片"),
                ("登录", "微信登录、退出、注销与签约状态"),
                ("简历", "工人的简历"),
                ("其他", "字典、岗位、处理人与用人单位"),
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
