//! Records as staff read them: every sealed field is masked, and one field at a time is revealed in full.

use serde::Serialize;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::storage::sealed::Fields;
use crate::values::mask;

/// What is shown of a field of which nothing may be seen.
const HIDDEN: &str = "****";

/// The record as JSON with its sealed fields masked. Of a field that has no mask of its own, only whether it has a content is shown.
pub fn masked(record: &impl Serialize, fields: &Fields) -> Result<Value> {
    let mut view = serde_json::to_value(record).map_err(Error::internal)?;
    for name in fields.names {
        if let Some(value) = view.get_mut(*name) {
            *value = mask_of(name, value).into();
        }
    }
    Ok(view)
}

/// A field of the record in full: text as it is, anything else as JSON. `None` if the record has none, or an empty one.
pub fn field(record: &impl Serialize, name: &str) -> Result<Option<String>> {
    let mut record = serde_json::to_value(record).map_err(Error::internal)?;
    Ok(match record.get_mut(name).map(Value::take) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text).filter(|text| !text.is_empty()),
        Some(other) => Some(other.to_string()),
    })
}

/// Fails unless this field of this kind of record can be revealed.
pub fn check_revealed(revealed: &[(&str, &[&str])], kind: &str, field: &str) -> Result<()> {
    let (_, fields) = revealed.iter().find(|(known, _)| *known == kind).ok_or_else(|| Error::missing("kind"))?;
    if fields.contains(&field) { Ok(()) } else { Err(Error::missing("field")) }
}

fn mask_of(name: &str, value: &Value) -> String {
    let text = match value {
        Value::Null => return String::new(),
        Value::String(text) if text.is_empty() => return String::new(),
        Value::String(text) => text,
        _ => return HIDDEN.to_owned(),
    };
    match name {
        "mobile" | "phone" | "phone_number" | "contact_phone" => mask::phone(text),
        "id_number" | "id_card" => mask::id_number(text),
        "bank_card" | "bank_account" => mask::account(text),
        "visitor" => mask::name(text),
        "email" | "exmail" | "address" | "dingtalk_id" | "wework_id" => mask::text(text),
        _ => HIDDEN.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const FIELDS: Fields =
        Fields::of(&["mobile", "id_card", "bank_card", "email", "visitor", "birthday", "moka", "address", "photo"]);

    #[test]
    fn every_sealed_field_is_masked_and_revealed_alone() {
        let record = json!({
            "uuid": "u1", "mobile": "13800138000", "id_card": "110101199001011234", "bank_card": "6222021234567890123",
            "email": "a@example.com", "visitor": "张三", "birthday": "1990-01-01", "moka": {"id": "m"}, "address": "",
        });
        let expected = json!({
            "uuid": "u1", "mobile": "138****8000", "id_card": "1101**********1234", "bank_card": "6222***********0123",
            "email": "a@****", "visitor": "张*", "birthday": "****", "moka": "****", "address": "",
        });
        assert_eq!(masked(&record, &FIELDS).unwrap(), expected);
        let revealed = |name| field(&record, name).unwrap();
        assert_eq!(revealed("birthday").as_deref(), Some("1990-01-01"));
        assert_eq!(revealed("moka").as_deref(), Some(r#"{"id":"m"}"#));
        assert_eq!((revealed("address"), revealed("photo")), (None, None));
    }
}
