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

use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::crypto::keyring::Keyring;
use crate::crypto::random::random_text;
use crate::error::{Error, Result};
use crate::storage::sealed::{self, BY_ID_NUMBER, BY_PHONE, Fields, SEALED};
use crate::storage::table::attribute::{number, read_integer, text};
use crate::storage::table::retry_conflicts;
use crate::storage::table::{Condition, Item, Key, Order, Outcome, Query, Range, STAMP, Store, VERSION, Write, expire};
use crate::values::{LocalTime, Text};

/// How long a record is kept: three years.
const KEPT: SignedDuration = SignedDuration::from_hours(3 * 366 * 24);
/// The most pages of an index that one list reads.
const MAX_PAGES: u32 = 20;

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// `ops-admin`, `sweep`, `channel`, `access_key`, `app`, `employee`, `worker`, `user` or `anonymous`.
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

    /// The objects of this kind and tenant together, and the id in them. A change of many objects is recorded so.
    fn collection(&self) -> Option<(&str, &str)> {
        let (collection, id) = self.0.rsplit_once('/')?;
        (collection.split('/').count() >= 3).then_some((collection, id))
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

/// The names of the attributes that differ, without keys, indexes and bookkeeping.
pub fn changed(before: &Item, after: &Item) -> Vec<String> {
    const OWN: [&str; 8] = ["pk", "sk", VERSION, STAMP, SEALED, BY_PHONE, BY_ID_NUMBER, "updated_at"];
    let is_field = |name: &str| !OWN.contains(&name) && !name.starts_with("ix") && !name.starts_with("due");
    let mut names: Vec<String> = before.keys().chain(after.keys()).filter(|name| is_field(name)).cloned().collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| before.get(name) != after.get(name));
    names
}

/// Whether two versions of an item have the same content.
fn is_same(before: &Item, after: &Item) -> bool {
    let content = |item: &Item| {
        let own = item.iter().filter(|(name, _)| ![VERSION, STAMP].contains(&name.as_str()));
        own.map(|(name, value)| (name.clone(), value.clone())).collect::<Item>()
    };
    content(before) == content(after)
}

fn version(item: &Item) -> Option<u64> {
    item.contains_key(VERSION).then(|| read_integer(item, VERSION).ok()).flatten()
}

/// A record as people read it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Recorded {
    pub at: i64,
    #[serde(flatten)]
    pub actor: Actor,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    pub action: String,
    pub request_id: String,
    #[serde(flatten)]
    pub change: Change,
    /// The position in lists.
    pub ixsk: String,
}

/// A stored item that an act changes. Its sealed fields are compared in plain text: each sealing of a value differs.
pub struct Stored<'a> {
    pub table: &'a str,
    pub key: Key,
    pub sealed: Sealed<'a>,
}

/// How the sealed fields of an item open, if it has any.
pub type Sealed<'a> = Option<(&'a Keyring, &'a Fields)>;

impl<'a> Stored<'a> {
    /// An item without sealed fields.
    pub fn plain(table: &'a str, key: Key) -> Self {
        Self { table, key, sealed: None }
    }
}

/// The item with its sealed fields in plain text.
fn opened(key: &Key, sealed: Sealed<'_>, item: &Item) -> Result<Item> {
    let mut item = item.clone();
    if let Some((keyring, fields)) = sealed {
        sealed::open(keyring, key, fields, &mut item)?;
    }
    Ok(item)
}

/// Which records are listed.
#[derive(Clone, Debug)]
pub enum Filter {
    Object(String),
    /// Kind and id.
    Actor(String, String),
    /// A day in Shanghai, `2026-11-29`.
    Day(String),
}

impl Store {
    /// Executes the writes and records the change, in one transaction. There is room for 99 writes.
    pub async fn transact_by(&self, act: &Act, change: &Change, mut writes: Vec<Write>) -> Result<Outcome> {
        // Last, so that the rejections have the places of their writes.
        writes.push(self.recording(act, change)?);
        self.transact(writes).await
    }

    /// The write that records a change, for the transaction of the change.
    pub fn recording(&self, act: &Act, change: &Change) -> Result<Write> {
        Ok(Write::Put { table: self.audit()?.to_owned(), item: act.record(change)?, condition: Condition::absent() })
    }

    /// Records an act that changes nothing: a look at sealed fields, an export, a burst of rejected sign-ins.
    pub async fn record(&self, act: &Act, change: &Change) -> Result<()> {
        self.transact(vec![self.recording(act, change)?]).await.map(drop)
    }

    /// [`Store::change`] by an actor, recorded. A change that leaves the item as it is writes nothing.
    ///
    /// DynamoDB: one read, one transaction.
    pub async fn change_by(
        &self,
        act: &Act,
        object: Change,
        Stored { table, key, sealed }: Stored<'_>,
        change: impl Fn(&Item) -> Result<Item>,
    ) -> Result<Option<Item>> {
        let stamp = text(random_text()?);
        retry_conflicts(|| async {
            let Some(current) = self.get(table, key.clone()).await? else { return Ok(Some(None)) };
            let mut next = change(&current)?;
            let before = opened(&key, sealed, &current)?;
            if is_same(&before, &opened(&key, sealed, &next)?) || current.get(STAMP) == Some(&stamp) {
                return Ok(Some(Some(current)));
            }
            let unchanged = Self::follow(&current, &mut next, &stamp)?;
            let recorded = object.clone().changed(&before, &opened(&key, sealed, &next)?);
            let put = Write::Put { table: table.to_owned(), item: next.clone(), condition: unchanged };
            let outcome = self.transact_by(act, &recorded, vec![put]).await?;
            match outcome.unless_stored(&next) {
                Outcome::Written => Ok(Some(Some(next))),
                Outcome::Rejected(_) => Ok(None),
            }
        })
        .await
    }

    /// Stores an item in place of any other, recorded, if the checks hold. The same item again writes nothing.
    ///
    /// DynamoDB: one read, one transaction.
    pub async fn set_by(
        &self,
        act: &Act,
        object: Object,
        table: &str,
        item: Item,
        sealed: Sealed<'_>,
        checks: Vec<Write>,
    ) -> Result<Outcome> {
        let key = Key::of(&item).ok_or_else(|| Error::internal("an item without a key"))?;
        let stored = opened(&key, sealed, &self.get(table, key.clone()).await?.unwrap_or_default())?;
        let next = opened(&key, sealed, &item)?;
        if stored == next {
            return Ok(Outcome::Written);
        }
        let change = Change::of(object).changed(&stored, &next);
        let set = Write::Set { table: table.to_owned(), item };
        self.transact_by(act, &change, checks.into_iter().chain([set]).collect()).await
    }

    /// Up to `size` records, the newest first, that are older than the position `before`.
    ///
    /// DynamoDB: one query and one batch read; for an object that is also part of changes of many objects, up to 20 queries more.
    pub async fn recorded(&self, filter: &Filter, size: usize, before: Option<&str>) -> Result<Vec<Recorded>> {
        let mut keys = match filter {
            Filter::Object(object) => self.positions("ix1", object.clone(), None, size, before).await?,
            Filter::Actor(kind, id) => self.positions("ix2", format!("{kind}/{id}"), None, size, before).await?,
            Filter::Day(day) => self.positions("ix3", day.clone(), None, size, before).await?,
        };
        if let Filter::Object(object) = filter
            && let Some((collection, id)) = Object(object.clone()).collection()
        {
            let among = Condition::contains("ids", text(id));
            keys.extend(self.positions("ix1", collection.to_owned(), Some(among), size, before).await?);
            keys.sort_unstable_by(|one, other| other.0.cmp(&one.0));
            keys.truncate(size);
        }
        let items = self.get_all(self.audit()?, keys.into_iter().map(|(_, key)| key).collect()).await?;
        items.into_iter().map(|item| serde_dynamo::from_item(item).map_err(Error::internal)).collect()
    }

    /// The positions and keys of the newest records of an index partition before a position.
    async fn positions(
        &self,
        index: &'static str,
        partition: String,
        filter: Option<Condition>,
        size: usize,
        before: Option<&str>,
    ) -> Result<Vec<(String, Key)>> {
        let range = before.map_or(Range::All, |before| Range::After(before.to_owned()));
        let limit = i32::try_from(size).unwrap_or(i32::MAX);
        let limit = if filter.is_some() { None } else { Some(limit) };
        let query = Query { index, partition, range, order: Order::Descending, filter };
        let (mut found, mut from) = (Vec::new(), None);
        for _ in 0..MAX_PAGES {
            let (entries, next) = self.query(self.audit()?, &query, from, limit).await?;
            for entry in entries {
                if let (Some(AttributeValue::S(position)), Some(key)) = (entry.get("ixsk"), Key::of(&entry)) {
                    found.push((position.clone(), key));
                }
            }
            if found.len() >= size || next.is_none() {
                break;
            }
            from = next;
        }
        found.truncate(size);
        Ok(found)
    }
}
