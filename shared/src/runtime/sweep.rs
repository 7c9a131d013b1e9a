//! Sweeps process overdue items until none is left or the time is up.
//!
//! A processed item is no longer overdue, so the next sweep continues where this one ended. Each action is idempotent, so concurrent sweeps
//! are safe. A failed item does not stop the sweep.

use std::future::ready;
use std::sync::Arc;

use futures::{FutureExt as _, Stream, StreamExt as _};
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::error::Result;
use crate::runtime::clock::Clock;
use crate::runtime::environment::Environment;
use crate::storage::table::Store;

/// How many items are processed concurrently.
const AT_ONCE: usize = 8;

/// The time limit of a sweep.
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

/// The result of a sweep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    pub done: u64,
    /// These items are still overdue.
    pub failed: u64,
    /// Whether the time was up before all items were processed.
    pub is_cut_short: bool,
}

impl Swept {
    fn count(&mut self, outcome: Result<bool>) {
        match outcome {
            Ok(true) => self.done += 1,
            // Another sweep has processed the item, or it is no longer overdue.
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(%error, "an overdue item could not be processed");
                self.failed += 1;
            }
        }
    }
}

/// What the line of a run says beside its metrics: the number of failed items, and the sweeps that they are of.
pub fn failed(swept: &[(&'static str, Swept)]) -> Map<String, Value> {
    let failed: u64 = swept.iter().map(|(_, swept)| swept.failed).sum();
    let sweeps: Vec<&str> = swept.iter().filter(|(_, swept)| swept.failed > 0).map(|(what, _)| *what).collect();
    let mut properties = Map::new();
    if failed > 0 {
        properties.insert("failed".to_owned(), failed.into());
        properties.insert("failed_sweeps".to_owned(), sweeps.into());
    }
    properties
}

/// Runs `act` for each overdue item. `act` returns whether the item was still overdue.
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

/// The items that expire: tokens, sessions, captchas, codes, idempotency keys. Rate limits expire without a sweep.
pub struct Expiring {
    store: Store,
    /// `CREDENTIALS_TABLE`
    table: String,
}

impl Expiring {
    pub fn connect(environment: &Environment) -> Result<Self> {
        Ok(Self { store: environment.store(), table: environment.required("CREDENTIALS_TABLE")?.to_owned() })
    }

    /// Removes expired items.
    ///
    /// DynamoDB: the queries of the index, and one write for each item.
    pub async fn sweep(&self, time: &Time) -> Swept {
        let now = time.clock.now();
        let due = self.store.expired(&self.table, now);
        sweep(due, time, |key| self.store.remove_due(&self.table, key, now)).await
    }
}
