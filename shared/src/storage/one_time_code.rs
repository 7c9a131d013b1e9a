//! One-time codes in text messages: six digits that prove who holds a phone.
//!
//! A family stores the attributes of a code in an item of its own, and binds the code to what it is valid for.

use jiff::SignedDuration;

use super::rate_limit::Counters;
use super::table::attribute::{number, read_integer, read_text, text};
use super::table::{Item, Key, VERSION, expire};
use crate::crypto::keyring::Purpose;
use crate::crypto::random::random;
use crate::error::Result;
use crate::values::Secret;

/// How long a code is valid.
pub const AGE: SignedDuration = SignedDuration::from_mins(5);
/// How many attempts a code allows.
const ATTEMPTS: u32 = 5;

/// A code that was just issued.
pub struct OneTimeCode {
    /// Six digits, for the text message only.
    pub plain: Secret<String>,
    /// The item to store.
    pub item: Item,
}

/// How an attempt ended, with the item that holds the code.
pub enum Attempted {
    Right(Item),
    Wrong(Item),
    /// The code does not exist, has expired or has no attempts left.
    Spent,
}

/// Issues a code that is bound to `bound_to`. A code that replaces an older one at the same key needs a greater `version`: otherwise a
/// concurrent attempt with the old code could write the old code back.
pub fn issue(counters: &Counters<'_>, key: Key, bound_to: &[u8], version: i64) -> Result<OneTimeCode> {
    let plain = Secret::new(format!("{:06}", u32::from_be_bytes(random()?) % 1_000_000));
    let mut item = key.into_item();
    item.insert(
        "code".into(),
        text(counters.keyring.mac(DIGEST, &parts(bound_to, plain.as_deref()))?.map(hex::encode).expose()),
    );
    item.insert("attempts".into(), number(0));
    item.insert(VERSION.into(), number(version));
    expire(&mut item, counters.now + AGE);
    Ok(OneTimeCode { plain, item })
}

/// Compares a code with the stored one. The attempt is counted before the comparison, so concurrent attempts cannot exceed the limit.
///
/// DynamoDB: one read, one write.
pub async fn attempt(counters: &Counters<'_>, key: Key, bound_to: &[u8], code: Secret<&str>) -> Result<Attempted> {
    let counted = counters.store.change(counters.table, key, |item| {
        let mut next = item.clone();
        next.insert("attempts".into(), number(read_integer::<u32>(item, "attempts")? + 1));
        Ok(next)
    });
    let Some(item) = counted.await? else { return Ok(Attempted::Spent) };
    let is_current = read_integer::<u32>(&item, "attempts")? <= ATTEMPTS
        && read_integer::<i64>(&item, "expires_at")? > counters.now.as_second();
    if !is_current {
        return Ok(Attempted::Spent);
    }
    let stored = Secret::new(read_text(&item, "code")?);
    let digests = counters.keyring.macs(DIGEST, &parts(bound_to, code));
    let is_right = digests.into_iter().any(|digest| stored.is_same(&digest.map(hex::encode)));
    Ok(if is_right { Attempted::Right(item) } else { Attempted::Wrong(item) })
}

/// A keyed digest: anyone can compute the plain digests of all six-digit codes.
const DIGEST: Purpose = Purpose::ContentDigest;

/// What the digest of a code is of.
fn parts<'a>(bound_to: &'a [u8], code: Secret<&'a str>) -> [&'a [u8]; 3] {
    [b"code", bound_to, code.expose().as_bytes()]
}
