//! A family: an API of several functions, each with the router of its own endpoints.

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use serde_json::Value;
use shared::error::{Error, Result};
use shared::runtime::environment::Environment;
use utoipa::openapi::security::SecurityScheme;
use utoipa::openapi::{OpenApi, PathItem, Server};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::examples;
use crate::frame::{self, Frame};
use crate::observe::Observer;

/// Builds the routes of one function.
pub type Routes<F> = fn() -> OpenApiRouter<<F as Frame>::App>;

/// A family. Its name is also that of the folder in `functions/` and of the OpenAPI document.
pub trait Family: Frame + Sized {
    /// Every function. The binary, the resource in `template.yaml` and the event files have the same name.
    const FUNCTIONS: &'static [(&'static str, Routes<Self>)];
    /// The content of the family's `examples.json`.
    const EXAMPLES: &'static str;

    /// The OpenAPI document without its operations, examples and security schemes.
    fn document() -> OpenApi;

    /// The security schemes of the document by their names.
    fn security() -> Vec<(&'static str, SecurityScheme)>;

    /// Connects the state of the handlers.
    fn app(environment: &Environment) -> impl Future<Output = Result<Self::App>> + Send;

    /// Comes before each request: the state may read its secrets again.
    fn refresh(app: &Self::App) -> impl Future<Output = ()> + Send;

    /// Adds what the family does to every response.
    fn layer(routes: OpenApiRouter<Self::App>) -> OpenApiRouter<Self::App> {
        routes
    }

    /// The router of a function. The parameter is its routes rather than its name, so that a binary contains only the code of its own
    /// function.
    fn connect(routes: Routes<Self>, environment: &Environment) -> impl Future<Output = Result<Router>> + Send {
        connect_with::<Self>(routes, Self::app(environment), environment)
    }

    /// The whole OpenAPI document. Only tests and the local stack generate it. Its server is the address that serves the document. An
    /// example that does not fit the document is an error.
    fn openapi() -> Result<Value, String> {
        let mut document = Self::document();
        for (name, scheme) in Self::security() {
            document.components.get_or_insert_default().add_security_scheme(name, scheme);
        }
        document.servers = Some(vec![Server::new("/")]);
        for (_, routes) in Self::FUNCTIONS {
            document.merge(routes().into_openapi());
        }
        let mut document = serde_json::to_value(document).map_err(|error| error.to_string())?;
        examples::merge(&mut document, Self::EXAMPLES)?;
        Ok(document)
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

/// Serves the events of a function until the process ends.
pub async fn run<F: Family>(routes: Routes<F>) -> Result<(), lambda_http::Error> {
    crate::run(F::connect(routes, &Environment::of_process()).await?).await
}

/// The router of a function that connects its state in another way. A separate thread builds the routes while the function connects.
pub async fn connect_with<F: Family>(
    routes: Routes<F>,
    app: impl Future<Output = Result<F::App>>,
    environment: &Environment,
) -> Result<Router> {
    let observer = Observer::of(environment);
    let router = tokio::task::spawn_blocking(move || frame::router::<F>(F::layer(routes()), observer));
    let (app, router) = tokio::join!(app, router);
    let (app, router) = (app?, router.map_err(|_| Error::internal("the routes conflict"))?);
    let refreshing = middleware::from_fn_with_state(app.clone(), refreshed::<F>);
    Ok(router.with_state(app).layer(refreshing))
}

async fn refreshed<F: Family>(State(app): State<F::App>, request: Request, next: Next) -> Response {
    F::refresh(&app).await;
    next.run(request).await
}

/// The same endpoint at an alternative path, because the API documents spell some paths in two ways. Its OpenAPI operation has no id.
pub fn also_at<S>(mut routes: UtoipaMethodRouter<S>, path: &str) -> UtoipaMethodRouter<S> {
    let (_, paths, _) = &mut routes;
    let items: Vec<PathItem> = std::mem::take(&mut paths.paths).into_values().collect();
    for mut item in items {
        // An operation id must be unique in a document.
        for operation in [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten()
        {
            operation.operation_id = None;
        }
        paths.paths.insert(path.to_owned(), item);
    }
    routes
}
