//! The lists of a process in memory, for pages by number and their totals: DynamoDB can neither skip entries nor count them without reading
//! them (docs/adr/0016-lists-in-memory.md).
//!
//! A list is loaded once, from the index `changed`, and before each answer the process reads what has changed since. An entry can appear as
//! long after its time as [`SETTLED_AFTER`](super::keys::SETTLED_AFTER) says, so that much is read again. Memory is bounded: the list
//! that was used least recently is dropped. A list that alone needs more is not kept; its pages read the whole partition.

mod rows;

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use futures::TryStreamExt as _;
use jiff::Timestamp;

pub use rows::{Found, Rows};

use super::Service;
use super::keys::{self, SETTLED_AFTER};
use crate::error::Result;
use crate::runtime::environment::Environment;
use crate::storage::table::{CHANGED, Order, Query, Range};

/// The memory of a function on Lambda, in MiB, when the variable is not set.
const MEMORY: usize = 512;

/// The lists of this process.
pub struct Views {
    /// The most memory of all lists, in bytes.
    capacity: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    lists: HashMap<String, List>,
    /// Counts the uses.
    clock: u64,
}

#[derive(Default)]
struct List {
    view: Arc<tokio::sync::Mutex<View>>,
    used: u64,
    memory: usize,
}

/// One list.
enum View {
    Read(Loaded),
    /// It needs more than the capacity.
    TooLarge,
}

#[derive(Default)]
struct Loaded {
    rows: Rows,
    /// The rows contain every change that was in the index at this time.
    read_at: Timestamp,
}

impl Default for View {
    fn default() -> Self {
        Self::Read(Loaded::default())
    }
}

impl Views {
    /// Half of the memory of the function (`AWS_LAMBDA_FUNCTION_MEMORY_SIZE`).
    pub fn new(environment: &Environment) -> Self {
        let memory = environment.optional("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").and_then(|memory| memory.parse().ok());
        Self::of(memory.unwrap_or(MEMORY) * 1024 * 1024 / 2)
    }

    fn of(capacity: usize) -> Self {
        Self { capacity, kept: Mutex::default() }
    }

    fn take(&self, name: &str) -> Arc<tokio::sync::Mutex<View>> {
        let kept = &mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clock += 1;
        let list = kept.lists.entry(name.to_owned()).or_default();
        list.used = kept.clock;
        Arc::clone(&list.view)
    }

    /// Notes the memory of a list, and drops those that were used least recently until all fit.
    fn note(&self, name: &str, memory: usize) {
        let kept = &mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(list) = kept.lists.get_mut(name) {
            list.memory = memory;
        }
        while kept.lists.values().map(|list| list.memory).sum::<usize>() > self.capacity {
            let oldest = kept.lists.iter().filter(|(_, list)| list.memory > 0).min_by_key(|(_, list)| list.used);
            let Some(oldest) = oldest.map(|(name, _)| name.clone()) else { break };
            kept.lists.remove(&oldest);
        }
    }
}

impl Service {
    /// Updates the rows of a partition of `ix1`, then passes them to `look`. `None` if they need too much memory.
    ///
    /// DynamoDB: one query of what has changed, for the first time of the whole partition.
    pub(super) async fn with_rows<T>(&self, partition: &str, look: impl FnOnce(&Rows) -> Result<T>) -> Result<Option<T>> {
        let view = self.views.take(partition);
        let view = &mut *view.lock().await;
        let View::Read(loaded) = view else { return Ok(None) };
        let now = self.clock.now();
        let from = loaded.read_at.min(now) - SETTLED_AFTER;
        let (low, _) = keys::changed_within(from.as_millisecond(), 0);
        let query = Query {
            index: CHANGED,
            partition: partition.to_owned(),
            range: Range::After(low),
            order: Order::Ascending,
            filter: None,
        };
        let mut pages = pin!(self.store.entries(&self.tables.channel, &query));
        while let Some(page) = pages.try_next().await? {
            loaded.rows.take(&page)?;
            if loaded.rows.memory() > self.views.capacity {
                break;
            }
        }
        loaded.rows.merge()?;
        let memory = loaded.rows.memory();
        if memory > self.views.capacity {
            *view = View::TooLarge;
            self.views.note(partition, 0);
            return Ok(None);
        }
        // After an error the next request reads the same entries again.
        loaded.read_at = now;
        self.views.note(partition, memory);
        look(&loaded.rows).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(views: &Views) -> Vec<String> {
        let kept = views.kept.lock().unwrap();
        let mut names: Vec<String> = kept.lists.keys().cloned().collect();
        names.sort();
        names
    }

    #[test]
    fn the_list_that_was_used_least_recently_is_dropped() {
        let views = Views::of(100);
        for (name, memory) in [("a", 40), ("b", 40), ("a", 45), ("c", 20)] {
            drop(views.take(name));
            views.note(name, memory);
        }
        assert_eq!(kept(&views), ["a", "c"]);
        drop(views.take("d"));
        views.note("d", 100);
        assert_eq!(kept(&views), ["d"]);
        // One that is too large is known, and takes no memory.
        drop(views.take("e"));
        views.note("e", 0);
        assert_eq!(kept(&views), ["d", "e"]);
    }
}
