//! Counts the DynamoDB calls of a request.

use std::cell::Cell;

use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;

tokio::task_local! {
    static CALLS: Cell<u32>;
}

/// Runs a future and returns its result and the number of its calls. Each retry by the SDK counts as a call.
pub async fn counted<T>(future: impl Future<Output = T>) -> (T, u32) {
    CALLS.scope(Cell::new(0), async { (future.await, CALLS.with(Cell::get)) }).await
}

/// The interceptor that counts the calls of an SDK client.
#[derive(Debug)]
pub struct CountCalls;

impl Intercept for CountCalls {
    fn name(&self) -> &'static str {
        "CountCalls"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // Fails outside of a request, where calls are not counted.
        let _ = CALLS.try_with(|calls| calls.set(calls.get() + 1));
        Ok(())
    }
}
