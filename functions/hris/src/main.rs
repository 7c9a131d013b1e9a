use hris::Hris;
use hris::events::{self, Events};
use shared::runtime::environment::Environment;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let environment = Environment::of_process();
    if environment.function() != events::NAME {
        return lambda::family::run::<Hris>(&environment).await;
    }
    let events = &Events::connect(&environment).await?;
    lambda::run_events(async |event, deadline, request_id| events.handle(event.get().as_bytes(), deadline, &request_id).await)
        .await
}
