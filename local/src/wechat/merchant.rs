//! A merchant at WeChat Pay: its keys and WeChat's, its orders, and the signatures of both sides.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, OriginalUri};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shared::outbound::wechat::pay::keys::{SealingKey, SigningKey, VerifyingKeys};
use shared::outbound::wechat::pay::nonce;
use shared::runtime::clock::{Clock, SystemClock};
use shared::values::Secret;

use super::orders::{Failure, Orders, text};

const SCHEME: &str = "WECHATPAY2-SHA256-RSA2048";
/// The largest difference between a request's timestamp and the clock.
const WINDOW: SignedDuration = SignedDuration::from_secs(300);
/// How long the merchant may take to respond to a notification.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How many requests `/simulate/pay_requests` returns.
const KEPT: usize = 100;

#[derive(Clone)]
pub struct Merchant(Arc<Inner>);

pub struct Inner {
    /// The mini program in which the merchant takes payments.
    pub appid: String,
    pub mchid: String,
    serial: String,
    verifying_key: VerifyingKeys,
    pub sealing: SealingKey,
    /// WeChat's key that merchants identify by its id.
    pub public_key: SigningKey,
    /// WeChat's key that merchants identify by a certificate.
    pub certificate_key: SigningKey,
    pub certificate: String,
    pub clock: Arc<dyn Clock>,
    pub http: reqwest::Client,
    /// The orders survive a restart in it.
    file: Option<PathBuf>,
    state: Mutex<State>,
}

#[derive(Default)]
pub struct State {
    pub orders: Orders,
    nonces: HashSet<String>,
    requests: VecDeque<Value>,
    next_failure: Option<SimulatedFailure>,
}

/// The next requests to a path with this end fail.
pub struct SimulatedFailure {
    pub times: u64,
    pub status: u16,
    pub code: String,
    pub path: String,
    /// The state of the order that WeChat Pay reports afterwards; empty if it stays.
    pub reports: String,
}

/// The signed parts of a request.
pub struct Request {
    method: Method,
    pub path: String,
    headers: HeaderMap,
    pub body: String,
}

impl Deref for Merchant {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Merchant {
    pub fn new(merchant: &Value, platform: &Value, clock: Arc<dyn Clock>, file: Option<PathBuf>) -> Result<Self, String> {
        let message = |error: shared::error::Error| error.to_string();
        let serial = text(merchant, "serial_no");
        let public = BTreeMap::from([(serial.clone(), text(platform, "merchant_public_key"))]);
        let key =
            |serial: &str, private: &str| SigningKey::parse(&text(platform, serial), Secret::new(&text(platform, private)));
        Ok(Self(Arc::new(Inner {
            appid: text(merchant, "appid"),
            mchid: text(merchant, "mchid"),
            serial,
            verifying_key: VerifyingKeys::parse(&public).map_err(message)?,
            sealing: SealingKey::parse(Secret::new(&text(merchant, "apiv3_key"))).map_err(message)?,
            public_key: key("public_key_id", "public_key_private").map_err(message)?,
            certificate_key: key("certificate_serial", "certificate_private").map_err(message)?,
            certificate: text(platform, "certificate"),
            clock,
            http: crate::http::builder().timeout(TIMEOUT).build().map_err(|error| error.to_string())?,
            state: Mutex::new(State { orders: stored(file.as_deref())?, ..State::default() }),
            file,
        })))
    }
}

/// The orders of an earlier run.
fn stored(file: Option<&Path>) -> Result<Orders, String> {
    let Some(file) = file else { return Ok(Orders::default()) };
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    match std::fs::read(file) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| failed(&error)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Orders::default()),
        Err(error) => Err(failed(&error)),
    }
}

/// Stores the orders behind a request that may have changed them.
pub async fn store(merchant: Merchant, request: axum::extract::Request, next: Next) -> Response {
    let may_change = request.method() == Method::POST;
    let response = next.run(request).await;
    if let Some(file) = merchant.file.as_deref().filter(|_| may_change) {
        let stored = serde_json::to_vec(&merchant.state().orders).map_err(std::io::Error::other);
        let stored = stored.and_then(|bytes| std::fs::write(file, bytes));
        if let Err(error) = stored {
            tracing::error!(%error, "the orders at WeChat Pay are not stored");
        }
    }
    response
}

impl Inner {
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The headers with which WeChat signs a body.
    pub fn signature(&self, key: &SigningKey, body: &str, time: Timestamp) -> Result<Vec<(&'static str, String)>, String> {
        let (time, nonce) = (time.as_second().to_string(), nonce().map_err(|error| error.to_string())?);
        let signature = key.sign(&[&time, &nonce, body]).map_err(|error| error.to_string())?;
        Ok(vec![
            ("Wechatpay-Timestamp", time),
            ("Wechatpay-Nonce", nonce),
            ("Wechatpay-Signature", signature.expose().clone()),
            ("Wechatpay-Serial", key.serial.clone()),
            ("Wechatpay-Signature-Type", SCHEME.into()),
        ])
    }

    /// Checks that the merchant signed this request, recently, and that it is no replay.
    pub fn verify(&self, request: &Request) -> Result<(), Failure> {
        let failure = |message: &str| (401, "SIGN_ERROR", message.to_owned());
        let parts = request.authorization().strip_prefix(SCHEME).ok_or_else(|| failure("Authorization 格式错误"))?;
        let parts: BTreeMap<&str, &str> = parts
            .split(',')
            .filter_map(|part| part.trim().split_once('='))
            .map(|(name, value)| (name, value.trim_matches('"')))
            .collect();
        let part = |name: &str| parts.get(name).copied().unwrap_or_default();
        let (time, nonce) = (part("timestamp"), part("nonce_str"));
        let at = time.parse().ok().and_then(|time| Timestamp::from_second(time).ok());
        // Clients outside this process use the machine's clock, not the world's.
        let now = [self.clock.now(), SystemClock.now()];
        if !at.is_some_and(|at| now.iter().any(|now| now.duration_since(at).abs() <= WINDOW)) {
            return Err(failure("时间戳已过期"));
        }
        if part("mchid") != self.mchid || part("serial_no") != self.serial {
            return Err(failure("商户号或证书序列号错误"));
        }
        let lines = [request.method.as_str(), &request.path, time, nonce, &request.body];
        if !self.verifying_key.verify(part("serial_no"), &lines, Secret::new(part("signature"))) {
            return Err(failure("签名错误"));
        }
        if !self.state().nonces.insert(nonce.to_owned()) {
            return Err(failure("随机串重复"));
        }
        Ok(())
    }

    pub fn fail_next(&self, failure: SimulatedFailure) {
        self.state().next_failure = Some(failure);
    }

    /// Status and code of the failure that a test has set for this request.
    pub fn simulated_failure(&self, request: &Request) -> Option<(u16, String)> {
        let path = request.path.split('?').next().unwrap_or_default();
        let mut state = self.state();
        let next = state.next_failure.as_mut().filter(|next| next.times > 0 && path.ends_with(&*next.path))?;
        next.times -= 1;
        let (status, code, reports) = (next.status, next.code.clone(), next.reports.clone());
        if let Some(number) = path.strip_suffix("/close").and_then(|path| path.rsplit('/').next())
            && !reports.is_empty()
        {
            // A test names an order that exists.
            let _ = state.orders.report(number, &reports);
        }
        Some((status, code))
    }

    /// Records a request for `/simulate/pay_requests`.
    pub fn record(&self, request: &Request) {
        let mut state = self.state();
        if state.requests.len() == KEPT {
            state.requests.pop_front();
        }
        let Request { method, path, body, .. } = request;
        let authorization = request.authorization();
        state
            .requests
            .push_back(json!({"method": method.as_str(), "path": path, "body": body, "authorization": authorization}));
    }

    pub fn requests(&self) -> Value {
        self.state().requests.iter().cloned().collect()
    }
}

impl<S: Send + Sync> FromRequest<S> for Request {
    type Rejection = StatusCode;

    async fn from_request(request: axum::extract::Request, state: &S) -> Result<Self, StatusCode> {
        let (method, headers) = (request.method().clone(), request.headers().clone());
        let OriginalUri(uri) = request.extensions().get().cloned().unwrap_or_else(|| OriginalUri(request.uri().clone()));
        let path = uri.path_and_query().map_or_else(String::new, ToString::to_string);
        let body = Bytes::from_request(request, state).await.map_err(|_| StatusCode::BAD_REQUEST)?;
        let body = String::from_utf8(body.to_vec()).map_err(|_| StatusCode::BAD_REQUEST)?;
        Ok(Self { method, path, headers, body })
    }
}

impl Request {
    fn authorization(&self) -> &str {
        self.header("authorization")
    }

    /// Empty if the header is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|header| header.to_str().ok()).unwrap_or_default()
    }
}
