//! The rows nearest to a place. Approximate distances, without trigonometry, select the candidates for the page. The exact distance is
//! computed only for these.

use std::cmp::Reverse;

use super::order::ranks;
use super::place::{direction, metres};
use super::search::Window;
use super::{Slot, View};

/// Upper bound of the error of an approximate distance, in radii of the earth: some 3 metres. Each coordinate of a direction is rounded by
/// at most 3e-8.
const MAX_ERROR: f32 = 5e-7;
/// The histogram of approximate distances ignores this many low bits: its steps are a third of a percent or less.
const STEP: u32 = 14;
/// The square of a diameter is 4.
const STEPS: usize = (4.1_f32.to_bits() >> STEP) as usize + 1;
/// Up to this number of rows, exact distances are computed at once.
const FEW: usize = 2048;

impl View {
    /// The nearest rows; the greater id first if distances are equal. The caller ensures that the window is within the rows.
    pub(super) fn nearest(&self, rows: Option<&[Slot]>, here: (f64, f64), Window { skip, take }: Window) -> Vec<Slot> {
        let end = skip + take;
        match rows {
            Some(rows) if rows.len() <= FEW => self.exactly(rows.iter().copied(), here, skip, take),
            Some(rows) => {
                let squares = self.squares_of(rows, here);
                let band = Band::of(&squares, skip, end);
                let inside = rows.iter().zip(&squares).filter(|(_, square)| band.has(**square)).map(|(slot, _)| *slot);
                self.exactly(inside, here, skip - band.before(&squares), take)
            }
            None => {
                let squares = self.all_squares(here);
                let band = Band::of(&squares, skip, end);
                let inside = (0..).zip(&squares).filter(|(_, square)| band.has(**square)).map(|(slot, _)| slot);
                self.exactly(inside, here, skip - band.before(&squares), take)
            }
        }
    }

    fn exactly(&self, rows: impl Iterator<Item = Slot>, here: (f64, f64), skip: usize, take: usize) -> Vec<Slot> {
        // Distances are not negative, so their bits sort like numbers.
        let key = |slot| (metres(here, self.columns.place(slot)).to_bits(), Reverse(self.columns.id(slot)), slot);
        let mut keys: Vec<_> = rows.map(key).collect();
        ranks(&mut keys, skip, take).iter().map(|(_, _, slot)| *slot).collect()
    }

    /// The squared approximate distance of every slot. It is infinite for slots without a job.
    fn all_squares(&self, here: (f64, f64)) -> Vec<f32> {
        let [x, y, z] = self.columns.directions();
        let [a, b, c] = direction(here.0, here.1);
        let mut squares: Vec<f32> = x
            .iter()
            .zip(y)
            .zip(z)
            .map(|((x, y), z)| {
                let (x, y, z) = (x - a, y - b, z - c);
                x * x + y * y + z * z
            })
            .collect();
        self.free.iter().for_each(|slot| squares[*slot as usize] = f32::INFINITY);
        squares
    }

    fn squares_of(&self, rows: &[Slot], here: (f64, f64)) -> Vec<f32> {
        let [x, y, z] = self.columns.directions();
        let [a, b, c] = direction(here.0, here.1);
        let square = |slot: &Slot| {
            let at = *slot as usize;
            let (x, y, z) = (x[at] - a, y[at] - b, z[at] - c);
            x * x + y * y + z * z
        };
        rows.iter().map(square).collect()
    }
}

/// The range of squared approximate distances that contains the rows of a page.
struct Band {
    from: f32,
    to: f32,
}

impl Band {
    /// For the ranks from `skip` to `end`, exclusive.
    fn of(squares: &[f32], skip: usize, end: usize) -> Self {
        let mut counts = vec![0_u32; STEPS];
        for square in squares {
            // The histogram has no step for infinity.
            if let Some(count) = counts.get_mut((square.to_bits() >> STEP) as usize) {
                *count += 1;
            }
        }
        let step_of = |rank: usize| {
            let mut below = 0;
            counts.iter().position(|count| {
                below += *count as usize;
                below > rank
            })
        };
        let bound = |step: usize| f32::from_bits((step as u32) << STEP);
        let from = step_of(skip).map_or(0.0, |step| (bound(step).sqrt() - 2.0 * MAX_ERROR).max(0.0));
        let to = step_of(end - 1).map_or(f32::MAX.sqrt() / 2.0, |step| bound(step + 1).sqrt() + 2.0 * MAX_ERROR);
        Self { from: from * from, to: to * to }
    }

    fn has(&self, square: f32) -> bool {
        self.from <= square && square <= self.to
    }

    /// The number of rows nearer than the range.
    fn before(&self, squares: &[f32]) -> usize {
        squares.iter().filter(|square| **square < self.from).count()
    }
}
