//! Functions without a route: invoked directly, by an operator, a pipeline or a schedule.

pub mod admin;
mod channels;
mod hris;
mod signing;

/// Every function of the family. The name is that of the binary, of the resource in `template.yaml` and of the event files.
pub const FUNCTIONS: [&str; 1] = ["ops-admin"];

/// What may be told of secrets.
fn secrets(secrets: &shared::secrets::Secrets) -> Vec<serde_json::Value> {
    let view =
        |secret: &shared::secrets::Secret| serde_json::json!({"secret_id": secret.secret_id, "created_at": secret.created_at});
    secrets.iter().map(view).collect()
}
