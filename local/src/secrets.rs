//! Secrets Manager on this machine: it serves `GetSecretValue` for the secrets of `template.yaml`, and no other operation.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::template::Template;
use crate::wire::{Service, failure};

/// Name and value of each secret. `file` keeps them: data that is encrypted with them must open after a restart.
pub fn open(file: Option<&Path>, template: &Template) -> Result<BTreeMap<String, String>, String> {
    let stored = file.and_then(|file| std::fs::read_to_string(file).ok());
    let mut secrets: BTreeMap<String, String> = match stored {
        Some(stored) => serde_json::from_str(&stored).map_err(|error| format!("the secrets file is damaged: {error}"))?,
        None => BTreeMap::new(),
    };
    let random = || shared::crypto::random::random_text().unwrap_or_default();
    for (name, secret) in template.secrets(random) {
        secrets.entry(name).or_insert(secret);
    }
    crate::wechat::keys::fill(&mut secrets)?;
    if let Some(file) = file {
        let text = serde_json::to_string_pretty(&secrets).map_err(|error| error.to_string())?;
        std::fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(secrets)
}

/// A router that serves Secrets Manager's API.
pub fn router(secrets: BTreeMap<String, String>) -> Router {
    let secrets = Arc::new(secrets);
    Router::new().fallback(async move |headers: HeaderMap, body: Bytes| respond(&secrets, &headers, &body))
}

fn respond(secrets: &BTreeMap<String, String>, headers: &HeaderMap, body: &[u8]) -> Response {
    let operation = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    if operation != Some("secretsmanager.GetSecretValue") {
        return rejection("InvalidRequestException", "only GetSecretValue is served here");
    }
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let name = request["SecretId"].as_str().unwrap_or_default();
    match secrets.get(name) {
        Some(secret) => {
            let arn = format!("arn:aws:secretsmanager:local:000000000000:secret:{name}");
            Json(json!({"ARN": arn, "Name": name, "SecretString": secret, "VersionStages": ["AWSCURRENT"]})).into_response()
        }
        None => rejection("ResourceNotFoundException", "no such secret"),
    }
}

fn rejection(code: &str, message: &str) -> Response {
    failure(Service::SecretsManager, StatusCode::BAD_REQUEST, code, message)
}
