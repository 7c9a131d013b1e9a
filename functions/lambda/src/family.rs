//! A family: an API of several functions, each with the router of its own endpoints.

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use serde_json::Value;
use shared::error::{Error, Result};
use shared::runtime::environment::Environment;
use utoipa::openapi::PathItem;
use utoipa::openapi::extensions::Extensions;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::frame::{self, Frame};
use crate::observe::Observer;
use crate::openapi::{self, ALIAS, Parts};

/// Builds the routes of one function.
pub type Routes<F> = fn() -> OpenApiRouter<<F as Frame>::App>;

/// A family. Its name is also that of the folder in `functions/` and of the OpenAPI document.
pub trait Family: Frame + Sized {
    /// Every function. The resource in `template.yaml` and the event files have the same name.
    const FUNCTIONS: &'static [(&'static str, Routes<Self>)];
    /// What the OpenAPI document has beside the operations of the handlers.
    fn document() -> Parts;

    /// Connects the state of the handlers.
    fn app(environment: &Environment) -> impl Future<Output = Result<Self::App>> + Send;

    /// Comes before each request: the state may read its secrets again.
    fn refresh(app: &Self::App) -> impl Future<Output = ()> + Send;

    /// Adds what the family does to every response.
    fn layer(routes: OpenApiRouter<Self::App>) -> OpenApiRouter<Self::App> {
        routes
    }

    /// Loads what the first request of a function would wait for.
    fn prepare(_app: &Self::App, _function: &str) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// The router of the function that the environment names. `None` if the function belongs to another family. A separate thread builds the routes while
    /// the function connects, and [prepares](Family::prepare) if it is to.
    fn connect(environment: &Environment, prepares: bool) -> Option<impl Future<Output = Result<Router>> + Send> {
        let (name, routes) = *Self::FUNCTIONS.iter().find(|(name, _)| *name == environment.function())?;
        Some(async move {
            let observer = Observer::of(environment);
            let router = tokio::task::spawn_blocking(move || frame::router::<Self>(Self::layer(routes()), observer));
            let app = async {
                let app = Self::app(environment).await?;
                if prepares {
                    Self::prepare(&app, name).await;
                }
                Ok(app)
            };
            let (app, router): (Result<_>, _) = tokio::join!(app, router);
            let (app, router) = (app?, router.map_err(|_| Error::internal("the routes conflict"))?);
            let refreshing = middleware::from_fn_with_state(app.clone(), refreshed::<Self>);
            Ok(router.with_state(app).layer(refreshing))
        })
    }

    /// The whole OpenAPI document. Only tests and the local stack generate it.
    fn openapi() -> Result<Value, String> {
        openapi::document(Self::document(), Self::FUNCTIONS.iter().map(|(_, routes)| routes().into_openapi()))
    }

    /// Every route with the function that serves it: `(method, path, function)`.
    fn routes() -> Vec<(&'static str, String, &'static str)> {
        let mut all = Vec::new();
        for (function, routes) in Self::FUNCTIONS {
            for (path, item) in routes().into_openapi().paths.paths {
                let methods = [
                    ("GET", item.get.is_some()),
                    ("POST", item.post.is_some()),
                    ("PUT", item.put.is_some()),
                    ("PATCH", item.patch.is_some()),
                    ("DELETE", item.delete.is_some()),
                ];
                let served = methods.into_iter().filter(|(_, is_served)| *is_served);
                all.extend(served.map(|(method, _)| (method, path.clone(), *function)));
            }
        }
        all
    }
}

/// Serves the events of the function that the environment names until the process ends.
pub async fn run<F: Family>(environment: &Environment) -> Result<(), lambda_http::Error> {
    let connecting = F::connect(environment, true).ok_or_else(|| format!("no function is {}", environment.function()))?;
    crate::run(connecting.await?).await
}

async fn refreshed<F: Family>(State(app): State<F::App>, request: Request, next: Next) -> Response {
    F::refresh(&app).await;
    next.run(request).await
}

/// The same endpoint at an alternative path, because the API documents spell some paths in two ways. The id of its OpenAPI operation is the
/// path in snake case.
pub fn also_at<S>(mut routes: UtoipaMethodRouter<S>, path: &str) -> UtoipaMethodRouter<S> {
    let (_, paths, _) = &mut routes;
    let items: Vec<PathItem> = std::mem::take(&mut paths.paths).into_values().collect();
    for mut item in items {
        for operation in [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten()
        {
            let original = operation.operation_id.replace(path.trim_start_matches('/').replace('/', "_"));
            operation.extensions = Some(Extensions::builder().add(ALIAS, original.unwrap_or_default()).build());
        }
        paths.paths.insert(path.to_owned(), item);
    }
    routes
}
