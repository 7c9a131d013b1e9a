//! `ops-audit`: copies each audit record to `AuditBucket`. The parameter `AuditLock` says how the bucket locks the copies.
//!
//! The stream of `AuditTable` invokes it with new records. An object is named by its record, so a repeated event stores the same object.
//! After an error the stream repeats the batch.

use std::collections::HashMap;

use lambda_runtime::Diagnostic;
use serde::Deserialize;
use serde_json::{Value, json};
use shared::error::Result;
use shared::runtime::environment::Environment;
use shared::storage::audit::copy::of_image;
use shared::storage::objects::Objects;

pub struct Copies {
    bucket: Objects,
}

/// The part of the events that this function reads (Amazon DynamoDB Developer Guide, DynamoDB Streams and Lambda).
#[derive(Deserialize)]
struct Event {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    dynamodb: Inserted,
}

#[derive(Deserialize)]
struct Inserted {
    #[serde(rename = "NewImage")]
    image: HashMap<String, Value>,
}

impl Copies {
    /// Reads the variable `AUDIT_BUCKET`.
    pub fn connect(environment: &Environment) -> Result<Self> {
        Ok(Self { bucket: environment.objects(environment.required("AUDIT_BUCKET")?) })
    }

    pub async fn handle(&self, event: &[u8]) -> Result<Value, Diagnostic> {
        let Event { records } = serde_json::from_slice(event)
            .map_err(|error| Diagnostic { error_type: "Invalid".into(), error_message: error.to_string() })?;
        let mut copied = 0;
        for Record { dynamodb } in records {
            self.store(dynamodb.image).await.map_err(|error| crate::diagnostic(&error))?;
            copied += 1;
        }
        Ok(json!({"copied": copied}))
    }

    async fn store(&self, image: HashMap<String, Value>) -> Result<()> {
        let (name, copy) = of_image(image)?;
        self.bucket.put(&name, copy, "application/json").await
    }
}
