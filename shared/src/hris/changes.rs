//! Changes that products learn of (docs/design/webhooks.md).
//!
//! A change is stored in the transaction of what it reports, and removed once its events are stored
//! ([`webhooks`](super::webhooks)). It names records and holds no values.
//!
//! | attribute | holds |
//! |---|---|
//! | `pk`, `sk` | `hris#change#{company}`, its time-sortable id with eight random digits: the beginning of the ids of its events |
//! | `change` | [`Change`] as JSON |
//! | `due`, `due_at` | the time at which the sweep takes it, if the stream has not reported it |
//! | `expires_at` | for DynamoDB's TTL |

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Service;
use super::keys::changes_partition;
use super::values::{Code, Month, Uuid};
use crate::crypto::random::random;
use crate::error::{Error, Result};
use crate::storage::table::attribute::{number, read_text, text};
use crate::storage::table::{Condition, Item, Key, Write, mark};
use crate::values::Text;

/// The mark of changes for the sweep.
pub(super) const DUE: &str = "hris_change";
/// How long the stream has to report a change before the sweep takes it.
pub(super) const TURN: SignedDuration = SignedDuration::from_secs(60);
/// How long events, and changes that could not be distributed, are kept.
pub(super) const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

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
        let sort_key = format!("{}{}", id.sortable(), hex::encode(random::<4>()?));
        let item = to_item(&Key::new(changes_partition(company), sort_key), change, now)?;
        Ok(Write::Put { table: self.tables.credentials.clone(), item, condition: Condition::absent() })
    }
}

/// The write that replaces a change by what is left of it.
pub(super) fn rewrite(table: &str, key: &Key, change: &Change, now: Timestamp) -> Result<Write> {
    Ok(Write::Set { table: table.to_owned(), item: to_item(key, change, now)? })
}

fn to_item(key: &Key, change: &Change, now: Timestamp) -> Result<Item> {
    let mut item = key.clone().into_item();
    item.insert("change".into(), text(serde_json::to_string(change).map_err(Error::internal)?));
    item.insert("expires_at".into(), number((now + KEPT).as_second()));
    mark(&mut item, DUE, now + TURN);
    Ok(item)
}

pub(super) fn read(item: &Item) -> Result<Change> {
    serde_json::from_str(&read_text(item, "change")?).map_err(Error::internal)
}
