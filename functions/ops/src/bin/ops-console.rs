use lambda_http::Error;
use shared::runtime::environment::Environment;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda::run(ops::console::connect(&Environment::of_process()).await?).await
}
