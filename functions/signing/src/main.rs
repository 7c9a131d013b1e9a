use lambda_http::Error;
use shared::runtime::environment::Environment;
use signing::Signing;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda::family::run::<Signing>(&Environment::of_process()).await
}
