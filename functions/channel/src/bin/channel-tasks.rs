use channel::{Channel, tasks};
use lambda_http::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda::family::run::<Channel>(tasks::router).await
}
