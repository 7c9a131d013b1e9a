//! Conditional writes: single items, transactions, and changes under optimistic locking.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
    Update,
};
use jiff::Timestamp;

use super::attribute::{number, read_integer, text};
use super::condition::merge;
use super::retry::retry_conflicts;
use super::{Condition, Item, Key, Store, form};
use crate::crypto::random::random_text;
use crate::error::{Error, Result};

/// The attribute that counts the changes of an item.
pub const VERSION: &str = "version";
/// The attribute that distinguishes a write from an equal one of another process: a random token.
pub const STAMP: &str = "write";

/// One part of a transaction.
#[derive(Clone)]
pub enum Write {
    /// Stores the item (its key included) if the condition holds.
    Put { table: String, item: Item, condition: Condition },
    /// Stores the item (its key included), whatever is stored there.
    Set { table: String, item: Item },
    /// Removes the item if the condition holds.
    Delete { table: String, key: Key, condition: Option<Condition> },
    /// Adds to numbers of an item if the condition holds; a missing number counts as zero. The item expires at the time, if there is one.
    Add {
        table: String,
        key: Key,
        amounts: Vec<(&'static str, i64)>,
        condition: Option<Condition>,
        expires_at: Option<Timestamp>,
    },
    /// Demands the condition and changes nothing.
    Check { table: String, key: Key, condition: Condition },
}

/// The result of a conditional write.
#[must_use = "a rejected write has stored nothing; drop the outcome of a write that has no condition"]
pub enum Outcome {
    Written,
    /// Nothing was written. One entry for each write, in order.
    Rejected(Vec<Rejection>),
}

/// Whether the condition of one write failed, and what is stored at its key.
pub struct Rejection {
    pub failed: bool,
    pub stored: Option<Item>,
}

impl Outcome {
    /// Counts a conflict with our own earlier write as written. The SDK retries a write whose response was lost; then `item` is stored
    /// already, and the retry is rejected.
    pub fn unless_stored(self, item: &Item) -> Self {
        match self {
            Self::Rejected(rejections) if rejections.iter().any(|rejection| rejection.stored.as_ref() == Some(item)) => {
                Self::Written
            }
            outcome => outcome,
        }
    }
}

impl Store {
    /// Stores one item if the condition holds.
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
        retry_conflicts(async || match call.clone().send().await {
            Ok(_) => Ok(Some(Outcome::Written)),
            Err(SdkError::ServiceError(error)) => match error.into_err() {
                PutItemError::ConditionalCheckFailedException(rejected) => {
                    form::check(table, &rejected.item)?;
                    Ok(Some(Outcome::Rejected(vec![Rejection { failed: true, stored: rejected.item }])))
                }
                PutItemError::TransactionConflictException(_) => Ok(None),
                error => Err(Error::caused_by(error)),
            },
            Err(error) => Err(Error::caused_by(error)),
        })
        .await
    }

    /// Executes all the writes, or none of them.
    pub async fn transact(&self, writes: Vec<Write>) -> Result<Outcome> {
        let tables: Vec<String> = writes.iter().map(|write| write.table().to_owned()).collect();
        let items = writes.into_iter().map(Write::into_sdk).collect::<Result<Vec<_>>>()?;
        // Each call makes a new idempotency token: the one of a cancelled transaction cannot be used again.
        retry_conflicts(|| async {
            let call = self.client.transact_write_items().set_transact_items(Some(items.clone()));
            let reasons = match call.send().await {
                Ok(_) => return Ok(Some(Outcome::Written)),
                Err(SdkError::ServiceError(error)) => match error.into_err() {
                    TransactWriteItemsError::TransactionCanceledException(cancelled) => {
                        cancelled.cancellation_reasons.unwrap_or_default()
                    }
                    error => return Err(Error::caused_by(error)),
                },
                Err(error) => return Err(Error::caused_by(error)),
            };
            if reasons.iter().any(|reason| reason.code() == Some("ConditionalCheckFailed")) {
                for (table, reason) in tables.iter().zip(&reasons) {
                    form::check(table, &reason.item)?;
                }
                return Ok(Some(Outcome::Rejected(reasons.into_iter().map(Rejection::from).collect())));
            }
            if reasons.iter().all(|reason| is_transient(reason.code())) {
                return Ok(None);
            }
            let codes: Vec<_> = reasons.iter().map(|reason| reason.code().unwrap_or("?")).collect();
            Err(Error::internal(format!("transaction cancelled: {}", codes.join(", "))))
        })
        .await
    }

    /// Replaces an item by what `change` makes of it and returns the new one; `None` if the item does not exist. On a concurrent update
    /// the change is re-applied to the new version.
    ///
    /// DynamoDB: one read, one write.
    pub async fn change(&self, table: &str, key: Key, change: impl Fn(&Item) -> Result<Item>) -> Result<Option<Item>> {
        self.change_with(table, key, |current| Ok((change(current)?, Vec::new()))).await
    }

    /// The same, with what else is written: all of it is one transaction, if there is anything.
    ///
    /// DynamoDB: one read, one write or transaction.
    pub async fn change_with(
        &self,
        table: &str,
        key: Key,
        change: impl Fn(&Item) -> Result<(Item, Vec<Write>)>,
    ) -> Result<Option<Item>> {
        let stamp = text(random_text()?);
        retry_conflicts(|| async {
            let Some(current) = self.get(table, key.clone()).await? else { return Ok(Some(None)) };
            let (mut next, more) = change(&current)?;
            let unchanged = Self::follow(&current, &mut next, &stamp)?;
            let outcome = match more.is_empty() {
                true => self.put(table, next.clone(), unchanged).await?,
                false => {
                    let put = Write::Put { table: table.to_owned(), item: next.clone(), condition: unchanged };
                    self.transact([put].into_iter().chain(more).collect()).await?
                }
            };
            match outcome.unless_stored(&next) {
                Outcome::Written => Ok(Some(Some(next))),
                Outcome::Rejected(_) => Ok(None),
            }
        })
        .await
    }

    /// Makes `next` the version after `current`, with the stamp of its writer. Returns the condition that `current` is still stored.
    pub(in crate::storage) fn follow(current: &Item, next: &mut Item, stamp: &AttributeValue) -> Result<Condition> {
        let (version, unchanged) = if current.contains_key(VERSION) {
            let version: u64 = read_integer(current, VERSION)?;
            (version, Condition::equals(VERSION, number(version)))
        } else {
            // The item was stored before items of its kind could change.
            (0, Condition::present().and(Condition::absent_or(VERSION, "=", number(0))))
        };
        next.insert(VERSION.into(), number(version + 1));
        next.insert(STAMP.into(), stamp.clone());
        Ok(unchanged)
    }
}

impl Write {
    /// The key that it reads or writes.
    pub fn key(&self) -> Option<Key> {
        match self {
            Self::Put { item, .. } | Self::Set { item, .. } => Key::of(item),
            Self::Delete { key, .. } | Self::Add { key, .. } | Self::Check { key, .. } => Some(key.clone()),
        }
    }

    fn table(&self) -> &str {
        match self {
            Self::Put { table, .. }
            | Self::Set { table, .. }
            | Self::Delete { table, .. }
            | Self::Add { table, .. }
            | Self::Check { table, .. } => table,
        }
    }

    /// The item that it stores.
    pub fn item(&self) -> Option<&Item> {
        match self {
            Self::Put { item, .. } | Self::Set { item, .. } => Some(item),
            Self::Delete { .. } | Self::Add { .. } | Self::Check { .. } => None,
        }
    }

    /// The bytes that it stores, without those of numbers, flags and nested values.
    pub fn size(&self) -> usize {
        self.item().into_iter().flatten().map(|(name, value)| name.len() + value.as_s().map_or(0, String::len)).sum()
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
            Self::Add { table, key, amounts, condition, expires_at } => {
                let (mut names, mut values) = (HashMap::new(), HashMap::new());
                for (attribute, amount) in &amounts {
                    names.insert(format!("#{attribute}"), (*attribute).to_owned());
                    values.insert(format!(":add_{attribute}"), number(amount));
                }
                let sums: Vec<String> = amounts.iter().map(|(attribute, _)| format!("#{attribute} :add_{attribute}")).collect();
                let mut update = format!("ADD {}", sums.join(", "));
                if let Some(expires_at) = expires_at {
                    names.insert("#expires_at".into(), "expires_at".into());
                    values.insert(":expires_at".into(), number(expires_at.as_second()));
                    update.push_str(" SET #expires_at = :expires_at");
                }
                let (mut names, mut values) = (Some(names), Some(values));
                let condition = condition.map(|condition| {
                    merge(&mut names, condition.names);
                    merge(&mut values, condition.values);
                    condition.expression
                });
                let update = Update::builder()
                    .table_name(table)
                    .set_key(Some(key.into_item()))
                    .update_expression(update)
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

impl From<CancellationReason> for Rejection {
    fn from(reason: CancellationReason) -> Self {
        Self { failed: reason.code() == Some("ConditionalCheckFailed"), stored: reason.item }
    }
}

/// Whether a retry of a transaction that was cancelled for this reason may succeed.
fn is_transient(code: Option<&str>) -> bool {
    matches!(
        code,
        None | Some(
            "None" | "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded" | "RequestLimitExceeded"
        )
    )
}
