//! How users, companies, tasks, applications and payments are created, found and changed.

use super::item::{from_item, is_version, to_item};
use super::keys::{self, ChannelId};
use super::reference::{self, Broken, Reference};
use super::resource::{Record, Resource};
use super::{Service, Settings};
use crate::crypto::keyring::Purpose;
use crate::error::{Error, Fault, Result};
use crate::storage::table::{Condition, Item, Outcome, Rejection, Write, retry_conflicts};
use crate::values::{RecordId, Secret};

impl Service {
    /// Stores a new record. A repeated POST with the content of the first one returns the record as it is now; other content for the
    /// same id is a conflict.
    ///
    /// DynamoDB: one write; with references, one transaction.
    pub async fn create<T: Resource>(&self, channel: &ChannelId, content: T) -> Result<Record<T>> {
        check(&content, self.settings)?;
        let (server_id, _) = self.stamp()?;
        let first_content = self.digest(&content)?;
        let record = Record { server_id, content, updated_at: server_id.made_at(), version: 1, first_content };
        match self.write(channel, &record, Condition::absent(), &record.content.references()).await? {
            None => Ok(record),
            Some(rejections) => {
                let stored = from_item(&self.keyring, rejections.stored(&record.content)?)?;
                if self.is_first_content(&stored, &record.content)? {
                    Ok(stored)
                } else {
                    Err(Error::conflict(Fault::new(T::ID_FIELD, "exists with different content")))
                }
            }
        }
    }

    /// DynamoDB: one read.
    pub async fn find<T: Resource>(&self, channel: &ChannelId, id: &RecordId) -> Result<Option<Record<T>>> {
        let item = self.store.get(&self.tables.channel, keys::record(channel, T::KIND, id)).await?;
        item.map(|item| from_item(&self.keyring, item)).transpose()
    }

    /// Changes the content of a record by `change`, and writes only a difference. On a concurrent update the change is re-applied to the
    /// new version, so that no update is lost.
    ///
    /// DynamoDB: one read, and one write; with references that change, one transaction.
    pub async fn amend<T: Resource>(
        &self,
        channel: &ChannelId,
        id: &RecordId,
        change: impl Fn(&T) -> Result<T>,
    ) -> Result<Record<T>> {
        retry_conflicts(|| async {
            let current: Record<T> = self.find(channel, id).await?.ok_or_else(|| Error::missing(T::ID_FIELD))?;
            let next = change(&current.content)?;
            check(&next, self.settings)?;
            if next == current.content {
                return Ok(Some(current));
            }
            current.content.may_become(&next).map_err(Error::conflict)?;
            let changed = Record {
                server_id: current.server_id,
                content: next,
                updated_at: self.clock.now().max(current.updated_at),
                version: current.version + 1,
                first_content: current.first_content.clone(),
            };
            let known = current.content.references();
            let new: Vec<_> = changed.content.references().into_iter().filter(|reference| !known.contains(reference)).collect();
            match self.write(channel, &changed, is_version(current.version), &new).await? {
                None => Ok(Some(changed)),
                Some(rejections) => {
                    rejections.stored(&changed.content)?;
                    Ok(None)
                }
            }
        })
        .await
    }

    /// Writes the record if the condition holds and the references exist. Returns `None`, or why nothing was written.
    async fn write<T: Resource>(
        &self,
        channel: &ChannelId,
        record: &Record<T>,
        condition: Condition,
        references: &[Reference<'_>],
    ) -> Result<Option<Rejections>> {
        self.keyring.record().await?;
        let table = &self.tables.channel;
        let item = to_item(&self.keyring, channel, record)?;
        let outcome = if references.is_empty() {
            self.store.put(table, item, condition).await?
        } else {
            let checks = references.iter().map(|reference| reference.check(table, channel));
            let put = Write::Put { table: table.clone(), item, condition };
            self.store.transact(checks.chain([put]).collect()).await?
        };
        let Outcome::Rejected(mut rejections) = outcome else { return Ok(None) };
        let record = rejections.pop().ok_or_else(|| Error::internal("a rejection without reasons"))?;
        let references =
            references.iter().zip(&rejections).filter_map(|(reference, rejection)| reference.broken(rejection)).collect();
        Ok(Some(Rejections { record, references }))
    }

    /// A keyed digest, because a plain digest would let a reader of the table guess the content.
    fn digest<T: Resource>(&self, content: &T) -> Result<Secret<String>> {
        let digest = self.keyring.mac(Purpose::ContentDigest, &[T::KIND.as_bytes(), &canonical(&content.normal())?])?;
        Ok(digest.map(hex::encode))
    }

    fn is_first_content<T: Resource>(&self, stored: &Record<T>, content: &T) -> Result<bool> {
        // The first content is still stored. This needs no digest, whose key may be gone.
        if stored.version == 1 && canonical(&stored.content.normal())? == canonical(&content.normal())? {
            return Ok(true);
        }
        // Digests of older records are of the content as it was sent.
        for canonical in [canonical(&content.normal())?, canonical(content)?] {
            let digests = self.keyring.macs(Purpose::ContentDigest, &[T::KIND.as_bytes(), &canonical]);
            if digests.into_iter().any(|digest| digest.map(hex::encode).is_same(&stored.first_content)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Why nothing was written.
struct Rejections {
    record: Rejection,
    references: Vec<Broken>,
}

impl Rejections {
    /// The stored record whose state conflicts with the write; an error if references are broken instead.
    fn stored<T: Resource>(self, content: &T) -> Result<Item> {
        match self.record {
            Rejection { failed: true, stored: Some(item) } => Ok(item),
            Rejection { failed: true, stored: None } => Err(Error::missing(T::ID_FIELD)),
            Rejection { failed: false, .. } => Err(reference::error(self.references).unwrap_or_else(|| {
                Error::internal(format!("a write of {} {} was rejected without a reason", T::KIND, content.id()))
            })),
        }
    }
}

fn check<T: Resource>(content: &T, settings: Settings) -> Result<()> {
    let faults = content.faults(settings);
    if faults.is_empty() { Ok(()) } else { Err(Error::invalid(faults)) }
}

fn canonical<T: Resource>(content: &T) -> Result<Vec<u8>> {
    serde_json::to_vec(content).map_err(Error::internal)
}
