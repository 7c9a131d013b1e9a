//! At most three jobs of one owner on a page of the recommended jobs.
//!
//! The list is arranged page by page: a page takes the next jobs in order, except those whose owner has three jobs on it already. These are
//! held for the next page. If no other owners follow within reach, they fill the page after all.

use std::collections::{HashMap, VecDeque};

use super::Slot;

/// The most jobs of one owner on a page.
const MOST: u8 = 3;
/// How many jobs are arranged. The pages after them are in plain order, so that a deep page costs no more.
pub(super) const REACH: usize = 2_000;
/// The owner of entries that were stored without one. Such jobs are not counted.
const UNKNOWN: u64 = 0;

/// The jobs of each owner on one page.
#[derive(Default)]
pub(super) struct Owners(HashMap<u64, u8>);

impl Owners {
    /// Counts a job, unless the page has enough of its owner.
    pub fn admit(&mut self, owner: u64) -> bool {
        if owner == UNKNOWN {
            return true;
        }
        let counted = self.0.entry(owner).or_default();
        let has_room = *counted < MOST;
        *counted += u8::from(has_room);
        has_room
    }
}

/// Arranges rows. `rows` ends after [`REACH`].
pub(super) struct Spread<I, F> {
    pub rows: I,
    pub owner: F,
    /// In order.
    pub held: VecDeque<Slot>,
}

impl<I: Iterator<Item = Slot>, F: Fn(Slot) -> u64> Spread<I, F> {
    /// The next page, which has this room. `owners` has the jobs that are on it already.
    pub fn page(&mut self, room: usize, mut owners: Owners) -> Vec<Slot> {
        let mut page = Vec::with_capacity(room);
        let mut held = VecDeque::new();
        while page.len() < room {
            let Some(slot) = self.held.pop_front().or_else(|| self.rows.next()) else { break };
            if owners.admit((self.owner)(slot)) {
                page.push(slot);
            } else {
                held.push_back(slot);
            }
        }
        while page.len() < room {
            let Some(slot) = held.pop_front() else { break };
            page.push(slot);
        }
        held.append(&mut self.held);
        self.held = held;
        page
    }
}
