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

use axum::Router;
use lambda::family::{self, Family};
use serde_json::Value;
use shared::channel::Service;
use shared::error::Result;
use shared::runtime::environment::Environment;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};

use edge::Failure;

/// The state of every handler.
pub type App = Arc<Service>;

/// The functions of the family. The binary, the `Metadata` in `template.yaml` and the event files have the same name.
pub const FUNCTIONS: [(&str, family::Routes<Channel>); 7] = [
    ("channel-auth", auth::router),
    ("channel-users", users::router),
    ("channel-companies", companies::router),
    ("channel-tasks", tasks::router),
    ("channel-applications", applications::router),
    ("channel-payments", payments::router),
    ("channel-uploads", uploads::router),
];

pub struct Channel;

impl Family for Channel {
    type App = App;
    type Failure = Failure;

    const PREFIX: &'static str = "channel-";
    /// Several times the largest record.
    const MAX_BODY: usize = 1024 * 1024;

    fn unknown_path() -> Failure {
        Failure::UnknownPath
    }

    fn wrong_method() -> Failure {
        Failure::WrongMethod
    }

    fn answer_too_large() -> Failure {
        Failure::AnswerTooLarge
    }
}

/// Builds a function. The parameter is its routes rather than its name, so that a binary contains only the code of its own function.
pub async fn connect(routes: family::Routes<Channel>, environment: &Environment) -> Result<Router> {
    let app = async { Service::connect(environment).await.map(Arc::new) };
    family::connect::<Channel>(routes, app, environment).await
}

/// The family's OpenAPI document. Only the tests generate it, to write and compare it.
pub fn openapi() -> Result<Value, String> {
    #[derive(utoipa::OpenApi)]
    #[openapi(
        info(title = "工桥 · 渠道开放接口", description = "渠道推送灵活用工的用户、企业、任务、投递与付款。"),
        security(("token" = []))
    )]
    struct Document;
    let mut document = <Document as utoipa::OpenApi>::openapi();
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    document.components.get_or_insert_default().add_security_scheme("token", bearer);
    family::openapi::<Channel>(document, &FUNCTIONS, include_str!("../examples.json"))
}

/// The routes of the family, each with the function that serves it: `(method, path, function)`.
pub fn routes() -> Vec<(&'static str, String, &'static str)> {
    family::routes::<Channel>(&FUNCTIONS)
}
