use jobboard::{Jobboard, contacts};
use lambda_http::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda::family::run::<Jobboard>(contacts::router).await
}
