//! The part of DynamoDB that the families use.
//!
//! A failed condition is an outcome, not an error: [`Outcome::Rejected`] carries what is stored instead. This module retries conflicts
//! between transactions, and throttling. Any other failure is [`Error::internal`]; it leaves nothing half-written, because every change
//! of several items is one transaction.
//!
//! A record of a form that this version does not know is such a failure, wherever it is read: see `form.rs`.

pub mod attribute;
mod condition;
mod count;
mod due;
mod form;
mod query;
mod retry;
mod scan;
mod write;

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use futures::{StreamExt as _, TryStreamExt as _, stream};

pub use condition::Condition;
pub use count::{Count, Counted, Spacing};
pub use due::{due_by, expire, is_due, is_marked, mark, unmark};
pub use query::{CHANGED, Order, Query, Range, TABLE};
pub(crate) use retry::{Conflicts, retry_conflicts};
pub use write::{Outcome, Rejection, STAMP, VERSION, Write};

use crate::error::{Error, Result};

pub type Item = HashMap<String, AttributeValue>;

/// Attempts to read a batch while DynamoDB leaves keys unprocessed.
const BATCH_ATTEMPTS: u32 = 8;
/// The most keys of one batch.
const BATCH_KEYS: usize = 100;
/// How many batches are read concurrently.
const BATCHES_AT_ONCE: usize = 8;

/// The whole primary key of an item.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    pub pk: String,
    pub sk: String,
}

impl Key {
    pub fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { pk: pk.into(), sk: sk.into() }
    }

    /// The key's two attributes.
    pub fn into_item(self) -> Item {
        Item::from([("pk".into(), AttributeValue::S(self.pk)), ("sk".into(), AttributeValue::S(self.sk))])
    }

    pub(crate) fn of(item: &Item) -> Option<Self> {
        match (item.get("pk"), item.get("sk")) {
            (Some(AttributeValue::S(pk)), Some(AttributeValue::S(sk))) => Some(Self::new(pk, sk)),
            _ => None,
        }
    }
}

#[derive(Clone)]
pub struct Store {
    client: Client,
    /// The table of audit records, for functions that write any.
    audit: Option<String>,
}

impl Store {
    pub fn new(client: Client, audit: Option<String>) -> Self {
        Self { client, audit }
    }

    /// The table of audit records.
    pub(super) fn audit(&self) -> Result<&str> {
        self.audit.as_deref().ok_or_else(|| Error::internal("AUDIT_TABLE is not set"))
    }

    /// One strongly consistent read.
    pub async fn get(&self, table: &str, key: Key) -> Result<Option<Item>> {
        let call = self.client.get_item().table_name(table).set_key(Some(key.into_item())).consistent_read(true);
        let item = call.send().await.map_err(Error::caused_by)?.item;
        form::check(table, &item)?;
        Ok(item)
    }

    /// The items of these keys, strongly consistent, in the order of the keys. Missing items are left out.
    pub async fn get_all(&self, table: &str, keys: Vec<Key>) -> Result<Vec<Item>> {
        let mut found = self.get_map(table, keys.clone()).await?;
        Ok(keys.iter().filter_map(|key| found.remove(key)).collect())
    }

    /// The items of these keys by their keys, strongly consistent; a key may be named more than once.
    pub async fn get_map(&self, table: &str, mut keys: Vec<Key>) -> Result<HashMap<Key, Item>> {
        keys.sort_unstable();
        keys.dedup();
        let batches: Vec<_> = keys.chunks(BATCH_KEYS).map(|batch| self.get_batch(table, batch)).collect();
        let read: Vec<Vec<Item>> = stream::iter(batches).buffered(BATCHES_AT_ONCE).try_collect().await?;
        Ok(read.into_iter().flatten().filter_map(|item| Some((Key::of(&item)?, item))).collect())
    }

    /// One batch, in any order. Keys that DynamoDB leaves unprocessed are requested again.
    async fn get_batch(&self, table: &str, keys: &[Key]) -> Result<Vec<Item>> {
        let mut wanted: Vec<Item> = keys.iter().cloned().map(Key::into_item).collect();
        let mut found = Vec::with_capacity(keys.len());
        for attempt in 0..BATCH_ATTEMPTS {
            let request =
                KeysAndAttributes::builder().set_keys(Some(wanted)).consistent_read(true).build().map_err(Error::caused_by)?;
            let response = self.client.batch_get_item().request_items(table, request).send().await.map_err(Error::caused_by)?;
            found.extend(response.responses.and_then(|mut tables| tables.remove(table)).unwrap_or_default());
            wanted = match response.unprocessed_keys.and_then(|mut tables| tables.remove(table)) {
                Some(left) if !left.keys.is_empty() => left.keys,
                _ => {
                    form::check(table, &found)?;
                    return Ok(found);
                }
            };
            retry::pause(attempt).await?;
        }
        Err(Error::internal("DynamoDB left keys unprocessed"))
    }
}
