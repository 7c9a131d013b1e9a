//! The streams of tables on this machine: for new messages of the outbox and new audit records, invokes `ops-outbox` and `ops-audit` with the
//! events that Lambda builds of the streams (`template.yaml` has the filters).
//!
//! A read of the text messages first delivers what the streams hold.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use shared::runtime::outbox::SORT_KEY;

use crate::functions::Functions;
use crate::wire::Guard;

/// How often a system that runs by itself delivers.
const INTERVAL: Duration = Duration::from_millis(250);
/// The batch size of the outbox in the template. The function of audit records takes as many.
const BATCH: usize = 10;
/// The local name of the table of audit records.
const AUDIT: &str = "audit";

#[derive(Clone, Default)]
pub struct Stream(Arc<Inner>);

#[derive(Default)]
struct Inner {
    pending: Mutex<Pending>,
    /// One delivery at a time: a second one would return before the first has sent its messages.
    turn: tokio::sync::Mutex<()>,
    /// Empty while the system starts: the functions start after DynamoDB.
    readers: OnceLock<(Functions, Guard)>,
}

/// The content of the streams.
#[derive(Default)]
struct Pending {
    /// The keys of new messages.
    messages: Vec<Value>,
    /// New audit records.
    records: Vec<Value>,
}

impl Stream {
    pub fn deliver_to(&self, functions: Functions, guard: Guard) {
        // Called once, at the start.
        let _ = self.0.readers.set((functions, guard));
    }

    /// Takes new messages and records out of a write that DynamoDB has executed.
    pub fn observe(&self, operation: &str, request: &[u8]) {
        let is_write = operation.ends_with(".PutItem") || operation.ends_with(".TransactWriteItems");
        let has = |word: &str| request.windows(word.len()).any(|part| part == word.as_bytes());
        // Most writes have neither word: they are not parsed.
        let is_candidate = is_write && (has(SORT_KEY) || has(&format!("\"{AUDIT}\"")));
        let Some(request) = is_candidate.then(|| serde_json::from_slice::<Value>(request).ok()).flatten() else { return };
        let puts = request["TransactItems"].as_array().into_iter().flatten().map(|write| &write["Put"]).chain([&request]);
        let mut pending = self.0.pending.lock().unwrap_or_else(PoisonError::into_inner);
        for put in puts {
            let item = &put["Item"];
            if put["TableName"] == AUDIT {
                pending.records.push(json!({"Keys": {"pk": item["pk"], "sk": item["sk"]}, "NewImage": item}));
            }
            // A message that is there already has been taken to be sent: that is no insertion.
            if item["sk"]["S"] == SORT_KEY && item["attempts"]["N"] == "0" {
                pending.messages.push(json!({"Keys": {"pk": item["pk"], "sk": item["sk"]}}));
            }
        }
    }

    /// Delivers what the streams hold, and waits for the functions.
    pub async fn deliver(&self) {
        let Some((functions, guard)) = self.0.readers.get() else { return };
        let _turn = self.0.turn.lock().await;
        let Pending { messages, records } = std::mem::take(&mut *self.0.pending.lock().unwrap_or_else(PoisonError::into_inner));
        for (function, changes) in [("ops-outbox", messages), ("ops-audit", records)] {
            if !changes.is_empty() && !guard.allows_stream(function) {
                continue;
            }
            for changes in changes.chunks(BATCH) {
                let record = |change: &Value| json!({"eventName": "INSERT", "eventSource": "aws:dynamodb", "eventVersion": "1.1", "dynamodb": change});
                let event = json!({"Records": changes.iter().map(record).collect::<Vec<_>>()});
                if let Some(Err(diagnostic)) = functions.invoke(function, event.to_string().as_bytes()).await {
                    tracing::error!(error = diagnostic.error_message, "{function} failed");
                }
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
