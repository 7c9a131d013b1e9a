use lambda_runtime::{Diagnostic, Error, LambdaEvent, run, service_fn};
use ops::snapshots::Snapshots;
use serde_json::Value;
use serde_json::value::RawValue;
use shared::runtime::environment::Environment;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let snapshots = &Snapshots::connect(&Environment::of_process()).await?;
    run(service_fn(async move |_: LambdaEvent<Box<RawValue>>| -> Result<Value, Diagnostic> { snapshots.handle().await })).await
}
