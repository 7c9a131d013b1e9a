//! What users, companies, tasks, applications and payments have in common.

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Settings;
use super::reference::Reference;
use crate::error::Fault;
use crate::storage::sealed::Fields;
use crate::values::{Id, Moment, RecordId, Secret};

/// The content of a record, as the partner sends it.
pub trait Resource: Serialize + DeserializeOwned + Clone + PartialEq + Send + Sync {
    /// The sort key of the record, and a part of its index partitions.
    const KIND: &'static str;
    /// The field with the partner's id; it also names the record in an error.
    const ID_FIELD: &'static str;
    /// The attributes that are stored sealed.
    const SEALED: Fields = Fields::NONE;

    fn id(&self) -> &RecordId;

    /// The same content with the values in the one spelling that each has. A repeated POST must have the same one.
    fn normal(&self) -> Self {
        self.clone()
    }

    /// Contradictions between fields, each of which is valid by itself.
    fn faults(&self, settings: Settings) -> Vec<Fault>;

    /// Checks that the record may change to `next`.
    fn may_become(&self, _next: &Self) -> Result<(), Fault> {
        Ok(())
    }

    /// The other records that must exist.
    fn references(&self) -> Vec<Reference<'_>> {
        Vec::new()
    }

    /// What the lists select the record by.
    fn listing(&self) -> Listing<'_> {
        Listing { parents: [None, None], occurred_at: None }
    }
}

/// What the indexes contain of a record.
pub struct Listing<'a> {
    /// The records that it belongs to: the company of a task; user and task of an application; user and application of a
    /// payment.
    pub parents: [Option<&'a RecordId>; 2],
    /// The instant that `start_date` and `end_date` filter by.
    pub occurred_at: Option<Moment>,
}

/// A stored record.
#[derive(Clone, Debug)]
pub struct Record<T> {
    pub server_id: Id,
    pub content: T,
    /// In milliseconds, like `created_at`, which is the instant in the server id.
    pub updated_at: Timestamp,
    /// Counts the changes.
    pub version: u64,
    /// A digest of the first POST's content: a repeated POST must have the same content.
    pub(super) first_content: Secret<String>,
}

impl<T> Record<T> {
    pub fn created_at(&self) -> Moment {
        self.server_id.made_at().into()
    }

    pub fn updated_at(&self) -> Moment {
        self.updated_at.into()
    }
}
