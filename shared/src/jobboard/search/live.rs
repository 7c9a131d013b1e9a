//! The view of this process. Each search first applies the changes since the last one.

use std::sync::atomic::{AtomicBool, Ordering};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use super::feed::{self, KEPT, OVERLAP};
use super::view::{Change, View};
use crate::error::Result;
use crate::jobboard::{Service, keys};
use crate::storage::table::Condition;
use crate::storage::table::attribute::text;

/// How long a process uses the view without another read of the feed. A search that begins this long after a change was acknowledged
/// sees the change.
pub const MAX_AGE: SignedDuration = SignedDuration::from_millis(250);
/// Upper bound of the delay between the table and its index, for a view that is loaded from the index. It is usually less than a second.
const INDEX_LAG: SignedDuration = SignedDuration::from_mins(5);
/// How long the view keeps tops that have ended.
const ENDED_TOPS_KEPT: SignedDuration = SignedDuration::from_hours(1);

#[derive(Default)]
pub struct Live {
    loaded: Mutex<Option<Loaded>>,
    /// This process has changed a job itself: the next search reads the feed at once.
    changed: AtomicBool,
}

pub(super) struct Loaded {
    pub view: View,
    /// The watermark: the view contains every change before this time.
    pub read_at: Timestamp,
}

impl Live {
    /// Callers report each write of a job here.
    pub fn changed(&self) {
        self.changed.store(true, Ordering::Release);
    }
}

impl Service {
    /// Loads the view before the first request needs it.
    pub async fn prepare_search(&self) -> Result<()> {
        self.with_view(|_| ()).await
    }

    /// Updates the view from the feed, then passes it to `look`.
    pub(super) async fn with_view<T>(&self, look: impl FnOnce(&View) -> T) -> Result<T> {
        let mut loaded = self.live.loaded.lock().await;
        let now = self.clock.now();
        let changed = self.live.changed.swap(false, Ordering::AcqRel);
        let age = |loaded: &Loaded| now.duration_since(loaded.read_at);
        let (current, is_current) = match &mut *loaded {
            // The feed has deleted events that an older view has not read.
            Some(loaded) if age(loaded) < KEPT - INDEX_LAG => {
                let is_current = SignedDuration::ZERO <= age(loaded) && age(loaded) < MAX_AGE && !changed;
                (loaded, is_current)
            }
            outdated => {
                // Frees the memory first: two views may not fit.
                *outdated = None;
                (outdated.insert(self.load_view(now).await?), false)
            }
        };
        if !is_current {
            self.catch_up(current, now).await.inspect_err(|_| self.live.changed())?;
        }
        Ok(look(&current.view))
    }

    /// Loads the newest snapshot, or else the table. The view lacks the changes since its watermark.
    pub(super) async fn load_view(&self, now: Timestamp) -> Result<Loaded> {
        match self.newest_snapshot(now).await {
            Some(loaded) => Ok(loaded),
            None => self.view_of_table(now).await,
        }
    }

    /// Applies the changes since the watermark, and those of the overlap before it again.
    pub(super) async fn catch_up(&self, loaded: &mut Loaded, now: Timestamp) -> Result<()> {
        // If the clock was set back since, changes have times before the watermark.
        let from = loaded.read_at.min(now) - OVERLAP;
        let mut changes = feed::changes(&self.store, &self.tables.jobboard, from);
        while let Some(batch) = changes.try_next().await? {
            loaded.view.apply(batch);
        }
        loaded.view.forget_tops((now - ENDED_TOPS_KEPT).as_millisecond());
        loaded.read_at = now;
        Ok(())
    }

    /// DynamoDB: one query for each 1 MB of the index, concurrently in each of its partitions.
    async fn view_of_table(&self, now: Timestamp) -> Result<Loaded> {
        let shards = (0..keys::OPEN_SHARDS).map(|shard| {
            let key = Condition::equals("ix2", text(keys::open_jobs(shard)));
            self.store.index_pages(&self.tables.jobboard, "ix2", key, feed::ENTRY).boxed()
        });
        let mut pages = stream::iter(shards).flatten_unordered(None);
        let mut view = View::default();
        while let Some(page) = pages.try_next().await? {
            let entries = page.iter().map(|item| feed::read_entry(item).map(Change::Open));
            view.apply(entries.collect::<Result<_>>()?);
        }
        Ok(Loaded { view, read_at: now - INDEX_LAG })
    }
}
