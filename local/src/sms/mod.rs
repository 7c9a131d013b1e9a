//! Aliyun's and Tencent Cloud's text messages on this machine: simulators with the wire formats of the providers, which check signatures as their
//! documents say. What they accept arrives in the outbox of SNS's stub. They also serve
//!
//! ```text
//! GET  /simulate/messages                        [{"phone":"+86..","sign_name":"..","template":"..","parameters":..}]  what was accepted
//! POST /simulate/failure {"code":"isv.BUSINESS_LIMIT_CONTROL","message":".."}  the next message is answered with this code; with "times":2,
//!                                                the next two
//! POST /simulate/failure {"status":503}          the next call is answered with this status, without JSON
//! POST /simulate/failure {"silent":true}         the next call has no answer
//! ```

mod account;
mod aliyun;
mod tencent;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use shared::runtime::clock::Clock;
use shared::values::Mobile;

pub use account::fill;

use crate::sns::Outbox;
use account::Account;

#[derive(Clone)]
struct Simulator {
    account: Arc<Account>,
    state: Arc<Mutex<Simulated>>,
    outbox: Outbox,
    clock: Arc<dyn Clock>,
}

#[derive(Default)]
struct Simulated {
    accepted: Vec<Accepted>,
    /// The nonces that were used.
    nonces: Vec<String>,
    failure: Option<Failure>,
}

#[derive(Clone, Serialize)]
struct Accepted {
    phone: String,
    sign_name: String,
    template: String,
    parameters: Value,
}

/// What becomes of the next calls.
#[derive(Clone, Deserialize)]
struct Failure {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    message: String,
    #[serde(default)]
    status: Option<u16>,
    #[serde(default)]
    silent: bool,
    #[serde(default = "once")]
    times: u32,
}

fn once() -> u32 {
    1
}

/// A provider that is simulated here.
pub enum Provider {
    Aliyun,
    Tencent,
}

impl Provider {
    /// The provider with this name in `SMS_PROVIDER`.
    pub fn of(name: Option<&str>) -> Option<Self> {
        match name? {
            "aliyun" => Some(Self::Aliyun),
            "tencent" => Some(Self::Tencent),
            _ => None,
        }
    }
}

/// A router that serves the API of a provider, for the account in the secret.
pub fn router(provider: Provider, secret: &Value, outbox: Outbox, clock: Arc<dyn Clock>) -> Router {
    let account = Arc::new(Account::of(secret));
    let simulator = Simulator { account, state: Arc::default(), outbox, clock };
    let control = Router::new().route("/simulate/messages", get(accepted)).route("/simulate/failure", post(fail_next));
    let router = match provider {
        Provider::Aliyun => control.fallback(aliyun::answer),
        Provider::Tencent => control.fallback(tencent::answer),
    };
    router.with_state(simulator)
}

impl Simulator {
    fn state(&self) -> MutexGuard<'_, Simulated> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The failure that `/simulate/failure` set for this call.
    fn failure(&self) -> Option<Failure> {
        let mut state = self.state();
        let failure = state.failure.as_mut().filter(|failure| failure.times > 0)?;
        failure.times -= 1;
        Some(failure.clone())
    }

    /// Delivers a message.
    fn accept(&self, phone: &Mobile, sign_name: &str, template: &str, parameters: Value, text: &str) {
        let signed = if sign_name.is_empty() { text.to_owned() } else { format!("【{sign_name}】{text}") };
        self.outbox.push(phone.e164().to_owned(), signed);
        self.state().accepted.push(Accepted {
            phone: phone.e164().to_owned(),
            sign_name: sign_name.to_owned(),
            template: template.to_owned(),
            parameters,
        });
    }
}

impl Failure {
    /// An answer that is no JSON, or none at all.
    async fn broken(failure: Option<&Self>) -> Option<Response> {
        let Self { silent, status, .. } = failure?;
        if *silent {
            std::future::pending::<()>().await;
        }
        let status = StatusCode::from_u16((*status)?).unwrap_or(StatusCode::BAD_GATEWAY);
        Some((status, "<html>upstream</html>").into_response())
    }
}

/// A call with its body of at most a mebibyte.
async fn read(request: Request) -> (Parts, Bytes) {
    let (parts, body) = request.into_parts();
    (parts, to_bytes(body, 1 << 20).await.unwrap_or_default())
}

async fn accepted(State(simulator): State<Simulator>) -> Json<Vec<Accepted>> {
    Json(simulator.state().accepted.clone())
}

async fn fail_next(State(simulator): State<Simulator>, Json(failure): Json<Failure>) -> StatusCode {
    simulator.state().failure = Some(failure);
    StatusCode::NO_CONTENT
}

/// Lower case hex of a digest.
fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn hmac_sha256(key: &[u8], text: &str) -> Vec<u8> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn request_id() -> String {
    shared::crypto::random::random_text().unwrap_or_default()
}
