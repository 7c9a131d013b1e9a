//! Attributes of items.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Map, Value, json};

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

/// The attribute as JSON with its type, as on the wire of DynamoDB: `{"N":"1.50"}`. No digit is lost. Sets and binaries have no such form.
pub fn to_typed_json(value: &AttributeValue) -> Result<Value> {
    Ok(match value {
        AttributeValue::S(text) => json!({"S": text}),
        AttributeValue::N(digits) => json!({"N": digits}),
        AttributeValue::Bool(flag) => json!({"BOOL": flag}),
        AttributeValue::Null(flag) => json!({"NULL": flag}),
        AttributeValue::L(list) => json!({"L": list.iter().map(to_typed_json).collect::<Result<Vec<_>>>()?}),
        AttributeValue::M(map) => {
            let members = map.iter().map(|(name, value)| Ok((name.clone(), to_typed_json(value)?)));
            json!({"M": members.collect::<Result<Map<_, _>>>()?})
        }
        _ => return Err(Error::internal("an attribute of a type that records do not use")),
    })
}

/// The attribute that [`to_typed_json`] returned this JSON for.
pub fn from_typed_json(value: Value) -> Result<AttributeValue> {
    let invalid = || Error::internal("JSON that is no typed attribute");
    let Value::Object(typed) = value else { return Err(invalid()) };
    let (kind, value) = typed.into_iter().next().ok_or_else(invalid)?;
    Ok(match (kind.as_str(), value) {
        ("S", Value::String(text)) => AttributeValue::S(text),
        ("N", Value::String(digits)) => AttributeValue::N(digits),
        ("BOOL", Value::Bool(flag)) => AttributeValue::Bool(flag),
        ("NULL", Value::Bool(flag)) => AttributeValue::Null(flag),
        ("L", Value::Array(list)) => AttributeValue::L(list.into_iter().map(from_typed_json).collect::<Result<_>>()?),
        ("M", Value::Object(map)) => {
            let members = map.into_iter().map(|(name, value)| Ok((name, from_typed_json(value)?)));
            AttributeValue::M(members.collect::<Result<_>>()?)
        }
        _ => return Err(invalid()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_survives_its_typed_json() {
        let map = AttributeValue::M(Item::from([
            ("a".to_owned(), number("12345678901234567890.123456789")),
            ("b".to_owned(), AttributeValue::L(vec![text("张三"), AttributeValue::Null(true), AttributeValue::Bool(false)])),
        ]));
        let json = to_typed_json(&map).unwrap();
        assert_eq!(
            json,
            json!({"M": {"a": {"N": "12345678901234567890.123456789"}, "b": {"L": [{"S": "张三"}, {"NULL": true}, {"BOOL": false}]}}})
        );
        assert_eq!(from_typed_json(json).unwrap(), map);
        for invalid in [json!(1), json!({}), json!({"S": 1}), json!({"L": [1]}), json!({"SS": ["a"]})] {
            assert!(from_typed_json(invalid.clone()).is_err(), "{invalid}");
        }
    }
}
