//! The audit records as staff read them, and records of acts that change nothing.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::{Act, Actor, Change, Object};
use crate::error::{Error, Result};
use crate::storage::table::attribute::text;
use crate::storage::table::{Condition, Key, Order, Query, Range, Store};
use crate::values::Date;

/// The most pages of an index that one list reads.
const MAX_PAGES: u32 = 20;
/// The count of the records of a day stops here.
const COUNTED: i32 = 5000;

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

/// Which records are listed.
#[derive(Clone, Debug)]
pub enum Filter {
    /// `family/kind/id`
    Object(String),
    /// `kind/id`
    Actor(String),
    /// A day in Shanghai, `2026-11-29`.
    Day(String),
}

/// The table of audit records.
pub struct AuditLog(Store);

impl AuditLog {
    pub fn new(store: Store) -> Self {
        Self(store)
    }

    /// See [`Store::record`].
    pub async fn record(&self, act: &Act, change: &Change) -> Result<()> {
        self.0.record(act, change).await
    }

    /// Up to `size` records by age, those behind the position `after` in this order.
    ///
    /// DynamoDB: one query and one batch read; for an object up to 20 queries more for each way in which it is one of many.
    pub async fn list(&self, filter: &Filter, size: usize, after: Option<&str>, order: Order) -> Result<Vec<Recorded>> {
        let (index, partition) = match filter {
            Filter::Object(object) => ("ix1", object),
            Filter::Actor(actor) => ("ix2", actor),
            Filter::Day(day) => ("ix3", day),
        };
        let range = after.map_or(Range::All, |after| Range::After(after.to_owned()));
        let query = Query { index, partition: partition.clone(), range, order, filter: None };
        let mut keys = self.positions(&query, size).await?;
        if let Filter::Object(object) = filter {
            for (many, id) in Object(object.clone()).parts_of_many() {
                let among = Some(Condition::contains("ids", text(id)));
                keys.extend(self.positions(&Query { partition: many.to_owned(), filter: among, ..query.clone() }, size).await?);
            }
            keys.sort_unstable_by(|one, other| one.0.cmp(&other.0));
            if order == Order::Descending {
                keys.reverse();
            }
            keys.truncate(size);
        }
        let items = self.0.get_all(self.0.audit()?, keys.into_iter().map(|(_, key)| key).collect()).await?;
        items.into_iter().map(|item| serde_dynamo::from_item(item).map_err(Error::internal)).collect()
    }

    /// How many records there are of a day in Shanghai. 5,000 means at least so many.
    ///
    /// DynamoDB: one query.
    pub async fn count(&self, day: &Date) -> Result<i64> {
        self.0.index_count(self.0.audit()?, "ix3", day.as_str().to_owned(), Range::All, COUNTED).await
    }

    /// The positions and keys of the first records of a query.
    async fn positions(&self, query: &Query, size: usize) -> Result<Vec<(String, Key)>> {
        let limit = i32::try_from(size).unwrap_or(i32::MAX);
        let limit = if query.filter.is_some() { None } else { Some(limit) };
        let (mut found, mut from) = (Vec::new(), None);
        for _ in 0..MAX_PAGES {
            let (entries, next) = self.0.query(self.0.audit()?, query, from, limit).await?;
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
