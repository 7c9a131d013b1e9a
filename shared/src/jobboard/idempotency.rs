//! The header `Idempotency-Key` (docs/design/jobboard.md, Money): the same request under the same key has an effect once within a day.
//! The transaction that has the effect also stores its result under the key.

use jiff::SignedDuration;
use sha2::{Digest as _, Sha256};

use super::Service;
use crate::crypto::keyring::Purpose;
use crate::error::{Error, Fault, Result};
use crate::storage::table::attribute::{number, read_integer, read_text, text};
use crate::storage::table::{Condition, Item, Key, Write, expire};
use crate::values::{Id, Secret};

/// How long a key is remembered.
const AGE: SignedDuration = SignedDuration::from_hours(24);

/// A request that carries an idempotency key.
pub struct Idempotency {
    key: Key,
    /// The request's MAC.
    code: Secret<String>,
    /// Its MAC with each key of the ring. The stored one is among them if the requests are equal.
    codes: Vec<Secret<String>>,
}

impl Service {
    /// `key` is the header's value, `request` the operation and the body.
    pub fn idempotency(&self, user: Id, key: &str, request: [&[u8]; 2]) -> Result<Idempotency> {
        let parts = [b"once".as_slice(), request[0], request[1]];
        Ok(Idempotency {
            key: Key::new(format!("jobboard#once#{user}#{}", hex::encode(Sha256::digest(key.as_bytes()))), "once"),
            code: self.keyring.mac(Purpose::ContentDigest, &parts)?.map(hex::encode),
            codes: self.keyring.macs(Purpose::ContentDigest, &parts).into_iter().map(|mac| mac.map(hex::encode)).collect(),
        })
    }

    /// The part of the transaction that stores the id of what the request creates.
    pub(super) fn store_result(&self, idempotency: &Idempotency, result: Id) -> Write {
        let now = self.clock.now();
        let mut item = idempotency.key.clone().into_item();
        item.insert("code".into(), text(idempotency.code.expose()));
        item.insert("made".into(), number(result));
        expire(&mut item, now + AGE);
        Write::Put { table: self.tables.credentials.clone(), item, condition: Condition::absent_or_expired(now) }
    }

    /// The result of the same request, if it was sent before.
    pub(super) async fn earlier_result(&self, idempotency: Option<&Idempotency>) -> Result<Option<Id>> {
        let Some(idempotency) = idempotency else { return Ok(None) };
        match self.store.get(&self.tables.credentials, idempotency.key.clone()).await? {
            Some(item) if read_integer::<i64>(&item, "expires_at")? > self.clock.now().as_second() => {
                idempotency.result_in(&item).map(Some)
            }
            _ => Ok(None),
        }
    }
}

impl Idempotency {
    /// The result in the item that is stored under the key. Another request under the same key is a conflict.
    pub(super) fn result_in(&self, stored: &Item) -> Result<Id> {
        let code = Secret::new(read_text(stored, "code")?);
        if self.codes.iter().any(|known| known.is_same(&code)) {
            Ok(Id::from_u64(read_integer(stored, "made")?))
        } else {
            Err(Error::conflict(Fault::new("Idempotency-Key", "was sent with another request")))
        }
    }
}
