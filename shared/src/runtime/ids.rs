//! Generates numeric ids in the process: no counter item, no round trip.

use std::sync::Mutex;

use jiff::Timestamp;

use crate::crypto::random::random;
use crate::error::{Error, Result};
use crate::values::Id;

/// How many ids [`Ids::claim`] tries. Two processes collide in one of 2,048 ids of the same millisecond.
const ATTEMPTS: u32 = 50;

/// Generates ids that increase within a process. Each millisecond starts at a random number, so two processes rarely collide.
#[derive(Default)]
pub struct Ids {
    last: Mutex<u64>,
}

impl Ids {
    pub fn next(&self, now: Timestamp) -> Result<Id> {
        let [high, low] = random()?;
        let sequence = u16::from_be_bytes([high & 0x07, low]);
        let fresh = Id::of_parts(now, sequence).map_or(0, Id::as_u64);
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *last = fresh.max(*last + 1);
        Ok(Id::from_u64(*last))
    }

    /// Stores something under a new id. `make` returns `None` if another process has taken that id; the next attempt uses another one.
    pub async fn claim<T, M>(&self, now: Timestamp, make: impl Fn(Id) -> M) -> Result<T>
    where
        M: Future<Output = Result<Option<T>>>,
    {
        for _ in 0..ATTEMPTS {
            if let Some(made) = make(self.next(now)?).await? {
                return Ok(made);
            }
        }
        Err(Error::internal("every id was taken"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_increase_even_when_the_clock_stands_still() {
        let ids = Ids::default();
        let now: Timestamp = "2024-01-15T10:30:00Z".parse().unwrap();
        let generated: Vec<Id> = (0..10_000).map(|_| ids.next(now).unwrap()).collect();
        assert!(generated.is_sorted_by(|a, b| a < b));
        assert_eq!(generated[0].made_at(), now);
    }

    #[test]
    fn an_id_of_the_year_2090_is_below_2_to_the_53rd() {
        let id = Ids::default().next("2090-01-01T00:00:00Z".parse().unwrap()).unwrap();
        assert!(id.as_u64() < 1 << 53);
        assert_eq!(id.sortable().len(), 16);
    }
}
