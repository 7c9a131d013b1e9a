//! A view that is kept up with the table.

use std::sync::atomic::{AtomicBool, Ordering};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use super::feed::{self, KEPT, OVERLAP};
use super::view::{Change, View};
use crate::error::Result;
use crate::jobboard::{Service, row};
use crate::storage::table::Condition;
use crate::storage::table::attribute::text;

/// How long a process relies on what it read of the feed without asking again: a change is seen by every search that begins this
/// much after it was acknowledged.
pub const RESTS: SignedDuration = SignedDuration::from_millis(250);
/// How far an index of the table may be behind it when a view is made of it. Mostly it is less than a second.
const INDEX_LAG: SignedDuration = SignedDuration::from_mins(5);
/// How long tops are remembered that have ended.
const ENDED: SignedDuration = SignedDuration::from_hours(1);

/// The view of this process.
#[derive(Default)]
pub struct Live {
    held: Mutex<Option<Held>>,
    /// This process has changed a job itself: it need not wait to see that.
    changed: AtomicBool,
}

pub(super) struct Held {
    pub view: View,
    /// Everything that was told before this is in the view.
    pub read_at: Timestamp,
}

impl Live {
    /// To be called once a change was written.
    pub fn changed(&self) {
        self.changed.store(true, Ordering::Release);
    }
}

impl Service {
    /// Loads the view, so that the first request need not.
    pub async fn prepare_search(&self) -> Result<()> {
        self.look(|_| ()).await
    }

    /// Looks at the view, once it is as the table is.
    pub(super) async fn look<T>(&self, look: impl FnOnce(&View) -> T) -> Result<T> {
        let mut held = self.live.held.lock().await;
        let now = self.clock.now();
        let changed = self.live.changed.swap(false, Ordering::AcqRel);
        let age = |held: &Held| now.duration_since(held.read_at);
        let (current, is_current) = match &mut *held {
            // Who has slept for long has missed what is not told any more.
            Some(held) if age(held) < KEPT - INDEX_LAG => {
                let is_current = SignedDuration::ZERO <= age(held) && age(held) < RESTS && !changed;
                (held, is_current)
            }
            none => {
                // Not two of them at a time.
                *none = None;
                (none.insert(self.begin(now).await?), false)
            }
        };
        if !is_current {
            self.catch_up(current, now).await.inspect_err(|_| self.live.changed())?;
        }
        Ok(look(&current.view))
    }

    /// A view of the newest snapshot, or else of the table; behind by what happened since.
    pub(super) async fn begin(&self, now: Timestamp) -> Result<Held> {
        match self.newest_snapshot(now).await {
            Some(held) => Ok(held),
            None => self.view_of_table(now).await,
        }
    }

    /// Reads what was told since, and a while before that again.
    pub(super) async fn catch_up(&self, held: &mut Held, now: Timestamp) -> Result<()> {
        // A clock that was set back meanwhile must not hide what is told now.
        let from = held.read_at.min(now) - OVERLAP;
        let mut changes = feed::changes(&self.store, &self.tables.jobboard, from);
        while let Some(batch) = changes.try_next().await? {
            held.view.apply(batch);
        }
        held.view.forget_tops((now - ENDED).as_millisecond());
        held.read_at = now;
        Ok(())
    }

    /// DynamoDB: one query for each 1 MB of the index, side by side in each of its partitions.
    async fn view_of_table(&self, now: Timestamp) -> Result<Held> {
        let shards = (0..row::OPEN_SHARDS).map(|shard| {
            let key = Condition::equals("ix2", text(row::open_jobs(shard)));
            self.store.index_pages(&self.tables.jobboard, "ix2", key, feed::ENTRY).boxed()
        });
        let mut pages = stream::iter(shards).flatten_unordered(None);
        let mut view = View::default();
        while let Some(page) = pages.try_next().await? {
            let entries = page.iter().map(|item| feed::read_entry(item).map(Change::Open));
            view.apply(entries.collect::<Result<_>>()?);
        }
        Ok(Held { view, read_at: now - INDEX_LAG })
    }
}
