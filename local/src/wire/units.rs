//! What calls of DynamoDB consume: asked for on the way there, read on the way back.

use axum::body::{Body, Bytes, to_bytes};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::MAX_BODY;

/// The body of a request that wants to be told what it consumes.
pub fn asking(body: &Bytes) -> Body {
    let Ok(mut asked) = serde_json::from_slice::<Value>(body) else { return Body::from(body.clone()) };
    asked["ReturnConsumedCapacity"] = "TOTAL".into();
    Body::from(asked.to_string())
}

/// The answer, and the capacity units that it tells of: of a table with its indexes, or of several tables.
pub async fn told(answer: Response) -> (Response, f64) {
    let (parts, body) = answer.into_parts();
    let body = to_bytes(body, MAX_BODY).await.unwrap_or_default();
    let told: Value = serde_json::from_slice(&body).unwrap_or_default();
    let consumed = &told["ConsumedCapacity"];
    let tables = consumed.as_array().map_or(std::slice::from_ref(consumed), Vec::as_slice);
    let units = tables.iter().filter_map(|table| table["CapacityUnits"].as_f64()).sum();
    ((parts, body).into_response(), units)
}
