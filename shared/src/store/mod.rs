//! DynamoDB, as much of it as the families use.
//!
//! A write that meets a condition it does not satisfy is an outcome, not an error: [`Outcome::Refused`] carries what is stored
//! instead. Conflicts between transactions and throttling are tried again here; what remains is our fault
//! ([`Error::internal`]) and has left nothing half-written, because every change of several items is one transaction.

pub mod attribute;
mod condition;
mod count;
mod due;
mod query;

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ConditionCheck, Delete, KeysAndAttributes, Put, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem, Update,
};

use futures::{StreamExt as _, TryStreamExt as _, stream};

pub use condition::Condition;
pub use due::{expire, mark};
pub use query::{Order, Query, Range};

use crate::error::{Error, Result};

pub type Item = HashMap<String, AttributeValue>;

/// How often a write is sent in all that meets transactions, and how often a change is made in all that others overtake: for some five
/// seconds, in which a crowd on one item gets through one by one. A change is made anew after a pause, on what is then stored:
/// what stood there before is old, if somebody else is busy with the item.
pub(crate) const TRIES: u32 = 50;
/// Counts the changes of an item.
pub const VERSION: &str = "version";
/// Tells one write from an equal one of somebody else: a random token.
pub const STAMP: &str = "write";
/// How often a batch is sent in all while it leaves keys unread.
const BATCH_TRIES: u32 = 8;
/// The most keys that one batch may read.
const BATCH_KEYS: usize = 100;
/// How many batches are read side by side.
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

/// One part of a transaction.
pub enum Write {
    /// Stores the item (its key included) where the condition holds.
    Put { table: String, item: Item, condition: Condition },
    /// Stores the item (its key included), whatever stood there.
    Set { table: String, item: Item },
    /// Removes the item where the condition holds, if there is one.
    Delete { table: String, key: Key, condition: Option<Condition> },
    /// Adds to numbers of an item where the condition holds; what is not there yet counts as zero.
    Add { table: String, key: Key, amounts: Vec<(&'static str, i64)>, condition: Option<Condition> },
    /// Asks for the condition without changing anything.
    Check { table: String, key: Key, condition: Condition },
}

/// What became of a conditional write.
pub enum Outcome {
    Written,
    /// Nothing was written. For each write, in order: whether its condition failed, and what is stored there.
    Refused(Vec<Refusal>),
}

pub struct Refusal {
    pub failed: bool,
    pub stored: Option<Item>,
}

impl Refusal {
    /// Whether just this is stored: then it was our own write, whose answer was lost on the way, and which was sent again.
    pub fn holds(&self, item: &Item) -> bool {
        self.stored.as_ref() == Some(item)
    }
}

#[derive(Clone)]
pub struct Store {
    client: Client,
}

impl Store {
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// One strongly consistent read.
    pub async fn get(&self, table: &str, key: Key) -> Result<Option<Item>> {
        let call = self.client.get_item().table_name(table).set_key(Some(key.into_item())).consistent_read(true);
        Ok(call.send().await.map_err(Error::caused_by)?.item)
    }

    /// The items of these keys, strongly consistent, in the order of the keys; those that are not there are left out.
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

    /// One batch, in any order; what DynamoDB leaves unread is asked for again.
    async fn get_batch(&self, table: &str, keys: &[Key]) -> Result<Vec<Item>> {
        let mut wanted: Vec<Item> = keys.iter().cloned().map(Key::into_item).collect();
        let mut found = Vec::with_capacity(keys.len());
        for attempt in 0..BATCH_TRIES {
            let request =
                KeysAndAttributes::builder().set_keys(Some(wanted)).consistent_read(true).build().map_err(Error::caused_by)?;
            let answer = self.client.batch_get_item().request_items(table, request).send().await.map_err(Error::caused_by)?;
            found.extend(answer.responses.and_then(|mut tables| tables.remove(table)).unwrap_or_default());
            wanted = match answer.unprocessed_keys.and_then(|mut tables| tables.remove(table)) {
                Some(left) if !left.keys.is_empty() => left.keys,
                _ => return Ok(found),
            };
            pause(attempt).await?;
        }
        Err(Error::internal("DynamoDB left keys unread"))
    }

    /// Stores one item where the condition holds.
    pub async fn put(&self, table: &str, item: Item, condition: Condition) -> Result<Outcome> {
        let call = self
            .client
            .put_item()
            .table_name(table)
            .set_item(Some(item))
            .condition_expression(condition.expression)
            .set_expression_attribute_names(condition.names)
            .set_expression_attribute_values(condition.values)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        for attempt in 0..TRIES {
            match call.clone().send().await {
                Ok(_) => return Ok(Outcome::Written),
                Err(SdkError::ServiceError(error)) => match error.into_err() {
                    PutItemError::ConditionalCheckFailedException(refused) => {
                        return Ok(Outcome::Refused(vec![Refusal { failed: true, stored: refused.item }]));
                    }
                    PutItemError::TransactionConflictException(_) => pause(attempt).await?,
                    error => return Err(Error::caused_by(error)),
                },
                Err(error) => return Err(Error::caused_by(error)),
            }
        }
        Err(Error::internal("a write met transactions again and again"))
    }

    /// Does all the writes, or none of them.
    pub async fn transact(&self, writes: Vec<Write>) -> Result<Outcome> {
        let items = writes.into_iter().map(Write::into_sdk).collect::<Result<Vec<_>>>()?;
        for attempt in 0..TRIES {
            let call = self.client.transact_write_items().set_transact_items(Some(items.clone()));
            let reasons = match call.send().await {
                Ok(_) => return Ok(Outcome::Written),
                Err(SdkError::ServiceError(error)) => match error.into_err() {
                    TransactWriteItemsError::TransactionCanceledException(cancelled) => {
                        cancelled.cancellation_reasons.unwrap_or_default()
                    }
                    error => return Err(Error::caused_by(error)),
                },
                Err(error) => return Err(Error::caused_by(error)),
            };
            if reasons.iter().any(|reason| reason.code() == Some("ConditionalCheckFailed")) {
                return Ok(Outcome::Refused(reasons.into_iter().map(Refusal::from).collect()));
            }
            if !reasons.iter().all(|reason| may_pass(reason.code())) {
                let codes: Vec<_> = reasons.iter().map(|reason| reason.code().unwrap_or("?")).collect();
                return Err(Error::internal(format!("transaction cancelled: {}", codes.join(", "))));
            }
            pause(attempt).await?;
        }
        Err(Error::internal("transaction cancelled again and again"))
    }
}

impl Store {
    /// Changes an item to what `change` makes of it, and gives that; `None` where there is none. Nobody else's change is lost:
    /// one that was overtaken is made anew on what it meets.
    ///
    /// DynamoDB: one read, one write.
    pub async fn change(&self, table: &str, key: Key, change: impl Fn(&Item) -> Result<Item>) -> Result<Option<Item>> {
        let stamp = attribute::text(crate::secrets::random_token()?);
        for attempt in 0..TRIES {
            let Some(current) = self.get(table, key.clone()).await? else { return Ok(None) };
            let version: u64 = attribute::read_integer(&current, VERSION)?;
            let mut next = change(&current)?;
            next.insert(VERSION.into(), attribute::number(version + 1));
            next.insert(STAMP.into(), stamp.clone());
            match self.put(table, next.clone(), Condition::equals(VERSION, attribute::number(version))).await? {
                Outcome::Written => return Ok(Some(next)),
                // Our own write, whose answer was lost on the way: it was sent again.
                Outcome::Refused(refusals) if refusals.iter().any(|refusal| refusal.holds(&next)) => {
                    return Ok(Some(next));
                }
                Outcome::Refused(_) => pause(attempt).await?,
            }
        }
        Err(Error::internal("an item changed faster than it could be changed"))
    }
}

impl Write {
    /// What it is about.
    pub fn key(&self) -> Option<Key> {
        match self {
            Self::Put { item, .. } | Self::Set { item, .. } => Key::of(item),
            Self::Delete { key, .. } | Self::Add { key, .. } | Self::Check { key, .. } => Some(key.clone()),
        }
    }

    fn into_sdk(self) -> Result<TransactWriteItem> {
        let all_old = ReturnValuesOnConditionCheckFailure::AllOld;
        let builder = TransactWriteItem::builder();
        Ok(match self {
            Self::Put { table, item, condition } => {
                let put = Put::builder()
                    .table_name(table)
                    .set_item(Some(item))
                    .condition_expression(condition.expression)
                    .set_expression_attribute_names(condition.names)
                    .set_expression_attribute_values(condition.values)
                    .return_values_on_condition_check_failure(all_old);
                builder.put(put.build().map_err(Error::caused_by)?).build()
            }
            Self::Set { table, item } => {
                builder.put(Put::builder().table_name(table).set_item(Some(item)).build().map_err(Error::caused_by)?).build()
            }
            Self::Delete { table, key, condition } => {
                let mut delete = Delete::builder()
                    .table_name(table)
                    .set_key(Some(key.into_item()))
                    .return_values_on_condition_check_failure(all_old);
                if let Some(condition) = condition {
                    delete = delete
                        .condition_expression(condition.expression)
                        .set_expression_attribute_names(condition.names)
                        .set_expression_attribute_values(condition.values);
                }
                builder.delete(delete.build().map_err(Error::caused_by)?).build()
            }
            Self::Add { table, key, amounts, condition } => {
                let (mut names, mut values) = (HashMap::new(), HashMap::new());
                for (attribute, amount) in &amounts {
                    names.insert(format!("#{attribute}"), (*attribute).to_owned());
                    values.insert(format!(":add_{attribute}"), attribute::number(amount));
                }
                let sums: Vec<String> = amounts.iter().map(|(attribute, _)| format!("#{attribute} :add_{attribute}")).collect();
                let (mut names, mut values) = (Some(names), Some(values));
                let condition = condition.map(|condition| {
                    condition::merge(&mut names, condition.names);
                    condition::merge(&mut values, condition.values);
                    condition.expression
                });
                let update = Update::builder()
                    .table_name(table)
                    .set_key(Some(key.into_item()))
                    .update_expression(format!("ADD {}", sums.join(", ")))
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(all_old);
                builder.update(update.build().map_err(Error::caused_by)?).build()
            }
            Self::Check { table, key, condition } => {
                let check = ConditionCheck::builder()
                    .table_name(table)
                    .set_key(Some(key.into_item()))
                    .condition_expression(condition.expression)
                    .set_expression_attribute_names(condition.names)
                    .set_expression_attribute_values(condition.values)
                    .return_values_on_condition_check_failure(all_old);
                builder.condition_check(check.build().map_err(Error::caused_by)?).build()
            }
        })
    }
}

impl From<CancellationReason> for Refusal {
    fn from(reason: CancellationReason) -> Self {
        Self { failed: reason.code() == Some("ConditionalCheckFailed"), stored: reason.item }
    }
}

/// Whether a transaction cancelled for this reason may succeed when it is sent again.
fn may_pass(code: Option<&str>) -> bool {
    matches!(
        code,
        None | Some(
            "None" | "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded" | "RequestLimitExceeded"
        )
    )
}

/// Waits a random time that grows with the attempts, so that those who met do not meet again.
pub(crate) async fn pause(attempt: u32) -> Result<()> {
    let [jitter] = crate::ids::random()?;
    let longest_ms = (4_u64 << attempt.min(6)).min(200);
    tokio::time::sleep(Duration::from_micros(longest_ms * 1000 * u64::from(jitter) / 255)).await;
    Ok(())
}
