//! Channels: the clients of the family and their secrets. `ops-admin` administers them; the partner API only reads them.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::Service;
use super::keys::{self, ChannelId};
use crate::crypto::credentials::{NewSecret, Secrets};
use crate::error::{Error, Fault, Result};
use crate::storage::page::Cursor;
use crate::storage::table::attribute::text;
use crate::storage::table::{Condition, Item, Key, Order, Outcome, Query, Range, Write};
use crate::values::{Moment, RecordId, Secret, Text};

/// A channel as administrators see it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Channel {
    pub appkey: ChannelId,
    pub name: Text<0, 64>,
    pub enabled: bool,
    pub created_at: Moment,
    pub secrets: Secrets,
    version: u64,
}

/// A page of channels, oldest first.
pub struct Channels {
    pub list: Vec<Channel>,
    pub next_cursor: Option<String>,
}

impl Service {
    /// Creates a channel with its first secret.
    pub async fn create_channel(&self, appkey: ChannelId, name: Text<0, 64>) -> Result<(Channel, NewSecret)> {
        let (id, now) = self.stamp()?;
        let secret = NewSecret::make(id, now)?;
        let secrets = Secrets::of(secret.hashed());
        let channel = Channel { appkey, name, enabled: true, created_at: now.into(), secrets, version: 1 };
        let mut item = to_item(&channel)?;
        item.insert("ix1".into(), text(keys::CHANNELS));
        item.insert("ixsk".into(), text(id.sortable()));
        let outcome = self.store.put(&self.tables.channel, item.clone(), Condition::absent()).await?;
        match outcome.unless_stored(&item) {
            Outcome::Written => Ok((channel, secret)),
            Outcome::Rejected(_) => Err(Error::conflict(Fault::new("appkey", "exists already"))),
        }
    }

    /// Adds a secret; the old one stays valid until it is retired.
    pub async fn rotate_channel_secret(&self, appkey: &ChannelId) -> Result<NewSecret> {
        let (id, now) = self.stamp()?;
        let secret = NewSecret::make(id, now)?;
        self.change_channel(appkey, |channel| channel.secrets.add(secret.hashed(), "appkey")).await?;
        Ok(secret)
    }

    /// Retires a secret. The last one cannot be retired: disable the channel instead.
    pub async fn retire_channel_secret(&self, appkey: &ChannelId, secret_id: &RecordId) -> Result<Channel> {
        self.change_channel(appkey, |channel| channel.secrets.retire(secret_id)).await
    }

    /// A disabled channel gets no tokens, and all its tokens are rejected.
    pub async fn set_channel_enabled(&self, appkey: &ChannelId, enabled: bool) -> Result<Channel> {
        self.change_channel(appkey, |channel| {
            channel.enabled = enabled;
            Ok(())
        })
        .await
    }

    /// Up to `size` channels, oldest first.
    pub async fn list_channels(&self, size: u32, cursor: Option<&str>) -> Result<Channels> {
        let range = match cursor {
            None => Range::All,
            Some(sealed) => match Cursor::open(sealed, &self.keyring, keys::CHANNELS) {
                Some(cursor) => Range::After(cursor.position),
                None => return Err(Error::invalid([Fault::new("cursor", "is not a cursor of this list")])),
            },
        };
        let query = Query { index: "ix1", partition: keys::CHANNELS.into(), range, order: Order::Ascending, filter: None };
        let limit = i32::try_from(size).unwrap_or(i32::MAX);
        let (entries, next) = self.store.query(&self.tables.channel, &query, None, Some(limit)).await?;
        let position = next.and_then(|last| last.get("ixsk").and_then(|position| position.as_s().ok().cloned()));
        let cursor = position.map(|position| Cursor { position, total: 0, page: 0 });
        let keys = entries.iter().filter_map(Key::of).collect();
        let items = self.store.get_all(&self.tables.channel, keys).await?;
        Ok(Channels {
            list: items.into_iter().map(from_item).collect::<Result<_>>()?,
            next_cursor: cursor.map(|cursor| cursor.seal(&self.keyring, keys::CHANNELS)).transpose()?,
        })
    }

    /// The channel with this appkey and secret, enabled or not.
    pub(super) async fn authenticate(&self, appkey: &ChannelId, secret: Secret<&str>) -> Result<Option<Channel>> {
        Ok(self.channel(appkey).await?.filter(|channel| channel.secrets.accept(secret)))
    }

    /// Whether a channel is enabled, with a cache of five seconds in each process.
    ///
    /// DynamoDB: one read, unless cached.
    pub(super) async fn is_enabled(&self, appkey: &ChannelId) -> Result<bool> {
        let now = self.clock.now();
        if let Some(enabled) = self.statuses.get(appkey, now) {
            return Ok(enabled);
        }
        let enabled = self.channel(appkey).await?.is_some_and(|channel| channel.enabled);
        self.statuses.put(appkey.clone(), enabled, now);
        Ok(enabled)
    }

    async fn channel(&self, appkey: &ChannelId) -> Result<Option<Channel>> {
        self.store.get(&self.tables.channel, keys::channel(appkey)).await?.map(from_item).transpose()
    }

    async fn change_channel(&self, appkey: &ChannelId, change: impl Fn(&mut Channel) -> Result<()>) -> Result<Channel> {
        let changed = self.store.change(&self.tables.channel, keys::channel(appkey), |item| {
            let mut channel = from_item(item.clone())?;
            change(&mut channel)?;
            let mut next = to_item(&channel)?;
            let index = item.iter().filter(|(attribute, _)| matches!(attribute.as_str(), "ix1" | "ixsk"));
            next.extend(index.map(|(attribute, value)| (attribute.clone(), value.clone())));
            Ok(next)
        });
        changed.await?.map(from_item).transpose()?.ok_or_else(|| Error::missing("appkey"))
    }
}

/// A check that the channel is enabled, for a transaction.
pub(super) fn enabled_check(table: &str, appkey: &ChannelId) -> Write {
    let condition = Condition::equals("enabled", AttributeValue::Bool(true));
    Write::Check { table: table.to_owned(), key: keys::channel(appkey), condition }
}

fn to_item(channel: &Channel) -> Result<Item> {
    let mut item: Item = serde_dynamo::to_item(channel).map_err(Error::internal)?;
    item.extend(keys::channel(&channel.appkey).into_item());
    Ok(item)
}

fn from_item(item: Item) -> Result<Channel> {
    serde_dynamo::from_item(item).map_err(Error::internal)
}
