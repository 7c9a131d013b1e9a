//! The functions that belong to no family: an operator, a pipeline, a schedule or an event invokes them. Also the API pages.

pub mod admin;
mod audit;
pub mod audit_copy;
mod channel_records;
mod channels;
pub mod cleanup;
pub mod command;
pub mod commands;
pub mod console;
pub mod docs;
mod families;
pub mod function;
mod hris;
mod hris_credentials;
mod hris_imports;
mod hris_records;
mod hris_webhooks;
mod invoke;
mod jobboard;
mod listing;
pub mod outbox;
mod persons;
pub mod reconcile;
mod requests;
mod reseal;
mod retention;
mod reveal;
mod reveal_list;
pub mod sheets;
mod signing;
pub mod snapshots;
mod staff;
pub mod uploads;
mod workload;

use lambda_runtime::Diagnostic;
use shared::error::{Error, Fault, Kind};

/// Every function of this crate. The resource in `template.yaml` and the event files have the same name.
pub const FUNCTIONS: [&str; 9] = [
    "jobboard-reconcile",
    "jobboard-search-snapshot",
    "ops-admin",
    "ops-audit",
    "ops-cleanup",
    "ops-console",
    "ops-docs",
    "ops-outbox",
    "ops-uploads",
];

/// The ids and creation times of secrets, without the secrets.
fn secrets(secrets: &shared::crypto::credentials::Secrets) -> Vec<serde_json::Value> {
    let view = |secret: &shared::crypto::credentials::StoredSecret| serde_json::json!({"secret_id": secret.secret_id, "created_at": secret.created_at});
    secrets.iter().map(view).collect()
}

/// The kind of an error, as operators and the console read it.
fn kind(error: &Error) -> &'static str {
    match error.kind() {
        Kind::Invalid => "Invalid",
        Kind::NotFound => "NotFound",
        Kind::Conflict => "Conflict",
        Kind::Unauthenticated | Kind::TokenRejected => "Unauthenticated",
        Kind::Forbidden => "Forbidden",
        Kind::TooManyRequests { .. } => "TooManyRequests",
        Kind::Internal => "Internal",
    }
}

/// The error of an invocation, which the operator reads. The cause of an internal error is only logged.
fn diagnostic(error: &Error) -> Diagnostic {
    if error.kind() == Kind::Internal {
        tracing::error!(%error, "command failed");
    }
    let faults: Vec<String> = error.faults().iter().map(|Fault { field, reason }| format!("{field}: {reason}")).collect();
    let error_message = if faults.is_empty() { "see the log".into() } else { faults.join("; ") };
    Diagnostic { error_type: kind(error).into(), error_message }
}
