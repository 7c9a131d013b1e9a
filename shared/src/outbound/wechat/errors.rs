//! Counts the calls to WeChat and WeChat Pay of a request that fail without a fault of the client.

use std::cell::Cell;

use crate::error::Error;

tokio::task_local! {
    static ERRORS: Cell<u32>;
}

/// Runs a future and returns its result and the number of its calls that failed.
pub async fn counted<T>(future: impl Future<Output = T>) -> (T, u32) {
    ERRORS.scope(Cell::new(0), async { (future.await, ERRORS.with(Cell::get)) }).await
}

/// Counts the failure of a call, and returns it.
pub(super) fn failed(error: Error) -> Error {
    count();
    error
}

/// Counts a call that WeChat could not serve.
pub(super) fn count() {
    // Fails outside of a request, where calls are not counted.
    let _ = ERRORS.try_with(|errors| errors.set(errors.get() + 1));
}
