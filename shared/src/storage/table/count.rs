//! Counters that many processes add to at once.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};

use super::attribute::{number, read_integer, text};
use super::{Item, Key, STAMP, Store};
use crate::crypto::random::random_text;
use crate::error::{Error, Result};

/// One step of a counter. Instants are Unix seconds.
pub struct Count {
    pub key: Key,
    /// The attribute that is counted in.
    pub attribute: String,
    pub amount: u32,
    /// The counter is full once it has reached this.
    pub most: u32,
    /// From then on the counter is not read. DynamoDB removes it later; no sweep does, since there may be one for every caller and minute.
    pub expires_at: i64,
    pub spacing: Option<Spacing>,
}

/// For a counter with a least time between two steps. It outlives a window, because it stores the time of the last step.
pub struct Spacing {
    /// The attribute of the window before, which is removed.
    pub outdated: String,
    pub now: i64,
    /// The counter rejects a step if the last one came later than this.
    pub last_before: i64,
}

/// What became of a step.
pub enum Counted {
    /// With the sum. 0 if only the response to an earlier call was lost.
    Added(i64),
    /// With the stored counter.
    Full(Item),
    /// The last step, in Unix seconds.
    TooSoon(i64),
}

impl Store {
    /// Adds to a counter in one write, so that concurrent steps are all counted. The SDK retries a call whose response was lost, so the
    /// counter may count it twice.
    pub async fn count(&self, table: &str, count: Count) -> Result<Counted> {
        const HAS_ROOM: &str = "(attribute_not_exists(#counted) OR #counted < :most)";
        let stamp = text(random_text()?);
        let call = self
            .client
            .update_item()
            .table_name(table)
            .set_key(Some(count.key.into_item()))
            .expression_attribute_names("#counted", &count.attribute)
            .expression_attribute_names("#expires_at", "expires_at")
            .expression_attribute_values(":amount", number(count.amount))
            .expression_attribute_values(":most", number(count.most))
            .expression_attribute_values(":expires_at", number(count.expires_at))
            .return_values(ReturnValue::UpdatedNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let call = match count.spacing {
            None => call.update_expression("ADD #counted :amount SET #expires_at = :expires_at").condition_expression(HAS_ROOM),
            Some(spacing) => call
                .update_expression(
                    "ADD #counted :amount SET #expires_at = :expires_at, #last = :now, #stamp = :stamp REMOVE #outdated",
                )
                .condition_expression(format!("{HAS_ROOM} AND (attribute_not_exists(#last) OR #last <= :last_before)"))
                .expression_attribute_names("#last", "last")
                .expression_attribute_names("#stamp", STAMP)
                .expression_attribute_names("#outdated", spacing.outdated)
                .expression_attribute_values(":now", number(spacing.now))
                .expression_attribute_values(":last_before", number(spacing.last_before))
                .expression_attribute_values(":stamp", stamp.clone()),
        };
        let stored: Item = match call.send().await {
            Ok(updated) => {
                let sum = updated.attributes.as_ref().map(|item| read_integer(item, &count.attribute)).transpose()?;
                return Ok(Counted::Added(sum.unwrap_or_default()));
            }
            Err(SdkError::ServiceError(error)) => match error.into_err() {
                UpdateItemError::ConditionalCheckFailedException(rejected) => rejected.item.unwrap_or_default(),
                error => return Err(Error::caused_by(error)),
            },
            Err(error) => return Err(Error::caused_by(error)),
        };
        // Our own earlier write, whose response was lost: the SDK retried it.
        if stored.get(STAMP) == Some(&stamp) {
            return Ok(Counted::Added(0));
        }
        let counted: i64 = stored.get(&count.attribute).map_or(Ok(0), |_| read_integer(&stored, &count.attribute))?;
        if counted >= i64::from(count.most) {
            Ok(Counted::Full(stored))
        } else {
            Ok(Counted::TooSoon(read_integer(&stored, "last")?))
        }
    }
}
