//! Errors in the form of each service's own API.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::Service;

/// The response to a call that fails with this error code.
pub fn failure(service: Service, status: StatusCode, code: &str, message: &str) -> Response {
    match service {
        Service::DynamoDb => dynamodb_failure(status, code, json!({"message": message})),
        Service::Logs | Service::SecretsManager | Service::Sqs => {
            json_response(status, &json!({"__type": code, "Message": message}))
        }
        Service::S3 => {
            let error = format!("<Error><Code>{code}</Code><Message>{}</Message></Error>", escaped(message));
            (status, [(header::CONTENT_TYPE, "application/xml")], error).into_response()
        }
        Service::Sns => {
            let fault = if status.is_server_error() { "Receiver" } else { "Sender" };
            let message = escaped(message);
            let error = format!("<Error><Type>{fault}</Type><Code>{code}</Code><Message>{message}</Message></Error>");
            let error = format!("<ErrorResponse>{error}</ErrorResponse>");
            (status, [(header::CONTENT_TYPE, "text/xml")], error).into_response()
        }
    }
}

/// An error of DynamoDB with more members than a message, such as the reasons of a cancelled transaction.
pub fn dynamodb_failure(status: StatusCode, code: &str, mut members: Value) -> Response {
    members["__type"] = format!("com.amazonaws.dynamodb.v20120810#{code}").into();
    json_response(status, &members)
}

/// A function lacks a right.
pub fn access_denied(service: Service) -> Response {
    let (status, code) = match service {
        Service::DynamoDb | Service::Logs | Service::SecretsManager | Service::Sqs => {
            (StatusCode::BAD_REQUEST, "AccessDeniedException")
        }
        Service::S3 => (StatusCode::FORBIDDEN, "AccessDenied"),
        Service::Sns => (StatusCode::FORBIDDEN, "AuthorizationError"),
    };
    failure(service, status, code, "not authorized")
}

fn json_response(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/x-amz-json-1.0")], body.to_string()).into_response()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
