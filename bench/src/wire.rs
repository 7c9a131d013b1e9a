//! A proxy of DynamoDB that records each call and its consumed capacity.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::Failure;

/// A call of DynamoDB.
pub struct Call {
    pub operation: String,
    /// Capacity units.
    pub units: f64,
}

#[derive(Clone)]
pub struct Wire {
    http: reqwest::Client,
    behind: String,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Wire {
    /// A proxy of the DynamoDB at this address, and the address of the proxy.
    pub async fn before(behind: &str) -> Result<(Self, String), Failure> {
        let wire = Self { http: local::http::client(), behind: behind.to_owned(), calls: Arc::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = format!("http://{}", listener.local_addr()?);
        let router = Router::new().fallback(pass).with_state(wire.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok((wire, address))
    }

    /// Returns the calls since the last `take`.
    pub fn take(&self) -> Vec<Call> {
        self.calls.lock().map(|mut calls| std::mem::take(&mut *calls)).unwrap_or_default()
    }

    /// Sends a request directly, which is not recorded.
    pub async fn send(&self, operation: &str, request: &Value) -> Result<Value, Failure> {
        let credential = "AWS4-HMAC-SHA256 Credential=local/20240115/us-east-1/dynamodb/aws4_request";
        let call = self.http.post(&self.behind).body(request.to_string());
        let call = call.header("x-amz-target", format!("DynamoDB_20120810.{operation}"));
        let call = call.header("authorization", format!("{credential}, SignedHeaders=host, Signature=0"));
        let call = call.header("x-amz-date", "20240115T103000Z").header("content-type", "application/x-amz-json-1.0");
        Ok(call.send().await?.error_for_status()?.json().await?)
    }
}

async fn pass(State(wire): State<Wire>, headers: HeaderMap, body: Bytes) -> Response {
    match forward(&wire, &headers, &body).await {
        Ok(response) => response,
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

async fn forward(wire: &Wire, headers: &HeaderMap, body: &[u8]) -> Result<Response, Failure> {
    let target = headers.get("x-amz-target").ok_or("no target")?.to_str()?;
    let mut request: Value = serde_json::from_slice(body)?;
    request["ReturnConsumedCapacity"] = "TOTAL".into();
    let mut call = wire.http.post(&wire.behind).body(request.to_string());
    for (name, value) in headers.iter().filter(|(name, _)| *name != "host" && *name != "content-length") {
        call = call.header(name, value);
    }
    let response = call.send().await?;
    let status = response.status();
    let body = response.bytes().await?;
    let response: Value = serde_json::from_slice(&body)?;
    let consumed = &response["ConsumedCapacity"];
    let tables = consumed.as_array().map_or_else(|| vec![consumed], |tables| tables.iter().collect());
    let units = tables.iter().filter_map(|table| table["CapacityUnits"].as_f64()).sum();
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    if let Ok(mut calls) = wire.calls.lock() {
        calls.push(Call { operation, units });
    }
    Ok((status, [("content-type", "application/x-amz-json-1.0")], body).into_response())
}
