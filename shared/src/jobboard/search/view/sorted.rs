//! Rows in an order. Inserts and removals are made in batches: a hundred changes cost little more than one.

use super::Slot;

#[derive(Default)]
pub(super) struct Sorted(Vec<Slot>);

impl Sorted {
    /// The rows must be in order.
    pub fn of(rows: Vec<Slot>) -> Self {
        Self(rows)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn at(&self, place: usize) -> Slot {
        self.0[place]
    }

    pub fn rows(&self) -> &[Slot] {
        &self.0
    }

    /// The place of the row with this key, or the place where it would be inserted.
    pub fn place<K: Ord>(&self, key: K, key_of: impl Fn(Slot) -> K) -> Result<usize, usize> {
        self.0.binary_search_by(|slot| key_of(*slot).cmp(&key))
    }

    /// Removes the rows at these places.
    pub fn remove(&mut self, mut places: Vec<usize>) {
        places.sort_unstable();
        let Some(mut to) = places.first().copied() else { return };
        let ends = places.iter().skip(1).copied().chain([self.0.len()]);
        for (gone, end) in places.iter().zip(ends) {
            self.0.copy_within(gone + 1..end, to);
            to += end - gone - 1;
        }
        self.0.truncate(to);
    }

    /// Inserts rows, starting at the end.
    pub fn insert<K: Ord>(&mut self, mut rows: Vec<Slot>, key_of: impl Fn(Slot) -> K) {
        rows.sort_unstable_by_key(|slot| key_of(*slot));
        let mut end = self.0.len();
        if self.0.capacity() < end + rows.len() {
            self.0.reserve_exact(rows.len() + end / 16);
        }
        self.0.resize(end + rows.len(), 0);
        while let Some(slot) = rows.pop() {
            let key = key_of(slot);
            let place = self.0[..end].partition_point(|other| key_of(*other) < key);
            self.0.copy_within(place..end, place + rows.len() + 1);
            self.0[place + rows.len()] = slot;
            end = place;
        }
    }
}
