//! `jobboard-reconcile`: compares WeChat Pay's bill of a day with the orders and refunds, and stores the result (docs/design/jobboard.md,
//! Reconciliation).
//!
//! A schedule of EventBridge invokes it every day after ten o'clock in Shanghai. The event may name a `day`; without one it is yesterday.

use std::sync::Arc;

use deserr::Deserr;
use lambda_runtime::Diagnostic;
use serde_json::{Value, json};
use shared::error::{Error, Result};
use shared::jobboard::Service;
use shared::jobboard::reads::ShownReconciliation;
use shared::runtime::environment::Environment;
use shared::values::Date;
use shared::values::input::{Faults, Json};

use crate::diagnostic;

#[derive(Clone)]
pub struct Reconcile {
    service: Arc<Service>,
}

/// An event. The other members of a scheduled event are ignored.
#[derive(Deserr)]
#[deserr(error = Faults)]
struct Event {
    #[deserr(default)]
    day: Option<Date>,
}

impl Reconcile {
    pub async fn connect(environment: &Environment) -> Result<Self> {
        Ok(Self { service: Arc::new(Service::connect(environment).await?) })
    }

    pub async fn handle(&self, event: &[u8]) -> Result<Value, Diagnostic> {
        self.service.keys().refresh().await;
        self.reconcile(event).await.map_err(|error| diagnostic(&error))
    }

    async fn reconcile(&self, event: &[u8]) -> Result<Value> {
        let event: Event = Json::parse(event).map_err(|fault| Error::invalid([fault]))?.read()?;
        let result = self.service.reconcile(event.day).await?;
        tracing::info!(day = result.day.as_str(), differences = result.total, "a day was reconciled");
        Ok(json!(ShownReconciliation::from(&result)))
    }
}
