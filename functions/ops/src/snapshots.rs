//! `jobboard-search-snapshot`: writes a snapshot of the open jobs, so that `jobboard-search` starts without reading the table
//! (docs/design/jobboard.md, Search).
//!
//! A schedule of EventBridge invokes it; the content of the event is ignored. The function is idempotent.

use std::sync::Arc;

use lambda_runtime::Diagnostic;
use serde_json::{Value, json};
use shared::error::Result;
use shared::jobboard::Service;
use shared::runtime::environment::Environment;

use crate::diagnostic;

#[derive(Clone)]
pub struct Snapshots {
    service: Arc<Service>,
}

impl Snapshots {
    pub async fn connect(environment: &Environment) -> Result<Self> {
        Ok(Self { service: Arc::new(Service::connect(environment).await?) })
    }

    pub async fn handle(&self) -> Result<Value, Diagnostic> {
        self.service.keys().refresh().await;
        let snapshot = self.service.write_snapshot().await.map_err(|error| diagnostic(&error))?;
        tracing::info!(key = snapshot.key, bytes = snapshot.bytes, jobs = snapshot.jobs, "a snapshot was written");
        Ok(json!({"key": snapshot.key, "bytes": snapshot.bytes, "jobs": snapshot.jobs}))
    }
}
