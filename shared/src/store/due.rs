//! What is due at a time. An item that is marked so stands in a sparse index by that time, from which a sweep takes what has come.
//!
//! ```text
//! due               due_at
//! {what}#{shard}    {Unix seconds}
//! ```

use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use futures::{Stream, StreamExt as _, stream};
use jiff::Timestamp;

use super::attribute::{number, text};
use super::{Condition, Item, Key, SdkError, Store, TRIES, pause};
use crate::error::{Error, Result};

/// The index, and the attribute that it is divided by.
const INDEX: &str = "due";
const AT: &str = "due_at";
/// What the marks of expired items begin with.
const EXPIRED: &str = "expired";
/// How many partitions each kind is spread over: one takes about a thousand writes a second.
const SHARDS: u8 = 4;

/// Something of this kind is to be done with the item at this time.
pub fn mark(item: &mut Item, what: &str, at: Timestamp) {
    let shard = Key::of(item).map_or(0, |key| key.pk.bytes().fold(0_u8, u8::wrapping_add) % SHARDS);
    item.insert(INDEX.into(), text(format!("{what}#{shard}")));
    item.insert(AT.into(), number(at.as_second()));
}

/// The item counts no more from this time on. DynamoDB removes it some day, and the sweep within the hour.
pub fn expire(item: &mut Item, at: Timestamp) {
    item.insert("expires_at".into(), number(at.as_second()));
    mark(item, EXPIRED, at);
}

impl Store {
    /// The keys of what is due, the longest due first in each partition of the index.
    pub fn due(&self, table: &str, what: &str, now: Timestamp) -> impl Stream<Item = Result<Key>> + use<> {
        let shards = (0..SHARDS).map(|shard| {
            let key = Condition::equals(INDEX, text(format!("{what}#{shard}")));
            let key = key.and(Condition::compares(AT, "<=", number(now.as_second())));
            self.index_pages(table, INDEX, key, "pk, sk").boxed()
        });
        let pages: Vec<_> = shards.collect();
        stream::iter(pages).flatten().flat_map(|page| {
            let keys = match page {
                Ok(items) => items.iter().filter_map(Key::of).map(Ok).collect(),
                Err(error) => vec![Err(error)],
            };
            stream::iter(keys)
        })
    }

    /// The keys of what has expired.
    pub fn expired(&self, table: &str, now: Timestamp) -> impl Stream<Item = Result<Key>> + use<> {
        self.due(table, EXPIRED, now)
    }

    /// Removes an item that is still due; whether it was.
    pub async fn remove_due(&self, table: &str, key: Key, now: Timestamp) -> Result<bool> {
        let condition = Condition::compares(AT, "<=", number(now.as_second()));
        let call = self
            .client
            .delete_item()
            .table_name(table)
            .set_key(Some(key.into_item()))
            .condition_expression(condition.expression)
            .set_expression_attribute_names(condition.names)
            .set_expression_attribute_values(condition.values);
        for attempt in 0..TRIES {
            match call.clone().send().await {
                Ok(_) => return Ok(true),
                Err(SdkError::ServiceError(error)) => match error.into_err() {
                    DeleteItemError::ConditionalCheckFailedException(_) => return Ok(false),
                    DeleteItemError::TransactionConflictException(_) => pause(attempt).await?,
                    error => return Err(Error::caused_by(error)),
                },
                Err(error) => return Err(Error::caused_by(error)),
            }
        }
        Err(Error::internal("a removal met transactions again and again"))
    }
}
