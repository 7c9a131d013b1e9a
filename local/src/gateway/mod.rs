//! API Gateway on this machine: routes each request by the routes of `template.yaml` and invokes the function with the event that Lambda
//! would receive. It enforces API Gateway's limits. The same address serves Lambda's Invoke API.

mod event;
mod invoke;
mod path;
mod route;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use shared::runtime::clock::Clock;

use crate::functions::Functions;
use crate::template::Route;
pub use route::Routes;

/// The largest request body that API Gateway accepts.
const MAX_BODY: usize = 10 * 1024 * 1024;
/// The largest event and the largest result of a function.
const MAX_PAYLOAD: usize = 6 * 1024 * 1024;
/// The largest total of request line and headers.
const MAX_HEAD: usize = 10_240;
/// How long a function may take.
const TIMEOUT: Duration = Duration::from_secs(30);

struct Gateway {
    routes: Routes,
    functions: Functions,
    clock: Arc<dyn Clock>,
}

/// A router for everything at the system's address.
pub fn router(routes: &[Route], functions: Functions, clock: Arc<dyn Clock>) -> Result<Router, String> {
    let gateway = Arc::new(Gateway { routes: Routes::new(routes)?, functions: functions.clone(), clock });
    Ok(Router::new()
        .route("/2015-03-31/functions/{name}/invocations", post(invoke::invoke))
        .layer(DefaultBodyLimit::max(MAX_PAYLOAD))
        .with_state(functions)
        .fallback(async move |ConnectInfo(peer): ConnectInfo<SocketAddr>, request: Request| {
            let (parts, body) = request.into_parts();
            let response = gateway.respond(peer, &parts, body);
            tokio::time::timeout(TIMEOUT, response)
                .await
                .unwrap_or_else(|_| failure(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"))
        }))
}

impl Gateway {
    async fn respond(&self, peer: SocketAddr, parts: &Parts, body: Body) -> Response {
        let body = match read(body).await {
            Ok(body) => body,
            Err(response) => return response,
        };
        if head_length(parts) > MAX_HEAD {
            return failure(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "Request Header Fields Too Large");
        }
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        if host.parse::<axum::http::uri::Authority>().is_err() {
            return failure(StatusCode::BAD_REQUEST, "Bad Request");
        }
        let Some(path) = path::read(parts.uri.path()) else {
            return failure(StatusCode::BAD_REQUEST, "Bad Request");
        };
        let Some(found) = self.routes.find(parts.method.as_str(), &path.routed) else {
            return failure(StatusCode::NOT_FOUND, "Not Found");
        };
        let event = event::of_request(parts, &body, &path, &found, host, peer, self.clock.now());
        if event.len() > MAX_PAYLOAD {
            return failure(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
        }
        match self.functions.invoke(&found.function, &event).await {
            Some(Ok(result)) if result.len() <= MAX_PAYLOAD => event::to_response(&result)
                .unwrap_or_else(|| failure(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")),
            _ => failure(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
        }
    }
}

/// The whole body. Reads a body to its end even if it is too large: a client that is still sending would not read the response.
async fn read(body: Body) -> Result<Vec<u8>, Response> {
    const MAX_READ: usize = 8 * MAX_BODY;
    match Limited::new(body, MAX_READ).collect().await {
        Ok(body) => {
            let body = body.to_bytes();
            if body.len() <= MAX_BODY {
                Ok(body.into())
            } else {
                Err(failure(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"))
            }
        }
        Err(error) if error.is::<LengthLimitError>() => Err(failure(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large")),
        Err(_) => Err(failure(StatusCode::BAD_REQUEST, "Bad Request")),
    }
}

fn head_length(parts: &Parts) -> usize {
    let target = parts.uri.path_and_query().map_or(0, |target| target.as_str().len());
    let headers: usize = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    parts.method.as_str().len() + target + headers
}

/// An error response of the gateway itself, in API Gateway's form.
pub fn failure(status: StatusCode, message: &str) -> Response {
    let body = serde_json::json!({"message": message}).to_string();
    (status, [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response()
}
