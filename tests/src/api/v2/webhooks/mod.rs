//! /webhooks, and the events that receivers get (docs/design/webhooks.md).

mod delivery;
mod events;
mod faults;
mod page;
mod settings;
mod signing;

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::product::Product;
use crate::support::receiver::Receiver;
use crate::support::{Response, Stage};

const PATH: &str = "/api/v2/webhooks";
const EVERY_TYPE: [&str; 13] = [
    "webhook_open",
    "department_batch_sync",
    "department_created",
    "department_updated",
    "department_deleted",
    "employee_batch_sync",
    "employee_created",
    "employee_updated",
    "employee_deleted",
    "employee_left",
    "approval_changed",
    "salary_uploaded",
    "sign_state_changed",
];

async fn put(product: &Product, settings: Value) -> Response {
    product.call(Method::PUT, PATH, settings).await
}

/// A webhook of the product for these types. Returns its secret.
async fn subscribe(product: &Product, receiver: &Receiver, types: &[&str]) -> String {
    let response = put(product, json!({"address": receiver.address, "event_types": types})).await;
    assert_eq!(response.status, 200, "{response:?}");
    response.body["secret"].as_str().unwrap_or_else(|| panic!("{response:?}")).to_owned()
}

/// A company without records, its product and a receiver with a webhook for these types: nothing is sent yet.
async fn opened(types: &[&str]) -> (Stage, Product, Receiver, String) {
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    let receiver = Receiver::open().await;
    let secret = subscribe(&product, &receiver, types).await;
    stage.address.settle_events().await;
    // Ids of one millisecond that two functions give have no order.
    stage.clock.advance(SignedDuration::from_millis(1));
    (stage, product, receiver, secret)
}

/// The events of the product's webhook, newest first.
async fn listed(product: &Product) -> Vec<Value> {
    let response = product.get("/api/v2/webhooks/events", json!({"page_size": 100})).await;
    assert_eq!((response.status, &response.body["nextCursor"]), (200, &Value::Null), "{response:?}");
    response.body["events"].as_array().expect("events").clone()
}

fn department(number: u32, name: &str) -> Value {
    json!({"uuid": format!("{number:032x}"), "name": name})
}

fn done() -> Response {
    Response { status: 200, body: json!({"code": 0, "text": "ok"}) }
}
