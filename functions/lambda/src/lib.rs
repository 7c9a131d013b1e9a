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

use axum::Router;
use axum::http::HeaderMap;
use lambda_http::{Error, lambda_runtime};

pub use event::{Address, IMPOSSIBLE_IN_A_PATH, RawPath, service};

/// Serves events until the process ends.
pub async fn run(router: Router) -> Result<(), Error> {
    lambda_runtime::run(service(router)).await
}

/// The base URL of the request, `https://api.example.com`. It can be trusted: API Gateway accepts only requests for its own domain names.
pub fn base_url(headers: &HeaderMap) -> Option<String> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    Some(format!("{}://{}", header("x-forwarded-proto").unwrap_or("https"), header("host")?))
}
