//! Attributes of items.

use aws_sdk_dynamodb::types::AttributeValue;

use super::Item;
use crate::error::{Error, Result};

pub fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// The text of an attribute. It is an internal error if the item lacks it.
pub fn read_text(item: &Item, attribute: &str) -> Result<String> {
    match item.get(attribute) {
        Some(AttributeValue::S(text)) => Ok(text.clone()),
        _ => Err(Error::internal(format!("a stored record lacks {attribute}"))),
    }
}

/// The number of an attribute. It is an internal error if the item lacks it.
pub fn read_integer<N: std::str::FromStr>(item: &Item, attribute: &str) -> Result<N> {
    match item.get(attribute) {
        Some(AttributeValue::N(digits)) => digits.parse().ok(),
        _ => None,
    }
    .ok_or_else(|| Error::internal(format!("a stored record lacks {attribute}")))
}
