//! Changes of a company's data that products learn of, as they are stored (docs/design/webhooks.md). The HR family distributes them; each
//! family writes those of its own records, in the transaction of the change.
//!
//! | attribute | holds |
//! |---|---|
//! | `pk`, `sk` | `hris#change#{company}`, its time-sortable id with eight random digits: the beginning of the ids of its events |
//! | `change` | the change as JSON: it names records and holds no values |
//! | `due`, `due_at` | the time at which the sweep takes it, if the stream has not reported it |
//! | `expires_at` | for DynamoDB's TTL |

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::table::attribute::{number, text};
use super::table::{Condition, Item, Key, Write, mark};
use crate::crypto::random::random;
use crate::error::{Error, Result};
use crate::values::{Id, Moment, Uuid};

/// The beginning of the partitions of changes. The stream of the table is filtered by it (`template.yaml`).
pub const PREFIX: &str = "hris#change#";
/// The mark of changes for the sweep.
pub const DUE: &str = "hris_change";
/// How long the stream has to report a change before the sweep takes it.
pub const TURN: SignedDuration = SignedDuration::from_secs(60);
/// How long events, and changes that could not be distributed, are kept.
pub const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A move of an application to sign with a company of a platform.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SignMove {
    pub platform_code: String,
    pub em_id: u64,
    /// 1 to 5, as the signing API returns it.
    pub status: u8,
    /// `None` for a new application.
    pub previous_status: Option<u8>,
    pub changed_at: Moment,
}

/// How a [`SignMove`] is stored: a change of the kind `sign_state`.
#[derive(Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
enum OfSigning<'a> {
    SignState(&'a SignMove),
}

impl SignMove {
    /// The application: its platform and number.
    pub fn id(&self) -> String {
        format!("{}/{}", self.platform_code, self.em_id)
    }

    /// [`put`] of this move.
    pub fn put(&self, table: &str, company: &Uuid, id: Id, now: Timestamp) -> Result<Write> {
        put(table, company, id, &OfSigning::SignState(self), now)
    }
}

pub fn partition(company: &Uuid) -> String {
    format!("{PREFIX}{company}")
}

/// The write that stores a change of a company's data, for the transaction of the change.
pub fn put(table: &str, company: &Uuid, id: Id, change: &impl Serialize, now: Timestamp) -> Result<Write> {
    let sort_key = format!("{}{}", id.sortable(), hex::encode(random::<4>()?));
    let item = to_item(&Key::new(partition(company), sort_key), change, now)?;
    Ok(Write::Put { table: table.to_owned(), item, condition: Condition::absent() })
}

/// The write that replaces a change by what is left of it.
pub fn rewrite(table: &str, key: &Key, change: &impl Serialize, now: Timestamp) -> Result<Write> {
    Ok(Write::Set { table: table.to_owned(), item: to_item(key, change, now)? })
}

fn to_item(key: &Key, change: &impl Serialize, now: Timestamp) -> Result<Item> {
    let mut item = key.clone().into_item();
    item.insert("change".into(), text(serde_json::to_string(change).map_err(Error::internal)?));
    item.insert("expires_at".into(), number((now + KEPT).as_second()));
    mark(&mut item, DUE, now + TURN);
    Ok(item)
}
