use jiff::Timestamp;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, run, service_fn};
use ops::function::Function;
use serde_json::Value;
use serde_json::value::RawValue;
use shared::runtime::environment::Environment;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let function = &match Function::start(&Environment::of_process()).await? {
        Function::Http(router) => return lambda::run(router).await,
        function => function,
    };
    run(service_fn(async move |event: LambdaEvent<Box<RawValue>>| -> Result<Value, Diagnostic> {
        let deadline = i64::try_from(event.context.deadline).ok().and_then(|at| Timestamp::from_millisecond(at).ok());
        let deadline = deadline.unwrap_or(Timestamp::MAX);
        function.handle(event.payload.get().as_bytes(), deadline, &event.context.request_id).await
    }))
    .await
}
