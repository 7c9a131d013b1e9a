//! The keys of a family in a running process: checked against what is stored, and read again while the process runs.
//!
//! An item of the family's table, the marker, says which keys stored records need. A configuration that contradicts it would lose
//! records, so no process starts with it, and a running one keeps its keys.
//!
//! | attribute | holds |
//! |---|---|
//! | `fields` | the ids of the keys that may have sealed a stored field, with commas |
//! | `indexes` | the ids of the keys by whose blind indexes all records are found, with commas |
//! | `configuration`, `since` | what the secret names each key for, when a pass of `reseal` last began, and when it first saw that |
//! | `version` | counts the changes |

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::crypto::access_token::{AccessTokens, Holder};
use crate::crypto::keyring::{Keyring, Keys, Purpose};
use crate::error::{Error, Result};
use crate::outbound::secret::{Reading, Source};
use crate::runtime::clock::Clock;
use crate::storage::audit::{Act, Change, Object};
use crate::storage::table::attribute::{number, read_integer, read_text, text};
use crate::storage::table::{Condition, Item, Key, Outcome, Store, VERSION, Write, retry_conflicts};
use crate::values::Secret;

/// The least time between two reads for tokens that name an unknown key: forged ones must not cause a call each.
const UNKNOWN_KEY_INTERVAL: SignedDuration = SignedDuration::from_secs(5);

pub struct FamilyKeys {
    ring: Keyring,
    source: Source,
    store: Store,
    table: String,
    clock: Arc<dyn Clock>,
    /// The lock lets one request at a time read the secret again.
    reading: tokio::sync::Mutex<Reading>,
    /// The current key that the marker is known to list.
    recorded: Mutex<Option<String>>,
}

impl Deref for FamilyKeys {
    type Target = Keyring;

    fn deref(&self) -> &Keyring {
        &self.ring
    }
}

impl FamilyKeys {
    /// Reads the secret and the marker concurrently. The read of the marker also opens the connection to DynamoDB.
    pub async fn open(source: Source, store: Store, table: &str, clock: Arc<dyn Clock>) -> Result<Self> {
        let (secret, marker) = tokio::join!(source.read(), store.get(table, marker_key()));
        let keys = Keys::parse(secret?.as_deref())?;
        let recorded = check(&keys, marker?.as_ref(), &source.id)?;
        let reading = tokio::sync::Mutex::new(Reading::at(clock.now()));
        let recorded = Mutex::new(recorded.then(|| keys.current().to_owned()));
        Ok(Self { ring: Keyring::new(keys), source, store, table: table.to_owned(), clock, reading, recorded })
    }

    /// Reads the secret again if it was read five minutes ago. Concurrent requests use the old keys meanwhile.
    ///
    /// DynamoDB: one read if the secret has changed.
    pub async fn refresh(&self) {
        let now = self.clock.now();
        let Ok(mut reading) = self.reading.try_lock() else { return };
        if reading.is_due(now) {
            self.read_again(&mut reading, now).await;
        }
    }

    /// The holder of an access token: see [`AccessTokens::verify`]. A token that names an unknown key makes the process read the secret
    /// again at once.
    pub async fn verify(&self, tokens: &AccessTokens, token: Secret<&str>, now: Timestamp) -> Option<Holder> {
        if let Some(id) = AccessTokens::key_id(token)
            && self.is_unknown(&id)
        {
            let mut reading = self.reading.lock().await;
            if self.is_unknown(&id) && now.duration_since(reading.tried_at) >= UNKNOWN_KEY_INTERVAL {
                self.read_again(&mut reading, now).await;
            }
        }
        tokens.verify(&self.ring, token, now)
    }

    fn is_unknown(&self, id: &str) -> bool {
        self.ring.accepted(id, Purpose::AccessToken).is_none()
    }

    /// Replaces the keys by those in the secret. After a failure the old ones stay.
    async fn read_again(&self, reading: &mut Reading, now: Timestamp) {
        reading.tried_at = now;
        match self.read_checked().await {
            Ok(()) => reading.read_at = now,
            Err(error) => {
                tracing::error!(%error, secret = self.source.id, "the keys could not be read again: the old ones stay");
            }
        }
    }

    async fn read_checked(&self) -> Result<()> {
        let keys = Keys::parse(self.source.read_again().await?.as_deref())?;
        if keys.configuration() != self.ring.keys().configuration() {
            let marker = self.store.get(&self.table, marker_key()).await?;
            check(&keys, marker.as_ref(), &self.source.id)?;
        }
        self.ring.replace(keys);
        Ok(())
    }

    /// Makes sure that the marker lists the current key. It comes before each write of a sealed field or a blind index that lasts.
    ///
    /// DynamoDB: nothing, except for the first write with a new key: one read, one write.
    pub async fn record(&self) -> Result<()> {
        let keys = self.ring.keys();
        let is_recorded = |recorded: &Option<String>| recorded.as_deref() == Some(keys.current());
        if is_recorded(&self.recorded.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(());
        }
        retry_conflicts(|| async {
            let stored = self.store.get(&self.table, marker_key()).await?;
            let (marker, condition) = match &stored {
                // Any listed key may have sealed what was stored before there was a marker.
                None => (marker(keys.ids(), [keys.index()].into_iter(), 1), Condition::absent()),
                Some(stored) => {
                    let (fields, indexes, version) = (listed(stored, "fields")?, listed(stored, "indexes")?, version(stored)?);
                    if fields.iter().any(|id| id == keys.current()) {
                        return Ok(Some(()));
                    }
                    let fields = fields.iter().map(String::as_str).chain([keys.current()]);
                    let marker = marker(fields, indexes.iter().map(String::as_str), version + 1);
                    (marker, Condition::equals(VERSION, number(version)))
                }
            };
            Ok(self.put_marker(marker, condition).await?.then_some(()))
        })
        .await?;
        *self.recorded.lock().unwrap_or_else(PoisonError::into_inner) = Some(keys.current().to_owned());
        Ok(())
    }

    /// Returns whether the condition held.
    async fn put_marker(&self, marker: Item, condition: Condition) -> Result<bool> {
        let outcome = self.store.put(&self.table, marker.clone(), condition).await?;
        Ok(matches!(outcome.unless_stored(&marker), Outcome::Written))
    }
}

impl FamilyKeys {
    /// Since when the configuration in the secret is known: from now on, if it is new.
    pub(super) async fn configured_since(&self, act: &Act, now: Timestamp) -> Result<Timestamp> {
        {
            let mut reading = self.reading.lock().await;
            self.read_again(&mut reading, now).await;
        }
        self.record().await?;
        let configuration = self.ring.keys().configuration();
        retry_conflicts(|| async {
            let Some(stored) = self.store.get(&self.table, marker_key()).await? else { return Ok(None) };
            if stored.contains_key(CONFIGURATION) && read_text(&stored, CONFIGURATION)? == configuration {
                let since = read_integer(&stored, SINCE)?;
                return Timestamp::from_millisecond(since).map(Some).map_err(Error::internal);
            }
            let version = version(&stored)?;
            let mut next = stored.clone();
            next.insert(CONFIGURATION.into(), text(configuration.as_str()));
            next.insert(SINCE.into(), number(now.as_millisecond()));
            next.insert(VERSION.into(), number(version + 1));
            let is_stored = self.move_marker(act, &stored, next).await?;
            Ok(is_stored.then_some(now))
        })
        .await
    }

    /// Replaces the marker that a pass has read, unless it stays the same. Returns false if another process has changed it.
    async fn move_marker(&self, act: &Act, stored: &Item, next: Item) -> Result<bool> {
        let unchanged = Condition::equals(VERSION, number(version(stored)?));
        let change = Change::of(Object::new("keys", "marker", &[&self.table])).changed(stored, &next);
        if change.fields.is_empty() {
            return Ok(true);
        }
        let put = Write::Put { table: self.table.clone(), item: next, condition: unchanged };
        Ok(matches!(self.store.transact_by(act, &change, vec![put]).await?, Outcome::Written))
    }

    /// After a pass that began with this configuration, stored records need only the keys that it uses. `false` if the configuration is
    /// another one by now.
    pub(super) async fn complete(&self, act: &Act, since: Timestamp) -> Result<bool> {
        let keys = self.ring.keys();
        retry_conflicts(|| async {
            let Some(stored) = self.store.get(&self.table, marker_key()).await? else { return Ok(Some(false)) };
            let is_same = stored.contains_key(CONFIGURATION)
                && read_text(&stored, CONFIGURATION)? == keys.configuration()
                && read_integer::<i64>(&stored, SINCE)? == since.as_millisecond();
            if !is_same {
                return Ok(Some(false));
            }
            let version = version(&stored)?;
            let mut next = marker([keys.current()].into_iter(), keys.indexes().into_iter(), version + 1);
            next.insert(CONFIGURATION.into(), stored[CONFIGURATION].clone());
            next.insert(SINCE.into(), stored[SINCE].clone());
            let is_stored = self.move_marker(act, &stored, next).await?;
            Ok(is_stored.then_some(true))
        })
        .await
    }
}

const CONFIGURATION: &str = "configuration";
const SINCE: &str = "since";

fn marker_key() -> Key {
    Key::new("keys", "keys")
}

fn marker<'a>(fields: impl Iterator<Item = &'a str>, indexes: impl Iterator<Item = &'a str>, version: u64) -> Item {
    let mut item = marker_key().into_item();
    item.insert("fields".into(), text(fields.collect::<Vec<_>>().join(",")));
    item.insert("indexes".into(), text(indexes.collect::<Vec<_>>().join(",")));
    item.insert(VERSION.into(), number(version));
    item
}

fn listed(marker: &Item, attribute: &str) -> Result<Vec<String>> {
    Ok(read_text(marker, attribute)?.split(',').map(str::to_owned).collect())
}

fn version(marker: &Item) -> Result<u64> {
    read_integer(marker, VERSION)
}

/// Rejects keys that contradict the marker. Returns whether the marker lists the current one.
fn check(keys: &Keys, marker: Option<&Item>, secret: &str) -> Result<bool> {
    let Some(marker) = marker else { return Ok(false) };
    let (fields, indexes) = (listed(marker, "fields")?, listed(marker, "indexes")?);
    let is_listed = |needed: &&String| keys.ids().any(|id| id == needed.as_str());
    if let Some(gone) = fields.iter().chain(&indexes).find(|needed| !is_listed(needed)) {
        return Err(Error::internal(format!("{secret} lacks the key {gone}, which stored records still need")));
    }
    if !indexes.iter().any(|id| id == keys.index()) {
        let (named, stored) = (keys.index(), indexes.join(", "));
        return Err(Error::internal(format!("{secret} names {named} as index, but records are found by {stored}")));
    }
    Ok(fields.iter().any(|id| id == keys.current()))
}
