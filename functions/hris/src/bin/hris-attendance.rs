use hris::{Hris, attendance};
use lambda_http::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda::family::run::<Hris>(attendance::router).await
}
