//! The rows by place: cubes of space, each with the rows on its part of the earth's surface.
//!
//! A cube has no seam at a pole or at the date line, and its least distance from a place needs no trigonometry. Large cubes contain small
//! ones, so a search looks at the large ones that have rows, and only at the small ones near the place.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::Slot;

/// The small cubes along a radius of the earth: an edge is 1.6 km. A power of two, so that the bounds of a cube are exact.
const SMALL: i32 = 4096;
/// The small cubes along an edge of a large one, as a power of two: an edge is 100 km.
const LARGE: u32 = 6;

/// The coordinates of a cube, in edges from the earth's centre.
type Cube = [i16; 3];

#[derive(Default)]
pub(super) struct Grid(HashMap<Cube, HashMap<Cube, Vec<Slot>>>);

impl Grid {
    /// For many rows this is several times faster than to insert each, and takes no more memory than they need.
    pub fn of(rows: impl ExactSizeIterator<Item = (Slot, [f32; 3])>) -> Self {
        let mut sorted: Vec<(Cube, Slot)> = Vec::with_capacity(rows.len());
        sorted.extend(rows.map(|(slot, direction)| (small(direction), slot)));
        sorted.sort_unstable_by_key(|(cube, slot)| (code(*cube), *slot));
        let mut grid = Self::default();
        for rows in sorted.chunk_by(|(one, _), (other, _)| one == other) {
            let cube = rows[0].0;
            grid.0.entry(large(cube)).or_default().insert(cube, rows.iter().map(|(_, slot)| *slot).collect());
        }
        grid
    }

    pub fn insert(&mut self, slot: Slot, direction: [f32; 3]) {
        let cube = small(direction);
        self.0.entry(large(cube)).or_default().entry(cube).or_default().push(slot);
    }

    /// Removes a row. The caller ensures that it was inserted with this direction.
    pub fn remove(&mut self, slot: Slot, direction: [f32; 3]) {
        let cube = small(direction);
        let Some(inside) = self.0.get_mut(&large(cube)) else { return };
        let Some(rows) = inside.get_mut(&cube) else { return };
        if let Some(at) = rows.iter().position(|other| *other == slot) {
            rows.swap_remove(at);
        }
        if rows.is_empty() {
            inside.remove(&cube);
        }
        if inside.is_empty() {
            self.0.remove(&large(cube));
        }
    }

    /// The small cubes with rows, those with the least distance from this direction first.
    pub fn nearest(&self, here: [f32; 3]) -> Nearest<'_> {
        let large = self.0.iter().map(|(cube, inside)| Near::new(square(cube, SMALL >> LARGE, here), Part::Large(inside)));
        Nearest { here, left: large.collect() }
    }
}

fn small(direction: [f32; 3]) -> Cube {
    direction.map(|part| (part * SMALL as f32).floor() as i16)
}

/// One number for each cube, which is faster to compare.
fn code(cube: Cube) -> u64 {
    cube.iter().fold(0, |code, part| code << 16 | u64::from(part.cast_unsigned()))
}

/// The large cube around a small one.
fn large(cube: Cube) -> Cube {
    cube.map(|part| part >> LARGE)
}

/// The square of the least distance between a cube and a direction. `edges` is the number of edges along a radius.
fn square(cube: &Cube, edges: i32, here: [f32; 3]) -> f32 {
    let edge = 1.0 / edges as f32;
    let gaps = cube.iter().zip(here).map(|(at, here)| {
        let low = f32::from(*at) * edge;
        (low - here).max(here - (low + edge)).max(0.0)
    });
    gaps.map(|gap| gap * gap).sum()
}

/// Large cubes are opened when they are the nearest.
pub(super) struct Nearest<'a> {
    here: [f32; 3],
    left: BinaryHeap<Near<'a>>,
}

impl<'a> Iterator for Nearest<'a> {
    /// The squared least distance of a cube, in radii of the earth, and its rows.
    type Item = (f32, &'a [Slot]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Near { square: near, part } = self.left.pop()?;
            match part {
                Part::Small(rows) => return Some((f32::from_bits(near.0), rows)),
                Part::Large(inside) => {
                    let here = self.here;
                    let small = inside.iter().map(|(cube, rows)| Near::new(square(cube, SMALL, here), Part::Small(rows)));
                    self.left.extend(small);
                }
            }
        }
    }
}

/// Ordered by distance, the nearest is the greatest.
struct Near<'a> {
    /// The bits of a float that is not negative sort like the float.
    square: Reverse<u32>,
    part: Part<'a>,
}

enum Part<'a> {
    Large(&'a HashMap<Cube, Vec<Slot>>),
    Small(&'a [Slot]),
}

impl<'a> Near<'a> {
    fn new(square: f32, part: Part<'a>) -> Self {
        Self { square: Reverse(square.to_bits()), part }
    }
}

impl PartialEq for Near<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.square == other.square
    }
}

impl Eq for Near<'_> {}

impl PartialOrd for Near<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Near<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.square.cmp(&other.square)
    }
}
