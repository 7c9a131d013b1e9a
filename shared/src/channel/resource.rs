//! What users, companies, tasks, applications and payments have in common: their content, and the record that is stored with it.

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Settings;
use super::reference::Reference;
use crate::error::{Error, Fault};
use crate::values::{Id, Moment, RecordId};

/// The content of a record, as the partner sends it.
pub trait Resource: Serialize + DeserializeOwned + PartialEq + Send + Sync {
    /// The last part of the key, and the name of the list.
    const KIND: &'static str;
    /// The field that carries the partner's id, and names the record in an error.
    const ID_FIELD: &'static str;
    /// The attributes that are stored sealed.
    const SEALED: &'static [&'static str] = &[];

    fn id(&self) -> &RecordId;

    /// Contradictions between fields that are valid on their own.
    fn faults(&self, settings: Settings) -> Vec<Fault>;

    /// Whether the record may become `next`.
    fn may_become(&self, _next: &Self) -> Result<(), Fault> {
        Ok(())
    }

    /// The records that it refers to; they must exist.
    fn references(&self) -> Vec<Reference<'_>> {
        Vec::new()
    }

    /// What lists find it by; `None` if the kind is not listed.
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
    /// The number of changes.
    pub(super) version: u64,
    /// The digest of the first POST, to recognise a repeated one.
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

/// What the indexes hold about a record.
pub struct Listing<'a> {
    /// The records that it belongs to: the company of a task; user and task of an application; user and application of a
    /// payment.
    pub parents: [Option<&'a RecordId>; 2],
    /// The instant that `start_date` and `end_date` filter by.
    pub occurred_at: Option<Moment>,
}

/// The error for a record that does not exist or belongs to another channel.
pub fn missing<T: Resource>() -> Error {
    Error::not_found([Fault::new(T::ID_FIELD, "does not exist")])
}
