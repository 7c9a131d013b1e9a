//! What the events of a change cost, from the stream's report of the change to the noted delivery.

use reqwest::Method;
use serde_json::{Value, json};

use super::meter::Meter;
use crate::support::Stage;
use crate::support::product::Product;
use crate::support::receiver::Receiver;

#[tokio::test]
async fn the_events_of_a_change_make_the_calls_that_their_budget_allows() {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    let receiver = Receiver::open().await;
    let settings = json!({"address": receiver.address, "event_types": ["department_created"]});
    assert_eq!(product.call(Method::PUT, "/api/v2/webhooks", settings).await.status, 200);
    stage.address.settle_events().await;
    let mut meter = Meter::new(stage, product.clone());
    let address = product.address.clone();
    let change = async |number: u32| {
        product.imports("departments", &[json!({"uuid": format!("{number:032x}"), "name": "后端组"})]).await;
    };
    change(1).await;
    meter.measure("a change, distributed and delivered", address.settle_events()).await;
    assert_eq!(receiver.take().len(), 1);
    assert_eq!(product.call(Method::DELETE, "/api/v2/webhooks", Value::Null).await.status, 200);
    address.settle_events().await;
    change(2).await;
    meter.measure("a change without a webhook", address.settle_events()).await;
    meter.assert_is("| work of events | DynamoDB calls | capacity units |");
}
