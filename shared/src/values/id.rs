//! Numeric ids.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Int;
use super::input::Faults;

/// The epoch of ids: 2024-01-01T00:00:00Z, in Unix milliseconds.
const EPOCH_MS: i64 = 1_704_067_200_000;
const SEQUENCE_BITS: u32 = 12;
const SEQUENCE: u64 = (1 << SEQUENCE_BITS) - 1;
/// The largest integer that every JSON parser keeps exactly.
const MAX: i64 = (1 << 53) - 1;

/// A time-sortable integer below 2^53: 41 bits of milliseconds since 2024, then a 12-bit sequence number that distinguishes the ids of one
/// millisecond. A larger id was created in the same millisecond or later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id(u64);

/// A number, or a string of digits.
impl Deserr<Faults> for Id {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, at: ValuePointerRef<'_>) -> Result<Self, Faults> {
        Int::<1, MAX>::deserialize_from_value(value, at).map(|id| Self(id.get().unsigned_abs()))
    }
}

impl Id {
    /// The greatest sequence number.
    pub const LAST_SEQUENCE: u16 = SEQUENCE as u16;

    pub fn from_u64(value: u64) -> Self {
        Self(value)
    }

    pub fn as_u64(self) -> u64 {
        self.0
    }

    /// When the id was created, to the millisecond.
    pub fn made_at(self) -> Timestamp {
        let since_epoch = i64::try_from(self.0 >> SEQUENCE_BITS).unwrap_or(i64::MAX);
        Timestamp::from_millisecond(since_epoch.saturating_add(EPOCH_MS)).unwrap_or(Timestamp::MAX)
    }

    /// The millisecond in which the id was created, and its sequence number, which is below 4,096.
    pub fn parts(self) -> (Timestamp, u16) {
        (self.made_at(), (self.0 & SEQUENCE) as u16)
    }

    /// The reverse of [`Id::parts`]. `None` if the sequence number is too large or the time is before the epoch.
    pub fn of_parts(made_at: Timestamp, sequence: u16) -> Option<Self> {
        let since_epoch = u64::try_from(made_at.as_millisecond() - EPOCH_MS).ok()?;
        (u64::from(sequence) <= SEQUENCE).then_some(Self((since_epoch << SEQUENCE_BITS) | u64::from(sequence)))
    }

    /// Sixteen digits: these strings sort in the order of the numbers.
    pub fn sortable(self) -> String {
        format!("{:016}", self.0)
    }
}

/// Digits without padding.
impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
