//! WeChat Pay API v3: every request must bear the merchant's signature, every answer bears ours.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{OriginalUri, Path, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shared::outbound::wechat::pay::keys::{SealingKey, SigningKey, VerifyingKeys};
use shared::outbound::wechat::pay::nonce;
use shared::runtime::clock::{Clock, SystemClock};
use shared::values::LocalTime;

use super::notification;
use super::orders::{Orders, Refusal, text, unknown};

const SCHEME: &str = "WECHATPAY2-SHA256-RSA2048";
/// How old a request may be.
const WINDOW: SignedDuration = SignedDuration::from_secs(300);
/// How long the merchant may take to answer a notification.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many requests are remembered.
const REMEMBERED: usize = 100;

#[derive(Clone)]
pub struct Pay(Arc<Inner>);

pub struct Inner {
    /// The mini program that the merchant may be paid by.
    appid: String,
    mchid: String,
    merchant_serial: String,
    merchant_key: VerifyingKeys,
    pub sealing: SealingKey,
    public_key: SigningKey,
    certificate_key: SigningKey,
    certificate: String,
    pub clock: Arc<dyn Clock>,
    pub http: reqwest::Client,
    state: Mutex<Paid>,
}

#[derive(Default)]
pub struct Paid {
    pub orders: Orders,
    nonces: HashSet<String>,
    requests: VecDeque<Value>,
}

impl std::ops::Deref for Pay {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Pay {
    pub fn new(merchant: &Value, platform: &Value, clock: Arc<dyn Clock>) -> Result<Self, String> {
        let quiet = |error: shared::error::Error| error.to_string();
        let serial = text(merchant, "serial_no");
        let public = BTreeMap::from([(serial.clone(), text(platform, "merchant_public_key"))]);
        let key = |serial: &str, private: &str| SigningKey::parse(&text(platform, serial), &text(platform, private));
        Ok(Self(Arc::new(Inner {
            appid: text(merchant, "appid"),
            mchid: text(merchant, "mchid"),
            merchant_serial: serial,
            merchant_key: VerifyingKeys::parse(&public).map_err(quiet)?,
            sealing: SealingKey::parse(&text(merchant, "apiv3_key")).map_err(quiet)?,
            public_key: key("public_key_id", "public_key_private").map_err(quiet)?,
            certificate_key: key("certificate_serial", "certificate_private").map_err(quiet)?,
            certificate: text(platform, "certificate"),
            clock,
            http: reqwest::Client::builder().timeout(PATIENCE).build().map_err(|error| error.to_string())?,
            state: Mutex::default(),
        })))
    }
}

impl Inner {
    pub fn state(&self) -> MutexGuard<'_, Paid> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key that goes by an id, or the one that goes by a certificate.
    pub fn key(&self, by_id: bool) -> &SigningKey {
        if by_id { &self.public_key } else { &self.certificate_key }
    }

    /// The headers that prove where this body comes from.
    pub fn proof(&self, key: &SigningKey, body: &str, time: Timestamp) -> Result<Vec<(&'static str, String)>, String> {
        let (time, nonce) = (time.as_second().to_string(), nonce().map_err(|error| error.to_string())?);
        let signature = key.sign(&[&time, &nonce, body]).map_err(|error| error.to_string())?;
        Ok(vec![
            ("Wechatpay-Timestamp", time),
            ("Wechatpay-Nonce", nonce),
            ("Wechatpay-Signature", signature),
            ("Wechatpay-Serial", key.serial.clone()),
            ("Wechatpay-Signature-Type", SCHEME.into()),
        ])
    }

    /// Whether the merchant sent this, lately and for the first time.
    fn check(&self, request: &Request) -> Result<(), Refusal> {
        let refused = |message: &str| (401, "SIGN_ERROR", message.to_owned());
        let parts = request.authorization().strip_prefix(SCHEME).ok_or_else(|| refused("Authorization 格式错误"))?;
        let parts: BTreeMap<&str, &str> = parts
            .split(',')
            .filter_map(|part| part.trim().split_once('='))
            .map(|(name, value)| (name, value.trim_matches('"')))
            .collect();
        let part = |name: &str| parts.get(name).copied().unwrap_or_default();
        let (time, nonce) = (part("timestamp"), part("nonce_str"));
        let at = time.parse().ok().and_then(|time| Timestamp::from_second(time).ok());
        // A client on this machine has the machine's clock, whatever that of the world says.
        let now = [self.clock.now(), SystemClock.now()];
        if !at.is_some_and(|at| now.iter().any(|now| now.duration_since(at).abs() <= WINDOW)) {
            return Err(refused("时间戳已过期"));
        }
        if part("mchid") != self.mchid || part("serial_no") != self.merchant_serial {
            return Err(refused("商户号或证书序列号错误"));
        }
        let lines = [request.method.as_str(), &request.path, time, nonce, &request.body];
        if !self.merchant_key.verify(part("serial_no"), &lines, part("signature")) {
            return Err(refused("签名错误"));
        }
        if !self.state().nonces.insert(nonce.to_owned()) {
            return Err(refused("随机串重复"));
        }
        Ok(())
    }

    fn remember(&self, request: &Request) {
        let mut state = self.state();
        if state.requests.len() == REMEMBERED {
            state.requests.pop_front();
        }
        let Request { method, path, body, .. } = request;
        let authorization = request.authorization();
        state
            .requests
            .push_back(json!({"method": method.as_str(), "path": path, "body": body, "authorization": authorization}));
    }

    /// Answers a request: a status and a body, or a refusal.
    fn answer(&self, request: &Request, outcome: Result<(u16, String), Refusal>) -> Response {
        let (status, body) = match outcome {
            Ok(done) => done,
            Err((status, code, message)) => (status, json!({"code": code, "message": message}).to_string()),
        };
        // Whoever knows the key by its id asks for it; all others have the certificate.
        let serial = request.headers.get("wechatpay-serial").and_then(|serial| serial.to_str().ok());
        let key = self.key(serial == Some(&self.public_key.serial));
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let Ok(proof) = self.proof(key, &body, self.clock.now()) else {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        let mut response = (status, body).into_response();
        for (name, value) in proof.into_iter().chain([("Content-Type", "application/json".to_owned())]) {
            if let Ok(value) = value.parse() {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

/// A router that answers as `api.mch.weixin.qq.com` does.
pub fn router(pay: Pay) -> Router {
    Router::new()
        .route("/v3/pay/transactions/jsapi", post(announce))
        .route("/v3/pay/transactions/out-trade-no/{number}", get(query))
        .route("/v3/pay/transactions/id/{transaction_id}", get(query_paid))
        .route("/v3/pay/transactions/out-trade-no/{number}/close", post(close))
        .route("/v3/certificates", get(certificates))
        .route("/simulate/pay", post(notification::pay))
        .route("/simulate/notify_again", post(notification::notify_again))
        .route("/simulate/orders", get(orders))
        .route("/simulate/pay_requests", get(requests))
        .with_state(pay)
}

/// What is signed of a request.
pub struct Request {
    method: Method,
    path: String,
    headers: HeaderMap,
    body: String,
}

impl<S: Send + Sync> axum::extract::FromRequest<S> for Request {
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
    /// Answers what the merchant has signed.
    fn answered(&self, pay: &Pay, act: impl FnOnce() -> Result<(u16, String), Refusal>) -> Response {
        pay.remember(self);
        pay.answer(self, pay.check(self).and_then(|()| act()))
    }

    fn authorization(&self) -> &str {
        self.headers.get("authorization").and_then(|header| header.to_str().ok()).unwrap_or_default()
    }

    fn json(&self) -> Result<Value, Refusal> {
        serde_json::from_str(&self.body).map_err(|_| (400, "PARAM_ERROR", "请求体不是 JSON".into()))
    }

    /// The merchant that the query names.
    fn is_of(&self, mchid: &str) -> Result<(), Refusal> {
        let query = self.path.split_once('?').map_or("", |(_, query)| query);
        if form_urlencoded::parse(query.as_bytes()).any(|(name, value)| name == "mchid" && value == mchid) {
            Ok(())
        } else {
            Err((400, "MCH_NOT_EXISTS", "商户号不存在".into()))
        }
    }
}

async fn announce(State(pay): State<Pay>, request: Request) -> Response {
    request.answered(&pay, || {
        let body = request.json()?;
        check_announced(&pay, &body)?;
        let prepay_id = pay.state().orders.announce(&body, pay.clock.now())?;
        Ok((200, json!({"prepay_id": prepay_id}).to_string()))
    })
}

fn check_announced(pay: &Pay, body: &Value) -> Result<(), Refusal> {
    let number = text(body, "out_trade_no");
    let of_a_number = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '|' | '*');
    let notify_url = text(body, "notify_url");
    let of_the_web = notify_url.starts_with("http://") || notify_url.starts_with("https://");
    let (expires, currency) = (&body["time_expire"], &body["amount"]["currency"]);
    let faults = [
        ("description", !(1..=127).contains(&text(body, "description").chars().count())),
        ("out_trade_no", !(6..=32).contains(&number.len()) || !number.chars().all(of_a_number)),
        ("time_expire", !expires.is_null() && LocalTime::parse(expires.as_str().unwrap_or_default()).is_err()),
        ("notify_url", !of_the_web || notify_url.contains('?') || notify_url.len() > 255),
        ("amount.total", body["amount"]["total"].as_i64().is_none_or(|total| total < 1)),
        ("amount.currency", !currency.is_null() && currency != "CNY"),
        ("payer.openid", text(&body["payer"], "openid").is_empty()),
    ];
    if let Some((field, _)) = faults.iter().find(|(_, wrong)| *wrong) {
        return Err((400, "PARAM_ERROR", format!("参数错误: {field}")));
    }
    match (text(body, "mchid") == pay.mchid, text(body, "appid") == pay.appid) {
        (true, true) => Ok(()),
        (true, false) => Err((400, "APPID_MCHID_NOT_MATCH", "appid 和 mchid 不匹配".into())),
        (false, _) => Err((400, "MCH_NOT_EXISTS", "商户号不存在".into())),
    }
}

async fn query(State(pay): State<Pay>, Path(number): Path<String>, request: Request) -> Response {
    request.answered(&pay, || {
        request.is_of(&pay.mchid)?;
        Ok((200, pay.state().orders.find(&number).ok_or_else(unknown)?.transaction().to_string()))
    })
}

async fn query_paid(State(pay): State<Pay>, Path(transaction_id): Path<String>, request: Request) -> Response {
    request.answered(&pay, || {
        request.is_of(&pay.mchid)?;
        Ok((200, pay.state().orders.find_paid(&transaction_id).ok_or_else(unknown)?.transaction().to_string()))
    })
}

async fn close(State(pay): State<Pay>, Path(number): Path<String>, request: Request) -> Response {
    request.answered(&pay, || {
        if text(&request.json()?, "mchid") != pay.mchid {
            return Err((400, "MCH_NOT_EXISTS", "商户号不存在".into()));
        }
        pay.state().orders.close(&number)?;
        Ok((204, String::new()))
    })
}

/// WeChat's certificate, sealed for the merchant.
async fn certificates(State(pay): State<Pay>, request: Request) -> Response {
    request.answered(&pay, || {
        let nonce = nonce().map(|nonce| nonce[..12].to_owned());
        let sealed = nonce.and_then(|nonce| Ok((pay.sealing.seal(&nonce, "certificate", &pay.certificate)?, nonce)));
        let (ciphertext, nonce) = sealed.map_err(|error| (500, "SYSTEM_ERROR", error.to_string()))?;
        let certificate = json!({
            "serial_no": pay.certificate_key.serial, "effective_time": "2000-01-01T08:00:00+08:00",
            "expire_time": "2120-01-01T08:00:00+08:00",
            "encrypt_certificate": {
                "algorithm": "AEAD_AES_256_GCM", "nonce": nonce, "associated_data": "certificate", "ciphertext": ciphertext,
            },
        });
        Ok((200, json!({"data": [certificate]}).to_string()))
    })
}

async fn orders(State(pay): State<Pay>) -> axum::Json<Vec<Value>> {
    axum::Json(pay.state().orders.latest())
}

async fn requests(State(pay): State<Pay>) -> axum::Json<Value> {
    axum::Json(pay.state().requests.iter().cloned().collect())
}
