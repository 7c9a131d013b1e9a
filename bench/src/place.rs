//! A local system with direct access to its database, and with a proxy that counts its DynamoDB calls.

use std::collections::HashMap;

use dynoxide::{Database, ImportOptions};
use local::template::Template;
use local::{Options, World, dynamodb};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::Failure;
use crate::wire::Wire;

/// How many items one import stores.
const BATCH: usize = 10_000;

pub struct Place {
    pub world: World,
    pub wire: Wire,
    pub variables: HashMap<String, String>,
    pub http: reqwest::Client,
    database: Database,
}

impl Place {
    pub async fn open() -> Result<Self, Failure> {
        let database = dynamodb::open(None, Template::read()?)?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (wire, dynamodb_url) = Wire::before(&format!("http://{}", listener.local_addr()?)).await?;
        tokio::spawn(dynamodb::serve(listener, database.clone()));
        let mut variables = local::without_limits();
        variables.insert("AWS_ENDPOINT_URL_DYNAMODB".into(), dynamodb_url);
        let world = World::start(Options { demo: true, variables, ..Options::default() }).await?;
        let mut variables = world.variables.clone();
        variables.insert("RUST_LOG".into(), "error".into());
        Ok(Self { world, wire, variables, http: local::http::client(), database })
    }

    /// Every item of a small table.
    pub async fn items(&self, table: &str) -> Result<Vec<Value>, Failure> {
        let mut scanned = self.wire.send("Scan", &json!({"TableName": table})).await?;
        match scanned["Items"].take() {
            Value::Array(items) => Ok(items),
            _ => Err("no items".into()),
        }
    }

    /// Stores items in the database directly. `next` returns at most the given number of items; an empty result ends the import.
    pub fn import(&self, table: &str, mut next: impl FnMut(usize) -> Result<Vec<Value>, Failure>) -> Result<(), Failure> {
        loop {
            let batch = next(BATCH)?;
            if batch.is_empty() {
                return Ok(());
            }
            let items = serde_json::from_value(batch.into())?;
            self.database.import_items(table, items, ImportOptions::default()).map_err(|error| error.to_string())?;
        }
    }
}
