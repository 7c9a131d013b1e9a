//! Replays: the same signed call, sent again, gets the first response and changes nothing.
//!
//! Each transaction of a write stores a record of its call, or checks that no record exists. A call that fails, or succeeds only in part,
//! stores no record: it may be sent again. The condition of the record returns the first result, so a replay needs no extra
//! read.
//!
//! | attribute of the record | holds |
//! |---|---|
//! | `pk` | `hris#call#{company}#{hash of the access key and the signature}` |
//! | `result` | the result that the response shows, as sealed JSON |
//! | `claimed_until` | [`DONE`]; or, while the call does what no transaction can do, when another one may take over, in Unix milliseconds |
//! | `write` | while it is claimed: a random token of the process that claims it |
//! | `expires_at` | a minute after the call has become untimely |
//!
//! A record never counts as expired: as long as a call that began in time runs, the record of its first attempt exists.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::keys::call_key;
use super::values::{Code, Uuid};
use super::{Caller, Credential, Service};
use crate::crypto::random::random_text;
use crate::error::{Error, Result};
use crate::storage::sealed::{self, Fields};
use crate::storage::table::attribute::{number, read_integer, read_text, text};
use crate::storage::table::{Condition, Item, Key, Outcome, Rejection, STAMP, Write, expire};
use crate::values::{RecordId, Secret};

/// How long a record is kept after its call has become untimely: a call that began in time may still run, and the clocks of two processes
/// may differ.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);

/// How long a call may take for what no transaction can do before a replay takes over.
const CLAIM_AGE: SignedDuration = SignedDuration::from_secs(15);
/// How often, and at which interval, a replay checks whether the first call has ended.
const POLLS: u32 = 20;
const POLL_INTERVAL: Duration = Duration::from_millis(100);

const RESULT: &str = "result";
const CLAIMED_UNTIL: &str = "claimed_until";
/// The call succeeded.
const DONE: i64 = 0;
/// The call failed: the next one may take over at once.
const RELEASED: i64 = 1;

/// The caller of a signed call. Every write of the API needs one. [`Service::authorize`] makes it, and
/// [`Service::page_signer`] for a browser that opened a signed link.
#[derive(Clone, Debug)]
pub struct Signer {
    pub company: Uuid,
    /// The product whose access key signed the call.
    pub product: Code,
    pub(super) access_key: RecordId,
    /// The hash that names the call: see [`SignedCall::name`](super::signature::SignedCall::name).
    pub(super) call: Secret<[u8; 32]>,
    /// When the call becomes untimely.
    pub(super) until: Timestamp,
}

impl Signer {
    /// The id of a record that this call creates.
    pub(super) fn record_uuid(&self) -> Uuid {
        Uuid::of_digest(self.call.expose())
    }

    fn key(&self) -> Key {
        call_key(&self.company, self.call.map(hex::encode).as_deref())
    }
}

impl From<Signer> for Caller {
    fn from(signer: Signer) -> Self {
        Self { company: signer.company, credential: Credential::Signed }
    }
}

/// What became of a transaction of a signed call.
pub(super) enum Once<T> {
    Written,
    /// Nothing was written: the call was sent before, with this result.
    Before(T),
    /// Nothing was written. One entry for each of the writes, in order.
    Rejected(Vec<Rejection>),
}

/// What became of a claim.
pub(super) enum Claim<T> {
    /// The caller does what it claimed, then ends the claim by [`Service::finish`] or [`Service::release`].
    Claimed(Item),
    /// The call was sent before, with this result.
    Before(T),
}

impl Service {
    /// Executes the writes and remembers the result, unless the call was sent before.
    ///
    /// DynamoDB: one transaction. There is room for 99 writes.
    pub(super) async fn write_once<T>(&self, signer: &Signer, result: &T, writes: Vec<Write>) -> Result<Once<T>>
    where
        T: Serialize + DeserializeOwned,
    {
        let item = self.call_record(signer, result, DONE)?;
        let put = Write::Put { table: self.tables.credentials.clone(), item, condition: Condition::absent() };
        self.write_after(put, writes).await
    }

    /// Executes some of the writes of a call, unless the call was sent before. The last ones follow by [`Service::write_once`].
    ///
    /// DynamoDB: one transaction. There is room for 99 writes.
    pub(super) async fn write_part<T>(&self, signer: &Signer, writes: Vec<Write>) -> Result<Once<T>>
    where
        T: DeserializeOwned,
    {
        let (table, key) = (self.tables.credentials.clone(), signer.key());
        self.write_after(Write::Check { table, key, condition: Condition::absent() }, writes).await
    }

    async fn write_after<T: DeserializeOwned>(&self, record: Write, writes: Vec<Write>) -> Result<Once<T>> {
        let writes = std::iter::once(record).chain(writes).collect();
        let Outcome::Rejected(rejections) = self.store.transact(writes).await? else { return Ok(Once::Written) };
        let mut rejections = rejections.into_iter();
        match rejections.next() {
            Some(record) if record.failed => self.result_in(stored(record)?).map(Once::Before),
            _ => Ok(Once::Rejected(rejections.collect())),
        }
    }

    /// Claims the call for what no transaction can do, and stores an item of the HR table with the claim. While another process holds the
    /// claim, this one polls for its end; after the last poll the caller gets 429, because a success would say that it is done.
    ///
    /// DynamoDB: one transaction; a read for each poll.
    pub(super) async fn claim<T>(&self, signer: &Signer, result: &T, item: &Item) -> Result<Claim<T>>
    where
        T: Serialize + DeserializeOwned,
    {
        let now = self.clock.now();
        let mut record = self.call_record(signer, result, (now + CLAIM_AGE).as_millisecond())?;
        record.insert(STAMP.into(), text(random_text()?));
        match self.poll_claim(&record, item, now).await {
            Ok(None) => Ok(Claim::Claimed(record)),
            Ok(Some(before)) => self.result_in(before).map(Claim::Before),
            // The claim may be stored all the same: release it, so that no replay waits for it.
            Err(error) => Err(self.release(record, error).await),
        }
    }

    /// The record of a call that has succeeded; `None` if this process has the claim.
    async fn poll_claim(&self, record: &Item, item: &Item, now: Timestamp) -> Result<Option<Item>> {
        let credentials = &self.tables.credentials;
        let key = Key::of(record).ok_or_else(|| Error::internal("the record of a call has no key"))?;
        let mut next = Some(Condition::absent());
        for _ in 0..POLLS {
            let found = match next.take() {
                Some(condition) => {
                    let writes = vec![
                        Write::Put { table: credentials.clone(), item: record.clone(), condition },
                        Write::Set { table: self.tables.hris.clone(), item: item.clone() },
                    ];
                    match self.store.transact(writes).await? {
                        Outcome::Written => return Ok(None),
                        Outcome::Rejected(rejections) => rejections.into_iter().next().and_then(|record| record.stored),
                    }
                }
                None => {
                    tokio::time::sleep(POLL_INTERVAL).await;
                    self.store.get(credentials, key.clone()).await?
                }
            };
            let Some(found) = found else {
                next = Some(Condition::absent());
                continue;
            };
            // Our own earlier write, whose response was lost (the SDK retried it).
            if found.get(STAMP) == record.get(STAMP) {
                return Ok(None);
            }
            let claimed_until: i64 = read_integer(&found, CLAIMED_UNTIL)?;
            if claimed_until == DONE {
                return Ok(Some(found));
            }
            if claimed_until <= now.as_millisecond() {
                next = Some(Condition::equals(CLAIMED_UNTIL, number(claimed_until)));
            }
        }
        Err(Error::too_many_requests(CLAIM_AGE.as_secs()))
    }

    /// Ends a claim: the call succeeded.
    pub(super) async fn finish(&self, claimed: Item) -> Result<()> {
        self.end_claim(claimed, DONE).await
    }

    /// Ends a claim after this error, so that a replay can take over at once.
    pub(super) async fn release(&self, claimed: Item, error: Error) -> Error {
        if let Err(second) = self.end_claim(claimed, RELEASED).await {
            tracing::warn!(%second, "the claim of a call could not be released: it expires");
        }
        error
    }

    /// Ends this process's own claim, if it was stored.
    async fn end_claim(&self, mut claimed: Item, state: i64) -> Result<()> {
        let own = claimed.get(STAMP).cloned().map(|stamp| Condition::equals(STAMP, stamp));
        claimed.insert(CLAIMED_UNTIL.into(), number(state));
        self.store.put(&self.tables.credentials, claimed, own.unwrap_or_else(Condition::absent)).await.map(drop)
    }

    fn call_record<T: Serialize>(&self, signer: &Signer, result: &T, claimed_until: i64) -> Result<Item> {
        let key = signer.key();
        let mut item = key.clone().into_item();
        item.insert(RESULT.into(), text(serde_json::to_string(result).map_err(Error::internal)?));
        item.insert(CLAIMED_UNTIL.into(), number(claimed_until));
        sealed::seal(&self.keyring, &key, &Fields::of(&[RESULT]), &mut item)?;
        expire(&mut item, signer.until + MARGIN);
        Ok(item)
    }

    fn result_in<T: DeserializeOwned>(&self, mut record: Item) -> Result<T> {
        let key = Key::of(&record).ok_or_else(|| Error::internal("the record of a call has no key"))?;
        sealed::open(&self.keyring, &key, &Fields::of(&[RESULT]), &mut record)?;
        serde_json::from_str(&read_text(&record, RESULT)?).map_err(Error::internal)
    }
}

fn stored(rejection: Rejection) -> Result<Item> {
    rejection.stored.ok_or_else(|| Error::internal("DynamoDB rejected a call without the stored record"))
}
