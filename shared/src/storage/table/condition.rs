//! Conditions and filters of DynamoDB.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

/// A DynamoDB expression with its names and values. Attribute names are always placeholders, because many are reserved words. Alternatives
/// are in parentheses, so that [`Condition::and`] keeps them together.
#[derive(Clone, Debug)]
pub struct Condition {
    pub(super) expression: String,
    pub(super) names: Option<HashMap<String, String>>,
    pub(super) values: Option<HashMap<String, AttributeValue>>,
}

impl Condition {
    /// No item has this key.
    pub fn absent() -> Self {
        Self { expression: "attribute_not_exists(pk)".into(), names: None, values: None }
    }

    /// The attribute does not exist, or the comparison with the value holds.
    pub fn absent_or(attribute: &str, operator: &str, value: AttributeValue) -> Self {
        let compares = Self::compares(attribute, operator, value);
        Self { expression: format!("(attribute_not_exists(#{attribute}) OR {})", compares.expression), ..compares }
    }

    /// No item has this key, or the item has expired (`expires_at`, in Unix seconds). DynamoDB may remove it days later.
    pub fn absent_or_expired(now: jiff::Timestamp) -> Self {
        Self::absent_or("expires_at", "<=", super::attribute::number(now.as_second()))
    }

    /// The item, if it exists, lacks the attribute.
    pub fn lacks(attribute: &str) -> Self {
        Self {
            expression: format!("attribute_not_exists(#{attribute})"),
            names: Some(HashMap::from([(format!("#{attribute}"), attribute.to_owned())])),
            values: None,
        }
    }

    /// The item has the attribute.
    pub fn has(attribute: &str) -> Self {
        Self { expression: format!("attribute_exists(#{attribute})"), ..Self::lacks(attribute) }
    }

    /// An item has this key.
    pub fn present() -> Self {
        Self { expression: "attribute_exists(pk)".into(), names: None, values: None }
    }

    /// The comparison (`=`, `>=`, ...) of the attribute with the value holds.
    pub fn compares(attribute: &str, operator: &str, value: AttributeValue) -> Self {
        Self {
            expression: format!("#{attribute} {operator} :{attribute}"),
            names: Some(HashMap::from([(format!("#{attribute}"), attribute.to_owned())])),
            values: Some(HashMap::from([(format!(":{attribute}"), value)])),
        }
    }

    /// The attribute is within the given bounds, inclusive. `None` without bounds. If the lower bound is above the upper one, no item
    /// matches; DynamoDB rejects BETWEEN with such bounds.
    pub fn within(attribute: &str, low: Option<AttributeValue>, high: Option<AttributeValue>) -> Option<Self> {
        match (low, high) {
            (Some(low), Some(high)) => {
                let both = Self::between(attribute, low, high);
                let expression = format!("#{attribute} >= :{attribute}_low AND #{attribute} <= :{attribute}_high");
                Some(Self { expression, ..both })
            }
            (Some(low), None) => Some(Self::compares(attribute, ">=", low)),
            (None, Some(high)) => Some(Self::compares(attribute, "<=", high)),
            (None, None) => None,
        }
    }

    pub fn equals(attribute: &str, value: AttributeValue) -> Self {
        Self::compares(attribute, "=", value)
    }

    /// The attribute is between the two values, inclusive.
    pub fn between(attribute: &str, low: AttributeValue, high: AttributeValue) -> Self {
        Self {
            expression: format!("#{attribute} BETWEEN :{attribute}_low AND :{attribute}_high"),
            names: Some(HashMap::from([(format!("#{attribute}"), attribute.to_owned())])),
            values: Some(HashMap::from([(format!(":{attribute}_low"), low), (format!(":{attribute}_high"), high)])),
        }
    }

    /// The attribute is one of these values.
    pub fn one_of(attribute: &str, values: impl IntoIterator<Item = AttributeValue>) -> Self {
        let values: HashMap<String, AttributeValue> =
            values.into_iter().enumerate().map(|(at, value)| (format!(":{attribute}_{at}"), value)).collect();
        let placeholders: Vec<&str> = values.keys().map(String::as_str).collect();
        Self {
            expression: format!("#{attribute} IN ({})", placeholders.join(", ")),
            names: Some(HashMap::from([(format!("#{attribute}"), attribute.to_owned())])),
            values: Some(values),
        }
    }

    /// One of the first entries of a list, which are maps, has this value in this field.
    pub fn in_list(list: &str, entries: usize, field: &str, value: AttributeValue) -> Self {
        let entries: Vec<String> = (0..entries).map(|at| format!("#{list}[{at}].#{field} = :{field}")).collect();
        Self {
            expression: format!("({})", entries.join(" OR ")),
            names: Some([list, field].into_iter().map(|name| (format!("#{name}"), name.to_owned())).collect()),
            values: Some(HashMap::from([(format!(":{field}"), value)])),
        }
    }

    /// The text of the attribute contains this part.
    pub fn contains(attribute: &str, part: AttributeValue) -> Self {
        Self {
            expression: format!("contains(#{attribute}, :{attribute})"),
            names: Some(HashMap::from([(format!("#{attribute}"), attribute.to_owned())])),
            values: Some(HashMap::from([(format!(":{attribute}"), part)])),
        }
    }

    /// Both conditions hold. They must be about different attributes.
    pub fn and(mut self, other: Self) -> Self {
        self.expression = format!("{} AND {}", self.expression, other.expression);
        merge(&mut self.names, other.names);
        merge(&mut self.values, other.values);
        self
    }
}

pub(super) fn merge<V>(into: &mut Option<HashMap<String, V>>, from: Option<HashMap<String, V>>) {
    match (into.as_mut(), from) {
        (Some(into), Some(from)) => into.extend(from),
        (None, from) => *into = from,
        (Some(_), None) => {}
    }
}
