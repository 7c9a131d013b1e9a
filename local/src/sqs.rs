//! SQS on this machine: the queue of the webhooks whose events are overdue. It serves `SendMessage`, and invokes `hris-events` with each message
//! after its delay, as the event source mapping in `template.yaml` does. `GET /settle` delivers what is scheduled now, until nothing is.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shared::runtime::clock::Clock;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::functions::Functions;
use crate::stream::Stream;
use crate::wire::{Service, failure};

/// How often a system that runs by itself looks for messages that are overdue.
const INTERVAL: Duration = Duration::from_millis(100);
/// When a message is received again whose function failed: `VisibilityTimeout` in the template.
const VISIBLE_AGAIN: SignedDuration = SignedDuration::from_secs(540);
/// `MaximumConcurrency` in the template.
const RUNNING: usize = 200;
/// How often `GET /settle` looks for more, before it gives up.
const ROUNDS: u32 = 1000;

#[derive(Clone)]
pub struct Sqs(Arc<Inner>);

struct Inner {
    /// Each message with the time at which it is scheduled.
    messages: Mutex<Vec<(Timestamp, String)>>,
    /// Empty while the system starts.
    functions: OnceLock<Functions>,
    clock: Arc<dyn Clock>,
    stream: Stream,
    /// Each message is one permit while its function runs.
    running: Semaphore,
}

impl Sqs {
    pub fn new(clock: Arc<dyn Clock>, stream: Stream) -> Self {
        Self(Arc::new(Inner {
            messages: Mutex::default(),
            functions: OnceLock::new(),
            clock,
            stream,
            running: Semaphore::new(RUNNING),
        }))
    }

    pub fn deliver_to(&self, functions: Functions) {
        // Called once, at the start.
        let _ = self.0.functions.set(functions);
    }

    fn push(&self, at: Timestamp, body: String) {
        self.0.messages.lock().unwrap_or_else(PoisonError::into_inner).push((at, body));
    }

    /// Takes the messages that are overdue.
    fn take(&self) -> Vec<String> {
        let now = self.0.clock.now();
        let mut messages = self.0.messages.lock().unwrap_or_else(PoisonError::into_inner);
        messages.extract_if(.., |(at, _)| *at <= now).map(|(_, body)| body).collect()
    }

    async fn invoke(self, body: String) {
        let Some(functions) = self.0.functions.get() else { return };
        let Ok(_running) = self.0.running.acquire().await else { return };
        let record = json!({"messageId": "local", "body": body, "eventSource": "aws:sqs"});
        let event = json!({"Records": [record]}).to_string();
        if let Some(Err(diagnostic)) = functions.invoke("hris-events", event.as_bytes()).await {
            tracing::error!(error = diagnostic.error_message, "hris-events failed");
            self.push(self.0.clock.now() + VISIBLE_AGAIN, body);
        }
    }

    /// Delivers what the stream and the queue hold, until nothing is scheduled. Returns whether that came to an end.
    async fn settle(&self) -> bool {
        for _ in 0..ROUNDS {
            self.0.stream.deliver_changes().await;
            let messages = self.take();
            if messages.is_empty() {
                // What runs by itself may send another message.
                let running = self.0.running.acquire_many(RUNNING as u32).await;
                drop(running);
                if self.0.messages.lock().unwrap_or_else(PoisonError::into_inner).iter().all(|(at, _)| *at > self.0.clock.now())
                {
                    return true;
                }
            }
            let running: JoinSet<()> = messages.into_iter().map(|body| self.clone().invoke(body)).collect();
            running.join_all().await;
        }
        false
    }

    /// Delivers until the system ends. A slow receiver holds up no other.
    pub async fn run(self) {
        let mut running = JoinSet::new();
        loop {
            tokio::time::sleep(INTERVAL).await;
            for body in self.take() {
                running.spawn(self.clone().invoke(body));
            }
            while running.try_join_next().is_some() {}
        }
    }
}

/// A router that serves SQS's API.
pub fn router(sqs: Sqs) -> Router {
    Router::new().route("/settle", get(settle)).fallback(send).with_state(sqs)
}

async fn settle(State(sqs): State<Sqs>) -> StatusCode {
    if sqs.settle().await { StatusCode::NO_CONTENT } else { StatusCode::LOOP_DETECTED }
}

async fn send(State(sqs): State<Sqs>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    let (message, delay) = (request["MessageBody"].as_str(), request["DelaySeconds"].as_i64().unwrap_or(0));
    match message {
        Some(message) if target == "AmazonSQS.SendMessage" && (0..=900).contains(&delay) => {
            sqs.push(sqs.0.clock.now() + SignedDuration::from_secs(delay), message.to_owned());
            Json(json!({"MessageId": "local"})).into_response()
        }
        _ => {
            let message = "only SendMessage with a delay of 0 to 900 seconds is served here";
            failure(Service::Sqs, StatusCode::BAD_REQUEST, "InvalidParameterValue", message)
        }
    }
}
