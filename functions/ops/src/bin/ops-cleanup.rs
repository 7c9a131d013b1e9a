use jiff::Timestamp;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, run, service_fn};
use ops::cleanup::Cleanup;
use serde_json::Value;
use serde_json::value::RawValue;
use shared::runtime::environment::Environment;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let cleanup = &Cleanup::connect(&Environment::of_process()).await?;
    run(service_fn(async move |event: LambdaEvent<Box<RawValue>>| -> Result<Value, Diagnostic> {
        let deadline = i64::try_from(event.context.deadline).ok().and_then(|at| Timestamp::from_millisecond(at).ok());
        Ok(cleanup.handle(deadline.unwrap_or(Timestamp::MAX), &event.context.request_id).await)
    }))
    .await
}
