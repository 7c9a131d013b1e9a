use lambda_runtime::{Diagnostic, Error, LambdaEvent, run, service_fn};
use ops::reconcile::Reconcile;
use serde_json::Value;
use serde_json::value::RawValue;
use shared::runtime::environment::Environment;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let reconcile = &Reconcile::connect(&Environment::of_process()).await?;
    run(service_fn(async move |event: LambdaEvent<Box<RawValue>>| -> Result<Value, Diagnostic> {
        reconcile.handle(event.payload.get().as_bytes()).await
    }))
    .await
}
