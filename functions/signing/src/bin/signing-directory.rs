use lambda_http::Error;
use signing::{Signing, directory};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda::family::run::<Signing>(directory::router).await
}
