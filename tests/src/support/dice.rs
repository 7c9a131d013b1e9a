//! Random choices that are the same in every run.

/// A generator with this state, which must not be zero.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }

    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// Each element with a chance of one in `bound`.
    pub fn some_of(&mut self, all: &[&'static str], bound: usize) -> Vec<&'static str> {
        all.iter().copied().filter(|_| self.below(bound) == 0).collect()
    }
}
