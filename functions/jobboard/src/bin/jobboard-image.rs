use jobboard::{Jobboard, image};
use lambda_http::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda::family::run::<Jobboard>(image::router).await
}
