//! Records: how they are created, found and amended.

use super::keys::ChannelId;
use super::reference::{self, Reference};
use super::resource::{Record, Resource, missing};
use super::{Service, Settings, item};
use crate::crypto::keyring::Purpose;
use crate::error::{Error, Fault, Result};
use crate::storage::table::{Condition, Item, Outcome, Rejection, Write, retry_conflicts};
use crate::values::RecordId;

impl Service {
    /// Stores a new record. A repeated POST with the content of the first one returns the record as it is; other content for the same id
    /// is a conflict.
    ///
    /// DynamoDB: one write; with references, one transaction.
    pub async fn create<T: Resource>(&self, channel: &ChannelId, content: T) -> Result<Record<T>> {
        check(&content, self.settings)?;
        let now = self.clock.now();
        let server_id = self.ids.next(now)?;
        let first_content = self.digest(&content)?;
        let record = Record { server_id, content, updated_at: server_id.made_at(), version: 1, first_content };
        match self.write(channel, &record, Condition::absent(), &record.content.references()).await? {
            None => Ok(record),
            Some(rejections) => {
                let stored = self.unless_references_are_missing(channel, rejections, &record.content)?;
                let stored = item::read(&self.keyring, stored)?;
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
        let item = self.store.get(&self.tables.channel, item::key::<T>(channel, id)).await?;
        item.map(|item| item::read(&self.keyring, item)).transpose()
    }

    /// Replaces the content of a record by what `change` returns. Equal content is not written. On a concurrent update the change is
    /// re-applied to the new version.
    ///
    /// DynamoDB: one read, and one write; with references that change, one transaction.
    pub async fn amend<T: Resource>(
        &self,
        channel: &ChannelId,
        id: &RecordId,
        change: impl Fn(&T) -> Result<T>,
    ) -> Result<Record<T>> {
        retry_conflicts(|| async {
            let current: Record<T> = self.find(channel, id).await?.ok_or_else(|| missing::<T>())?;
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
            match self.write(channel, &changed, item::is_version(current.version), &new).await? {
                None => Ok(Some(changed)),
                Some(rejections) => {
                    self.unless_references_are_missing(channel, rejections, &changed.content)?;
                    Ok(None)
                }
            }
        })
        .await
    }

    /// Writes the record if the condition holds and the references exist; otherwise returns the conditions that failed.
    async fn write<T: Resource>(
        &self,
        channel: &ChannelId,
        record: &Record<T>,
        condition: Condition,
        references: &[Reference<'_>],
    ) -> Result<Option<Rejections>> {
        let table = &self.tables.channel;
        let item = item::write(&self.keyring, channel, record)?;
        let outcome = if references.is_empty() {
            self.store.put(table, item, condition).await?
        } else {
            let checks = references.iter().map(|reference| reference.check(table, channel));
            let put = Write::Put { table: table.clone(), item, condition };
            self.store.transact(checks.chain([put]).collect()).await?
        };
        let Outcome::Rejected(mut rejections) = outcome else { return Ok(None) };
        let record = rejections.pop().ok_or_else(|| Error::internal("a rejection without reasons"))?;
        let missing =
            references.iter().zip(&rejections).filter_map(|(reference, rejection)| reference.fault(rejection)).collect();
        Ok(Some(Rejections { record, missing }))
    }

    /// The stored record that conflicts with the write. Missing references are an error of the client.
    fn unless_references_are_missing<T: Resource>(
        &self,
        channel: &ChannelId,
        rejections: Rejections,
        content: &T,
    ) -> Result<Item> {
        match rejections.record {
            Rejection { failed: true, stored: Some(item) } => Ok(item),
            Rejection { failed: true, stored: None } => Err(missing::<T>()),
            Rejection { failed: false, .. } => Err(reference::error(rejections.missing).unwrap_or_else(|| {
                Error::internal(format!("{channel}: a write of {} {} was rejected without a reason", T::KIND, content.id()))
            })),
        }
    }

    /// A keyed digest: no one can guess the content of a record from it.
    fn digest<T: Resource>(&self, content: &T) -> Result<String> {
        Ok(hex::encode(self.keyring.mac(Purpose::ContentDigest, &[T::KIND.as_bytes(), &canonical(content)?])?))
    }

    fn is_first_content<T: Resource>(&self, stored: &Record<T>, content: &T) -> Result<bool> {
        let canonical = canonical(content)?;
        let digests = self.keyring.macs(Purpose::ContentDigest, &[T::KIND.as_bytes(), &canonical]);
        Ok(digests.iter().any(|digest| hex::encode(digest) == stored.first_content))
    }
}

/// Why a write was rejected.
struct Rejections {
    record: Rejection,
    missing: Vec<reference::Missing>,
}

fn check<T: Resource>(content: &T, settings: Settings) -> Result<()> {
    let faults = content.faults(settings);
    if faults.is_empty() { Ok(()) } else { Err(Error::invalid(faults)) }
}

fn canonical<T: Resource>(content: &T) -> Result<Vec<u8>> {
    serde_json::to_vec(content).map_err(Error::internal)
}
