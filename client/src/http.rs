//! Requests and their responses.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

/// The status and the JSON body of a response. The body is null if it is no JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    pub status: u16,
    pub body: Value,
}

pub async fn fetch(request: reqwest::RequestBuilder) -> Response {
    let response = request.send().await.expect("a response");
    let status = response.status().as_u16();
    let text = response.text().await.expect("a body");
    Response { status, body: serde_json::from_str(&text).unwrap_or_default() }
}

/// A client with its own IP address that follows no redirect. Rate limits count by address; on Linux all of 127.0.0.0/8 is the
/// loopback.
pub fn client() -> reqwest::Client {
    static COUNT: AtomicU32 = AtomicU32::new(1);
    let [_, high, middle, low] = COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    let own = IpAddr::from([127, high + 1, middle, low]);
    let client = local::http::builder().redirect(reqwest::redirect::Policy::none());
    client.local_address(cfg!(target_os = "linux").then_some(own)).build().unwrap()
}
