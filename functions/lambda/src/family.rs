//! What the families have in common as HTTP services: every answer in the family's own envelope, in time, and of a size that
//! Lambda carries.

use std::any::Any;
use std::collections::BTreeSet;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{DefaultBodyLimit, Request};
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

use crate::examples;
use crate::observe::{self, Observer};

/// How long an answer may take: less than the functions' own limit in `template.yaml`.
const DEADLINE: Duration = Duration::from_secs(9);

/// The largest answer that Lambda carries, in bytes, with room for its headers.
const MAX_ANSWER: usize = 6 * 1024 * 1024 - 64 * 1024;

/// Every route of every family, `METHOD /path function file` a line: generated from the handlers, compared by a test.
const ROUTES: &str = include_str!("../../../openapi/routes.txt");

/// What a family answers where no handler of it does.
pub trait Family: 'static {
    /// What its handlers share.
    type App: Clone + Send + Sync + 'static;
    type Failure: IntoResponse + From<Error> + Send;

    /// Begins the name of each of its functions: `channel-`.
    const PREFIX: &'static str;
    /// The largest body that an endpoint takes, in bytes.
    const MAX_BODY: usize;

    fn unknown_path() -> Self::Failure;
    fn wrong_method() -> Self::Failure;
    /// Lambda could not carry the answer.
    fn answer_too_large() -> Self::Failure;
}

/// Makes the routes of one function.
pub type Routes<F> = fn() -> OpenApiRouter<<F as Family>::App>;

/// One function as it runs. Its routes are made in a thread of their own while it connects.
pub async fn connect<F: Family>(
    routes: impl FnOnce() -> OpenApiRouter<F::App> + Send + 'static,
    app: impl Future<Output = Result<F::App>>,
    environment: &Environment,
) -> Result<Router> {
    let observer = Observer::of(environment);
    let router = tokio::task::spawn_blocking(|| router::<F>(routes(), observer));
    let (app, router) = tokio::join!(app, router);
    Ok(router.map_err(|_| Error::internal("the routes contradict each other"))?.with_state(app?))
}

/// The router of one function, with everything, down to a panic, answered in the family's envelope. The paths of the family's
/// other functions are known to it too: what reaches it there came with a method that no function serves.
pub fn router<F: Family>(routes: OpenApiRouter<F::App>, observer: Observer) -> Router<F::App> {
    let (mut router, openapi) = routes.split_for_parts();
    let own: BTreeSet<&str> = openapi.paths.paths.keys().map(String::as_str).collect();
    let family = ROUTES.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace().skip(1);
        words.next().zip(words.next().filter(|function| function.starts_with(F::PREFIX)))
    });
    let others: BTreeSet<&str> = family.map(|(path, _)| path).filter(|path| !own.contains(path)).collect();
    for path in others {
        router = router.route(path, any(async || F::wrong_method()));
    }
    router
        .fallback(async || F::unknown_path())
        .method_not_allowed_fallback(async || F::wrong_method())
        .layer(DefaultBodyLimit::max(F::MAX_BODY))
        .layer(middleware::from_fn(of_bearable_size::<F>))
        .layer(middleware::from_fn(within_deadline::<F>))
        .layer(CatchPanicLayer::custom(|_: Box<dyn Any + Send>| broken::<F>("a handler panicked")))
        .layer(middleware::map_response(unmistakable))
        .layer(middleware::from_fn(move |request, next| observer.clone().observe(request, next)))
}

/// The same endpoint at another path: documents spell some in two ways. The first of the two is the one to be read about.
pub fn also_at<S>(mut routes: UtoipaMethodRouter<S>, path: &str) -> UtoipaMethodRouter<S> {
    let (_, paths, _) = &mut routes;
    let items: Vec<PathItem> = std::mem::take(&mut paths.paths).into_values().collect();
    for mut item in items {
        // An id names one operation of a document.
        for operation in [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten()
        {
            operation.operation_id = None;
        }
        paths.paths.insert(path.to_owned(), item);
    }
    routes
}

/// Every route of some functions with the function that serves it: `(method, path, function)`.
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

/// The family's document with the operations of its functions, and an example of each, at whatever address it is read from. An error
/// is an example of something that the document lacks.
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

fn broken<F: Family>(context: &'static str) -> Response {
    F::Failure::from(Error::internal(context)).into_response()
}

/// Answers in time, whatever the services behind are doing: after Lambda's own limit the gateway would answer for us.
async fn within_deadline<F: Family>(request: Request, next: Next) -> Response {
    tokio::time::timeout(DEADLINE, next.run(request)).await.unwrap_or_else(|_| broken::<F>("no answer in time"))
}

/// Refuses an answer that Lambda could not carry.
async fn of_bearable_size<F: Family>(request: Request, next: Next) -> Response {
    let (parts, body) = next.run(request).await.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else { return broken::<F>("an answer broke off") };
    let carried = if parts.headers.contains_key(header::CONTENT_ENCODING) {
        body.len().div_ceil(3) * 4
    } else {
        body.iter().map(|byte| escaped(*byte)).sum()
    };
    if carried > MAX_ANSWER {
        return F::answer_too_large().into_response();
    }
    let code = observe::code_in(&body);
    let mut response = Response::from_parts(parts, Body::from(body));
    if let Some(code) = code {
        response.extensions_mut().insert(code);
    }
    response
}

/// What every answer says to browsers and to what stands between: it is what its type says, and, since most carry people's data or
/// tokens, nobody keeps it who was not told to.
async fn unmistakable(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// The bytes that one takes in a JSON string.
fn escaped(byte: u8) -> usize {
    match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' => 2,
        0..=0x1f => 6,
        _ => 1,
    }
}
