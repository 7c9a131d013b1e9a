use lambda_runtime::{Diagnostic, Error, LambdaEvent, run, service_fn};
use ops::audit_copy::Copies;
use serde_json::Value;
use serde_json::value::RawValue;
use shared::runtime::environment::Environment;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let copies = &Copies::connect(&Environment::of_process())?;
    run(service_fn(async move |event: LambdaEvent<Box<RawValue>>| -> Result<Value, Diagnostic> {
        copies.handle(event.payload.get().as_bytes()).await
    }))
    .await
}
