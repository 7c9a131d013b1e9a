//! The common frame of the functions behind API Gateway: every response has the envelope of the API, is sent within the deadline, and fits
//! the size limit of Lambda.

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
use shared::error::Error;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;

use crate::event::RouteKey;
use crate::observe::{self, Observer};
use crate::{routes, unknown};

/// The deadline of a response. It is shorter than the `Timeout` of the functions in `template.yaml`.
const DEADLINE: Duration = Duration::from_secs(9);

/// The largest response body that Lambda accepts, in bytes. The limit of Lambda is 6 MiB including the headers.
const MAX_ANSWER: usize = 6 * 1024 * 1024 - 64 * 1024;

/// What functions of one API have in common: their state, their failures and their limits.
pub trait Frame: 'static {
    /// The state of the handlers.
    type App: Clone + Send + Sync + 'static;
    type Failure: IntoResponse + From<Error> + From<Unserved> + Send;

    /// The names of the functions begin with it and a hyphen.
    const NAME: &'static str;
    /// The largest request body that an endpoint accepts, in bytes.
    const MAX_BODY: usize;
    /// The members of records that only the server sets. A request may have them: they are no unknown members.
    const OWNED: &'static [&'static str] = &[];
    /// Endpoints outside of the table of routes that have a route of their own at the gateway, as `METHOD /path`.
    const OWN_ROUTES: &'static [&'static str] = &[];
}

/// Why the frame rejects a request. Each API has its own envelope for it.
pub enum Unserved {
    UnknownPath,
    WrongMethod,
    /// The response exceeds the size limit of Lambda. The error is for an API whose clients cannot avoid such a response.
    AnswerTooLarge(Error),
}

/// The router of one function. Every failure, even a panic, gets the envelope of the API. The router also knows the paths of the other
/// functions of the API: the gateway sends it a request for such a path only if no function serves the method.
pub fn router<F: Frame>(routes: OpenApiRouter<F::App>, observer: Observer) -> Router<F::App> {
    let (mut router, openapi) = routes.split_for_parts();
    let own: BTreeSet<&str> = openapi.paths.paths.keys().map(String::as_str).collect();
    let others: BTreeSet<&str> = routes::of(F::NAME).map(|route| route.path).filter(|path| !own.contains(path)).collect();
    for path in others {
        router = router.route(path, any(wrong_method::<F>));
    }
    router
        .fallback(async || F::Failure::from(Unserved::UnknownPath))
        .method_not_allowed_fallback(wrong_method::<F>)
        .layer(middleware::from_fn(by_the_route_of_the_gateway::<F>))
        .layer(DefaultBodyLimit::max(F::MAX_BODY))
        .layer(middleware::from_fn(|request, next| unknown::named(F::OWNED, request, next)))
        .layer(middleware::from_fn(within_size_limit::<F>))
        .layer(middleware::from_fn(within_deadline::<F>))
        .layer(CatchPanicLayer::custom(|_: Box<dyn Any + Send>| internal::<F>("a handler panicked")))
        .layer(middleware::map_response(with_security_headers))
        .layer(middleware::from_fn(move |request, next| observer.clone().observe(request, next)))
}

async fn wrong_method<F: Frame>() -> F::Failure {
    Unserved::WrongMethod.into()
}

fn internal<F: Frame>(context: &'static str) -> Response {
    F::Failure::from(Error::internal(context)).into_response()
}

/// Rejects a request for an endpoint that the gateway routed by another path. API Gateway routes by the path decoded once and passes it on
/// decoded twice, so `POST /auth/tok%2565n` comes by the catch-all route, which has not the rate limit of `POST /auth/token`.
async fn by_the_route_of_the_gateway<F: Frame>(request: Request, next: Next) -> Response {
    if is_routed_elsewhere::<F>(&request) {
        F::Failure::from(Unserved::UnknownPath).into_response()
    } else {
        next.run(request).await
    }
}

fn is_routed_elsewhere<F: Frame>(request: &Request) -> bool {
    let (method, extensions) = (request.method(), request.extensions());
    let (Some(matched), Some(key)) = (extensions.get::<MatchedPath>(), extensions.get::<RouteKey>()) else { return false };
    let matched = matched.as_str();
    let is_own = |route: &&str| route.split_once(' ').is_some_and(|(own, path)| own == method && path == matched);
    let is_listed = || routes::all().any(|route| route.method == method && route.path == matched);
    matched != key.path() && (F::OWN_ROUTES.iter().any(is_own) || is_listed())
}

/// Responds before the deadline, even if a service behind does not. When Lambda ends the function at its own limit, the gateway sends a
/// response without the envelope of the API.
async fn within_deadline<F: Frame>(request: Request, next: Next) -> Response {
    tokio::time::timeout(DEADLINE, next.run(request)).await.unwrap_or_else(|_| internal::<F>("no response before the deadline"))
}

/// Replaces a response that exceeds the size limit of Lambda by a failure.
async fn within_size_limit<F: Frame>(request: Request, next: Next) -> Response {
    let (parts, body) = next.run(request).await.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else { return internal::<F>("a response body failed") };
    // `lambda_http` encodes a compressed body as Base64, and text as a JSON string.
    let size = if parts.headers.contains_key(header::CONTENT_ENCODING) {
        body.len().div_ceil(3) * 4
    } else {
        body.iter().map(|byte| escaped(*byte)).sum()
    };
    if size > MAX_ANSWER {
        let error = Error::internal("a response exceeds the size limit of Lambda");
        return F::Failure::from(Unserved::AnswerTooLarge(error)).into_response();
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
