//! Optimistic locking: an operation that conflicts with a concurrent update runs again.

use std::time::Duration;

use crate::crypto::random::random;
use crate::error::{Error, Result};

/// Attempts before a conflict becomes an error. They take some five seconds, in which a crowd of writers on one item gets through.
const ATTEMPTS: u32 = 50;

/// The attempts of one operation that conflicted so far.
#[derive(Default)]
pub(crate) struct Conflicts(u32);

impl Conflicts {
    /// Pauses before the next attempt, or returns an error if there were too many.
    pub async fn pause(&mut self) -> Result<()> {
        self.0 += 1;
        if self.0 == ATTEMPTS {
            return Err(Error::internal("each attempt conflicted with a concurrent update"));
        }
        pause(self.0 - 1).await
    }
}

/// Runs `attempt` until it returns a value. `None` means that it conflicted with a concurrent update. Each attempt must read the item
/// again: what it read before the pause is old.
pub(crate) async fn retry_conflicts<T, F>(attempt: impl Fn() -> F) -> Result<T>
where
    F: Future<Output = Result<Option<T>>>,
{
    let mut conflicts = Conflicts::default();
    loop {
        if let Some(done) = attempt().await? {
            return Ok(done);
        }
        conflicts.pause().await?;
    }
}

/// Waits a random time that grows with the attempts, so that two writers that conflicted do not conflict again.
pub(super) async fn pause(attempts: u32) -> Result<()> {
    let [jitter] = random()?;
    let longest_ms = (4_u64 << attempts.min(6)).min(200);
    tokio::time::sleep(Duration::from_micros(longest_ms * 1000 * u64::from(jitter) / 255)).await;
    Ok(())
}
