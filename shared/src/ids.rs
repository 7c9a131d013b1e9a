//! Numeric ids, made in the function: no counter item, no round trip.

use std::sync::Mutex;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::input::Faults;
use crate::store::TRIES;
use crate::values::Int;

/// The instant from which ids count: 2024-01-01T00:00:00Z, in Unix milliseconds.
const EPOCH_MS: i64 = 1_704_067_200_000;
const SEQUENCE_BITS: u32 = 12;
const SEQUENCE: u64 = (1 << SEQUENCE_BITS) - 1;
/// The greatest integer that every JSON parser keeps.
const MAX: i64 = (1 << 53) - 1;

/// A time-sortable integer below 2^53: 41 bits of milliseconds since 2024, then 12 bits that tell ids of one millisecond
/// apart. A greater id was made at the same time or later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id(u64);

/// From input: a number, perhaps in quotes.
impl Deserr<Faults> for Id {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, at: ValuePointerRef<'_>) -> Result<Self, Faults> {
        Int::<1, MAX>::deserialize_from_value(value, at).map(|id| Self(id.get().unsigned_abs()))
    }
}

impl Id {
    pub fn from_u64(value: u64) -> Self {
        Self(value)
    }

    pub fn as_u64(self) -> u64 {
        self.0
    }

    /// When the id was made, to the millisecond.
    pub fn made_at(self) -> Timestamp {
        let since_epoch = i64::try_from(self.0 >> SEQUENCE_BITS).unwrap_or(i64::MAX);
        Timestamp::from_millisecond(since_epoch.saturating_add(EPOCH_MS)).unwrap_or(Timestamp::MAX)
    }

    /// The millisecond that it was made in, and what tells it from others of that millisecond: below 4,096.
    pub fn parts(self) -> (Timestamp, u16) {
        (self.made_at(), (self.0 & SEQUENCE) as u16)
    }

    /// Put together from its parts.
    pub fn of_parts(made_at: Timestamp, sequence: u16) -> Option<Self> {
        let since_epoch = u64::try_from(made_at.as_millisecond() - EPOCH_MS).ok()?;
        (u64::from(sequence) <= SEQUENCE).then_some(Self((since_epoch << SEQUENCE_BITS) | u64::from(sequence)))
    }

    /// Sixteen digits: as text it sorts as the number does.
    pub fn sortable(self) -> String {
        format!("{:016}", self.0)
    }
}

/// Written as digits, without padding.
impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Makes ids that increase within a process and start at random within each millisecond, so that two processes seldom meet.
#[derive(Default)]
pub struct Ids {
    last: Mutex<u64>,
}

impl Ids {
    pub fn next(&self, now: Timestamp) -> Result<Id> {
        let [high, low] = random()?;
        let sequence = u64::from(u16::from_be_bytes([high & 0x07, low]));
        let since_epoch = u64::try_from(now.as_millisecond() - EPOCH_MS).unwrap_or(0);
        let fresh = (since_epoch << SEQUENCE_BITS) | sequence;
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *last = fresh.max(*last + 1);
        Ok(Id(*last))
    }

    /// Makes something that is stored under an id of its own. `make` gives `None` where that id is another process's, and is handed
    /// another one.
    pub async fn claim<T, M>(&self, now: Timestamp, make: impl Fn(Id) -> M) -> Result<T>
    where
        M: Future<Output = Result<Option<T>>>,
    {
        for _ in 0..TRIES {
            if let Some(made) = make(self.next(now)?).await? {
                return Ok(made);
            }
        }
        Err(Error::internal("every id was taken"))
    }
}

/// Bytes from the operating system's random source.
pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Error::internal("no randomness"))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_increase_even_when_the_clock_stands_still() {
        let ids = Ids::default();
        let now: Timestamp = "2024-01-15T10:30:00Z".parse().unwrap();
        let made: Vec<Id> = (0..10_000).map(|_| ids.next(now).unwrap()).collect();
        assert!(made.is_sorted_by(|a, b| a < b));
        assert_eq!(made[0].made_at(), now);
    }

    #[test]
    fn an_id_of_the_year_2090_is_below_2_to_the_53rd() {
        let id = Ids::default().next("2090-01-01T00:00:00Z".parse().unwrap()).unwrap();
        assert!(id.as_u64() < 1 << 53);
        assert_eq!(id.sortable().len(), 16);
    }
}
