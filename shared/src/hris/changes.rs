//! Changes that products learn of (docs/design/webhooks.md).
//!
//! A change is stored in the transaction of what it reports ([`company_changes`]), and removed once its events are stored
//! ([`webhooks`](super::webhooks)). It names records and holds no values.

use serde::{Deserialize, Serialize};

use super::Service;
use super::values::{Code, Month, Uuid};
use crate::error::{Error, Result};
use crate::storage::company_changes::{self, SignMove};
use crate::storage::table::attribute::read_text;
use crate::storage::table::{Item, Write};
use crate::values::Text;

/// The kinds of records about which there are events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    Approval,
    Department,
    Employee,
}

/// What happened to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    Created,
    Updated,
    /// An employee left: the record was updated, too.
    Left,
    Deleted,
}

/// A record that a transaction changes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Touched {
    pub id: String,
    pub what: What,
}

/// What products are to learn of.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    Records {
        subject: Subject,
        records: Vec<Touched>,
    },
    Salary {
        empno: Code,
        subject_name: Text<1, 64>,
        month: Month,
    },
    /// The signing family writes it.
    SignState(SignMove),
    /// A product has a new webhook.
    Opened {
        product: Code,
    },
    /// A product or a member of staff asks for a test event.
    Tested {
        product: Code,
    },
    /// An event is to be sent again.
    Replayed {
        product: Code,
        event: String,
    },
    /// All events behind this one are to be sent again.
    ReplayedAfter {
        product: Code,
        after: String,
    },
    /// What waits is to be sent: the webhook was disabled.
    Resumed {
        product: Code,
    },
    /// A webhook was deleted: its events go.
    Closed {
        webhook: String,
    },
}

impl Change {
    /// A change of one record.
    pub(super) fn of(subject: Subject, id: &str, what: What) -> Self {
        Self::Records { subject, records: vec![Touched { id: id.to_owned(), what }] }
    }
}

impl Service {
    /// The write that stores a change of a company's data, for the transaction of the change.
    pub(super) fn notice(&self, company: &Uuid, change: &Change) -> Result<Write> {
        let (id, now) = self.stamp()?;
        company_changes::put(&self.tables.credentials, company, id, change, now)
    }
}

pub(super) fn read(item: &Item) -> Result<Change> {
    serde_json::from_str(&read_text(item, "change")?).map_err(Error::internal)
}
