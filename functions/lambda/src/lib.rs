//! The common frame of the functions behind API Gateway.

pub mod answer;
pub mod body;
pub mod credentials;
mod event;
pub mod family;
pub mod frame;
pub mod observe;
pub mod openapi;
pub mod path;
pub mod routes;
pub mod unknown;

use std::pin::Pin;

use axum::Router;
use axum::http::HeaderMap;
use jiff::Timestamp;
pub use lambda_http::lambda_runtime::Diagnostic;
use lambda_http::lambda_runtime::{LambdaEvent, service_fn};
use lambda_http::{Error, lambda_runtime};
use serde_json::Value;
use serde_json::value::RawValue;

pub use event::{Address, IMPOSSIBLE_IN_A_PATH, RawPath, service};

/// Serves events until the process ends.
pub async fn run(router: Router) -> Result<(), Error> {
    lambda_runtime::run(service(router)).await
}

/// Passes the events of a function that is not behind API Gateway on until the process ends: each event as JSON, when Lambda ends the
/// invocation, and the id of the request.
pub async fn run_events<F, R>(handle: F) -> Result<(), Error>
where
    F: Fn(Box<RawValue>, Timestamp, String) -> R,
    R: Future<Output = Result<Value, Diagnostic>>,
{
    let handle = &handle;
    lambda_runtime::run(service_fn(async move |event: LambdaEvent<Box<RawValue>>| {
        let deadline = i64::try_from(event.context.deadline).ok().and_then(|at| Timestamp::from_millisecond(at).ok());
        // Without the type of the future: that of a function with many commands is too deep for the compiler.
        let handled: Pin<Box<dyn Future<Output = Result<Value, Diagnostic>> + '_>> =
            Box::pin(handle(event.payload, deadline.unwrap_or(Timestamp::MAX), event.context.request_id));
        handled.await
    }))
    .await
}

/// The base URL of the request, `https://api.example.com`. It can be trusted: API Gateway accepts only requests for its own domain names.
pub fn base_url(headers: &HeaderMap) -> Option<String> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    Some(format!("{}://{}", header("x-forwarded-proto").unwrap_or("https"), header("host")?))
}
