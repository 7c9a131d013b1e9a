//! Numbers that many add to at once.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use jiff::Timestamp;

use super::attribute::number;
use super::{Item, Key, SdkError, Store};
use crate::error::{Error, Result};

impl Store {
    /// Adds to the number of an item, unless it has reached `most`; whether it had not. In one write, so that of many at once each is
    /// counted. One whose answer was lost is sent again by the SDK and counted twice: what is counted so must bear that.
    ///
    /// The item counts no more from `until` on, and DynamoDB removes it some day. No sweep does: there may be one for every caller and
    /// minute, and nobody is told of them.
    pub async fn count(&self, table: &str, key: Key, amount: u32, most: u32, until: Timestamp) -> Result<bool> {
        let names = ["counted", "expires_at"].map(|attribute| (format!("#{attribute}"), attribute.to_owned()));
        let values = [(":amount", number(amount)), (":most", number(most)), (":expires_at", number(until.as_second()))];
        let values: Item = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let call = self
            .client
            .update_item()
            .table_name(table)
            .set_key(Some(key.into_item()))
            .update_expression("ADD #counted :amount SET #expires_at = :expires_at")
            .condition_expression("attribute_not_exists(#counted) OR #counted < :most")
            .set_expression_attribute_names(Some(HashMap::from(names)))
            .set_expression_attribute_values(Some(values));
        match call.send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) => match error.into_err() {
                UpdateItemError::ConditionalCheckFailedException(_) => Ok(false),
                error => Err(Error::caused_by(error)),
            },
            Err(error) => Err(Error::caused_by(error)),
        }
    }
}
