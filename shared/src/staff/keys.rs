//! Keys of the staff table.
//!
//! | record | `pk` | `sk` | lists |
//! |---|---|---|---|
//! | a member | `member#{id}` | `member` | `ix1` = `members`, `ixsk` = the id |
//! | the member with a phone | `phone#{index}` | `member` | |
//!
//! `index` is a blind index. In the credentials table `pk` is `staff#code#{index}` for a code that was sent.

use crate::crypto::keyring::Keyring;
use crate::error::Result;
use crate::storage::audit::Object;
use crate::storage::table::Key;
use crate::values::{Id, Mobile};

/// The list of all members.
pub const MEMBERS: &str = "members";

pub fn member(id: Id) -> Key {
    Key::new(format!("member#{id}"), "member")
}

/// The member in audit records.
pub fn object(id: Id) -> Object {
    Object::new("staff", "member", &[&id.to_string()])
}

/// The record that leads from a phone to its member.
pub fn phone(index: &[u8]) -> Key {
    Key::new(format!("phone#{}", hex::encode(index)), "member")
}

/// What the blind index of a phone is of.
pub fn phone_parts(phone: &Mobile) -> [&[u8]; 2] {
    [b"phone", phone.index().as_bytes()]
}

/// One code per phone: a new code replaces the old one.
pub fn code(keyring: &Keyring, phone: &Mobile) -> Result<Key> {
    let index = keyring.blind_index(&[b"code of", phone.index().as_bytes()])?;
    Ok(Key::new(format!("staff#code#{}", hex::encode(index.expose())), "code"))
}
