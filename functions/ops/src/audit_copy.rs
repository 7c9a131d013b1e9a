//! `ops-audit`: copies each audit record to the audit bucket, where no one can change it before its retention ends.
//!
//! The stream of `AuditTable` invokes it with new records. An object is named by its record, so a repeated event stores the same object.
//! After an error the stream repeats the batch.

use std::collections::HashMap;

use lambda_runtime::Diagnostic;
use serde::Deserialize;
use serde_json::{Value, json};
use shared::error::{Error, Result};
use shared::runtime::environment::Environment;
use shared::storage::objects::Objects;
use shared::storage::table::Item;
use shared::storage::table::attribute::{from_typed_json, read_text};

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
            self.copy(dynamodb.image).await.map_err(|error| crate::diagnostic(&error))?;
            copied += 1;
        }
        Ok(json!({"copied": copied}))
    }

    async fn copy(&self, image: HashMap<String, Value>) -> Result<()> {
        let item: Item = image.into_iter().map(|(name, value)| Ok((name, from_typed_json(value)?))).collect::<Result<_>>()?;
        let key = format!("{}/{}.json", read_text(&item, "ix3")?, read_text(&item, "pk")?);
        let record: Value = serde_dynamo::from_item(item).map_err(Error::internal)?;
        let bytes = serde_json::to_vec(&record).map_err(Error::internal)?;
        self.bucket.put(&key, bytes, "application/json").await
    }
}
