//! Open jobs in memory, ordered and filtered without a database: one column per field, bitmaps for filters, and the rows in the orders of
//! the lists.
//!
//! A view does not depend on the storage. It applies [`Change`]s, which may be repeated, and [`View::search`] selects a page. Times are
//! Unix milliseconds.

mod bits;
mod columns;
mod facet;
mod grid;
mod nearest;
mod order;
mod place;
mod search;
mod snapshot;
mod sorted;
mod spread;
mod text;

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

pub use place::metres;
pub use search::{Filter, Found, Order};
pub use snapshot::{Damage, Loader};

use columns::{Columns, Row};
use facet::{Facet, Tags};
use grid::Grid;
use sorted::Sorted;

/// What lists need of an open job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub id: u64,
    /// The user who posted it; 0 in entries that were stored without the owner.
    #[serde(default)]
    pub owner: u64,
    /// The entry with the greatest version is valid.
    pub version: u32,
    /// Never changes.
    pub created: i64,
    /// The last refresh, else the creation.
    pub fresh: i64,
    pub top: Option<Top>,
    pub positions: String,
    /// Yuan a month; open-ended is [`i32::MAX`].
    pub salary_min: i32,
    pub salary_max: i32,
    pub longitude: f64,
    pub latitude: f64,
    /// 基础保障, 薪酬福利, 考勤休假.
    pub tags: [Vec<String>; 3],
}

/// The time in which a job is listed first. The end is exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Top {
    pub start: i64,
    pub end: i64,
}

/// A change of a job.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The job is open and has this entry.
    Open(Entry),
    /// The job is no longer open.
    Gone { id: u64, created: i64, version: u32 },
}

impl Change {
    pub fn id(&self) -> u64 {
        match self {
            Self::Open(Entry { id, .. }) | Self::Gone { id, .. } => *id,
        }
    }

    pub fn version(&self) -> u32 {
        match self {
            Self::Open(Entry { version, .. }) | Self::Gone { version, .. } => *version,
        }
    }

    fn created(&self) -> i64 {
        match self {
            Self::Open(Entry { created, .. }) | Self::Gone { created, .. } => *created,
        }
    }
}

/// The index of a row in the columns.
type Slot = u32;

/// About 120 bytes a job: a million jobs take some 120 MB.
#[derive(Default)]
pub struct View {
    columns: Columns,
    positions: Facet,
    tags: [Tags; 3],
    /// Oldest first, ties by id.
    created: Sorted,
    /// Least recently refreshed first, ties by id.
    fresh: Sorted,
    /// By place.
    grid: Grid,
    /// End and slot, by start and id.
    tops: BTreeMap<(i64, u64), (i64, Slot)>,
    /// The starts of the jobs in `tops`.
    top_starts: HashMap<Slot, i64>,
    /// Slots without a job.
    free: Vec<Slot>,
}

impl View {
    /// The number of open jobs.
    pub fn len(&self) -> usize {
        self.created.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Applies changes in any order. A change is ignored if the view has the same version of the job or a later one.
    pub fn apply(&mut self, mut changes: Vec<Change>) {
        changes.sort_unstable_by_key(|change| (change.id(), std::cmp::Reverse(change.version())));
        changes.dedup_by_key(|change| change.id());
        // The orders must be searched while the columns still hold the old sort keys.
        let (mut updates, mut from_created, mut from_fresh) = (Vec::new(), Vec::new(), Vec::new());
        for change in changes {
            let place = self.created.place((change.created(), change.id()), |slot| self.columns.created_key(slot));
            let Ok(place) = place else {
                if let Change::Open(entry) = change {
                    updates.push((None, Some(entry)));
                }
                continue;
            };
            let slot = self.created.at(place);
            if self.columns.version(slot) >= change.version() {
                continue;
            }
            let entry = match change {
                Change::Open(entry) => Some(entry),
                Change::Gone { .. } => {
                    from_created.push(place);
                    None
                }
            };
            if entry.as_ref().is_none_or(|entry| entry.fresh != self.columns.fresh_key(slot).0) {
                let place = self.fresh.place(self.columns.fresh_key(slot), |slot| self.columns.fresh_key(slot));
                from_fresh.extend(place);
            }
            updates.push((Some(slot), entry));
        }
        self.created.remove(from_created);
        self.fresh.remove(from_fresh);
        let (mut into_created, mut into_fresh) = (Vec::new(), Vec::new());
        for (slot, entry) in updates {
            match (slot, entry) {
                (Some(slot), Some(entry)) => {
                    if entry.fresh != self.columns.fresh_key(slot).0 {
                        into_fresh.push(slot);
                    }
                    self.leave(slot);
                    self.enter(slot, &entry);
                }
                (Some(slot), None) => {
                    self.leave(slot);
                    self.columns.clear(slot);
                    self.free.push(slot);
                }
                (None, Some(entry)) => {
                    let slot = self.free.pop().unwrap_or_else(|| self.columns.grow());
                    self.enter(slot, &entry);
                    into_created.push(slot);
                    into_fresh.push(slot);
                }
                (None, None) => {}
            }
        }
        self.created.insert(into_created, |slot| self.columns.created_key(slot));
        self.fresh.insert(into_fresh, |slot| self.columns.fresh_key(slot));
    }

    /// Removes the tops that ended before this time.
    pub fn forget_tops(&mut self, ended_before: i64) {
        let top_starts = &mut self.top_starts;
        self.tops.retain(|_, (end, slot)| {
            let stays = *end >= ended_before;
            if !stays {
                top_starts.remove(slot);
            }
            stays
        });
    }

    fn enter(&mut self, slot: Slot, entry: &Entry) {
        let all = self.columns.slots();
        let [basic, benefits, leave] = &mut self.tags;
        let tags = [(basic, 0), (benefits, 1), (leave, 2)].map(|(kind, at)| kind.enter(slot, &entry.tags[at], all));
        let positions = self.positions.enter(slot, &entry.positions.to_lowercase(), all);
        self.columns.set(
            slot,
            &Row {
                id: entry.id,
                owner: entry.owner,
                created: entry.created,
                fresh: entry.fresh,
                longitude: entry.longitude,
                latitude: entry.latitude,
                version: entry.version,
                salary_min: entry.salary_min,
                salary_max: entry.salary_max,
                positions,
                tags,
            },
        );
        self.grid.insert(slot, self.columns.direction(slot));
        if let Some(top) = entry.top {
            self.put_on_top(slot, entry.id, top);
        }
    }

    fn put_on_top(&mut self, slot: Slot, id: u64, Top { start, end }: Top) {
        self.tops.insert((start, id), (end, slot));
        self.top_starts.insert(slot, start);
    }

    fn leave(&mut self, slot: Slot) {
        let Row { id, positions, tags, .. } = self.columns.get(slot);
        self.positions.leave(slot, positions);
        for (kind, set) in self.tags.iter_mut().zip(tags) {
            kind.leave(slot, set);
        }
        self.grid.remove(slot, self.columns.direction(slot));
        if let Some(start) = self.top_starts.remove(&slot) {
            self.tops.remove(&(start, id));
        }
    }
}
