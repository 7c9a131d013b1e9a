//! Secrets Manager on this machine: it serves `GetSecretValue` and `PutSecretValue` for the secrets of `template.yaml`, and no other operation.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

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
    crate::sms::fill(&mut secrets);
    write(file, &secrets)?;
    Ok(secrets)
}

fn write(file: Option<&Path>, secrets: &BTreeMap<String, String>) -> Result<(), String> {
    let Some(file) = file else { return Ok(()) };
    let text = serde_json::to_string_pretty(secrets).map_err(|error| error.to_string())?;
    std::fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))
}

/// A router that serves Secrets Manager's API. `file` keeps what is put.
pub fn router(secrets: BTreeMap<String, String>, file: Option<PathBuf>) -> Router {
    let secrets = Arc::new(Mutex::new(secrets));
    Router::new().fallback(async move |headers: HeaderMap, body: Bytes| {
        let mut secrets = secrets.lock().unwrap_or_else(PoisonError::into_inner);
        respond(&mut secrets, file.as_deref(), &headers, &body)
    })
}

fn respond(secrets: &mut BTreeMap<String, String>, file: Option<&Path>, headers: &HeaderMap, body: &[u8]) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let name = request["SecretId"].as_str().unwrap_or_default();
    let Some(secret) = secrets.get_mut(name) else { return rejection("ResourceNotFoundException", "no such secret") };
    let arn = format!("arn:aws:secretsmanager:local:000000000000:secret:{name}");
    match (target, request["SecretString"].as_str()) {
        ("secretsmanager.GetSecretValue", _) => {
            Json(json!({"ARN": arn, "Name": name, "SecretString": secret, "VersionStages": ["AWSCURRENT"]})).into_response()
        }
        ("secretsmanager.PutSecretValue", Some(new)) => {
            new.clone_into(secret);
            match write(file, secrets) {
                Ok(()) => Json(json!({"ARN": arn, "Name": name, "VersionStages": ["AWSCURRENT"]})).into_response(),
                Err(error) => rejection("InternalServiceError", &error),
            }
        }
        _ => rejection("InvalidRequestException", "only GetSecretValue and PutSecretValue are served here"),
    }
}

fn rejection(code: &str, message: &str) -> Response {
    failure(Service::SecretsManager, StatusCode::BAD_REQUEST, code, message)
}
