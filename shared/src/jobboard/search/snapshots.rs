//! Snapshots of the view in S3, below `search/`. A process that starts loads one instead of the whole table. If no snapshot is usable,
//! the process reads the table, which only takes longer.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;

use super::feed::{KEPT, OVERLAP};
use super::live::Loaded;
use super::view::{Damage, Loader, View};
use crate::error::{Error, Result};
use crate::jobboard::Service;

/// The prefix of their keys; the time follows.
pub const PREFIX: &str = "search/";
/// The number of snapshots that are kept.
const KEPT_SNAPSHOTS: usize = 3;
/// The size of one read, in bytes.
const PART: u64 = 2 << 20;
/// The number of concurrent reads.
const PARTS_AT_ONCE: usize = 4;

/// A new snapshot.
pub struct Snapshot {
    pub key: String,
    pub bytes: usize,
    pub jobs: usize,
}

impl Service {
    /// Stores a snapshot of the current view, and deletes all but the last three.
    pub async fn write_snapshot(&self) -> Result<Snapshot> {
        let now = self.clock.now();
        let mut loaded = self.load_view(now).await?;
        self.catch_up(&mut loaded, now).await?;
        let bytes = loaded.view.snapshot(&self.tables.jobboard, now.as_millisecond()).map_err(Error::internal)?;
        let (key, size) = (format!("{PREFIX}{:016}", now.as_millisecond()), bytes.len());
        self.objects.put(&key, bytes, "application/octet-stream").await?;
        for old in self.snapshots().await?.iter().skip(KEPT_SNAPSHOTS) {
            self.objects.delete(old).await?;
        }
        Ok(Snapshot { key, bytes: size, jobs: loaded.view.len() })
    }

    /// The keys of the snapshots, newest first.
    async fn snapshots(&self) -> Result<Vec<String>> {
        let mut keys = self.objects.list(PREFIX).await?;
        keys.sort_unstable_by(|one, other| other.cmp(one));
        Ok(keys)
    }

    /// Loads the newest usable snapshot.
    pub(super) async fn newest_snapshot(&self, now: Timestamp) -> Option<Loaded> {
        let keys = match self.snapshots().await {
            Ok(keys) => keys,
            Err(error) => {
                tracing::warn!(%error, "snapshots of the search cannot be listed: the table is read");
                return None;
            }
        };
        for key in keys {
            match self.load(&key).await {
                Ok((view, read_at)) if now.duration_since(read_at) < KEPT - OVERLAP * 3 => {
                    return Some(Loaded { view, read_at });
                }
                Ok(_) => tracing::warn!(key, "a snapshot of the search is too old"),
                Err(error) => tracing::warn!(key, %error, "a snapshot of the search cannot be used"),
            }
        }
        tracing::warn!("no snapshot of the search can be used: the table is read");
        None
    }

    async fn load(&self, key: &str) -> Result<(View, Timestamp)> {
        let damaged = |damage: Damage| Error::internal(damage.to_string());
        let gone = || Error::internal("it is gone");
        let (first, size) = self.objects.read(key, 0, PART).await?.ok_or_else(gone)?;
        let mut loader = Loader::new(&self.tables.jobboard);
        loader.push(&first).map_err(damaged)?;
        let parts =
            (1..size.div_ceil(PART)).map(async |part| self.objects.read(key, part * PART, PART).await?.ok_or_else(gone));
        let mut parts = stream::iter(parts).buffered(PARTS_AT_ONCE);
        while let Some((part, _)) = parts.try_next().await? {
            loader.push(&part).map_err(damaged)?;
        }
        let (view, read_at) = loader.finish().map_err(damaged)?;
        Ok((view, Timestamp::from_millisecond(read_at).map_err(Error::internal)?))
    }
}
