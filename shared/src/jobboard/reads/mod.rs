//! What staff read of the job board: users, jobs, orders, vouchers, contacts and pictures. Sealed fields are masked here, so that no caller
//! can show them; [`reveal`] returns one of them whole.

mod contacts;
mod jobs;
mod orders;
mod pictures;
mod reconciliations;
mod reports;
mod reveal;
mod users;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::Serialize;

pub use contacts::ShownContact;
pub use jobs::{JobFilter, ShownJob};
pub use orders::{NamedOrder, ShownOrder};
pub use pictures::ShownPicture;
pub use reconciliations::ShownReconciliation;
pub use reports::ShownReport;
pub use reveal::REVEALED;
pub use users::{NamedUser, ShownUser, UserSummary, VoucherPage, WaitingName};

use super::Service;
use super::keys::{FIRST, LAST};
use super::values::Note;
use crate::error::{Error, Result};
use crate::storage::listing::{Listed, PageOf};
use crate::storage::table::attribute::read_text;
use crate::storage::table::{Item, Key, Order, Query, Range};
use crate::values::{Id, LocalTime, Text};

/// Counts stop here: a larger number says that there are at least so many.
const COUNTED: i32 = 1000;

/// A list: index partitions whose sort keys are ids, read together.
struct Lists {
    partitions: Vec<(&'static str, String)>,
    /// The ids that it contains, as sort keys.
    low: String,
    high: String,
}

/// An entry of a list.
struct Entry {
    /// The place of its partition.
    list: usize,
    key: Key,
    /// Its sort key.
    at: String,
}

impl Lists {
    fn of(partitions: Vec<(&'static str, String)>) -> Self {
        Self { partitions, low: FIRST.into(), high: LAST.into() }
    }

    /// The name of the list in its cursors.
    fn scope(&self) -> String {
        let partitions: Vec<String> = self.partitions.iter().map(|(index, partition)| format!("{index} {partition}")).collect();
        format!("{} {} {}", partitions.join(" "), self.low, self.high)
    }

    /// Leaves out the sort keys up to this one.
    fn continue_behind(&mut self, at: &str, order: Order) {
        let id: u64 = at.parse().unwrap_or_default();
        match order {
            Order::Ascending => self.low = Id::from_u64(id.saturating_add(1)).sortable(),
            Order::Descending => self.high = Id::from_u64(id.saturating_sub(1)).sortable(),
        }
    }
}

impl Service {
    /// The first entries of a list, and whether there are more.
    ///
    /// DynamoDB: one query of each partition.
    async fn entries(&self, lists: &Lists, order: Order, size: usize) -> Result<(Vec<Entry>, bool)> {
        if lists.high < lists.low {
            return Ok((Vec::new(), false));
        }
        // One more than the page, which shows whether there is a next one.
        let limit = i32::try_from(size).unwrap_or(i32::MAX).saturating_add(1);
        let query = |(list, (index, partition)): (usize, &(&'static str, String))| {
            let range = Range::Between(lists.low.clone(), lists.high.clone());
            let query = Query { index, partition: partition.clone(), range, order, filter: None };
            async move {
                let (items, _) = self.store.query(&self.tables.jobboard, &query, None, Some(limit)).await?;
                let entry = |item: Item| {
                    let key = Key::of(&item).ok_or_else(|| Error::internal("an entry of an index without its key"))?;
                    Ok(Entry { list, key, at: read_text(&item, "ixsk")? })
                };
                items.into_iter().map(entry).collect::<Result<Vec<Entry>>>()
            }
        };
        let queries: Vec<_> = lists.partitions.iter().enumerate().map(query).collect();
        let read: Vec<Vec<Entry>> = stream::iter(queries).buffered(lists.partitions.len().max(1)).try_collect().await?;
        let mut entries: Vec<Entry> = read.into_iter().flatten().collect();
        entries.sort_by(|one, other| (&one.at, &one.key).cmp(&(&other.at, &other.key)));
        if order == Order::Descending {
            entries.reverse();
        }
        // It may be on its way from one of the partitions to another.
        entries.dedup_by(|one, other| one.key == other.key);
        let more = entries.len() > size;
        entries.truncate(size);
        Ok((entries, more))
    }

    /// One page of a list.
    ///
    /// DynamoDB: one query of each partition.
    async fn page(&self, mut lists: Lists, page: &PageOf<'_>) -> Result<Listed<Entry>> {
        let scope = lists.scope();
        if let Some(at) = page.position(&self.keyring, &scope)? {
            lists.continue_behind(&at, page.order);
        }
        let (list, more) = self.entries(&lists, page.order, page.size as usize).await?;
        let last = list.last().filter(|_| more).map(|entry| entry.at.clone());
        page.listed(&self.keyring, &scope, list, last)
    }
}

/// Why staff did something, who and when.
#[derive(Debug, Serialize)]
pub struct ShownNote {
    pub reason: Text<1, 256>,
    pub by: Text<1, 64>,
    pub at: String,
}

impl From<&Note> for ShownNote {
    fn from(note: &Note) -> Self {
        Self { reason: note.reason.clone(), by: note.by.clone(), at: note.at.to_second() }
    }
}

fn shown(at: Option<LocalTime>) -> Option<String> {
    at.map(LocalTime::to_second)
}
