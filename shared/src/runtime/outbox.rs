//! The outbox: text messages that are stored in the transaction of the change that they announce, and sent after the response.
//!
//! `ops-outbox` sends a message when the stream of the table reports it, and again every minute what could not be sent. A message is sent
//! at least once: a second time only if its removal failed. A message that is too old is not sent.
//!
//! | attribute | holds |
//! |---|---|
//! | `pk`, `sk` | `{family}#outbox#{random text}`, [`SORT_KEY`] |
//! | `message` | [`Sealed`] as JSON, sealed |
//! | `attempts` | how often it was taken to be sent |
//! | `valid_until` | Unix seconds |
//! | `taken_until` | Unix milliseconds: no other process takes it before |
//! | `due`, `due_at` | see [`due`](crate::storage::table), for [`Outbox::due`] |
//! | `expires_at` | for DynamoDB's TTL |

use futures::{Stream, stream};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::crypto::keyring::Keyring;
use crate::crypto::random::random_text;
use crate::error::{Error, Result};
use crate::outbound::sms::Message;
use crate::runtime::text_messages::TextMessages;
use crate::storage::sealed;
use crate::storage::table::attribute::{number, read_integer, read_text, text};
use crate::storage::table::{Condition, Item, Key, Outcome, STAMP, Store, Write, mark};
use crate::values::Mobile;

/// The sort key of every message. The stream of the table is filtered by it (`template.yaml`).
pub const SORT_KEY: &str = "outbox";
const DUE: &str = "outbox";
const MESSAGE: &str = "message";
const ATTEMPTS: &str = "attempts";
const VALID_UNTIL: &str = "valid_until";
const TAKEN_UNTIL: &str = "taken_until";

/// How often a message is taken to be sent.
const MAX_ATTEMPTS: u32 = 5;
/// How long a process has to send a message that it has taken; then another one may. The stream has this time for the first attempt.
const TURN: SignedDuration = SignedDuration::from_secs(30);
/// How long DynamoDB keeps a message that the sweep has not removed.
const KEPT: SignedDuration = SignedDuration::from_hours(1);

/// A text message that is to be stored.
pub struct Outgoing<'a> {
    pub to: &'a Mobile,
    pub message: Message,
    /// The tenant, if the message goes only to a phone that may receive it there. The family checks that when it sends, so that storing
    /// the message takes the same calls and the same time for every phone.
    pub only_for: Option<&'a str>,
    /// When it is too late to send it.
    pub valid_until: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    to: Mobile,
    message: Option<Message>,
    /// What an earlier version stored instead of a message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    only_for: Option<String>,
}

/// A stored message.
pub struct Waiting {
    key: Key,
    pub to: Mobile,
    /// See [`Outgoing::only_for`].
    pub only_for: Option<String>,
    message: Message,
    item: Item,
}

/// The messages of a family in a table.
pub struct Outbox<'a> {
    pub family: &'static str,
    pub store: &'a Store,
    pub table: &'a str,
    pub keyring: &'a Keyring,
    pub sms: &'a TextMessages,
    pub now: Timestamp,
}

/// The keys that a stream reports, each the `pk` and `sk` of a message.
pub fn reported(keys: impl Iterator<Item = [String; 2]>) -> impl Stream<Item = Result<Key>> {
    stream::iter(keys.map(|[pk, sk]| Ok(Key::new(pk, sk))))
}

/// A family whose messages `ops-outbox` sends.
pub trait Deliver: Sync {
    fn outbox(&self) -> Outbox<'_>;

    /// Whether the message with this key is one of the family's.
    fn owns(&self, key: &Key) -> bool {
        key.pk.split('#').next() == Some(self.outbox().family)
    }

    /// Whether a message that is [only for](Outgoing::only_for) some phones goes to its phone.
    fn is_wanted(&self, message: &Waiting) -> impl Future<Output = Result<bool>> + Send;

    /// Sends a message and removes it. One that is not wanted is removed unsent. Returns false if there is nothing to do.
    ///
    /// DynamoDB: two reads and two writes.
    fn deliver(&self, key: Key) -> impl Future<Output = Result<bool>> + Send {
        async move {
            let outbox = self.outbox();
            let Some(waiting) = outbox.find(key).await? else { return Ok(false) };
            let is_wanted = waiting.only_for.is_none() || self.is_wanted(&waiting).await?;
            if is_wanted && !outbox.send(&waiting).await? {
                return Ok(false);
            }
            outbox.remove(waiting).await?;
            Ok(true)
        }
    }
}

impl Outbox<'_> {
    /// The write that stores a message, for the transaction of what it announces.
    pub fn write(&self, Outgoing { to, message, only_for, valid_until }: Outgoing<'_>) -> Result<Write> {
        let key = Key::new(format!("{}#outbox#{}", self.family, random_text()?), SORT_KEY);
        let sealed = Sealed { to: to.clone(), message: Some(message), text: None, only_for: only_for.map(str::to_owned) };
        let sealed = serde_json::to_string(&sealed).map_err(Error::internal)?;
        let sealed = self.keyring.seal(&sealed::place(&key, MESSAGE), &sealed)?;
        let mut item = key.into_item();
        item.insert(MESSAGE.into(), text(sealed));
        item.insert(ATTEMPTS.into(), number(0));
        item.insert(VALID_UNTIL.into(), number(valid_until.as_second()));
        item.insert(TAKEN_UNTIL.into(), number(0));
        item.insert("expires_at".into(), number((valid_until + KEPT).as_second()));
        mark(&mut item, DUE, self.now + TURN);
        Ok(Write::Put { table: self.table.to_owned(), item, condition: Condition::absent() })
    }

    /// The keys of the messages that the stream has not reported, or that could not be sent: those of all families.
    pub fn due(&self) -> impl Stream<Item = Result<Key>> + use<> {
        self.store.due(self.table, DUE, self.now)
    }

    /// The message with this key; `None` if it is gone, or if another process has taken it.
    ///
    /// DynamoDB: one read.
    pub async fn find(&self, key: Key) -> Result<Option<Waiting>> {
        let Some(item) = self.store.get(self.table, key.clone()).await? else { return Ok(None) };
        if read_integer::<i64>(&item, TAKEN_UNTIL)? > self.now.as_millisecond() {
            return Ok(None);
        }
        let sealed = self.keyring.open(&sealed::place(&key, MESSAGE), &read_text(&item, MESSAGE)?)?;
        let Sealed { to, message, text, only_for } = serde_json::from_str(&sealed).map_err(Error::internal)?;
        let message = message.or(text.map(|text| Message::Text { text }));
        let message = message.ok_or_else(|| Error::internal("a stored message without content"))?;
        Ok(Some(Waiting { key, to, only_for, message, item }))
    }

    /// Sends a message, or drops it if it is too late. Returns false if another process has taken it.
    ///
    /// DynamoDB: one write.
    pub async fn send(&self, Waiting { to, message, item, .. }: &Waiting) -> Result<bool> {
        let is_late = read_integer::<i64>(item, VALID_UNTIL)? <= self.now.as_second();
        if is_late || read_integer::<u32>(item, ATTEMPTS)? >= MAX_ATTEMPTS {
            tracing::error!(is_late, "a text message was not sent in time: it is dropped");
            return Ok(true);
        }
        let is_taken = self.take(item.clone()).await?;
        if is_taken {
            self.sms.send(to, message, self.now).await?;
        }
        Ok(is_taken)
    }

    /// Removes a message that was sent, or that is not to be sent.
    ///
    /// DynamoDB: one write.
    pub async fn remove(&self, Waiting { key, .. }: Waiting) -> Result<()> {
        self.store.transact(vec![Write::Delete { table: self.table.to_owned(), key, condition: None }]).await.map(drop)
    }

    /// Counts an attempt, and keeps others off the message meanwhile; `false` if another process has taken it.
    async fn take(&self, mut item: Item) -> Result<bool> {
        let attempts: u32 = read_integer(&item, ATTEMPTS)?;
        item.insert(ATTEMPTS.into(), number(attempts + 1));
        item.insert(TAKEN_UNTIL.into(), number((self.now + TURN).as_millisecond()));
        item.insert(STAMP.into(), text(random_text()?));
        mark(&mut item, DUE, self.now + TURN);
        let outcome = self.store.put(self.table, item.clone(), Condition::equals(ATTEMPTS, number(attempts))).await?;
        Ok(matches!(outcome.unless_stored(&item), Outcome::Written))
    }
}
