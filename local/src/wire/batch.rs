//! A batch of reads that DynamoDB does not finish: what it leaves over it names, and whoever asked asks again.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use super::MAX_BODY;

/// Reads the first half of each table's keys and leaves the rest.
pub async fn half(request: Request, body: &[u8], next: Next) -> Response {
    let Ok(mut wanted) = serde_json::from_slice::<Value>(body) else { return StatusCode::BAD_REQUEST.into_response() };
    let left = split(&mut wanted["RequestItems"]);
    let (parts, _) = request.into_parts();
    let answer = next.run(Request::from_parts(parts, Body::from(wanted.to_string()))).await;
    let (parts, body) = answer.into_parts();
    let body = to_bytes(body, MAX_BODY).await.unwrap_or_default();
    let Ok(mut found) = serde_json::from_slice::<Value>(&body) else { return (parts, body).into_response() };
    found["UnprocessedKeys"] = left.into();
    (parts.status, parts.headers, found.to_string()).into_response()
}

/// Takes the second half of each table's keys away, and gives it as a batch of its own.
fn split(tables: &mut Value) -> Map<String, Value> {
    let mut left = Map::new();
    for (table, wanted) in tables.as_object_mut().into_iter().flatten() {
        let Some(keys) = wanted["Keys"].as_array_mut() else { continue };
        let rest = keys.split_off(keys.len().div_ceil(2));
        if !rest.is_empty() {
            let mut batch = wanted.clone();
            batch["Keys"] = rest.into();
            left.insert(table.clone(), batch);
        }
    }
    left
}
