//! The partner API (document 000_47b10f4368b04607.txt) as Lambda functions: one for each group of resources, each with the
//! router of its own endpoints.

pub mod applications;
pub mod auth;
pub mod companies;
mod edge;
mod lists;
pub mod payments;
mod records;
pub mod tasks;
pub mod uploads;
pub mod users;

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::routing::any;
use shared::channel::Service;
use shared::environment::Environment;
use shared::error::Result;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;

/// What every handler shares.
pub type App = Arc<Service>;

/// Makes the routes of one function.
pub type Routes = fn() -> OpenApiRouter<App>;

/// Every function of the family. The name is that of the binary, of the resource in `template.yaml` and of the event files.
pub const FUNCTIONS: [(&str, Routes); 7] = [
    ("channel-auth", auth::router),
    ("channel-users", users::router),
    ("channel-companies", companies::router),
    ("channel-tasks", tasks::router),
    ("channel-applications", applications::router),
    ("channel-payments", payments::router),
    ("channel-uploads", uploads::router),
];

/// Every route of every family, `METHOD /path function` a line: generated from the handlers, compared by a test.
const ROUTES: &str = include_str!("../../../routes.txt");

/// A function as it runs. It takes the routes instead of a name, so that a binary holds the code of its own function alone.
pub async fn connect(routes: OpenApiRouter<App>, environment: &Environment) -> Result<Router> {
    Ok(router(routes, Arc::new(Service::connect(environment).await?)))
}

/// The router of one function, with everything answered in the family's envelope. The paths of the family's other functions
/// are known to it too: what reaches it there came with a method that no function serves.
pub fn router(routes: OpenApiRouter<App>, app: App) -> Router {
    let (mut router, openapi) = routes.split_for_parts();
    let own: BTreeSet<&str> = openapi.paths.paths.keys().map(String::as_str).collect();
    let family = ROUTES.lines().filter_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        words.next().zip(words.next().filter(|function| function.starts_with("channel-")))
    });
    let others: BTreeSet<&str> = family.map(|(path, _)| path).filter(|path| !own.contains(path)).collect();
    for path in others {
        router = router.route(path, any(edge::wrong_method));
    }
    edge::closed(router).with_state(app)
}

/// The family's OpenAPI document.
pub fn openapi() -> OpenApi {
    #[derive(utoipa::OpenApi)]
    #[openapi(
        info(title = "工桥 · 渠道开放接口", description = "渠道推送灵活用工的用户、企业、任务、投递与付款。"),
        security(("token" = []))
    )]
    struct Document;
    let mut document = <Document as utoipa::OpenApi>::openapi();
    for (_, router) in FUNCTIONS {
        document.merge(router().into_openapi());
    }
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    document.components.get_or_insert_default().add_security_scheme("token", bearer);
    document
}

/// Every route of the family with the function that serves it: `(method, path, function)`.
pub fn routes() -> Vec<(String, String, &'static str)> {
    let mut routes = Vec::new();
    for (function, router) in FUNCTIONS {
        for (path, item) in router().into_openapi().paths.paths {
            let methods = [
                ("GET", &item.get),
                ("POST", &item.post),
                ("PUT", &item.put),
                ("PATCH", &item.patch),
                ("DELETE", &item.delete),
            ];
            routes.extend(
                methods
                    .into_iter()
                    .filter(|(_, operation)| operation.is_some())
                    .map(|(method, _)| (method.to_owned(), path.clone(), function)),
            );
        }
    }
    routes
}
