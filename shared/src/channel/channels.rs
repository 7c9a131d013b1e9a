//! Channels: the clients of the family and their secrets. `ops-admin` administers them; the partner API only reads them.

use serde::{Deserialize, Serialize};

use super::Service;
use super::keys::{self, ChannelId};
use super::origin::Origin;
use crate::crypto::credentials::{NewSecret, Secrets};
use crate::error::{Error, Fault, Result};
use crate::storage::audit::{Act, Change, Object, Stored};
use crate::storage::listing::{Listed, PageOf, listed};
use crate::storage::table::attribute::text;
use crate::storage::table::{Condition, Item, Outcome, Write};
use crate::values::{Moment, RecordId, Secret, Text};

/// A channel as administrators see it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Channel {
    pub appkey: ChannelId,
    pub name: Text<0, 64>,
    pub enabled: bool,
    pub created_at: Moment,
    pub secrets: Secrets,
    /// The id of the command that last ended all tokens; 0 before the first one. Unlike a counter it does not come back after a restore.
    #[serde(default)]
    epoch: u64,
    version: u64,
}

/// What a process caches about a channel.
#[derive(Clone)]
pub(super) struct Standing {
    is_enabled: bool,
    epoch: u64,
    /// The ids of the active secrets.
    secrets: Vec<RecordId>,
}

impl Standing {
    /// `None` is a channel that does not exist.
    fn of(channel: Option<Channel>) -> Self {
        match channel {
            Some(Channel { enabled: is_enabled, epoch, secrets, .. }) => {
                Self { is_enabled, epoch, secrets: secrets.iter().map(|secret| secret.secret_id.clone()).collect() }
            }
            None => Self { is_enabled: false, epoch: 0, secrets: Vec::new() },
        }
    }

    fn accepts(&self, Origin { secret_id, epoch }: &Origin) -> bool {
        self.epoch == *epoch && self.secrets.contains(secret_id)
    }
}

impl Service {
    /// Creates a channel with its first secret.
    pub async fn create_channel(&self, act: &Act, appkey: ChannelId, name: Text<0, 64>) -> Result<(Channel, NewSecret)> {
        let (id, now) = self.stamp()?;
        let secret = NewSecret::make(id, now)?;
        let secrets = Secrets::of(secret.hashed());
        let channel = Channel { appkey, name, enabled: true, created_at: now.into(), secrets, epoch: 0, version: 1 };
        let mut item = to_item(&channel)?;
        item.insert("ix1".into(), text(keys::CHANNELS));
        item.insert("ixsk".into(), text(id.sortable()));
        let change = Change::of(object(&channel.appkey)).created(&item);
        let put = Write::Put { table: self.tables.channel.clone(), item: item.clone(), condition: Condition::absent() };
        match self.store.transact_by(act, &change, vec![put]).await?.unless_stored(&item) {
            Outcome::Written => Ok((channel, secret)),
            Outcome::Rejected(_) => Err(Error::conflict(Fault::new("appkey", "exists already"))),
        }
    }

    /// Adds a secret; the old one stays valid until it is retired.
    pub async fn rotate_channel_secret(&self, act: &Act, appkey: &ChannelId) -> Result<NewSecret> {
        let (id, now) = self.stamp()?;
        let secret = NewSecret::make(id, now)?;
        self.change_channel(act, appkey, |channel| channel.secrets.add(secret.hashed(), "appkey")).await?;
        Ok(secret)
    }

    /// Retires a secret, which ends the tokens that it got. The last one cannot be retired: disable the channel instead.
    pub async fn retire_channel_secret(&self, act: &Act, appkey: &ChannelId, secret_id: &RecordId) -> Result<Channel> {
        self.change_channel(act, appkey, |channel| channel.secrets.retire(secret_id)).await
    }

    /// A disabled channel gets no tokens, and all its tokens end: they stay rejected when it is enabled again.
    pub async fn disable_channel(&self, act: &Act, appkey: &ChannelId) -> Result<Channel> {
        let (id, _) = self.stamp()?;
        self.change_channel(act, appkey, |channel| {
            if channel.enabled {
                channel.enabled = false;
                channel.epoch = id.as_u64();
            }
            Ok(())
        })
        .await
    }

    pub async fn enable_channel(&self, act: &Act, appkey: &ChannelId) -> Result<Channel> {
        self.change_channel(act, appkey, |channel| {
            channel.enabled = true;
            Ok(())
        })
        .await
    }

    /// Ends all tokens of a channel. Its secrets stay valid, so it can get new tokens at once.
    pub async fn revoke_channel_tokens(&self, act: &Act, appkey: &ChannelId) -> Result<Channel> {
        let (id, _) = self.stamp()?;
        self.change_channel(act, appkey, |channel| {
            channel.epoch = id.as_u64();
            Ok(())
        })
        .await
    }

    /// A page of the channels by age.
    pub async fn list_channels(&self, page: &PageOf<'_>) -> Result<Listed<Channel>> {
        let Self { store, keyring, tables, .. } = self;
        listed(store, keyring, &tables.channel, "ix1", keys::CHANNELS.into(), page).await
    }

    /// The channel with this appkey and secret, enabled or not, and the origin of the tokens that it gets for the secret.
    pub(super) async fn authenticate(&self, appkey: &ChannelId, secret: Secret<&str>) -> Result<Option<(Channel, Origin)>> {
        let Some(channel) = self.channel(appkey).await? else { return Ok(None) };
        let secret_id = channel.secrets.find(secret).cloned();
        Ok(secret_id.map(|secret_id| {
            let origin = Origin { secret_id, epoch: channel.epoch };
            (channel, origin)
        }))
    }

    /// Rejects a token of this origin if the channel is disabled or has ended it. A process caches a channel for five seconds.
    ///
    /// DynamoDB: one read, unless cached.
    pub(super) async fn admit(&self, channel: &ChannelId, origin: &Origin) -> Result<()> {
        let now = self.clock.now();
        let cached = self.standings.get(channel, now);
        let standing = match cached.filter(|standing| !standing.is_enabled || standing.accepts(origin)) {
            Some(standing) => standing,
            // Not cached, or cached before the token was issued: then the secret or the epoch may be newer than the cache.
            None => {
                let standing = Standing::of(self.channel(channel).await?);
                self.standings.put(channel.clone(), standing.clone(), now);
                standing
            }
        };
        match standing {
            Standing { is_enabled: false, .. } => Err(Error::forbidden()),
            standing if standing.accepts(origin) => Ok(()),
            _ => Err(Error::token_rejected()),
        }
    }

    async fn channel(&self, appkey: &ChannelId) -> Result<Option<Channel>> {
        self.store.get(&self.tables.channel, keys::channel(appkey)).await?.map(from_item).transpose()
    }

    async fn change_channel(
        &self,
        act: &Act,
        appkey: &ChannelId,
        change: impl Fn(&mut Channel) -> Result<()>,
    ) -> Result<Channel> {
        let object = Change::of(object(appkey));
        let changed = self.store.change_by(act, object, Stored::plain(&self.tables.channel, keys::channel(appkey)), |item| {
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

fn object(appkey: &ChannelId) -> Object {
    Object::new("channel", "channel", &[appkey.as_str()])
}

fn to_item(channel: &Channel) -> Result<Item> {
    let mut item: Item = serde_dynamo::to_item(channel).map_err(Error::internal)?;
    item.extend(keys::channel(&channel.appkey).into_item());
    Ok(item)
}

fn from_item(item: Item) -> Result<Channel> {
    serde_dynamo::from_item(item).map_err(Error::internal)
}
