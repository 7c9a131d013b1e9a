//! Lambda's Invoke API: `aws lambda invoke --endpoint-url http://127.0.0.1:8080 --function-name ops-admin ...`.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::functions::Functions;

/// Runs a function with the body as its event. The path holds its name, a partial ARN or a full ARN; a qualifier is ignored.
pub async fn invoke(
    State(functions): State<Functions>,
    Path(name): Path<String>,
    headers: HeaderMap,
    event: Bytes,
) -> Response {
    let name = function_name(&name);
    if !functions.names().contains(&name) {
        return failure(StatusCode::NOT_FOUND, "ResourceNotFoundException", &format!("Function not found: {name}"));
    }
    let event = if event.is_empty() { Bytes::from_static(b"{}") } else { event };
    match headers.get("x-amz-invocation-type").map(HeaderValue::as_bytes) {
        Some(b"DryRun") => StatusCode::NO_CONTENT.into_response(),
        Some(b"Event") => {
            let name = name.to_owned();
            tokio::spawn(async move { functions.invoke(&name, &event).await });
            StatusCode::ACCEPTED.into_response()
        }
        _ => match functions.invoke(name, &event).await {
            Some(Ok(result)) => ([("X-Amz-Executed-Version", "$LATEST")], result).into_response(),
            Some(Err(diagnostic)) => {
                let body = json!({"errorType": diagnostic.error_type, "errorMessage": diagnostic.error_message}).to_string();
                ([("X-Amz-Executed-Version", "$LATEST"), ("X-Amz-Function-Error", "Unhandled")], body).into_response()
            }
            None => failure(StatusCode::NOT_FOUND, "ResourceNotFoundException", "Function not found"),
        },
    }
}

/// `ops-admin` of `ops-admin`, `ops-admin:1`, `123:function:ops-admin` and `arn:aws:lambda:...:function:ops-admin:1`.
fn function_name(name: &str) -> &str {
    let name = name.split_once("function:").map_or(name, |(_, name)| name);
    name.split(':').next().unwrap_or(name)
}

fn failure(status: StatusCode, kind: &'static str, message: &str) -> Response {
    let body = json!({"Type": "User", "Message": message}).to_string();
    (status, [("X-Amzn-ErrorType", kind), (header::CONTENT_TYPE.as_str(), "application/json")], body).into_response()
}
