//! The stream of `CredentialsTable` on this machine: for each new message of the outbox, invokes `ops-outbox` with the event that Lambda
//! builds of the stream (`template.yaml` has the filter).
//!
//! A read of the text messages first delivers what the stream holds.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use shared::runtime::outbox::SORT_KEY;

use crate::functions::Functions;

/// How often a system that runs by itself delivers.
const INTERVAL: Duration = Duration::from_millis(250);
/// The batch size in the template.
const BATCH: usize = 10;

#[derive(Clone, Default)]
pub struct Stream(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// The keys of new messages.
    pending: Mutex<Vec<Value>>,
    /// One delivery at a time: a second one would return before the first has sent its messages.
    turn: tokio::sync::Mutex<()>,
    /// Empty while the system starts: the functions start after DynamoDB.
    functions: OnceLock<Functions>,
}

impl Stream {
    pub fn deliver_to(&self, functions: Functions) {
        // Called once, at the start.
        let _ = self.0.functions.set(functions);
    }

    /// Takes the new messages out of a write that DynamoDB has executed.
    pub fn observe(&self, operation: &str, request: &[u8]) {
        let is_write = operation.ends_with(".PutItem") || operation.ends_with(".TransactWriteItems");
        // Most writes do not have the word: they are not parsed.
        let is_candidate = is_write && request.windows(SORT_KEY.len()).any(|part| part == SORT_KEY.as_bytes());
        let Some(request) = is_candidate.then(|| serde_json::from_slice::<Value>(request).ok()).flatten() else { return };
        let puts = request["TransactItems"].as_array().into_iter().flatten().map(|write| &write["Put"]).chain([&request]);
        // A message that is there already has been taken to be sent: that is no insertion.
        let new = puts.map(|put| &put["Item"]).filter(|item| item["sk"]["S"] == SORT_KEY && item["attempts"]["N"] == "0");
        let keys = new.map(|item| json!({"pk": item["pk"], "sk": item["sk"]}));
        self.0.pending.lock().unwrap_or_else(PoisonError::into_inner).extend(keys);
    }

    /// Delivers what the stream holds, and waits for the function.
    pub async fn deliver(&self) {
        let Some(functions) = self.0.functions.get() else { return };
        let _turn = self.0.turn.lock().await;
        let keys = std::mem::take(&mut *self.0.pending.lock().unwrap_or_else(PoisonError::into_inner));
        for keys in keys.chunks(BATCH) {
            let record = |keys: &Value| {
                json!({
                    "eventName": "INSERT", "eventSource": "aws:dynamodb", "eventVersion": "1.1",
                    "dynamodb": {"Keys": keys, "StreamViewType": "KEYS_ONLY"},
                })
            };
            let event = json!({"Records": keys.iter().map(record).collect::<Vec<_>>()});
            if let Some(Err(diagnostic)) = functions.invoke("ops-outbox", event.to_string().as_bytes()).await {
                tracing::error!(error = diagnostic.error_message, "ops-outbox failed for new messages");
            }
        }
    }

    /// Delivers until the system ends.
    pub async fn run(self) {
        loop {
            tokio::time::sleep(INTERVAL).await;
            self.deliver().await;
        }
    }
}
