//! Scheduled work: an item that is marked for a time is in a sparse index by that time, from which a sweep takes the overdue ones.
//!
//! ```text
//! due               due_at
//! {what}#{shard}    {Unix seconds}
//! ```

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use futures::{Stream, StreamExt as _, stream};
use jiff::Timestamp;

use super::attribute::{number, read_integer, text};
use super::retry::retry_conflicts;
use super::{Condition, Item, Key, Store};
use crate::error::{Error, Result};

/// The index, and its partition key.
const INDEX: &str = "due";
const AT: &str = "due_at";
/// The mark of items that expire.
const EXPIRED: &str = "expired";
/// How many partitions each mark is spread over: a partition takes about a thousand writes a second.
const SHARDS: u8 = 4;

/// Marks the item for a sweep at this time. `what` names the sweep. The item must hold its key, which spreads the marks over the partitions.
pub fn mark(item: &mut Item, what: &str, at: Timestamp) {
    let shard = Key::of(item).map_or(0, |key| key.pk.bytes().fold(0_u8, u8::wrapping_add) % SHARDS);
    item.insert(INDEX.into(), text(format!("{what}#{shard}")));
    item.insert(AT.into(), number(at.as_second()));
}

/// Whether the item is marked for a sweep.
pub fn is_marked(item: &Item) -> bool {
    item.contains_key(INDEX)
}

/// Takes the item out of every sweep.
pub fn unmark(item: &mut Item) {
    item.remove(INDEX);
    item.remove(AT);
}

/// The item is marked for this time or an earlier one.
pub fn due_by(now: Timestamp) -> Condition {
    Condition::compares(AT, "<=", number(now.as_second()))
}

/// Whether the item is marked for this sweep, for this time or an earlier one.
pub fn is_due(item: &Item, what: &str, now: Timestamp) -> bool {
    let mark = item.get(INDEX).and_then(|mark| mark.as_s().ok()).and_then(|mark| mark.rsplit_once('#'));
    mark.is_some_and(|(marked, _)| marked == what) && read_integer::<i64>(item, AT).is_ok_and(|at| at <= now.as_second())
}

/// The item expires at this time. Readers must check `expires_at` themselves: DynamoDB's TTL may lag for days, the sweep for an hour.
pub fn expire(item: &mut Item, at: Timestamp) {
    item.insert("expires_at".into(), number(at.as_second()));
    mark(item, EXPIRED, at);
}

impl Store {
    /// The keys of overdue items; in each partition of the index the oldest comes first.
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

    /// The keys of expired items.
    pub fn expired(&self, table: &str, now: Timestamp) -> impl Stream<Item = Result<Key>> + use<> {
        self.due(table, EXPIRED, now)
    }

    /// Removes an item if it is still overdue; returns whether it was.
    pub async fn remove_due(&self, table: &str, key: Key, now: Timestamp) -> Result<bool> {
        let condition = due_by(now);
        let call = self
            .client
            .delete_item()
            .table_name(table)
            .set_key(Some(key.into_item()))
            .condition_expression(condition.expression)
            .set_expression_attribute_names(condition.names)
            .set_expression_attribute_values(condition.values);
        retry_conflicts(async || match call.clone().send().await {
            Ok(_) => Ok(Some(true)),
            Err(SdkError::ServiceError(error)) => match error.into_err() {
                DeleteItemError::ConditionalCheckFailedException(_) => Ok(Some(false)),
                DeleteItemError::TransactionConflictException(_) => Ok(None),
                error => Err(Error::caused_by(error)),
            },
            Err(error) => Err(Error::caused_by(error)),
        })
        .await
    }
}
