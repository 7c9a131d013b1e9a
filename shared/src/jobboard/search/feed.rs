//! The feed of changes: each change of a job writes an event in the same transaction, and views read the feed.
//!
//! ```text
//! pk               sk
//! feed#{shard}     {time of the change, in milliseconds}{job}     entry of an open job, as in the job's own record
//! ```
//!
//! The writer takes the time before it writes. A reader may therefore see an event after a later one: the delay is at most the duration
//! of a write plus the difference between two clocks. Readers read that much again ([`OVERLAP`]).

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};

use super::view::{Change, Entry};
use crate::error::{Error, Result};
use crate::jobboard::keys;
use crate::storage::table::attribute::{number, read_integer, read_text, text};
use crate::storage::table::{Item, Store, Write};
use crate::values::{Id, LocalTime};

/// How long an event is kept: longer than the time between three snapshots.
pub const KEPT: SignedDuration = SignedDuration::from_hours(2);
/// How much later than its time an event may appear: the time limit of a write, and two seconds between clocks.
pub const OVERLAP: SignedDuration = SignedDuration::from_secs(10);

/// The attribute with the [`Entry`] of an open job.
pub const ENTRY: &str = "entry";

/// A change of a job.
pub struct Event {
    pub job: Id,
    pub created_at: LocalTime,
    pub version: u64,
    /// Of an open job.
    pub entry: Option<AttributeValue>,
}

impl Event {
    /// The part of a transaction that writes the event.
    pub fn write(self, table: &str, now: Timestamp) -> Write {
        let Self { job, created_at, version, entry } = self;
        let mut item = keys::feed(job, now).into_item();
        item.insert("id".into(), number(job));
        item.insert("created".into(), number(created_at.as_millisecond()));
        item.insert("version".into(), number(version));
        item.insert("expires_at".into(), number((now + KEPT).as_second()));
        item.extend(entry.map(|entry| (ENTRY.to_owned(), entry)));
        Write::Set { table: table.to_owned(), item }
    }
}

/// An entry as one text, because a view may have to read a million of them.
pub fn entry_attribute(entry: &Entry) -> Result<AttributeValue> {
    serde_json::to_string(entry).map(text).map_err(Error::internal)
}

pub fn read_entry(item: &Item) -> Result<Entry> {
    serde_json::from_str(&read_text(item, ENTRY)?).map_err(Error::internal)
}

/// The changes since this time, in batches. A change is left out if the reader has already returned a newer one of the same job.
pub fn changes<'a>(store: &'a Store, table: &'a str, from: Timestamp) -> impl Stream<Item = Result<Vec<Change>>> + 'a {
    let shards = (0..keys::FEED_SHARDS.get()).map(move |shard| {
        let mut reader = ShardReader { from: keys::feed_time(from), gone: HashMap::new() };
        let begin = keys::feed_time(from - OVERLAP);
        store.partition_pages(table, keys::feed_shard(shard), begin).map(move |page| reader.read(page?)).boxed()
    });
    stream::iter(shards).flatten_unordered(None).try_filter(|changes| std::future::ready(!changes.is_empty()))
}

struct ShardReader {
    /// The view has older events already. They are read again only to find jobs that are no longer open.
    from: String,
    /// The version in which each job ceased to be open. Later events may hold older versions.
    gone: HashMap<u64, u32>,
}

impl ShardReader {
    fn read(&mut self, items: Vec<Item>) -> Result<Vec<Change>> {
        let mut changes = Vec::with_capacity(items.len());
        for item in items {
            let change = if item.contains_key(ENTRY) {
                Change::Open(read_entry(&item)?)
            } else {
                let (id, created) = (read_integer(&item, "id")?, read_integer(&item, "created")?);
                Change::Gone { id, created, version: read_integer(&item, "version")? }
            };
            let (id, version) = (change.id(), change.version());
            if let Change::Gone { .. } = change {
                let gone = self.gone.entry(id).or_default();
                *gone = version.max(*gone);
            }
            let is_newest = self.gone.get(&id).is_none_or(|gone| version >= *gone);
            if is_newest && read_text(&item, "sk")? >= self.from {
                changes.push(change);
            }
        }
        Ok(changes)
    }
}
