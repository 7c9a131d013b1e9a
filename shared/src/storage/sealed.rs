//! Fields of a record that are stored encrypted.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::crypto::keyring::Keyring;
use crate::error::Result;
use crate::storage::table::{Item, Key};

/// Encrypts these fields of the record with this key.
pub fn seal(keyring: &Keyring, key: &Key, fields: &[&str], item: &mut Item) -> Result<()> {
    for field in fields {
        if let Some(AttributeValue::S(plain)) = item.get_mut(*field) {
            *plain = keyring.seal(&place(key, field), plain)?;
        }
    }
    Ok(())
}

/// Decrypts the fields that [`seal`] encrypted.
pub fn open(keyring: &Keyring, key: &Key, fields: &[&str], item: &mut Item) -> Result<()> {
    for field in fields {
        if let Some(AttributeValue::S(sealed)) = item.get_mut(*field) {
            *sealed = keyring.open(&place(key, field), sealed)?;
        }
    }
    Ok(())
}

/// The place of a sealed value. A ciphertext that was moved to another record or field does not open.
pub fn place(key: &Key, field: &str) -> String {
    format!("{}/{}/{field}", key.pk, key.sk)
}
