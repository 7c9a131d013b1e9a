//! What changed in an application, and in which version: staff decide on the version that they were shown.

use serde::{Deserialize, Serialize};

/// The changes of an application since it was first submitted.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Changes {
    /// Who made the last one, of those who decide: kind and id. None for the worker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    /// Each field that has changed, once.
    fields: Vec<Changed>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Changed {
    field: String,
    /// The version in which it last changed.
    version: u64,
}

/// The state, and the verification of the identity, as they are stored.
pub(super) const STATE: &str = "state";
pub(super) const VERIFY_STATUS: &str = "verify_status";

/// Fields that change only with another one.
const HISTORY: [&str; 2] = ["moves", "verifications"];

impl Changes {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Notes that these fields change in this version.
    pub(super) fn note(&mut self, by: Option<String>, version: u64, fields: Vec<String>) {
        self.by = by;
        self.fields.retain(|changed| !fields.contains(&changed.field));
        let fields = fields.into_iter().filter(|field| !HISTORY.contains(&field.as_str()));
        self.fields.extend(fields.map(|field| Changed { field, version }));
    }

    /// Whether this actor changed the field in this version.
    pub(super) fn is_by(&self, actor: &str, field: &str, version: u64) -> bool {
        self.by.as_deref() == Some(actor) && self.changed_in(field) == Some(version)
    }

    pub(super) fn changed_in(&self, field: &str) -> Option<u64> {
        self.fields.iter().find(|changed| changed.field == field).map(|changed| changed.version)
    }

    /// The fields that have changed since a version, under the names that staff see.
    pub(super) fn since(&self, version: u64) -> Vec<&str> {
        let changed = self.fields.iter().filter(|changed| changed.version > version);
        let mut names: Vec<&str> =
            changed.map(|changed| if changed.field == STATE { "status" } else { &changed.field }).collect();
        names.sort_unstable();
        names
    }
}
