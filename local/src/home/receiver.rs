//! A receiver of events for the demo product: it verifies what arrives, and the page shows it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use form_urlencoded::Serializer;
use serde_json::{Value, json};
use shared::hris::signature::sign;
use shared::hris::webhooks::EventType;
use shared::outbound::receivers::signing::{standard_signature, zhiren_signature};
use shared::runtime::clock::Clock;
use shared::values::Secret;

use crate::demo::Hris;
use crate::gateway::failure;

const PATH: &str = "/_local/receiver";
const WEBHOOKS: &str = "/api/v2/webhooks";
/// How many events are kept; then the oldest is removed.
const KEPT: usize = 50;
const TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Clone)]
struct Receiver(Arc<Inner>);

struct Inner {
    http: reqwest::Client,
    base_url: String,
    product: Hris,
    clock: Arc<dyn Clock>,
    received: Mutex<Received>,
}

#[derive(Default)]
struct Received {
    /// That of the webhook, since the button was pressed.
    secret: Option<Secret<String>>,
    events: VecDeque<Value>,
}

/// A router for the receiver and its buttons.
pub fn router(base_url: &str, product: Hris, clock: Arc<dyn Clock>) -> Result<Router, String> {
    let http = crate::http::builder().no_proxy().timeout(TIMEOUT).build().map_err(|error| error.to_string())?;
    let inner = Inner { http, base_url: base_url.to_owned(), product, clock, received: Mutex::default() };
    Ok(Router::new()
        .route(PATH, post(receive))
        .route("/_local/events", get(list))
        .route("/_local/subscribe", post(subscribe))
        .route("/_local/test_event", post(test))
        .with_state(Receiver(Arc::new(inner))))
}

impl Receiver {
    fn received(&self) -> MutexGuard<'_, Received> {
        self.0.received.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A signed call of the demo product. Each has another tonce, so that none is a repetition.
    async fn call(&self, method: Method, path: &str, payload: &Value) -> Result<(StatusCode, Value), reqwest::Error> {
        let Inner { http, base_url, product, clock, .. } = &*self.0;
        let now = clock.now();
        let tonce = format!("{}.{:06}", now.as_second(), now.subsec_nanosecond() / 1000);
        let body = if payload.is_null() { String::new() } else { payload.to_string() };
        let parts = [method.as_str(), path, &product.access_key, &tonce, &body];
        let signature = hex::encode(sign(Secret::new(product.secret_key.as_str()), &parts).expose());
        let query = Serializer::new(String::new())
            .extend_pairs([("access_key", product.access_key.as_str()), ("tonce", &tonce), ("signature", &signature)])
            .finish();
        let request = http.request(method, format!("{base_url}{path}?{query}"));
        let response = request.header(header::CONTENT_TYPE, "application/json").body(body).send().await?;
        Ok((response.status(), response.json().await?))
    }

    /// Whether both signatures of a call are those of the secret.
    fn is_signed(&self, headers: &HeaderMap, body: &str) -> Option<bool> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let secret = self.received().secret.as_ref().map(|secret| Secret::new(secret.expose().clone()))?;
        let timestamp = header("webhook-timestamp").parse().unwrap_or_default();
        let standard = standard_signature(std::slice::from_ref(&secret), header("webhook-id"), timestamp, body).ok()?;
        let zhiren = zhiren_signature(secret.as_deref(), "POST", PATH, body).ok()?;
        Some(standard == header("webhook-signature") && zhiren == header("x-zhiren-signature"))
    }
}

async fn receive(State(receiver): State<Receiver>, headers: HeaderMap, body: String) -> StatusCode {
    let is_signed = receiver.is_signed(&headers, &body);
    let id = headers.get("webhook-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
    let event: Value = serde_json::from_str(&body).unwrap_or_default();
    let at = receiver.0.clock.now().to_string();
    let mut received = receiver.received();
    received.events.push_front(json!({"at": at, "id": id, "is_signed": is_signed, "event": event["event"]}));
    received.events.truncate(KEPT);
    if is_signed == Some(false) { StatusCode::UNAUTHORIZED } else { StatusCode::NO_CONTENT }
}

async fn list(State(receiver): State<Receiver>) -> Json<Value> {
    Json(receiver.received().events.iter().cloned().collect())
}

/// Makes the webhook of the demo product, in place of one whose secret is not known here.
async fn subscribe(State(receiver): State<Receiver>) -> Response {
    let types = EventType::ALL.map(EventType::as_str);
    let scopes = ["employees", "approvals", "sensitive"];
    let address = format!("{}{PATH}", receiver.0.base_url);
    let settings = json!({"address": address, "event_types": types, "scopes": scopes});
    let made = async {
        receiver.call(Method::DELETE, WEBHOOKS, &Value::Null).await?;
        receiver.call(Method::PUT, WEBHOOKS, &settings).await
    };
    shown(made.await.inspect(|(_, webhook)| {
        receiver.received().secret = webhook["secret"].as_str().map(|secret| Secret::new(secret.to_owned()));
    }))
}

async fn test(State(receiver): State<Receiver>) -> Response {
    shown(receiver.call(Method::POST, &format!("{WEBHOOKS}/tests"), &Value::Null).await)
}

fn shown(response: Result<(StatusCode, Value), reqwest::Error>) -> Response {
    match response {
        Ok((status, body)) => (status, Json(body)).into_response(),
        Err(error) => failure(StatusCode::BAD_GATEWAY, &format!("the HR API: {error}")),
    }
}
