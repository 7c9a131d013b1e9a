//! Requests that count once: a call with the header `Idempotency-Key` that is sent again within a day makes nothing anew
//! (jobboard.md, Money). What it made the first time is remembered in the same transaction that made it.

use jiff::SignedDuration;
use sha2::{Digest as _, Sha256};

use super::Service;
use crate::crypto::keyring::Purpose;
use crate::error::{Error, Fault, Result};
use crate::storage::table::attribute::{number, read_integer, read_text, text};
use crate::storage::table::{Condition, Item, Key, Write, expire};
use crate::values::Id;

/// How long a key is remembered.
const AGE: SignedDuration = SignedDuration::from_hours(24);

/// A request that counts once.
pub struct Once {
    key: Key,
    /// A code over the request with each key of the ring: one of them is the stored one.
    codes: Vec<String>,
    code: String,
}

impl Service {
    /// `key` is the header of the user's; `request` is its path and its body.
    pub fn once(&self, user: Id, key: &str, request: [&[u8]; 2]) -> Result<Once> {
        let parts = [b"once".as_slice(), request[0], request[1]];
        Ok(Once {
            key: Key::new(format!("jobboard#once#{user}#{}", hex::encode(&Sha256::digest(key.as_bytes()))), "once"),
            code: hex::encode(&self.keyring.mac(Purpose::ContentDigest, &parts)?),
            codes: self.keyring.macs(Purpose::ContentDigest, &parts).iter().map(|code| hex::encode(code)).collect(),
        })
    }

    /// The part of the transaction that remembers what the request makes.
    pub(super) fn remember(&self, once: &Once, made: Id) -> Write {
        let now = self.clock.now();
        let mut item = once.key.clone().into_item();
        item.insert("code".into(), text(once.code.as_str()));
        item.insert("made".into(), number(made));
        expire(&mut item, now + AGE);
        Write::Put { table: self.tables.credentials.clone(), item, condition: Condition::absent_or_expired(now) }
    }

    /// What the request made before, if it was sent before.
    pub(super) async fn made_before(&self, once: Option<&Once>) -> Result<Option<Id>> {
        let Some(once) = once else { return Ok(None) };
        match self.store.get(&self.tables.credentials, once.key.clone()).await? {
            Some(item) if read_integer::<i64>(&item, "expires_at")? > self.clock.now().as_second() => {
                once.made(&item).map(Some)
            }
            _ => Ok(None),
        }
    }
}

impl Once {
    /// What the request made, told by what is stored under its key; refused where another request bore that key.
    pub(super) fn made(&self, stored: &Item) -> Result<Id> {
        if self.codes.contains(&read_text(stored, "code")?) {
            Ok(Id::from_u64(read_integer(stored, "made")?))
        } else {
            Err(Error::conflict(Fault::new("Idempotency-Key", "was sent with another request")))
        }
    }
}
