//! What every function behind API Gateway runs in.

pub mod answer;
pub mod body;
mod event;
mod examples;
pub mod family;
pub mod observe;

use axum::Router;
use axum::http::HeaderMap;
use lambda_http::{Error, lambda_runtime};

pub use event::{Address, IMPOSSIBLE_IN_A_PATH, RawPath, service};

/// Serves events until the process ends.
pub async fn run(router: Router) -> Result<(), Error> {
    lambda_runtime::run(service(router)).await
}

/// The address that the caller reached us by, `https://api.example.com`: API Gateway passes only its own domain names on.
pub fn base_url(headers: &HeaderMap) -> Option<String> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    Some(format!("{}://{}", header("x-forwarded-proto").unwrap_or("https"), header("host")?))
}
