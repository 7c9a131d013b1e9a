//! SNS on this machine: `Publish` to a phone number, kept in an outbox that can be read at `/outbox`.

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

/// How many messages are kept, the newest.
const KEPT: usize = 10_000;

#[derive(Clone, Serialize)]
struct Message {
    phone: String,
    message: String,
    at: String,
}

#[derive(Clone)]
struct Outbox {
    messages: Arc<Mutex<VecDeque<Message>>>,
    clock: Arc<dyn Clock>,
}

/// A router that speaks SNS's protocol, and `GET /outbox` -> `[{phone, message, at}]`, oldest first.
pub fn router(clock: Arc<dyn Clock>) -> Router {
    let outbox = Outbox { messages: Arc::default(), clock };
    Router::new().route("/outbox", get(read)).fallback(publish).with_state(outbox)
}

async fn read(State(outbox): State<Outbox>) -> Json<Vec<Message>> {
    let messages = outbox.messages.lock().unwrap_or_else(PoisonError::into_inner);
    Json(messages.iter().cloned().collect())
}

async fn publish(State(outbox): State<Outbox>, body: Bytes) -> Response {
    let field = |name: &str| form_urlencoded::parse(&body).find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let (Some("Publish"), Some(phone), Some(message)) = (field("Action").as_deref(), field("PhoneNumber"), field("Message"))
    else {
        let error = "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidParameter</Code>\
                     <Message>only Publish to a phone number is served here</Message></Error></ErrorResponse>";
        return (StatusCode::BAD_REQUEST, [(header::CONTENT_TYPE, "text/xml")], error).into_response();
    };
    let at = outbox.clock.now().to_string();
    let mut messages = outbox.messages.lock().unwrap_or_else(PoisonError::into_inner);
    if messages.len() == KEPT {
        messages.pop_front();
    }
    messages.push_back(Message { phone, message, at });
    let answer = format!(
        "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult><MessageId>{}</MessageId>\
         </PublishResult><ResponseMetadata><RequestId>local</RequestId></ResponseMetadata></PublishResponse>",
        messages.len()
    );
    ([(header::CONTENT_TYPE, "text/xml")], answer).into_response()
}
