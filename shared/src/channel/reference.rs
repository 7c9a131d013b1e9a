//! References between records: from a task to its company, from an application to its user and task, from a payment to its user or
//! application.

use super::keys::{self, ChannelId};
use crate::error::{Error, Fault};
use crate::storage::table::attribute::text;
use crate::storage::table::{Condition, Rejection, Write};
use crate::values::RecordId;

/// A record of the same channel that must exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference<'a> {
    /// The field that contains `id`.
    pub field: &'static str,
    pub kind: &'static str,
    pub id: &'a RecordId,
    /// An attribute and the value that it must have in that record: (attribute, value, the field that contains the value).
    pub having: Option<(&'static str, &'a RecordId, &'static str)>,
}

/// Why a reference is invalid.
pub enum Broken {
    /// The record does not exist.
    Absent(Fault),
    /// The record exists and contradicts another field.
    Contradicts(Fault),
}

impl Reference<'_> {
    pub fn check(&self, table: &str, channel: &ChannelId) -> Write {
        let condition = match self.having {
            None => Condition::present(),
            Some((attribute, value, _)) => Condition::equals(attribute, text(value.to_string())),
        };
        Write::Check { table: table.to_owned(), key: keys::record(channel, self.kind, self.id), condition }
    }

    /// `None` if the check of this reference succeeded.
    pub fn broken(&self, rejection: &Rejection) -> Option<Broken> {
        match (rejection.failed, &rejection.stored, self.having) {
            (false, ..) => None,
            (true, Some(_), Some((_, _, field))) => {
                Some(Broken::Contradicts(Fault::new(field, format!("is not that of the record in {}", self.field))))
            }
            (true, ..) => Some(Broken::Absent(Fault::new(self.field, "does not exist"))),
        }
    }
}

/// The error for broken references; not found prevails over a contradiction.
pub fn error(references: Vec<Broken>) -> Option<Error> {
    let mut absent = Vec::new();
    let mut contradictions = Vec::new();
    for reference in references {
        match reference {
            Broken::Absent(fault) => absent.push(fault),
            Broken::Contradicts(fault) => contradictions.push(fault),
        }
    }
    match (absent.is_empty(), contradictions.is_empty()) {
        (false, _) => Some(Error::not_found(absent)),
        (true, false) => Some(Error::invalid(contradictions)),
        (true, true) => None,
    }
}
