//! `ops-uploads`: verifies images that clients uploaded directly to S3, and publishes or deletes them (docs/design/jobboard.md, Images).
//!
//! EventBridge invokes it with the S3 event `Object Created` for keys below `incoming/`. The function is idempotent, because an event may be
//! delivered twice.

use std::sync::Arc;

use lambda_runtime::Diagnostic;
use serde::Deserialize;
use serde_json::{Value, json};
use shared::error::Result;
use shared::jobboard::Service;
use shared::jobboard::images::Arrival;
use shared::runtime::environment::Environment;

use crate::diagnostic;

#[derive(Clone)]
pub struct Uploads {
    service: Arc<Service>,
}

/// The part of the event that this function reads (Amazon S3 User Guide, EventBridge event message structure).
#[derive(Deserialize)]
struct Event {
    detail: Detail,
}

#[derive(Deserialize)]
struct Detail {
    object: Object,
}

#[derive(Deserialize)]
struct Object {
    key: String,
}

impl Uploads {
    pub async fn connect(environment: &Environment) -> Result<Self> {
        Ok(Self { service: Arc::new(Service::connect(environment).await?) })
    }

    pub async fn handle(&self, event: &[u8]) -> Result<Value, Diagnostic> {
        let Event { detail } = serde_json::from_slice(event)
            .map_err(|error| Diagnostic { error_type: "Invalid".into(), error_message: error.to_string() })?;
        self.service.keys().refresh().await;
        let arrival = self.service.check_arrival(&detail.object.key).await.map_err(|error| diagnostic(&error))?;
        let outcome = match arrival {
            Arrival::Accepted => "accepted",
            Arrival::Rejected => "refused",
            Arrival::Gone => "gone",
        };
        tracing::info!(key = detail.object.key, outcome, "a picture arrived");
        Ok(json!({"outcome": outcome}))
    }
}
