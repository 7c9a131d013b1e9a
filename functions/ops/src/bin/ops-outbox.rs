use jiff::Timestamp;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, run, service_fn};
use ops::outbox::Outbox;
use serde_json::Value;
use serde_json::value::RawValue;
use shared::runtime::environment::Environment;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let outbox = &Outbox::connect(&Environment::of_process()).await?;
    run(service_fn(async move |event: LambdaEvent<Box<RawValue>>| -> Result<Value, Diagnostic> {
        let deadline = i64::try_from(event.context.deadline).ok().and_then(|at| Timestamp::from_millisecond(at).ok());
        outbox.handle(event.payload.get().as_bytes(), deadline.unwrap_or(Timestamp::MAX)).await
    }))
    .await
}
