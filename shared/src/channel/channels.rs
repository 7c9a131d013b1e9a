//! The channels themselves: who may call, with which secrets. Administered through `ops-admin`; the partner API only looks.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Service;
use crate::error::{Error, Fault, Result};
use crate::ids::{Id, random};
use crate::page::Cursor;
use crate::store::{Condition, Item, Key, Order, Outcome, Query, Refusal};
use crate::values::{Moment, RecordId, Text};

/// A channel is known by its appkey.
pub type ChannelId = RecordId;

/// How many secrets may be active at once: the old one works on while a new one is rolled out.
const MAX_SECRETS: usize = 2;
/// How long a process may rely on a channel's status without looking again.
const STATUS_AGE: SignedDuration = SignedDuration::from_secs(5);
/// How many statuses a process remembers.
const STATUSES: usize = 10_000;
/// How often a change that others overtake is made anew.
const CHANGE_TRIES: u32 = 50;
/// The index partition that lists all channels.
const ALL: &str = "channels";
const KIND: &str = "channel";

/// A channel as administrators see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Channel {
    pub appkey: ChannelId,
    pub name: Text<0, 64>,
    pub enabled: bool,
    pub created_at: Moment,
    pub secrets: Vec<Secret>,
    version: u64,
}

/// One of a channel's secrets. The secret itself is not kept.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Secret {
    pub secret_id: RecordId,
    pub created_at: Moment,
    /// SHA-256: enough for 256 random bits.
    hash: String,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secret({})", self.secret_id)
    }
}

/// A secret at the one moment when it can be told.
pub struct NewSecret {
    pub secret_id: RecordId,
    pub plain: String,
}

/// A page of channels, oldest first.
pub struct Channels {
    pub list: Vec<Channel>,
    pub next_cursor: Option<String>,
}

impl Channel {
    fn accepts(&self, secret: &str) -> bool {
        let presented = hash(secret);
        // Every hash is compared, so that the time does not tell which secret was close.
        self.secrets
            .iter()
            .fold(false, |found, known| found | verify_slices_are_equal(presented.as_bytes(), known.hash.as_bytes()).is_ok())
    }
}

impl Service {
    /// Creates a channel with its first secret.
    pub async fn create_channel(&self, appkey: ChannelId, name: Text<0, 64>) -> Result<(Channel, NewSecret)> {
        let (id, now) = self.stamp()?;
        let (secret, told) = new_secret(id, now)?;
        let channel = Channel { appkey, name, enabled: true, created_at: now.into(), secrets: vec![secret], version: 1 };
        let mut item = to_item(&channel)?;
        item.insert("ix1".into(), AttributeValue::S(ALL.into()));
        item.insert("ixsk".into(), AttributeValue::S(id.sortable()));
        match self.store.put(&self.tables.channel, item.clone(), Condition::absent()).await? {
            Outcome::Written => Ok((channel, told)),
            // Our own write, whose answer was lost on the way: it was sent again.
            Outcome::Refused(refusals) if stored(&refusals) == Some(&item) => Ok((channel, told)),
            Outcome::Refused(_) => Err(Error::conflict(Fault::new("appkey", "exists already"))),
        }
    }

    /// Adds a secret; the old one keeps working until it is retired.
    pub async fn rotate_channel_secret(&self, appkey: &ChannelId) -> Result<NewSecret> {
        let (id, now) = self.stamp()?;
        let (secret, told) = new_secret(id, now)?;
        self.change_channel(appkey, |channel| {
            if channel.secrets.len() >= MAX_SECRETS {
                return Err(Error::conflict(Fault::new("appkey", "has two active secrets: retire one first")));
            }
            channel.secrets.push(secret.clone());
            Ok(())
        })
        .await?;
        Ok(told)
    }

    /// Ends a secret. The last one cannot be retired: disable the channel instead.
    pub async fn retire_channel_secret(&self, appkey: &ChannelId, secret_id: &RecordId) -> Result<Channel> {
        self.change_channel(appkey, |channel| {
            let (retired, kept): (Vec<_>, Vec<_>) =
                channel.secrets.drain(..).partition(|secret| secret.secret_id == *secret_id);
            if retired.is_empty() {
                return Err(Error::not_found([Fault::new("secret_id", "does not exist")]));
            }
            if kept.is_empty() {
                return Err(Error::conflict(Fault::new("secret_id", "is the last active secret")));
            }
            channel.secrets = kept;
            Ok(())
        })
        .await
    }

    /// A disabled channel gets no token, and every token of its is refused.
    pub async fn set_channel_enabled(&self, appkey: &ChannelId, enabled: bool) -> Result<Channel> {
        let channel = self
            .change_channel(appkey, |channel| {
                channel.enabled = enabled;
                Ok(())
            })
            .await?;
        self.statuses.put(appkey, enabled, self.clock.now());
        Ok(channel)
    }

    /// Up to `size` channels, oldest first.
    pub async fn list_channels(&self, size: u32, cursor: Option<&str>) -> Result<Channels> {
        let after = match cursor {
            None => None,
            Some(sealed) => match Cursor::open(sealed, &self.keyring, ALL) {
                Some(cursor) => Some(cursor.position),
                None => return Err(Error::invalid([Fault::new("cursor", "is not a cursor of this list")])),
            },
        };
        let query = Query { index: "ix1", partition: ALL.into(), after, order: Order::Ascending, filter: None };
        let limit = i32::try_from(size).unwrap_or(i32::MAX);
        let (entries, next) = self.store.query(&self.tables.channel, &query, None, Some(limit)).await?;
        let position = next.and_then(|last| last.get("ixsk").and_then(|place| place.as_s().ok().cloned()));
        let cursor = position.map(|position| Cursor { position, total: 0, page: 0 });
        let keys =
            entries.iter().filter_map(|entry| Some(Key::new(entry.get("pk")?.as_s().ok()?, entry.get("sk")?.as_s().ok()?)));
        let items = self.store.get_all(&self.tables.channel, keys.collect()).await?;
        Ok(Channels {
            list: items.into_iter().map(from_item).collect::<Result<_>>()?,
            next_cursor: cursor.map(|cursor| cursor.seal(&self.keyring, ALL)).transpose()?,
        })
    }

    /// The channel that this appkey and secret belong to; it may be disabled.
    pub(super) async fn authenticate(&self, appkey: &ChannelId, secret: &str) -> Result<Option<Channel>> {
        Ok(self.channel(appkey).await?.filter(|channel| channel.accepts(secret)))
    }

    /// Whether a channel may call now. Asks DynamoDB at most every five seconds for each channel and process; within a
    /// process a change is known at once.
    pub(super) async fn is_enabled(&self, appkey: &ChannelId) -> Result<bool> {
        let now = self.clock.now();
        if let Some(enabled) = self.statuses.get(appkey, now) {
            return Ok(enabled);
        }
        let enabled = self.channel(appkey).await?.is_some_and(|channel| channel.enabled);
        self.statuses.put(appkey, enabled, now);
        Ok(enabled)
    }

    async fn channel(&self, appkey: &ChannelId) -> Result<Option<Channel>> {
        self.store.get(&self.tables.channel, key(appkey)).await?.map(from_item).transpose()
    }

    async fn change_channel(&self, appkey: &ChannelId, change: impl Fn(&mut Channel) -> Result<()>) -> Result<Channel> {
        let table = &self.tables.channel;
        let mut found = self.store.get(table, key(appkey)).await?;
        for attempt in 0..CHANGE_TRIES {
            let item = found.ok_or_else(|| Error::not_found([Fault::new("appkey", "does not exist")]))?;
            let mut channel = from_item(item.clone())?;
            let seen = channel.version;
            change(&mut channel)?;
            channel.version += 1;
            let mut next = to_item(&channel)?;
            next.extend(item.into_iter().filter(|(attribute, _)| matches!(attribute.as_str(), "ix1" | "ixsk")));
            // Tells this write from an equal one of somebody else.
            next.insert("write".into(), AttributeValue::S(self.stamp()?.0.to_string()));
            let unchanged = Condition::equals("version", AttributeValue::N(seen.to_string()));
            match self.store.put(table, next.clone(), unchanged).await? {
                Outcome::Written => return Ok(channel),
                Outcome::Refused(refusals) => match stored(&refusals) {
                    // Our own write, whose answer was lost on the way: it was sent again.
                    Some(item) if *item == next => return Ok(channel),
                    other => found = other.cloned(),
                },
            }
            crate::store::pause(attempt).await?;
        }
        Err(Error::internal("a channel changed faster than it could be changed"))
    }

    fn stamp(&self) -> Result<(Id, Timestamp)> {
        let now = self.clock.now();
        Ok((self.ids.next(now)?, now))
    }
}

/// What refused a write of one item.
fn stored(refusals: &[Refusal]) -> Option<&Item> {
    refusals.iter().find_map(|refusal| refusal.stored.as_ref())
}

/// What a process remembers of channels' statuses.
#[derive(Default)]
pub(super) struct StatusCache(Mutex<HashMap<ChannelId, (bool, Timestamp)>>);

impl StatusCache {
    fn get(&self, channel: &ChannelId, now: Timestamp) -> Option<bool> {
        let statuses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (enabled, seen) = statuses.get(channel)?;
        (now.duration_since(*seen) < STATUS_AGE).then_some(*enabled)
    }

    fn put(&self, channel: &ChannelId, enabled: bool, now: Timestamp) {
        let mut statuses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if statuses.len() >= STATUSES {
            statuses.clear();
        }
        statuses.insert(channel.clone(), (enabled, now));
    }
}

fn new_secret(id: Id, now: Timestamp) -> Result<(Secret, NewSecret)> {
    let plain = BASE64.encode(random::<32>()?);
    let secret_id = RecordId::parse(&id.to_string()).map_err(Error::internal)?;
    let secret = Secret { secret_id: secret_id.clone(), created_at: now.into(), hash: hash(&plain) };
    Ok((secret, NewSecret { secret_id, plain }))
}

fn hash(secret: &str) -> String {
    BASE64.encode(Sha256::digest(secret.as_bytes()))
}

fn key(appkey: &ChannelId) -> Key {
    Key::new(appkey.as_str(), KIND)
}

/// Where a channel is stored: for a condition beside another write.
pub(super) fn enabled_check(table: &str, appkey: &ChannelId) -> crate::store::Write {
    crate::store::Write::Check {
        table: table.to_owned(),
        key: key(appkey),
        condition: Condition::equals("enabled", AttributeValue::Bool(true)),
    }
}

fn to_item(channel: &Channel) -> Result<Item> {
    let Key { pk, sk } = key(&channel.appkey);
    let mut item: Item = serde_dynamo::to_item(channel).map_err(Error::internal)?;
    item.extend([("pk".into(), AttributeValue::S(pk)), ("sk".into(), AttributeValue::S(sk))]);
    Ok(item)
}

fn from_item(item: Item) -> Result<Channel> {
    serde_dynamo::from_item(item).map_err(Error::internal)
}
