//! `jobboard-search-snapshot`: writes down the open jobs, so that `jobboard-search` starts without reading the table (jobboard.md,
//! Search).
//!
//! An event of EventBridge's schedule, whatever it holds. To run twice does no harm.

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
        let snapshot = self.service.write_snapshot().await.map_err(|error| diagnostic(&error))?;
        lambda_runtime::tracing::info!(
            key = snapshot.key,
            bytes = snapshot.bytes,
            jobs = snapshot.jobs,
            "a snapshot was written"
        );
        Ok(json!({"key": snapshot.key, "bytes": snapshot.bytes, "jobs": snapshot.jobs}))
    }
}
