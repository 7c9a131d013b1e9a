//! Audit records: who did what, to which object, when and why. A record is written in the transaction of the change, never replaced, and
//! kept for three years. It names fields and never holds their values.
//!
//! | attribute | holds |
//! |---|---|
//! | `pk`, `sk` | a random id, `record` |
//! | `ix1`, `ix2`, `ix3`, `ixsk` | the object, the actor and the day in Shanghai, and the time: records are listed by each of them |
//! | `at` | when the act began, in Unix milliseconds |
//! | `actor_kind`, `actor_id`, `actor_name` | see [`Actor`] |
//! | `note`, `reason` | what the actor says: who is responsible for a command, and why |
//! | `action`, `request_id` | the command, endpoint or sweep, and its invocation |
//! | `object` | see [`Object`] |
//! | `fields`, `before`, `after` | the names of the changed fields, and the version of the object before and after |
//! | `ids`, `rows` | of a change of many objects: their ids, and `id`, `fields`, `before` and `after` of each |
//! | `outcome` | `done`, or `rejected` for a burst of rejected sign-ins |

pub mod copy;
mod log;
mod write;

use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use log::{AuditLog, Filter, Recorded};
pub use write::{Sealed, Stored};

use crate::crypto::random::random_text;
use crate::error::{Error, Result};
use crate::storage::sealed::{BY_ID_NUMBER, BY_NAME, BY_PHONE, SEALED};
use crate::storage::table::attribute::{number, read_integer, text};
use crate::storage::table::{CHANGED, Item, Key, STAMP, VERSION, expire};
use crate::values::{LocalTime, Text};

/// How long a record is kept: three years.
pub const KEPT: SignedDuration = SignedDuration::from_hours(3 * 366 * 24);

/// The attribute of a record that notes what changed in which version.
pub const CHANGES: &str = "changes";

/// The object under which the orders to erase persons are recorded.
pub const ERASURES: &str = "persons/erasure/all";

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// `ops-admin`, `sweep`, `channel`, `access_key`, `app`, `employee`, `worker`, `user`, `staff`, `wechat_pay` or `anonymous`.
    #[serde(rename = "actor_kind")]
    pub kind: String,
    /// An id that the system or an administrator gave.
    #[serde(rename = "actor_id")]
    pub id: String,
    /// For people who read the record.
    #[serde(rename = "actor_name")]
    pub name: String,
}

impl Actor {
    pub fn new(kind: &str, id: impl Into<String>, name: impl Into<String>) -> Self {
        Self { kind: kind.to_owned(), id: id.into(), name: name.into() }
    }

    /// The invoker of `ops-admin`. AWS CloudTrail knows the identity.
    pub fn ops_admin() -> Self {
        Self::new("ops-admin", "ops-admin", "ops-admin")
    }

    fn index(&self) -> String {
        format!("{}/{}", self.kind, self.id)
    }
}

/// An act of someone: a command, a request or the run of a sweep. Each of its transactions is recorded.
#[derive(Debug)]
pub struct Act {
    actor: Actor,
    action: String,
    note: Option<Text<1, 64>>,
    request_id: String,
    at: Timestamp,
    /// The number of its records, which orders them.
    recorded: AtomicU32,
}

impl Act {
    pub fn new(actor: Actor, action: impl Into<String>, request_id: impl Into<String>, at: Timestamp) -> Self {
        Self { actor, action: action.into(), note: None, request_id: request_id.into(), at, recorded: AtomicU32::new(0) }
    }

    /// Adds who is responsible for the command, as the event says it.
    #[must_use]
    pub fn noted(mut self, by: Text<1, 64>) -> Self {
        self.note = Some(by);
        self
    }

    /// Who did it, for the history of a record.
    pub fn by(&self) -> Result<Text<1, 64>> {
        match &self.note {
            Some(note) => Ok(note.clone()),
            None => Text::parse(&self.actor.name).map_err(Error::internal),
        }
    }

    /// The kind and the id of the actor: `staff/376295991951886`.
    pub fn actor(&self) -> String {
        self.actor.index()
    }

    fn record(&self, change: &Change) -> Result<Item> {
        let id = random_text()?;
        let order = self.recorded.fetch_add(1, Ordering::Relaxed);
        let mut item = Key::new(id.as_str(), "record").into_item();
        item.extend(serde_dynamo::to_item::<_, Item>(&self.actor).map_err(Error::internal)?);
        item.extend(serde_dynamo::to_item::<_, Item>(change).map_err(Error::internal)?);
        item.insert("action".into(), text(self.action.as_str()));
        item.insert("request_id".into(), text(self.request_id.as_str()));
        item.insert("at".into(), number(self.at.as_millisecond()));
        if let Some(note) = &self.note {
            item.insert("note".into(), text(note.as_str()));
        }
        item.insert("ix1".into(), text(change.object.0.as_str()));
        item.insert("ix2".into(), text(self.actor.index()));
        item.insert("ix3".into(), text(LocalTime::from(self.at).date().as_str()));
        item.insert("ixsk".into(), text(format!("{:015}#{order:010}#{id}", self.at.as_millisecond())));
        expire(&mut item, self.at + KEPT);
        Ok(item)
    }
}

/// What was changed: `family/kind/id`, with the tenant before the id where the family has tenants: `hris/employee/{company}/{uuid}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object(String);

impl Object {
    pub fn new(family: &str, kind: &str, ids: &[&str]) -> Self {
        Self(format!("{family}/{kind}/{}", ids.join("/")))
    }

    /// An object as records show it.
    pub fn parse(text: &str) -> Option<Self> {
        let parts = text.split('/').filter(|part| !part.is_empty()).count();
        (parts >= 3 && parts == text.split('/').count()).then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn family(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }

    /// Under which objects an act is recorded that is about many objects, and the id of this one among them: the objects of its kind and
    /// tenant together, for an import; and the orders to erase persons.
    fn parts_of_many(&self) -> impl Iterator<Item = (&str, &str)> {
        let kind = self.0.rsplit_once('/').filter(|(kind, _)| kind.split('/').count() >= 3);
        kind.into_iter().chain((self.as_str() != ERASURES).then_some((ERASURES, self.as_str())))
    }
}

/// A change of an object.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Change {
    pub object: Object,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<Row>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub outcome: Outcomes,
}

/// How an act ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcomes {
    Done,
    Rejected,
}

/// The change of one object among many.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    pub id: String,
    pub fields: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
}

impl Change {
    pub fn of(object: Object) -> Self {
        let (fields, ids, rows) = Default::default();
        Self { object, fields, before: None, after: None, ids, rows, reason: None, outcome: Outcomes::Done }
    }

    /// The order to erase these objects. It is recorded before they are erased. After a restore the orders are replayed.
    pub fn erasure_of(objects: &[Object], reason: &str) -> Self {
        let ids = objects.iter().map(|object| object.as_str().to_owned()).collect();
        Self { ids, ..Self::of(Object(ERASURES.to_owned())).fields(&["erased"]).because(reason) }
    }

    #[must_use]
    pub fn fields(mut self, fields: &[&str]) -> Self {
        self.fields = fields.iter().map(|field| (*field).to_owned()).collect();
        self
    }

    /// A new object.
    #[must_use]
    pub fn created(mut self, item: &Item) -> Self {
        self.fields = changed(&Item::new(), item);
        self.after = version(item).or(Some(1));
        self
    }

    /// What became of a stored item.
    #[must_use]
    pub fn changed(mut self, before: &Item, after: &Item) -> Self {
        self.fields = changed(before, after);
        (self.before, self.after) = (version(before), version(after));
        self
    }

    #[must_use]
    pub fn because(mut self, reason: &str) -> Self {
        self.reason = Some(reason.to_owned());
        self
    }

    #[must_use]
    pub fn rejected(mut self) -> Self {
        self.outcome = Outcomes::Rejected;
        self
    }

    /// A change of one more of many objects.
    pub fn row(&mut self, row: Row) {
        self.ids.push(row.id.clone());
        self.rows.push(row);
    }
}

/// The names of the attributes that differ, without keys, indexes and bookkeeping. An empty text or list is as good as none.
pub fn changed(before: &Item, after: &Item) -> Vec<String> {
    const OWN: [&str; 11] =
        ["pk", "sk", VERSION, STAMP, SEALED, BY_PHONE, BY_ID_NUMBER, BY_NAME, "updated_at", CHANGED, CHANGES];
    let is_field = |name: &str| !OWN.contains(&name) && !name.starts_with("ix") && !name.starts_with("due");
    let mut names: Vec<String> = before.keys().chain(after.keys()).filter(|name| is_field(name)).cloned().collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| content(before, name) != content(after, name));
    names
}

fn content<'a>(item: &'a Item, name: &str) -> Option<&'a AttributeValue> {
    item.get(name).filter(|value| !is_empty(value))
}

fn is_empty(value: &AttributeValue) -> bool {
    match value {
        AttributeValue::S(text) => text.is_empty(),
        AttributeValue::L(elements) => elements.is_empty(),
        AttributeValue::Null(_) => true,
        _ => false,
    }
}

fn version(item: &Item) -> Option<u64> {
    item.contains_key(VERSION).then(|| read_integer(item, VERSION).ok()).flatten()
}
