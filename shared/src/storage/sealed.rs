//! Fields of a record that are stored encrypted, together in one attribute: a record opens with one decryption, however many fields it seals.
//!
//! | attribute | holds |
//! |---|---|
//! | `sealed` | the sealed fields, as sealed JSON of their typed values |
//! | `by_phone`, `by_id_number` | for staff who look for a person: `key id . blind index` of the phone and the identity number |

use aws_sdk_dynamodb::types::AttributeValue;

use crate::crypto::keyring::Keyring;
use crate::error::{Error, Result};
use crate::storage::table::attribute::{from_typed_json, text, to_typed_json};
use crate::storage::table::{Condition, Item, Key};
use crate::values::Mobile;

/// The attribute that holds the sealed fields of a record.
pub const SEALED: &str = "sealed";
/// The attributes, and the indexes of the table, by which staff find the records of a person.
pub const BY_PHONE: &str = "by_phone";
pub const BY_ID_NUMBER: &str = "by_id_number";
/// The same for names, in families that seal them. The family makes it: a name is looked for within a tenant.
pub const BY_NAME: &str = "by_name";

/// Which fields of a kind of record are sealed, and which of them are a person's phone and identity number.
#[derive(Clone, Copy, Debug)]
pub struct Fields {
    pub names: &'static [&'static str],
    pub phone: Option<&'static str>,
    pub id_number: Option<&'static str>,
}

impl Fields {
    pub const NONE: Self = Self::of(&[]);

    /// Fields by which no record is found.
    pub const fn of(names: &'static [&'static str]) -> Self {
        Self { names, phone: None, id_number: None }
    }
}

/// Moves the fields of the record with this key into [`SEALED`], and adds the attributes by which staff find the record. Fields that the
/// record lacks stay absent. Staff do not find a copy, which is an item under another key.
pub fn seal(keyring: &Keyring, key: &Key, fields: &Fields, item: &mut Item) -> Result<()> {
    let is_copy = Key::of(item).is_some_and(|own| own != *key);
    for (attribute, field) in [(BY_PHONE, fields.phone), (BY_ID_NUMBER, fields.id_number)] {
        let value = field.and_then(|field| item.get(field)?.as_s().ok()).filter(|value| !is_copy && !value.is_empty());
        let code = value.map(|value| code(keyring, keyring.keys().index(), attribute, value)).transpose()?;
        item.remove(attribute);
        item.extend(code.map(|code| (attribute.to_owned(), text(code))));
    }
    let sealed: Item = fields.names.iter().filter_map(|field| item.remove_entry(*field)).collect();
    if !sealed.is_empty() {
        let json = to_typed_json(&AttributeValue::M(sealed))?.to_string();
        item.insert(SEALED.into(), text(keyring.seal(&place(key, SEALED), &json)?));
    }
    Ok(())
}

/// Puts the fields back that [`seal`] moved.
///
/// A field of a record that was stored before the field was sealed stays as it is. A field that was sealed alone, as earlier versions did,
/// is decrypted.
pub fn open(keyring: &Keyring, key: &Key, fields: &Fields, item: &mut Item) -> Result<()> {
    for field in fields.names {
        if let Some(AttributeValue::S(stored)) = item.get_mut(*field)
            && let Some(plain) = keyring.try_open(&place(key, field), stored)
        {
            *stored = plain;
        }
    }
    if let Some(AttributeValue::S(sealed)) = item.remove(SEALED) {
        let json = keyring.open(&place(key, SEALED), &sealed)?;
        match from_typed_json(serde_json::from_str(&json).map_err(Error::internal)?)? {
            AttributeValue::M(opened) => item.extend(opened),
            _ => return Err(Error::internal("the sealed fields of a record are no map")),
        }
    }
    Ok(())
}

/// The sealed fields of a record are still those that were read: each write of the record seals them with another nonce.
pub fn unchanged(item: &Item) -> Condition {
    match item.get(SEALED) {
        Some(sealed) => Condition::equals(SEALED, sealed.clone()),
        None => Condition::present().and(Condition::lacks(SEALED)),
    }
}

/// Whether a field of the record is not sealed with the current key, or staff do not find the record by the index key.
pub fn is_outdated(keyring: &Keyring, fields: &Fields, item: &Item) -> bool {
    let keys = keyring.keys();
    let is_by = |attribute: &str, id: &str| {
        let value = item.get(attribute).and_then(|value| value.as_s().ok());
        value.is_none_or(|value| value.split_once('.').is_some_and(|(by, _)| by == id))
    };
    !is_by(SEALED, keys.current())
        || !is_by(BY_PHONE, keys.index())
        || !is_by(BY_ID_NUMBER, keys.index())
        || fields.names.iter().any(|field| item.contains_key(*field))
}

/// The values of [`BY_PHONE`] or [`BY_ID_NUMBER`] that records with this phone or identity number may have: one for each listed key.
pub fn codes(keyring: &Keyring, attribute: &str, value: &str) -> Result<Vec<String>> {
    keyring.keys().ids().map(|id| code(keyring, id, attribute, value)).collect()
}

/// A number is the same in all its spellings: with or without +86, spaces and hyphens, in capitals or not.
fn code(keyring: &Keyring, id: &str, attribute: &str, value: &str) -> Result<String> {
    let plain = match Mobile::parse(value) {
        Ok(mobile) if attribute == BY_PHONE => mobile.index().to_owned(),
        _ => value.replace([' ', '-'], "").to_ascii_uppercase(),
    };
    let index = keyring.blind_index_by(id, &[attribute.as_bytes(), plain.as_bytes()])?;
    Ok(format!("{id}.{}", hex::encode(index.expose())))
}

/// The place of a sealed value. A ciphertext that was moved to another record or field does not open.
pub fn place(key: &Key, field: &str) -> String {
    format!("{}/{}/{field}", key.pk, key.sk)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::table::attribute::number;
    use crate::values::Secret;

    const FIELDS: Fields =
        Fields { names: &["phone", "id_card", "age", "city"], phone: Some("phone"), id_number: Some("id_card") };

    fn keyring(current: &str) -> Keyring {
        let keys = r#""k1":"0123456789abcdef0123456789abcdef","k2":"fedcba9876543210fedcba9876543210""#;
        Keyring::parse(Secret::new(&format!(r#"{{"current":"{current}","index":"{current}",{keys}}}"#))).unwrap()
    }

    fn key() -> Key {
        Key::new("a", "user")
    }

    fn person() -> Item {
        let mut item = key().into_item();
        item.insert("phone".into(), text("+86 138-0013-8000"));
        item.insert("id_card".into(), text("11010519491231002x"));
        item.insert("age".into(), number(7));
        item.insert("status".into(), text("active"));
        item
    }

    #[test]
    fn sealed_fields_open_and_staff_find_the_record_in_any_spelling() {
        let ring = keyring("k1");
        let mut item = person();
        seal(&ring, &key(), &FIELDS, &mut item).unwrap();
        let mut names: Vec<&str> = item.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["by_id_number", "by_phone", "pk", "sealed", "sk", "status"]);
        let is_found =
            |attribute: &str, value| codes(&ring, attribute, value).unwrap().contains(item[attribute].as_s().unwrap());
        assert!(is_found(BY_PHONE, "13800138000") && is_found(BY_ID_NUMBER, "11010519491231002X"));
        assert!(!is_found(BY_PHONE, "13800138001") && !is_found(BY_ID_NUMBER, "110105194912310021"));
        assert!(!is_outdated(&ring, &FIELDS, &item) && is_outdated(&keyring("k2"), &FIELDS, &item));
        open(&keyring("k2"), &key(), &FIELDS, &mut item).unwrap();
        item.retain(|name, _| !name.starts_with("by_"));
        assert_eq!(item, person());
    }

    #[test]
    fn records_of_earlier_versions_open() {
        let ring = keyring("k1");
        let mut item = person();
        item.insert("id_card".into(), text(ring.seal(&place(&key(), "id_card"), "11010519491231002x").unwrap()));
        assert!(is_outdated(&ring, &FIELDS, &item));
        open(&ring, &key(), &FIELDS, &mut item).unwrap();
        assert_eq!(item, person());
    }

    #[test]
    fn a_sealed_record_does_not_open_under_another_key_and_staff_do_not_find_a_copy() {
        let ring = keyring("k1");
        let mut copy = person();
        copy.extend(Key::new("a", "copy").into_item());
        seal(&ring, &key(), &FIELDS, &mut copy).unwrap();
        assert!(!copy.contains_key(BY_PHONE) && !copy.contains_key(BY_ID_NUMBER));
        assert!(open(&ring, &Key::new("b", "user"), &FIELDS, &mut copy.clone()).is_err());
        open(&ring, &key(), &FIELDS, &mut copy).unwrap();
        assert_eq!(copy["age"], number(7));
    }
}
