//! The streams of tables on this machine: for new messages of the outbox, changes for products and audit records, invokes `ops-outbox`,
//! `hris-events` and `ops-audit` with the events that Lambda builds of the streams (`template.yaml` has the filters).
//!
//! A read of the text messages first delivers what the streams hold.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use shared::runtime::outbox::SORT_KEY;
use shared::storage::company_changes;

use crate::functions::Functions;
use crate::wire::Guard;

/// How often a system that runs by itself delivers.
const INTERVAL: Duration = Duration::from_millis(250);
/// The batch size of the outbox in the template. The function of audit records takes as many.
const BATCH: usize = 10;
/// The local names of the tables with a stream.
const AUDIT: &str = "audit";
const CREDENTIALS: &str = "credentials";

#[derive(Clone, Default)]
pub struct Stream(Arc<Inner>);

#[derive(Default)]
struct Inner {
    messages: Pending,
    /// Of companies' data, for products.
    changes: Pending,
    records: Pending,
    /// Empty while the system starts: the functions start after DynamoDB.
    readers: OnceLock<(Functions, Guard)>,
}

/// What a stream holds: the changes that the event of its function names.
#[derive(Default)]
struct Pending {
    changes: Mutex<Vec<Value>>,
    /// One delivery at a time: a second one would return before the first has sent its messages.
    turn: tokio::sync::Mutex<()>,
}

impl Pending {
    fn changes(&self) -> MutexGuard<'_, Vec<Value>> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
        // Most writes have none of the words: they are not parsed.
        let is_candidate = is_write && (has(SORT_KEY) || has(company_changes::PREFIX) || has(&format!("\"{AUDIT}\"")));
        let Some(request) = is_candidate.then(|| serde_json::from_slice::<Value>(request).ok()).flatten() else { return };
        let puts = request["TransactItems"].as_array().into_iter().flatten().map(|write| &write["Put"]).chain([&request]);
        for put in puts {
            let item = &put["Item"];
            if put["TableName"] == AUDIT {
                self.0.records.changes().push(json!({"Keys": {"pk": item["pk"], "sk": item["sk"]}, "NewImage": item}));
            }
            if item["pk"]["S"].as_str().is_some_and(|partition| partition.starts_with(company_changes::PREFIX)) {
                self.0.changes.changes().push(json!({"Keys": {"pk": item["pk"], "sk": item["sk"]}}));
            }
            // A message that is there already has been taken to be sent: that is no insertion.
            if item["sk"]["S"] == SORT_KEY && item["attempts"]["N"] == "0" {
                self.0.messages.changes().push(json!({"Keys": {"pk": item["pk"], "sk": item["sk"]}}));
            }
        }
    }

    /// Delivers what the streams hold, and waits for the functions.
    pub async fn deliver(&self) {
        self.deliver_messages().await;
        self.deliver_changes().await;
        self.deliver_pending("ops-audit", AUDIT, &self.0.records).await;
    }

    /// Delivers the messages alone: the copies of audit records take longer.
    pub async fn deliver_messages(&self) {
        self.deliver_pending("ops-outbox", CREDENTIALS, &self.0.messages).await;
    }

    /// Delivers the changes alone.
    pub async fn deliver_changes(&self) {
        self.deliver_pending("hris-events", CREDENTIALS, &self.0.changes).await;
    }

    async fn deliver_pending(&self, function: &str, table: &str, pending: &Pending) {
        let Some((functions, guard)) = self.0.readers.get() else { return };
        let _turn = pending.turn.lock().await;
        let changes = std::mem::take(&mut *pending.changes());
        if changes.is_empty() || !guard.allows_stream(function, table) {
            return;
        }
        for changes in changes.chunks(BATCH) {
            let record = |change: &Value| json!({"eventName": "INSERT", "eventSource": "aws:dynamodb", "eventVersion": "1.1", "dynamodb": change});
            let event = json!({"Records": changes.iter().map(record).collect::<Vec<_>>()});
            if let Some(Err(diagnostic)) = functions.invoke(function, event.to_string().as_bytes()).await {
                tracing::error!(error = diagnostic.error_message, "{function} failed");
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
