//! Text messages through Aliyun and Tencent Cloud: what they are sent, and what becomes of their answers.
//!
//! The simulators check each signature (`local/src/sms/`), so that a message which arrives was signed as the documents say.

mod answers;
mod arrivals;
mod simulators;

use std::collections::BTreeSet;

use local::policies::Grant;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::product::{EMPLOYEE, Product};
use crate::support::worker::{Platform, form};
use crate::support::{Response, Stage, fetch};

pub const PROVIDERS: [&str; 2] = ["aliyun", "tencent"];

/// A system whose text messages this provider sends.
async fn open(provider: &str) -> Stage {
    Stage::open_with(&[("SMS_PROVIDER", provider), ("SESSION_NEEDS_CAPTCHA", "false")]).await
}

fn simulator(stage: &Stage, path: &str) -> String {
    format!("{}/simulate/{path}", stage.address.variables["SMS_URL"])
}

/// What the provider accepted.
async fn accepted(stage: &Stage) -> Value {
    fetch(local::http::client().get(simulator(stage, "messages"))).await.body
}

/// What becomes of the next call to the provider.
async fn fail_next(stage: &Stage, failure: Value) {
    let request = local::http::client().post(simulator(stage, "failure")).json(&failure);
    assert_eq!(fetch(request).await.status, 204);
}

/// Status, body and `Retry-After` of a response.
async fn answered(request: reqwest::RequestBuilder) -> (Response, Option<i64>) {
    let response = request.send().await.unwrap();
    let wait = response.headers().get("retry-after").map(|wait| wait.to_str().unwrap().parse().unwrap());
    (Response::read(response).await, wait)
}

/// A worker requests a code for a phone.
async fn request_code(platform: &Platform, phone: &str) -> (Response, Option<i64>) {
    let worker = platform.worker(phone).await;
    answered(form(worker.request(Method::POST, "/verifycode"), &[("phone", phone)])).await
}

/// A product announces a visitor. Each name is another call.
async fn announce(product: &Product, visitor: &str) -> (Response, Option<i64>) {
    let visit = product.with_token(json!({"name": visitor, "time": "今天下午三点"}));
    answered(product.signed(Method::POST, &format!("/api/v2/employees/{EMPLOYEE}/notify"), visit)).await
}

/// The lines about text messages since the last call of this: function, provider, template, code, id of the message, and metric.
fn lines(stage: &Stage) -> Vec<[String; 6]> {
    let lines = stage.take_lines().into_iter().filter(|line| line.contains("text_messages_"));
    let lines = lines.map(|line| {
        let line: Value = serde_json::from_str(&line).unwrap();
        let metrics = &line["_aws"]["CloudWatchMetrics"][0]["Metrics"];
        let metric = metrics[0]["Name"].as_str().unwrap();
        assert_eq!((&line[metric], metrics.as_array().unwrap().len()), (&json!(1.0), 1), "{line}");
        // Nothing but these and the stack is in a line.
        assert_eq!(line.as_object().unwrap().len(), 8, "{line}");
        let text = |name: &str| line[name].as_str().unwrap().to_owned();
        [text("function"), text("provider"), text("template"), text("code"), text("message_id"), metric.to_owned()]
    });
    lines.collect()
}

/// Each function that sends messages, through a provider with an account in the secret.
pub async fn grants_used() -> BTreeSet<Grant> {
    let stage = open("aliyun").await;
    arrivals::send_all(&stage).await;
    stage.wire.grants_used()
}
