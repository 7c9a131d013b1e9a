//! The rows nearest to a place. Approximate distances, without trigonometry, select the candidates for the page. The exact distance is
//! computed only for these.
//!
//! The candidates come from the cubes of the [`Grid`](super::grid::Grid) around the place. If a filter leaves few rows for a deep page, it
//! costs less to take all of them.

use std::cmp::Reverse;

use super::order::ranks;
use super::place::{direction, metres};
use super::search::{Matches, Window};
use super::{Slot, View};

/// Upper bound of the error of an approximate distance, in radii of the earth: some 3 metres. Each coordinate of a direction is rounded by
/// at most 3e-8.
const MAX_ERROR: f32 = 5e-7;
/// Up to this number of rows, exact distances are computed at once.
const FEW: usize = 512;
/// The rows in the cubes that are read for a page, in multiples of the rows up to its end.
const SURROUNDINGS: usize = 3;

impl View {
    /// The nearest rows; the greater id first if distances are equal. The caller ensures that the window is within the rows.
    pub(super) fn nearest(&self, matches: Option<&Matches>, here: (f64, f64), Window { skip, take }: Window) -> Vec<Slot> {
        let from = direction(here.0, here.1);
        let rows = match matches {
            // The rows that the cubes would have to contain, of which most do not match.
            Some(Matches { bits, total }) if SURROUNDINGS * (skip + take) * self.len() > total * total => {
                bits.slots().map(|slot| (self.square(slot, from), slot)).collect()
            }
            _ => self.around(matches, from, skip + take),
        };
        self.select(rows, here, skip, take)
    }

    /// Rows with their squared approximate distances. The nearest `count` rows are among them.
    fn around(&self, matches: Option<&Matches>, from: [f32; 3], count: usize) -> Vec<(f32, Slot)> {
        let mut rows = Vec::with_capacity(SURROUNDINGS * count);
        // The rows in cubes that begin farther away are not among the nearest.
        let mut reach = None;
        for (square, inside) in self.grid.nearest(from) {
            if reach.is_some_and(|reach| square > reach) {
                break;
            }
            let matching = inside.iter().filter(|slot| matches.is_none_or(|matches| matches.bits.has(**slot)));
            rows.extend(matching.map(|slot| (self.square(*slot, from), *slot)));
            if reach.is_none() && rows.len() >= count {
                let (_, (last, _), _) = rows.select_nth_unstable_by(count - 1, |one, other| one.0.total_cmp(&other.0));
                reach = Some(squared(last.sqrt() + 4.0 * MAX_ERROR));
            }
        }
        rows
    }

    /// The ranks of the window among the rows.
    fn select(&self, mut rows: Vec<(f32, Slot)>, here: (f64, f64), skip: usize, take: usize) -> Vec<Slot> {
        if rows.len() <= FEW {
            return self.exactly(rows.iter().map(|(_, slot)| *slot), here, skip, take);
        }
        let mut rank = |rank| rows.select_nth_unstable_by(rank, |one, other| one.0.total_cmp(&other.0)).1.0;
        let (first, last) = (rank(skip), rank(skip + take - 1));
        let (from, to) = (squared((first.sqrt() - 2.0 * MAX_ERROR).max(0.0)), squared(last.sqrt() + 2.0 * MAX_ERROR));
        let before = rows.iter().filter(|(square, _)| *square < from).count();
        let inside = rows.iter().filter(|(square, _)| from <= *square && *square <= to).map(|(_, slot)| *slot);
        self.exactly(inside, here, skip - before, take)
    }

    fn exactly(&self, rows: impl Iterator<Item = Slot>, here: (f64, f64), skip: usize, take: usize) -> Vec<Slot> {
        // Distances are not negative, so their bits sort like numbers.
        let key = |slot| (metres(here, self.columns.place(slot)).to_bits(), Reverse(self.columns.id(slot)), slot);
        let mut keys: Vec<_> = rows.map(key).collect();
        ranks(&mut keys, skip, take).iter().map(|(_, _, slot)| *slot).collect()
    }

    /// The squared approximate distance of a row.
    fn square(&self, slot: Slot, [a, b, c]: [f32; 3]) -> f32 {
        let [x, y, z] = self.columns.direction(slot);
        let (x, y, z) = (x - a, y - b, z - c);
        x * x + y * y + z * z
    }
}

fn squared(distance: f32) -> f32 {
    distance * distance
}
