use jobboard::Jobboard;
use lambda_http::Error;
use shared::runtime::environment::Environment;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda::family::run::<Jobboard>(&Environment::of_process()).await
}
