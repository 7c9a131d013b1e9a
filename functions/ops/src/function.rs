//! The functions of this crate by their names, for the binary and for the local stack.

use axum::Router;
use jiff::Timestamp;
use lambda_runtime::Diagnostic;
use serde_json::Value;
use shared::error::{Error, Result};
use shared::runtime::environment::Environment;

use crate::admin::Admin;
use crate::audit_copy::Copies;
use crate::cleanup::Cleanup;
use crate::outbox::Outbox;
use crate::reconcile::Reconcile;
use crate::snapshots::Snapshots;
use crate::uploads::Uploads;
use crate::{console, docs};

/// A function that has started.
pub enum Function {
    /// Behind the gateway: takes API Gateway events of payload format 2.0.
    Http(Router),
    Admin(Admin),
    Audit(Copies),
    Cleanup(Box<Cleanup>),
    Outbox(Box<Outbox>),
    Reconcile(Reconcile),
    Snapshots(Snapshots),
    Uploads(Uploads),
}

impl Function {
    /// Starts the function that the environment names.
    pub async fn start(environment: &Environment) -> Result<Self> {
        // Boxed: otherwise the future of each start is as large as all of them together.
        match environment.function() {
            "jobboard-reconcile" => Box::pin(Reconcile::connect(environment)).await.map(Self::Reconcile),
            "jobboard-search-snapshot" => Box::pin(Snapshots::connect(environment)).await.map(Self::Snapshots),
            "ops-admin" => Box::pin(Admin::connect(environment)).await.map(Self::Admin),
            "ops-audit" => Copies::connect(environment).map(Self::Audit),
            "ops-cleanup" => Box::pin(Cleanup::connect(environment)).await.map(|cleanup| Self::Cleanup(Box::new(cleanup))),
            "ops-console" => Box::pin(console::connect(environment)).await.map(Self::Http),
            "ops-docs" => Ok(Self::Http(docs::connect(environment))),
            "ops-outbox" => Box::pin(Outbox::connect(environment)).await.map(|outbox| Self::Outbox(Box::new(outbox))),
            "ops-uploads" => Box::pin(Uploads::connect(environment)).await.map(Self::Uploads),
            name => Err(Error::internal(format!("no function is {name}"))),
        }
    }

    /// Handles an event of the runtime. A function behind the gateway has a router instead.
    pub async fn handle(&self, event: &[u8], deadline: Timestamp, request_id: &str) -> Result<Value, Diagnostic> {
        match self {
            Self::Http(_) => Err(crate::diagnostic(&Error::internal("the gateway invokes this function"))),
            Self::Admin(admin) => Box::pin(admin.handle(event, request_id)).await,
            Self::Audit(copies) => copies.handle(event).await,
            Self::Cleanup(cleanup) => Ok(Box::pin(cleanup.handle(deadline, request_id)).await),
            Self::Outbox(outbox) => outbox.handle(event, deadline).await,
            Self::Reconcile(reconcile) => Box::pin(reconcile.handle(event)).await,
            Self::Snapshots(snapshots) => snapshots.handle().await,
            Self::Uploads(uploads) => uploads.handle(event).await,
        }
    }
}
