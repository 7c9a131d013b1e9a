//! A batch of reads that DynamoDB completes only in part. The response names the rest, and the caller requests it again.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use super::MAX_BODY;

/// Reads the first half of each table's keys and returns the rest as unprocessed.
pub async fn half(request: Request, body: &[u8], next: Next) -> Response {
    let Ok(mut batch) = serde_json::from_slice::<Value>(body) else { return StatusCode::BAD_REQUEST.into_response() };
    let rest = split(&mut batch["RequestItems"]);
    let (parts, _) = request.into_parts();
    let response = next.run(Request::from_parts(parts, Body::from(batch.to_string()))).await;
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, MAX_BODY).await.unwrap_or_default();
    let Ok(mut found) = serde_json::from_slice::<Value>(&body) else { return (parts, body).into_response() };
    found["UnprocessedKeys"] = rest.into();
    (parts.status, parts.headers, found.to_string()).into_response()
}

/// Removes the second half of each table's keys and returns it as another batch.
fn split(tables: &mut Value) -> Map<String, Value> {
    let mut rest = Map::new();
    for (table, wanted) in tables.as_object_mut().into_iter().flatten() {
        let Some(keys) = wanted["Keys"].as_array_mut() else { continue };
        let second_half = keys.split_off(keys.len().div_ceil(2));
        if !second_half.is_empty() {
            let mut batch = wanted.clone();
            batch["Keys"] = second_half.into();
            rest.insert(table.clone(), batch);
        }
    }
    rest
}
