use lambda_http::Error;
use signing::{Signing, session};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda::family::run::<Signing>(session::router).await
}
