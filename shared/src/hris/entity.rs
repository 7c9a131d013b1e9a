//! What every kind of imported record has in common.

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::changes::{Subject, What};
use super::keys::partition;
use super::values::{Code, Uuid};

use crate::crypto::keyring::Keyring;
use crate::error::{Fault, Result};
use crate::storage::sealed::Fields;
use crate::storage::table::Key;

/// A kind of record that an import writes, and its content. Serde reads and writes the stored item, which has the same fields.
pub trait Entity: Serialize + DeserializeOwned + Clone + PartialEq + Send + Sync + 'static {
    const KIND: &'static str;
    /// The attributes that are sealed in the table.
    const SEALED: Fields = Fields::NONE;

    /// What products learn of these records as.
    const SUBJECT: Option<Subject> = None;

    /// Unique among the records of this kind in [`Entity::partition`].
    fn id(&self) -> String;

    /// The id in audit records, which name no one and hold no values.
    fn recorded_id(&self) -> String {
        self.id()
    }

    /// The id that the company chose, with its field, if a path contains it.
    fn chosen_id(&self) -> Option<(&'static str, &Code)> {
        None
    }

    /// The part of the key before [`Entity::id`].
    fn partition(&self, company: &Uuid) -> String {
        partition(company, Self::KIND)
    }

    /// Faults between fields, each of which is valid by itself.
    fn faults(&self) -> Vec<Fault> {
        Vec::new()
    }

    /// Takes over from the stored record what a response does not show, so that an import of the response changes nothing.
    fn complete(&mut self, _stored: &Self) {}

    /// Notes the time of the import that brings the record into its state.
    fn imported(&mut self, _now: Timestamp) {}

    /// What products learn of when the record replaces `before`.
    fn happened(&self, before: Option<&Self>) -> What {
        if before.is_some() { What::Updated } else { What::Created }
    }

    /// The sweep that erases fields of the record when their period is over, and from when the period counts.
    fn retention(&self) -> Option<(&'static str, Timestamp)> {
        None
    }

    /// Whether an import may replace the record by `next`.
    fn check_change(&self, _next: &Self) -> Result<(), Fault> {
        Ok(())
    }

    /// Other keys that find the record.
    fn aliases(&self, _company: &Uuid, _keyring: &Keyring) -> Result<Vec<Alias>> {
        Ok(Vec::new())
    }

    /// The records that this one refers to, each with the field that names it.
    fn references(&self, _company: &Uuid) -> Vec<(&'static str, Key)> {
        Vec::new()
    }

    /// The index partitions that contain the record (`ix1` and so on), and its sort key in them (`ixsk`).
    fn lists(&self, _company: &Uuid) -> Option<(Vec<(&'static str, String)>, String)> {
        None
    }
}

/// Another key under which a full copy of a record is stored, so that one read finds it.
pub struct Alias {
    pub key: Key,
    /// The field that it comes from.
    pub field: &'static str,
    /// The record releases the key to another record that claims it, and does not claim it while another record holds it.
    pub yields: bool,
}
