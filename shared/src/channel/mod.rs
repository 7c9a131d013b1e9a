//! The partner API (docs/contract/channel.txt): channels push the users, companies, tasks, applications and payments of gig labour.
//!
//! Every record belongs to one channel, which is part of its key. The handlers call [`Service`].

pub mod applications;
pub mod channels;
pub mod choices;
pub mod companies;
mod filter;
mod item;
mod keys;
mod listing;
mod origin;
pub mod payments;
mod persons;
mod record;
mod reference;
mod reseal;
mod resource;
pub mod reveal;
pub mod tasks;
pub mod tokens;
pub mod uploads;
pub mod users;
mod view;

use std::sync::Arc;

use jiff::Timestamp;

use crate::error::Result;
use crate::runtime::cache::Cache;
use crate::runtime::caller;
use crate::runtime::clock::Clock;
use crate::runtime::environment::Environment;
use crate::runtime::family_keys::FamilyKeys;
use crate::runtime::ids::Ids;
use crate::storage::objects::Objects;
use crate::storage::rate_limit::Counters;
use crate::storage::table::Store;
use crate::values::Id;

pub use channels::Channel;
pub use filter::{Filter, period};
pub use keys::ChannelId;
pub use resource::{Record, Resource};

pub struct Service {
    store: Store,
    tables: Tables,
    objects: Objects,
    keyring: FamilyKeys,
    clock: Arc<dyn Clock>,
    ids: Ids,
    /// Which tokens of a channel are accepted.
    standings: Cache<ChannelId, channels::Standing>,
    settings: Settings,
    views: view::Views,
}

struct Tables {
    /// `CHANNEL_TABLE`: channels and their records.
    channel: String,
    /// `CREDENTIALS_TABLE`: refresh tokens and rate limits.
    credentials: String,
}

/// The choices of an installation.
#[derive(Clone, Copy)]
pub struct Settings {
    /// `STRICT_CHECKSUMS`: identity numbers and credit codes must have the right check character.
    pub strict_checksums: bool,
}

impl Service {
    /// Reads the variables `CHANNEL_TABLE`, `CREDENTIALS_TABLE`, `UPLOADS_BUCKET`, `CHANNEL_SECRET` (the id of the key secret)
    /// and `STRICT_CHECKSUMS`, fetches the keys and opens the connection, so that the first request need not wait for it.
    pub async fn connect(environment: &Environment) -> Result<Self> {
        let tables = Tables {
            channel: environment.required("CHANNEL_TABLE")?.to_owned(),
            credentials: environment.required("CREDENTIALS_TABLE")?.to_owned(),
        };
        let settings = Settings { strict_checksums: environment.flag("STRICT_CHECKSUMS", false)? };
        let objects = environment.objects(environment.required("UPLOADS_BUCKET")?);
        let (store, keyring) = environment.open(&tables.channel, environment.required("CHANNEL_SECRET")?).await?;
        Ok(Self {
            store,
            keyring,
            tables,
            objects,
            clock: Arc::clone(&environment.clock),
            ids: Ids::default(),
            standings: Cache::default(),
            views: view::Views::new(environment),
            settings,
        })
    }

    /// The keys of the family, for a process to keep up with their secret.
    pub fn keys(&self) -> &FamilyKeys {
        &self.keyring
    }

    fn counters(&self) -> Counters<'_> {
        let Self { store, keyring, tables, .. } = self;
        let now = self.clock.now();
        Counters { family: "channel", store, table: &tables.credentials, keyring, now, act: caller::act }
    }

    /// A new id, and the time.
    fn stamp(&self) -> Result<(Id, Timestamp)> {
        let now = self.clock.now();
        Ok((self.ids.next(now)?, now))
    }
}
