//! Sets of slots.

use super::Slot;

/// One flag per slot.
#[derive(Default)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    pub fn none(slots: usize) -> Self {
        Self(vec![0; slots.div_ceil(64)])
    }

    pub fn of(slots: impl IntoIterator<Item = Slot>, all: usize) -> Self {
        let mut bits = Self::none(all);
        slots.into_iter().for_each(|slot| bits.set(slot));
        bits
    }

    /// The slots whose range overlaps the range from `from` to `to`. `lowest` and `highest` have one element per slot.
    pub fn of_ranges(lowest: &[i32], highest: &[i32], from: i32, to: i32) -> Self {
        let word = |(lowest, highest): (&[i32], &[i32])| {
            let pairs = lowest.iter().zip(highest).enumerate();
            pairs.fold(0, |word, (at, (lowest, highest))| word | u64::from((*lowest <= to) & (*highest >= from)) << at)
        };
        Self(lowest.chunks(64).zip(highest.chunks(64)).map(word).collect())
    }

    pub fn set(&mut self, slot: Slot) {
        let at = slot as usize / 64;
        if at >= self.0.len() {
            self.0.resize(at + 1, 0);
        }
        self.0[at] |= 1 << (slot % 64);
    }

    fn unset(&mut self, slot: Slot) {
        if let Some(word) = self.0.get_mut(slot as usize / 64) {
            *word &= !(1 << (slot % 64));
        }
    }

    pub fn has(&self, slot: Slot) -> bool {
        self.0.get(slot as usize / 64).is_some_and(|word| word & (1 << (slot % 64)) != 0)
    }

    pub fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// In ascending order.
    pub fn slots(&self) -> impl Iterator<Item = Slot> {
        (0..).zip(&self.0).flat_map(|(at, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros())?;
                left &= left - 1;
                Some(at * 64 + bit)
            })
        })
    }

    pub fn add(&mut self, rows: &Rows) {
        match rows {
            Rows::Few(slots) => slots.iter().for_each(|slot| self.set(*slot)),
            Rows::Many(bits, _) => self.0.iter_mut().zip(&bits.0).for_each(|(word, other)| *word |= other),
        }
    }

    pub fn keep_if(&mut self, keeps: impl Fn(Slot) -> bool) {
        for (at, word) in (0..).zip(&mut self.0) {
            let (mut left, mut kept) = (*word, 0);
            while left != 0 {
                let bit = left.trailing_zeros();
                kept |= u64::from(keeps(at * 64 + bit)) << bit;
                left &= left - 1;
            }
            *word = kept;
        }
    }

    pub fn keep(&mut self, others: &Self) {
        let others = others.0.iter().copied().chain(std::iter::repeat(0));
        self.0.iter_mut().zip(others).for_each(|(word, other)| *word &= other);
    }
}

/// The rows with one value. Most values are rare and use a list. For values of more than one row in thirty-two, flags are smaller and
/// faster.
pub(super) enum Rows {
    /// Unordered.
    Few(Vec<Slot>),
    /// The flags, and the number of set ones.
    Many(Bits, usize),
}

/// Up to this number of rows, a list is always used.
const FEW: usize = 1024;

impl Default for Rows {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl Rows {
    pub fn len(&self) -> usize {
        match self {
            Self::Few(slots) => slots.len(),
            Self::Many(_, count) => *count,
        }
    }

    /// Adds a slot. The caller ensures that it is not in the set. `all` is the number of slots.
    pub fn insert(&mut self, slot: Slot, all: usize) {
        match self {
            Self::Few(slots) => {
                slots.push(slot);
                if slots.len() > FEW.max(all / 32) {
                    *self = Self::Many(Bits::of(slots.iter().copied(), all), slots.len());
                }
            }
            Self::Many(bits, count) => {
                bits.set(slot);
                *count += 1;
            }
        }
    }

    /// Removes a slot. The caller ensures that it is in the set.
    pub fn remove(&mut self, slot: Slot) {
        match self {
            Self::Few(slots) => {
                if let Some(at) = slots.iter().rposition(|other| *other == slot) {
                    slots.swap_remove(at);
                }
            }
            Self::Many(bits, count) => {
                bits.unset(slot);
                *count -= 1;
                // The lower bound keeps a set at the limit from switching back and forth.
                if *count < FEW / 2 {
                    *self = Self::Few(bits.slots().collect());
                }
            }
        }
    }

    pub fn to_bits(&self, all: usize) -> Bits {
        let mut bits = Bits::none(all);
        bits.add(self);
        bits
    }
}
