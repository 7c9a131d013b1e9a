//! Sweeps: what is due is done, one after the other, until there is no more of it or no more time.
//!
//! What was done is due no more, so the next sweep goes on where this one ended. Each act is safe to repeat, so that two sweeps at once
//! do no harm. One that fails keeps nothing else from being done.

use std::future::ready;
use std::sync::Arc;

use futures::{FutureExt as _, Stream, StreamExt as _};
use jiff::Timestamp;

use crate::error::Result;
use crate::runtime::clock::Clock;
use crate::runtime::environment::Environment;
use crate::storage::table::Store;

/// How many are done side by side.
const AT_ONCE: usize = 8;

/// Until when a sweep may go on.
#[derive(Clone)]
pub struct Time {
    pub clock: Arc<dyn Clock>,
    pub until: Timestamp,
}

impl Time {
    fn is_up(&self) -> bool {
        self.clock.now() >= self.until
    }
}

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    pub done: u64,
    /// They are due still.
    pub failed: u64,
    /// Whether time was up before all was seen.
    pub is_cut_short: bool,
}

impl Swept {
    fn count(&mut self, outcome: Result<bool>) {
        match outcome {
            Ok(true) => self.done += 1,
            // Somebody else has done it, or it is not due any more.
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(%error, "something that is due could not be done");
                self.failed += 1;
            }
        }
    }
}

/// Does what is due with each; `act` tells whether there was something to do.
pub async fn sweep<'a, T, F>(
    due: impl Stream<Item = Result<T>> + Send + 'a,
    time: &Time,
    act: impl Fn(T) -> F + Send + 'a,
) -> Swept
where
    T: Send + 'a,
    F: Future<Output = Result<bool>> + Send + 'a,
{
    let acts = due.map(move |item| match item {
        Ok(item) => act(item).left_future(),
        Err(error) => ready(Err(error)).right_future(),
    });
    let (mut outcomes, mut swept) = (acts.buffer_unordered(AT_ONCE).boxed(), Swept::default());
    while let Some(outcome) = outcomes.next().await {
        swept.count(outcome);
        if time.is_up() {
            swept.is_cut_short = true;
            break;
        }
    }
    swept
}

/// What counts for a while only: tokens, sessions, captchas, codes, counts, requests that count once.
pub struct Expiring {
    store: Store,
    /// `CREDENTIALS_TABLE`
    table: String,
}

impl Expiring {
    pub fn connect(environment: &Environment) -> Result<Self> {
        Ok(Self { store: environment.store(), table: environment.required("CREDENTIALS_TABLE")?.to_owned() })
    }

    /// Removes what has expired.
    ///
    /// DynamoDB: the queries of the index, and one write for each.
    pub async fn sweep(&self, time: &Time) -> Swept {
        let now = time.clock.now();
        let due = self.store.expired(&self.table, now);
        sweep(due, time, |key| self.store.remove_due(&self.table, key, now)).await
    }
}
