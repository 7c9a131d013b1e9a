//! API Gateway on this machine: routes a request as `template.yaml` says, hands it to its function as the event that Lambda
//! would get, within the real limits. It answers Lambda's Invoke API beside it.

mod event;
mod invoke;
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

/// The largest request body that API Gateway takes.
const MAX_BODY: usize = 10 * 1024 * 1024;
/// The largest event and the largest answer of a function.
const MAX_PAYLOAD: usize = 6 * 1024 * 1024;
/// The most that request line and headers may be together.
const MAX_HEAD: usize = 10_240;
/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);

struct Gateway {
    routes: Routes,
    functions: Functions,
    clock: Arc<dyn Clock>,
}

/// A router for everything at the system's address.
pub fn router(routes: &[Route], functions: Functions, clock: Arc<dyn Clock>) -> Router {
    let gateway = Arc::new(Gateway { routes: Routes::new(routes), functions: functions.clone(), clock });
    Router::new()
        .route("/2015-03-31/functions/{name}/invocations", post(invoke::invoke))
        .layer(DefaultBodyLimit::max(MAX_PAYLOAD))
        .with_state(functions)
        .fallback(async move |ConnectInfo(peer): ConnectInfo<SocketAddr>, request: Request| {
            let (parts, body) = request.into_parts();
            let answer = gateway.answer(peer, &parts, body);
            tokio::time::timeout(TIMEOUT, answer)
                .await
                .unwrap_or_else(|_| refusal(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"))
        })
}

impl Gateway {
    async fn answer(&self, peer: SocketAddr, parts: &Parts, body: Body) -> Response {
        let body = match read(body).await {
            Ok(body) => body,
            Err(response) => return response,
        };
        if head_length(parts) > MAX_HEAD {
            return refusal(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "Request Header Fields Too Large");
        }
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        if host.parse::<axum::http::uri::Authority>().is_err() {
            return refusal(StatusCode::BAD_REQUEST, "Bad Request");
        }
        let Some(found) = self.routes.find(parts.method.as_str(), parts.uri.path()) else {
            return refusal(StatusCode::NOT_FOUND, "Not Found");
        };
        let event = event::of_request(parts, &body, &found, host, peer, self.clock.now());
        if event.len() > MAX_PAYLOAD {
            return refusal(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
        }
        match self.functions.invoke(&found.function, &event).await {
            Some(Ok(answer)) if answer.len() <= MAX_PAYLOAD => event::to_response(&answer)
                .unwrap_or_else(|| refusal(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")),
            _ => refusal(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
        }
    }
}

/// The whole body. One that is too large is read to its end all the same: a client that is still sending would not see the
/// answer.
async fn read(body: Body) -> Result<Vec<u8>, Response> {
    const PATIENCE: usize = 8 * MAX_BODY;
    match Limited::new(body, PATIENCE).collect().await {
        Ok(body) => {
            let body = body.to_bytes();
            if body.len() <= MAX_BODY {
                Ok(body.into())
            } else {
                Err(refusal(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"))
            }
        }
        Err(error) if error.is::<LengthLimitError>() => Err(refusal(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large")),
        Err(_) => Err(refusal(StatusCode::BAD_REQUEST, "Bad Request")),
    }
}

fn head_length(parts: &Parts) -> usize {
    let target = parts.uri.path_and_query().map_or(0, |target| target.as_str().len());
    let headers: usize = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    parts.method.as_str().len() + target + headers
}

/// An answer of the gateway's own, in API Gateway's form.
pub fn refusal(status: StatusCode, message: &str) -> Response {
    let body = serde_json::json!({"message": message}).to_string();
    (status, [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response()
}
