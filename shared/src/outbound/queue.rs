//! A queue of SQS (API version 2012-11-05, JSON protocol): messages that a function receives after a delay.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::aws::{JsonService, Protocol};
use crate::error::{Error, Result};

const PROTOCOL: Protocol = Protocol { service: "sqs", target: "AmazonSQS", content_type: "application/x-amz-json-1.0" };

/// The longest delay of a message (Amazon SQS Developer Guide, Message timers).
pub const MAX_DELAY: Duration = Duration::from_secs(15 * 60);

pub struct Queue {
    service: JsonService,
    url: String,
}

impl Queue {
    /// The queue with this address.
    pub fn new(connect: impl FnOnce(&'static Protocol) -> JsonService, url: &str) -> Self {
        Self { service: connect(&PROTOCOL), url: url.to_owned() }
    }

    /// Sends a message that is received after this delay, in whole seconds.
    ///
    /// SQS: one call.
    pub async fn send(&self, message: &impl Serialize, delay: Duration, now: Timestamp) -> Result<()> {
        let body = serde_json::to_string(message).map_err(Error::internal)?;
        let seconds = delay.min(MAX_DELAY).as_secs();
        let request = json!({"QueueUrl": self.url, "MessageBody": body, "DelaySeconds": seconds});
        let response = self.service.call("SendMessage", &request, now).await?;
        match response.status {
            200 => Ok(()),
            status => Err(Error::internal(format!("SQS rejects a message: {status} {}", response.code()))),
        }
    }
}
