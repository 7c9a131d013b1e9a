//! The feed of changes: whoever changes a job tells of it in the same transaction, and views follow.
//!
//! ```text
//! pk               sk
//! feed#{shard}     {time of the change, in milliseconds}{job}     entry of an open job, as in the job's own record
//! ```
//!
//! The time is the writer's, taken before it writes. What is told at a time may therefore be seen later than what is told at a later
//! one: by as long as a write takes, and as clocks are apart. Readers read that much again ([`OVERLAP`]).

use std::collections::HashMap;
use std::num::NonZeroU64;

use aws_sdk_dynamodb::types::AttributeValue;
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};

use super::view::{Change, Entry, Top};
use crate::error::{Error, Result};
use crate::jobboard::job::Job;
use crate::jobboard::row;
use crate::storage::table::attribute::{number, read_integer, read_text, text};
use crate::storage::table::{Item, Store, Write};

/// How many partitions the feed has: one takes about 500 changes a second. Every view asks each of them.
pub const SHARDS: NonZeroU64 = NonZeroU64::MIN;
/// How long a change is told of: longer than three snapshots are apart.
pub const KEPT: SignedDuration = SignedDuration::from_hours(2);
/// How much later a change may be seen than it says: the time limit of a write, and two seconds between clocks.
pub const OVERLAP: SignedDuration = SignedDuration::from_secs(10);

/// The attribute that holds what lists need to know of a job.
pub const ENTRY: &str = "entry";

/// Tells of a job as it now is; `record` is how it is stored.
pub fn told(table: &str, job: &Job, record: &Item, version: u64, now: Timestamp) -> Write {
    let mut item = row::feed(job.id, now).into_item();
    item.insert("id".into(), number(job.id));
    item.insert("created".into(), number(job.created_at.as_millisecond()));
    item.insert("version".into(), number(version));
    item.insert("expires_at".into(), number((now + KEPT).as_second()));
    item.extend(record.get(ENTRY).map(|entry| (ENTRY.to_owned(), entry.clone())));
    Write::Set { table: table.to_owned(), item }
}

/// What lists need to know of an open job, as an attribute: one text, since a view may have to read a million of them.
pub fn entry(job: &Job, version: u64) -> Result<AttributeValue> {
    let content = &job.content;
    let yuan = |salary: i64| i32::try_from(salary).unwrap_or(i32::MAX);
    let texts = |tags: &crate::jobboard::values::Tags| tags.iter().map(str::to_owned).collect();
    let entry = Entry {
        id: job.id.as_u64(),
        version: u32::try_from(version).map_err(Error::internal)?,
        created: job.created_at.as_millisecond(),
        fresh: job.fresh_at().as_millisecond(),
        top: job.top.map(|window| Top { start: window.start.as_millisecond(), end: window.end.as_millisecond() }),
        positions: content.positions.as_str().to_owned(),
        salary_min: yuan(content.salary_min.get()),
        salary_max: if content.salary_max.get() == -1 { i32::MAX } else { yuan(content.salary_max.get()) },
        longitude: content.longitude.get(),
        latitude: content.latitude.get(),
        tags: [texts(&content.basic_protection), texts(&content.salary_benefits), texts(&content.attendance_leave)],
    };
    serde_json::to_string(&entry).map(text).map_err(Error::internal)
}

pub fn read_entry(item: &Item) -> Result<Entry> {
    serde_json::from_str(&read_text(item, ENTRY)?).map_err(Error::internal)
}

/// The changes that were told from this time on, in batches. Each is of a job of which nothing newer was told before.
pub fn changes<'a>(store: &'a Store, table: &'a str, from: Timestamp) -> impl Stream<Item = Result<Vec<Change>>> + 'a {
    let shards = (0..SHARDS.get()).map(move |shard| {
        let mut told = Told { from: row::feed_time(from), gone: HashMap::new() };
        let begin = row::feed_time(from - OVERLAP);
        store.partition_pages(table, row::feed_shard(shard), begin).map(move |page| told.read(page?)).boxed()
    });
    stream::iter(shards).flatten_unordered(None).try_filter(|changes| std::future::ready(!changes.is_empty()))
}

/// What was read of a shard.
struct Told {
    /// What was told earlier was seen before: it is read again only to know what is gone.
    from: String,
    /// The versions in which jobs ceased to be open. What is read behind may be older.
    gone: HashMap<u64, u32>,
}

impl Told {
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
