//! How many calls to DynamoDB are made on behalf of something.

use std::cell::Cell;

use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;

tokio::task_local! {
    static CALLS: Cell<u32>;
}

/// What the future gives, and how many calls it made; a call that is sent again counts again.
pub async fn counted<T>(future: impl Future<Output = T>) -> (T, u32) {
    CALLS.scope(Cell::new(0), async { (future.await, CALLS.with(Cell::get)) }).await
}

/// Counts for a client.
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
        // Nobody counts what is called outside of a request.
        let _ = CALLS.try_with(|calls| calls.set(calls.get() + 1));
        Ok(())
    }
}
