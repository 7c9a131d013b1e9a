//! Requests and their responses.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU16, Ordering};

use serde_json::Value;
use shared::error::Code;

/// The status and the JSON body of a response. The body is null if it is no JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    pub status: u16,
    pub body: Value,
}

impl Response {
    /// A failure is without the codes of its wrong fields, so that callers compare it in the words of the API documents.
    pub fn new(status: u16, mut body: Value) -> Self {
        take_reasons(&mut body);
        Self { status, body }
    }

    pub async fn read(response: reqwest::Response) -> Self {
        let status = response.status().as_u16();
        let text = response.text().await.expect("a body");
        Self::new(status, serde_json::from_str(&text).unwrap_or_default())
    }
}

pub async fn fetch(request: reqwest::RequestBuilder) -> Response {
    Response::read(request.send().await.expect("a response")).await
}

/// Takes the codes of wrong fields out of a failure. A fault without a code of its own is a defect.
fn take_reasons(body: &mut Value) {
    let is_known = |code: &Value| Code::CODES.contains(&code.as_str().unwrap_or_default()) && code != Code::Invalid.as_str();
    for fault in body.pointer_mut("/data/errors").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(code) = fault.as_object_mut().and_then(|fault| fault.shift_remove("reason_code")) {
            assert!(is_known(&code), "{code}: {fault}");
        }
    }
    let Some(faults) = body.get("errors").and_then(Value::as_array) else { return };
    if !faults.is_empty() && faults.iter().all(|fault| fault.get("reason_code").is_some()) {
        for fault in faults {
            assert!(is_known(&fault["reason_code"]), "{body}");
        }
        body.as_object_mut().map(|members| members.shift_remove("errors"));
    }
}

/// A client with its own IP address that follows no redirect. Rate limits count by address; on Linux all of 127.0.0.0/8 is the
/// loopback.
pub fn client() -> reqwest::Client {
    neighbours(1).remove(0)
}

/// Clients at addresses of one network of 24 bits, which no other client has.
pub fn neighbours(count: u8) -> Vec<reqwest::Client> {
    static COUNT: AtomicU16 = AtomicU16::new(256);
    let [high, low] = COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    let at = |own: u8| {
        let client = local::http::builder().redirect(reqwest::redirect::Policy::none());
        let own = IpAddr::from([127, high, low, own]);
        client.local_address(cfg!(target_os = "linux").then_some(own)).build().unwrap()
    };
    (1..=count).map(at).collect()
}
