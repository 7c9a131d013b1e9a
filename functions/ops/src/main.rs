use lambda_runtime::Error;
use ops::function::Function;
use shared::runtime::environment::Environment;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let function = &match Function::start(&Environment::of_process()).await? {
        Function::Http(router) => return lambda::run(router).await,
        function => function,
    };
    lambda::run_events(async |event, deadline, request_id| function.handle(event.get().as_bytes(), deadline, &request_id).await)
        .await
}
