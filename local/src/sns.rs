//! SNS on this machine: `Publish` to a phone number, into an outbox that `GET /outbox` returns. The simulators of other providers add to it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use shared::runtime::clock::Clock;
use shared::values::Mobile;

use crate::stream::Stream;
use crate::wire::{Service, failure};

/// How many messages the outbox keeps; then the oldest is removed.
const KEPT: usize = 10_000;

#[derive(Clone, Serialize)]
struct Message {
    phone: String,
    message: String,
    at: String,
}

/// The text messages that were sent.
#[derive(Clone)]
pub struct Outbox {
    messages: Arc<Mutex<VecDeque<Message>>>,
    clock: Arc<dyn Clock>,
    stream: Stream,
}

impl Outbox {
    pub fn new(clock: Arc<dyn Clock>, stream: Stream) -> Self {
        Self { messages: Arc::default(), clock, stream }
    }

    /// Removes the messages to a phone, after the stream has delivered those that it holds. Returns their texts, oldest first.
    pub async fn take(&self, phone: &Mobile) -> Vec<String> {
        self.stream.deliver_messages().await;
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        let (taken, kept): (VecDeque<_>, _) = messages.drain(..).partition(|message| message.phone == phone.e164());
        *messages = kept;
        taken.into_iter().map(|Message { message, .. }| message).collect()
    }

    /// Adds a message to this phone. Returns how many messages there are.
    pub fn push(&self, phone: String, message: String) -> usize {
        let at = self.clock.now().to_string();
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        if messages.len() == KEPT {
            messages.pop_front();
        }
        messages.push_back(Message { phone, message, at });
        messages.len()
    }
}

/// A router that serves SNS's API and `GET /outbox`, which returns `[{phone, message, at}]`, oldest first. Messages that the stream holds
/// are sent before.
pub fn router(outbox: Outbox) -> Router {
    Router::new().route("/outbox", get(read)).fallback(publish).with_state(outbox)
}

async fn read(State(outbox): State<Outbox>) -> Json<Vec<Message>> {
    outbox.stream.deliver().await;
    let messages = outbox.messages.lock().unwrap_or_else(PoisonError::into_inner);
    Json(messages.iter().cloned().collect())
}

async fn publish(State(outbox): State<Outbox>, body: Bytes) -> Response {
    let field = |name: &str| form_urlencoded::parse(&body).find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let (Some("Publish"), Some(phone), Some(message)) = (field("Action").as_deref(), field("PhoneNumber"), field("Message"))
    else {
        let message = "only Publish to a phone number is served here";
        return failure(Service::Sns, StatusCode::BAD_REQUEST, "InvalidParameter", message);
    };
    let message_id = outbox.push(phone, message);
    let response = format!(
        "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult><MessageId>{message_id}</MessageId>\
         </PublishResult><ResponseMetadata><RequestId>local</RequestId></ResponseMetadata></PublishResponse>"
    );
    ([(header::CONTENT_TYPE, "text/xml")], response).into_response()
}
