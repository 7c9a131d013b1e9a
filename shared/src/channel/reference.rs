//! References between records: a task names its company, an application its user and task, a payment its user or application.

use aws_sdk_dynamodb::types::AttributeValue;

use super::keys::{ChannelId, record_key};
use crate::error::{Error, Fault};
use crate::storage::table::{Condition, Rejection, Write};
use crate::values::RecordId;

/// A record of the same channel that must exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference<'a> {
    /// The field that names it.
    pub field: &'static str,
    pub kind: &'static str,
    pub id: &'a RecordId,
    /// An attribute that must have this value: (attribute, value, the field that the value comes from).
    pub having: Option<(&'static str, &'a RecordId, &'static str)>,
}

/// Why a reference is not valid.
pub enum Missing {
    /// The record does not exist.
    Absent(Fault),
    /// It exists and contradicts another field.
    Contradicts(Fault),
}

impl Reference<'_> {
    pub fn check(&self, table: &str, channel: &ChannelId) -> Write {
        let condition = match self.having {
            None => Condition::present(),
            Some((attribute, value, _)) => Condition::equals(attribute, AttributeValue::S(value.to_string())),
        };
        Write::Check { table: table.to_owned(), key: record_key(channel, self.kind, self.id), condition }
    }

    pub fn fault(&self, rejection: &Rejection) -> Option<Missing> {
        match (rejection.failed, &rejection.stored, self.having) {
            (false, ..) => None,
            (true, Some(_), Some((_, _, field))) => {
                Some(Missing::Contradicts(Fault::new(field, format!("is not that of the record in {}", self.field))))
            }
            (true, ..) => Some(Missing::Absent(Fault::new(self.field, "does not exist"))),
        }
    }
}

/// The error for references that are not valid. "Not found" has priority over a contradiction.
pub(super) fn error(missing: Vec<Missing>) -> Option<Error> {
    let mut absent = Vec::new();
    let mut contradictions = Vec::new();
    for missing in missing {
        match missing {
            Missing::Absent(fault) => absent.push(fault),
            Missing::Contradicts(fault) => contradictions.push(fault),
        }
    }
    match (absent.is_empty(), contradictions.is_empty()) {
        (false, _) => Some(Error::not_found(absent)),
        (true, false) => Some(Error::invalid(contradictions)),
        (true, true) => None,
    }
}
