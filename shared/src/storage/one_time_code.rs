//! One-time codes in text messages: six digits that prove who holds a phone.
//!
//! A family stores the attributes of a code in an item of its own, and binds the code to what it is valid for.

use jiff::{SignedDuration, Timestamp};

use super::table::attribute::{number, read_integer, read_text, text};
use super::table::{Item, Key, Store, VERSION, expire};
use crate::crypto::credentials::is_same;
use crate::crypto::keyring::Keyring;
use crate::crypto::random::random;
use crate::error::Result;

/// How long a code is valid.
pub const AGE: SignedDuration = SignedDuration::from_mins(5);
/// How many attempts a code allows.
const ATTEMPTS: u32 = 5;

/// A code that was just issued.
pub struct OneTimeCode {
    /// Six digits, for the text message only.
    pub plain: String,
    /// The attributes to store, without a key.
    pub item: Item,
}

/// Where a family stores its codes.
pub struct OneTimeCodes<'a> {
    pub store: &'a Store,
    pub table: &'a str,
    pub keyring: &'a Keyring,
    pub now: Timestamp,
}

/// How an attempt ended, with the item that holds the code.
pub enum Attempted {
    Right(Item),
    Wrong(Item),
    /// The code does not exist, has expired or has no attempts left.
    Spent,
}

impl OneTimeCodes<'_> {
    /// Issues a code that is bound to `bound_to`. A code that replaces an older one at the same key needs a greater `version`: otherwise a
    /// concurrent attempt with the old code could write the old code back.
    pub fn issue(&self, bound_to: &[u8], version: i64) -> Result<OneTimeCode> {
        let plain = format!("{:06}", u32::from_be_bytes(random()?) % 1_000_000);
        let mut item = Item::from([
            ("code".into(), text(self.digest(bound_to, &plain)?)),
            ("attempts".into(), number(0)),
            (VERSION.into(), number(version)),
        ]);
        expire(&mut item, self.now + AGE);
        Ok(OneTimeCode { plain, item })
    }

    /// Compares a code with the stored one. The attempt is counted before the comparison, so concurrent attempts cannot exceed the limit.
    ///
    /// DynamoDB: one read, one write.
    pub async fn attempt(&self, key: Key, bound_to: &[u8], code: &str) -> Result<Attempted> {
        let counted = self.store.change(self.table, key, |item| {
            let mut next = item.clone();
            next.insert("attempts".into(), number(read_integer::<u32>(item, "attempts")? + 1));
            Ok(next)
        });
        let Some(item) = counted.await? else { return Ok(Attempted::Spent) };
        let is_current = read_integer::<u32>(&item, "attempts")? <= ATTEMPTS
            && read_integer::<i64>(&item, "expires_at")? > self.now.as_second();
        if !is_current {
            return Ok(Attempted::Spent);
        }
        let is_right = is_same(read_text(&item, "code")?, self.digest(bound_to, code)?);
        Ok(if is_right { Attempted::Right(item) } else { Attempted::Wrong(item) })
    }

    /// A keyed digest: anyone can compute the plain digests of all six-digit codes.
    fn digest(&self, bound_to: &[u8], code: &str) -> Result<String> {
        Ok(hex::encode(self.keyring.blind_index(&[b"code", bound_to, code.as_bytes()])?))
    }
}
