//! The common frame of the families as HTTP services: every response has the family's envelope, is sent within the deadline, and fits the
//! size limit of Lambda.

use std::any::Any;
use std::collections::BTreeSet;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde_json::Value;
use shared::error::{Error, Result};
use shared::runtime::environment::Environment;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::{OpenApi, PathItem, Server};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::event::RouteKey;
use crate::observe::{self, Observer};
use crate::{examples, routes};

/// The deadline of a response. It is shorter than the `Timeout` of the functions in `template.yaml`.
const DEADLINE: Duration = Duration::from_secs(9);

/// The largest response body that Lambda accepts, in bytes. The limit of Lambda is 6 MiB including the headers.
const MAX_ANSWER: usize = 6 * 1024 * 1024 - 64 * 1024;

/// A family: its state, its failures and its limits.
pub trait Family: 'static {
    /// The state of the handlers.
    type App: Clone + Send + Sync + 'static;
    type Failure: IntoResponse + From<Error> + Send;

    /// The prefix of the names of its functions, such as `channel-`.
    const PREFIX: &'static str;
    /// The largest request body that an endpoint accepts, in bytes.
    const MAX_BODY: usize;

    fn unknown_path() -> Self::Failure;
    fn wrong_method() -> Self::Failure;
    /// The response exceeds the size limit of Lambda. A family overrides this if the client can avoid such a response.
    fn answer_too_large() -> Self::Failure {
        Error::internal("a response exceeds the size limit of Lambda").into()
    }
}

/// Builds the routes of one function.
pub type Routes<F> = fn() -> OpenApiRouter<<F as Family>::App>;

/// The router of one function with its state. A separate thread builds the routes while the function connects.
pub async fn connect<F: Family>(
    routes: impl FnOnce() -> OpenApiRouter<F::App> + Send + 'static,
    app: impl Future<Output = Result<F::App>>,
    environment: &Environment,
) -> Result<Router> {
    let observer = Observer::of(environment);
    let router = tokio::task::spawn_blocking(|| router::<F>(routes(), observer));
    let (app, router) = tokio::join!(app, router);
    Ok(router.map_err(|_| Error::internal("the routes conflict"))?.with_state(app?))
}

/// The router of one function. Every failure, even a panic, gets the family's envelope. The router also knows the paths of the family's
/// other functions: the gateway sends it a request for such a path only if no function serves the method.
pub fn router<F: Family>(routes: OpenApiRouter<F::App>, observer: Observer) -> Router<F::App> {
    let (mut router, openapi) = routes.split_for_parts();
    let own: BTreeSet<&str> = openapi.paths.paths.keys().map(String::as_str).collect();
    let family = routes::all().filter(|route| route.function.starts_with(F::PREFIX));
    let others: BTreeSet<&str> = family.map(|route| route.path).filter(|path| !own.contains(path)).collect();
    for path in others {
        router = router.route(path, any(async || F::wrong_method()));
    }
    router
        .fallback(async || F::unknown_path())
        .method_not_allowed_fallback(async || F::wrong_method())
        .layer(middleware::from_fn(by_the_route_of_the_gateway::<F>))
        .layer(DefaultBodyLimit::max(F::MAX_BODY))
        .layer(middleware::from_fn(within_size_limit::<F>))
        .layer(middleware::from_fn(within_deadline::<F>))
        .layer(CatchPanicLayer::custom(|_: Box<dyn Any + Send>| internal::<F>("a handler panicked")))
        .layer(middleware::map_response(with_security_headers))
        .layer(middleware::from_fn(move |request, next| observer.clone().observe(request, next)))
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

/// Every route of these functions: `(method, path, function)`.
pub fn routes<F: Family>(functions: &[(&'static str, Routes<F>)]) -> Vec<(&'static str, String, &'static str)> {
    let mut routes = Vec::new();
    for (function, router) in functions {
        for (path, item) in router().into_openapi().paths.paths {
            let methods = [
                ("GET", item.get.is_some()),
                ("POST", item.post.is_some()),
                ("PUT", item.put.is_some()),
                ("PATCH", item.patch.is_some()),
                ("DELETE", item.delete.is_some()),
            ];
            routes
                .extend(methods.into_iter().filter(|(_, served)| *served).map(|(method, _)| (method, path.clone(), *function)));
        }
    }
    routes
}

/// The family's OpenAPI document with the operations of its functions and their examples. Its server is the address that serves the
/// document. An example that does not fit the document is an error.
pub fn openapi<F: Family>(
    mut document: OpenApi,
    functions: &[(&'static str, Routes<F>)],
    examples: &str,
) -> Result<Value, String> {
    document.servers = Some(vec![Server::new("/")]);
    for (_, router) in functions {
        document.merge(router().into_openapi());
    }
    let mut document = serde_json::to_value(document).map_err(|error| error.to_string())?;
    examples::merge(&mut document, examples)?;
    Ok(document)
}

fn internal<F: Family>(context: &'static str) -> Response {
    F::Failure::from(Error::internal(context)).into_response()
}

/// Rejects a request for an endpoint that the gateway routed by another path. API Gateway routes by the path decoded once and passes it on
/// decoded twice, so `POST /auth/tok%2565n` comes by the catch-all route, which has not the rate limit of `POST /auth/token`.
async fn by_the_route_of_the_gateway<F: Family>(request: Request, next: Next) -> Response {
    if is_routed_elsewhere(&request) { F::unknown_path().into_response() } else { next.run(request).await }
}

fn is_routed_elsewhere(request: &Request) -> bool {
    let (method, extensions) = (request.method(), request.extensions());
    let (Some(matched), Some(key)) = (extensions.get::<MatchedPath>(), extensions.get::<RouteKey>()) else { return false };
    let matched = matched.as_str();
    matched != key.path() && routes::all().any(|route| route.method == method && route.path == matched)
}

/// Responds before the deadline, even if a service behind does not. When Lambda ends the function at its own limit, the gateway sends a
/// response without the family's envelope.
async fn within_deadline<F: Family>(request: Request, next: Next) -> Response {
    tokio::time::timeout(DEADLINE, next.run(request)).await.unwrap_or_else(|_| internal::<F>("no response before the deadline"))
}

/// Replaces a response that exceeds the size limit of Lambda by a failure.
async fn within_size_limit<F: Family>(request: Request, next: Next) -> Response {
    let (parts, body) = next.run(request).await.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else { return internal::<F>("a response body failed") };
    // `lambda_http` encodes a compressed body as Base64, and text as a JSON string.
    let size = if parts.headers.contains_key(header::CONTENT_ENCODING) {
        body.len().div_ceil(3) * 4
    } else {
        body.iter().map(|byte| escaped(*byte)).sum()
    };
    if size > MAX_ANSWER {
        return F::answer_too_large().into_response();
    }
    let code = observe::code_in(&body);
    let mut response = Response::from_parts(parts, Body::from(body));
    if let Some(code) = code {
        response.extensions_mut().insert(code);
    }
    response
}

/// Forbids browsers to guess the content type. Forbids caches to store a response without an explicit `Cache-Control`, because most
/// responses contain personal data or tokens.
async fn with_security_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// The length of a byte in a JSON string.
fn escaped(byte: u8) -> usize {
    match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' => 2,
        0..=0x1f => 6,
        _ => 1,
    }
}
