//! The job board's API (docs/contract/jobboard.txt) as Lambda functions: one for each group of resources, each with the router of its own
//! endpoints.

pub mod account;
pub mod collections;
pub mod contacts;
mod content;
mod edge;
pub mod image;
pub mod jobs;
pub mod orders;
mod paging;
pub mod search;
mod view;
pub mod vouchers;

use std::sync::Arc;

use axum::Router;
use lambda::family::{self, Family};
use serde_json::Value;
use shared::error::Result;
use shared::jobboard::Service;
use shared::runtime::environment::Environment;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};

pub use content::ContentBody;
use edge::Failure;

/// The state of every handler.
pub type App = Arc<Service>;

/// Every function of the family. The binary, the resource in `template.yaml` and the event files have the same name.
pub const FUNCTIONS: [(&str, family::Routes<Jobboard>); 8] = [
    ("jobboard-account", account::router),
    ("jobboard-jobs", jobs::router),
    ("jobboard-search", search::router),
    ("jobboard-collections", collections::router),
    ("jobboard-contacts", contacts::router),
    ("jobboard-vouchers", vouchers::router),
    ("jobboard-orders", orders::router),
    ("jobboard-image", image::router),
];

pub struct Jobboard;

impl Family for Jobboard {
    type App = App;
    type Failure = Failure;

    const PREFIX: &'static str = "jobboard-";
    /// An image and the rest of its form.
    const MAX_BODY: usize = shared::jobboard::images::MAX_BYTES + 16 * 1024;

    fn unknown_path() -> Failure {
        Failure::UnknownPath
    }

    fn wrong_method() -> Failure {
        Failure::WrongMethod
    }
}

/// The router of one function. The caller passes the routes instead of a name, so that a binary contains only the code of its own function.
pub async fn connect(routes: family::Routes<Jobboard>, environment: &Environment) -> Result<Router> {
    let app = async { Service::connect(environment).await.map(Arc::new) };
    family::connect::<Jobboard>(routes, app, environment).await
}

/// The router of the function that lists jobs. It loads all open jobs before the first request. After a failure the first request tries
/// again.
pub async fn connect_search(environment: &Environment) -> Result<Router> {
    let app = async {
        let service = Service::connect(environment).await?;
        if let Err(error) = service.prepare_search().await {
            tracing::warn!(%error, "the open jobs could not be loaded yet");
        }
        Ok(Arc::new(service))
    };
    family::connect::<Jobboard>(search::router, app, environment).await
}

/// The family's OpenAPI document, for the tests that write and compare it. No function serves it.
pub fn openapi() -> Result<Value, String> {
    #[derive(utoipa::OpenApi)]
    #[openapi(
        info(
            title = "工桥 · 餐饮招聘小程序接口",
            description = "商家发布、置顶、刷新招聘; 求职者浏览、收藏、用联系券联系商家。"
        ),
        security(("token" = []))
    )]
    struct Document;
    // Not `bearer`: the document sends the token without the scheme.
    let token = ApiKeyValue::with_description("Authorization", "登录应答头 X-Auth-Token 中的 token; 前面有无 Bearer 均可");
    let token = SecurityScheme::ApiKey(ApiKey::Header(token));
    let mut document = <Document as utoipa::OpenApi>::openapi();
    document.components.get_or_insert_default().add_security_scheme("token", token);
    family::openapi::<Jobboard>(document, &FUNCTIONS, include_str!("../examples.json"))
}

/// Every route of the family with the function that serves it: `(method, path, function)`.
pub fn routes() -> Vec<(&'static str, String, &'static str)> {
    family::routes::<Jobboard>(&FUNCTIONS)
}
