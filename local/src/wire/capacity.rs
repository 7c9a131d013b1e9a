//! What calls to DynamoDB consume: asked for in the request, read from the response.

use axum::body::{Body, Bytes, to_bytes};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::MAX_BODY;

/// The body of a request that also asks for the consumed capacity.
pub fn requested(body: &Bytes) -> Body {
    let Ok(mut request) = serde_json::from_slice::<Value>(body) else { return Body::from(body.clone()) };
    request["ReturnConsumedCapacity"] = "TOTAL".into();
    Body::from(request.to_string())
}

/// The response, and the capacity units that it reports: of one table with its indexes, or of several tables.
pub async fn consumed(response: Response) -> (Response, f64) {
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, MAX_BODY).await.unwrap_or_default();
    let reported: Value = serde_json::from_slice(&body).unwrap_or_default();
    let consumed = &reported["ConsumedCapacity"];
    let tables = consumed.as_array().map_or(std::slice::from_ref(consumed), Vec::as_slice);
    let units = tables.iter().filter_map(|table| table["CapacityUnits"].as_f64()).sum();
    ((parts, body).into_response(), units)
}
