//! `ops-outbox`: sends the text messages of the outbox (`shared/src/runtime/outbox.rs`).
//!
//! The stream of `CredentialsTable` invokes it with the keys of new messages, within a second. A schedule of EventBridge invokes it every
//! minute without keys: then it sends what an earlier invocation could not send.

use std::sync::Arc;

use futures::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::Diagnostic;
use serde::Deserialize;
use serde_json::{Value, json};
use shared::error::Result;
use shared::runtime::clock::Clock;
use shared::runtime::environment::Environment;
use shared::runtime::metrics::{Log, Metric};
use shared::runtime::outbox::{self, Deliver as _};
use shared::runtime::sweep::{Time, failed, sweep};
use shared::{hris, staff};

/// The time for messages that are in progress when the time is up: a provider has six seconds for each.
const RESERVE: SignedDuration = SignedDuration::from_secs(10);

pub struct Outbox {
    hris: hris::Service,
    staff: staff::Service,
    clock: Arc<dyn Clock>,
    log: Log,
}

/// The part of the events that this function reads (Amazon DynamoDB Developer Guide, DynamoDB Streams and Lambda). The event of a schedule
/// has no records.
#[derive(Deserialize)]
struct Event {
    #[serde(default, rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    dynamodb: Change,
}

#[derive(Deserialize)]
struct Change {
    #[serde(rename = "Keys")]
    keys: Keys,
}

#[derive(Deserialize)]
struct Keys {
    pk: Text,
    sk: Text,
}

#[derive(Deserialize)]
struct Text {
    #[serde(rename = "S")]
    text: String,
}

impl Outbox {
    pub async fn connect(environment: &Environment) -> Result<Self> {
        let (hris, staff) = tokio::try_join!(hris::Service::connect(environment), staff::Service::connect(environment))?;
        Ok(Self { hris, staff, clock: Arc::clone(&environment.clock), log: environment.log.clone() })
    }

    /// `deadline` is when Lambda ends the function. A message that could not be sent is no error: the stream would report the whole batch
    /// again, and hold up all later messages.
    pub async fn handle(&self, event: &[u8], deadline: Timestamp) -> Result<Value, Diagnostic> {
        let Event { records } = serde_json::from_slice(event)
            .map_err(|error| Diagnostic { error_type: "Invalid".into(), error_message: error.to_string() })?;
        tokio::join!(self.hris.keys().refresh(), self.staff.keys().refresh());
        let time = Time { clock: Arc::clone(&self.clock), until: deadline - RESERVE };
        let keys = match records.is_empty() {
            true => self.hris.outbox().due().boxed(),
            false => {
                outbox::reported(records.into_iter().map(|Record { dynamodb: Change { keys } }| [keys.pk.text, keys.sk.text]))
                    .boxed()
            }
        };
        let deliver = async |key| match self.staff.owns(&key) {
            true => self.staff.deliver(key).await,
            false => self.hris.deliver(key).await,
        };
        let swept = sweep(keys, &time, deliver).await;
        let metrics = [Metric::count("messages_done", swept.done), Metric::count("messages_failed", swept.failed)];
        self.log.metrics("ops-outbox", self.clock.now(), failed(&[("messages", swept)]), &metrics);
        Ok(json!({"done": swept.done, "failed": swept.failed, "is_cut_short": swept.is_cut_short}))
    }
}
