//! The API of the signing mini program (docs/contract/signing.txt) as Lambda functions: one for each group of resources, each with the
//! router of its own endpoints.

pub mod directory;
mod edge;
pub mod employee;
pub mod image;
mod resume;
pub mod session;

use std::sync::Arc;

use axum::Router;
use lambda::family::{self, Family};
use serde_json::Value;
use shared::error::Result;
use shared::runtime::environment::Environment;
use shared::signing::Service;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};

use edge::Failure;

/// The state that all handlers share.
pub type App = Arc<Service>;

/// Every function of the family. A name is also the name of the binary, of the resource in `template.yaml` and of the event files.
pub const FUNCTIONS: [(&str, family::Routes<Signing>); 4] = [
    ("signing-session", session::router),
    ("signing-employee", employee::router),
    ("signing-directory", directory::router),
    ("signing-image", image::router),
];

pub struct Signing;

impl Family for Signing {
    type App = App;
    type Failure = Failure;

    const PREFIX: &'static str = "signing-";
    /// An image and the rest of its form.
    const MAX_BODY: usize = shared::signing::images::MAX_BYTES + 16 * 1024;

    fn unknown_path() -> Failure {
        Failure::UnknownPath
    }

    fn wrong_method() -> Failure {
        Failure::WrongMethod
    }
}

/// The router of a running function. It takes the routes instead of a name, so that a binary contains only the code of its own function.
pub async fn connect(routes: family::Routes<Signing>, environment: &Environment) -> Result<Router> {
    let app = async { Service::connect(environment).await.map(Arc::new) };
    family::connect::<Signing>(routes, app, environment).await
}

/// The family's OpenAPI document. Only the tests that write and compare it call this; no function generates it.
pub fn openapi() -> Result<Value, String> {
    #[derive(utoipa::OpenApi)]
    #[openapi(
        info(title = "工桥 · 闪签云小程序接口", description = "工人登录、提交简历、跟进签约。"),
        security(("session" = []))
    )]
    struct Document;
    let session = ApiKeyValue::with_description("X-auth-token", "/weixin/login 应答中的 session_token");
    let session = SecurityScheme::ApiKey(ApiKey::Header(session));
    let mut document = <Document as utoipa::OpenApi>::openapi();
    document.components.get_or_insert_default().add_security_scheme("session", session);
    family::openapi::<Signing>(document, &FUNCTIONS, include_str!("../examples.json"))
}

/// Every route of the family with the function that serves it: `(method, path, function)`.
pub fn routes() -> Vec<(&'static str, String, &'static str)> {
    family::routes::<Signing>(&FUNCTIONS)
}
