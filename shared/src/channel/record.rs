//! What users, companies, tasks, applications and payments have in common: how they are created, found and amended.

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::channels::ChannelId;
use super::listing::Listing;
use super::reference::Reference;
use super::row;
use super::{Rules, Service};
use crate::crypto::keyring::Purpose;
use crate::error::{Error, Fault, Result};
use crate::storage::table::{Condition, Item, Outcome, Rejection, Write, retry_conflicts};
use crate::values::Id;
use crate::values::{Moment, RecordId};

/// The content that a partner gives a record.
pub trait Resource: Serialize + DeserializeOwned + PartialEq + Send + Sync {
    /// The last part of the key, and the name of the list.
    const KIND: &'static str;
    /// The field that carries the partner's id, and names the record in an error.
    const ID_FIELD: &'static str;
    /// The attributes that are sealed where they are stored.
    const SEALED: &'static [&'static str] = &[];

    fn id(&self) -> &RecordId;

    /// What is wrong between fields, each of which is right by itself.
    fn faults(&self, rules: Rules) -> Vec<Fault>;

    /// Whether the record may become `next`.
    fn may_become(&self, _next: &Self) -> Result<(), Fault> {
        Ok(())
    }

    /// The records that must exist beside it.
    fn references(&self) -> Vec<Reference<'_>> {
        Vec::new()
    }

    /// How it is found in lists, if it is listed.
    fn listing(&self) -> Option<Listing<'_>> {
        None
    }
}

/// A stored record.
#[derive(Clone, Debug)]
pub struct Record<T> {
    pub server_id: Id,
    pub content: T,
    /// To the millisecond; `created_at` is the instant inside the server id.
    pub updated_at: Timestamp,
    /// Counts the changes.
    pub(super) version: u64,
    /// Tells whether a repeated POST brings the content of the first.
    pub(super) first_content: String,
}

impl<T> Record<T> {
    pub fn created_at(&self) -> Moment {
        self.server_id.made_at().into()
    }

    pub fn updated_at(&self) -> Moment {
        self.updated_at.into()
    }
}

impl Service {
    /// Stores a new record. The content of the first POST again gives the record as it is; another content for the same id is
    /// a conflict.
    ///
    /// DynamoDB: one write; with references, one transaction.
    pub async fn create<T: Resource>(&self, channel: &ChannelId, content: T) -> Result<Record<T>> {
        check(&content, self.rules)?;
        let now = self.clock.now();
        let server_id = self.ids.next(now)?;
        let first_content = self.digest(&content)?;
        let record = Record { server_id, content, updated_at: server_id.made_at(), version: 1, first_content };
        match self.write(channel, &record, Condition::absent(), &record.content.references()).await? {
            None => Ok(record),
            Some(rejections) => {
                let stored = self.unless_references_are_missing(channel, rejections, &record.content)?;
                let stored = row::read(&self.keyring, stored)?;
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
        let item = self.store.get(&self.tables.channel, row::key::<T>(channel, id)).await?;
        item.map(|item| row::read(&self.keyring, item)).transpose()
    }

    /// Changes a record to what `change` makes of it. Nothing is written when that is what is stored already, and nobody
    /// else's change is lost: one that was overtaken is made anew on what it meets.
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
            check(&next, self.rules)?;
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
            match self.write(channel, &changed, row::is_version(current.version), &new).await? {
                None => Ok(Some(changed)),
                Some(rejections) => {
                    self.unless_references_are_missing(channel, rejections, &changed.content)?;
                    Ok(None)
                }
            }
        })
        .await
    }

    /// Writes the record where the condition holds and the references exist; otherwise gives what stood in the way, the
    /// references first.
    async fn write<T: Resource>(
        &self,
        channel: &ChannelId,
        record: &Record<T>,
        condition: Condition,
        references: &[Reference<'_>],
    ) -> Result<Option<Rejections>> {
        let table = &self.tables.channel;
        let item = row::write(&self.keyring, channel, record)?;
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

    /// The stored record that refused the write. If the references did instead, that is the caller's error.
    fn unless_references_are_missing<T: Resource>(
        &self,
        channel: &ChannelId,
        rejections: Rejections,
        content: &T,
    ) -> Result<Item> {
        match rejections.record {
            Rejection { failed: true, stored: Some(item) } => Ok(item),
            Rejection { failed: true, stored: None } => Err(missing::<T>()),
            Rejection { failed: false, .. } => Err(super::reference::error(rejections.missing).unwrap_or_else(|| {
                Error::internal(format!("{channel}: a write of {} {} was refused for no reason", T::KIND, content.id()))
            })),
        }
    }

    /// A keyed digest: the content of a record cannot be guessed from it.
    fn digest<T: Resource>(&self, content: &T) -> Result<String> {
        Ok(hex::encode(&self.keyring.mac(Purpose::ContentDigest, &[T::KIND.as_bytes(), &canonical(content)?])?))
    }

    fn is_first_content<T: Resource>(&self, stored: &Record<T>, content: &T) -> Result<bool> {
        let canonical = canonical(content)?;
        let digests = self.keyring.macs(Purpose::ContentDigest, &[T::KIND.as_bytes(), &canonical]);
        Ok(digests.iter().any(|digest| hex::encode(digest) == stored.first_content))
    }
}

/// What stood in the way of a write.
struct Rejections {
    record: Rejection,
    missing: Vec<super::reference::Missing>,
}

fn check<T: Resource>(content: &T, rules: Rules) -> Result<()> {
    let faults = content.faults(rules);
    if faults.is_empty() { Ok(()) } else { Err(Error::invalid(faults)) }
}

/// The error for a record that is not there, or is another channel's.
pub fn missing<T: Resource>() -> Error {
    Error::not_found([Fault::new(T::ID_FIELD, "does not exist")])
}

fn canonical<T: Resource>(content: &T) -> Result<Vec<u8>> {
    serde_json::to_vec(content).map_err(Error::internal)
}
