use lambda_http::{Error, run, tracing};
use shared::environment::Environment;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    run(channel::connect(channel::tasks::router(), &Environment::of_process().await).await?).await
}
