//! The part of WeChat Pay API v3 that mini programs need: JSAPI prepay, query, close, the parameters of `wx.requestPayment`, refunds,
//! bills, and notifications. The merchant signs every request. WeChat Pay signs every response and every notification; others are rejected.

pub mod bill;
mod certificate;
pub mod keys;
mod notification;
pub mod refund;
pub mod report;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{BUSY_FOR, errors};
use crate::crypto::random::random;
use crate::error::{Error, Result};
use crate::outbound::http::http_client;
use crate::outbound::secret::LazySecret;
use crate::values::{Secret, exposed};
use keys::{SealingKey, SigningKey, VerifyingKeys};
use report::Transaction;

/// How far the timestamp of a response or notification may be from the clock.
const WINDOW: SignedDuration = SignedDuration::from_secs(300);
const SCHEME: &str = "WECHATPAY2-SHA256-RSA2048";

pub struct Pay {
    base_url: String,
    merchant: LazySecret<Merchant>,
    http: OnceLock<reqwest::Client>,
}

/// The merchant: a secret in Secrets Manager, `{"appid":"wx..","mchid":"..","serial_no":"..","private_key":"<PEM>",
/// "apiv3_key":"<32 characters>","platform_keys":{"PUB_KEY_ID_..":"<PEM>"}}`. `platform_keys` holds the public key of WeChat Pay, or its
/// certificates by serial number, or both during a migration. `certificate`, the merchant's in PEM, is optional: it says when it ends.
pub struct Merchant {
    appid: String,
    mchid: String,
    signing: SigningKey,
    sealing: SealingKey,
    verifying: VerifyingKeys,
    /// When the first of the known certificates ends.
    expiry: Option<Timestamp>,
}

impl Merchant {
    /// Parses the secret's JSON. An error never quotes it.
    pub fn parse(secret: Secret<&str>) -> Result<Self> {
        #[derive(Deserialize)]
        struct Stored {
            appid: String,
            mchid: String,
            serial_no: String,
            private_key: Secret<String>,
            apiv3_key: Secret<String>,
            platform_keys: BTreeMap<String, String>,
            #[serde(default)]
            certificate: String,
        }
        let stored: Stored = serde_json::from_str(secret.expose())
            .map_err(|_| Error::internal("the WeChat Pay secret lacks a member: see pay/mod.rs"))?;
        let certificates = stored.platform_keys.values().chain([&stored.certificate]);
        Ok(Self {
            expiry: certificates.filter_map(|pem| certificate::expiry(pem)).min(),
            signing: SigningKey::parse(&stored.serial_no, stored.private_key.as_deref())?,
            sealing: SealingKey::parse(stored.apiv3_key.as_deref())?,
            verifying: VerifyingKeys::parse(&stored.platform_keys)?,
            appid: stored.appid,
            mchid: stored.mchid,
        })
    }

    /// The header `Authorization` of a request. `path` includes the query, `time` is in Unix seconds.
    fn authorization(&self, method: &str, path: &str, body: &str, time: i64, nonce: &str) -> Result<String> {
        let signature = self.signing.sign(&[method, path, &time.to_string(), nonce, body])?;
        let (mchid, serial, signature) = (&self.mchid, &self.signing.serial, signature.expose());
        Ok(format!(
            "{SCHEME} mchid=\"{mchid}\",nonce_str=\"{nonce}\",signature=\"{signature}\",timestamp=\"{time}\",serial_no=\"{serial}\""
        ))
    }

    /// Whether WeChat Pay signed this body within [`WINDOW`].
    fn is_genuine(&self, proof: &Proof, body: &str, now: Timestamp) -> bool {
        let time = proof.timestamp.parse().ok().and_then(|second| Timestamp::from_second(second).ok());
        time.is_some_and(|time| now.duration_since(time).abs() <= WINDOW)
            && self.verifying.verify(&proof.serial, &[&proof.timestamp, &proof.nonce, body], proof.signature.as_deref())
    }
}

/// The headers that authenticate a response or a notification.
#[derive(Clone)]
pub struct Proof {
    /// `Wechatpay-Timestamp`: Unix seconds.
    pub timestamp: String,
    /// `Wechatpay-Nonce`.
    pub nonce: String,
    /// `Wechatpay-Signature`, in base64. WeChat Pay also sends probes, whose signature begins with `WECHATPAY/SIGNTEST/`. It is not valid, so
    /// they are rejected.
    pub signature: Secret<String>,
    /// `Wechatpay-Serial`: the serial number of the key.
    pub serial: String,
}

impl Proof {
    /// From headers. `header` looks a header up by its name in lower case.
    pub fn of<'a>(header: impl Fn(&str) -> Option<&'a str>) -> Self {
        let header = |name: &str| header(name).unwrap_or_default().to_owned();
        Self {
            timestamp: header("wechatpay-timestamp"),
            nonce: header("wechatpay-nonce"),
            signature: Secret::new(header("wechatpay-signature")),
            serial: header("wechatpay-serial"),
        }
    }
}

/// The request for a payment.
pub struct Bill<'a> {
    /// `out_trade_no`.
    pub order_no: &'a str,
    pub description: &'a str,
    /// In fen.
    pub amount: i64,
    /// The payer.
    pub openid: &'a Secret<String>,
    pub notify_url: &'a str,
    /// The end of the time in which it can be paid.
    pub expires_at: Timestamp,
}

/// The parameters of `wx.requestPayment`.
#[derive(Clone, Debug, Serialize)]
pub struct PayParams {
    pub time_stamp: String,
    pub nonce_str: String,
    pub package: String,
    pub sign_type: &'static str,
    #[serde(serialize_with = "exposed")]
    pub pay_sign: Secret<String>,
}

/// The result of closing an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closing {
    Closed,
    /// The state of the order does not allow it: it is paid, refunded, or being paid. Holds the code of WeChat Pay.
    Rejected(String),
}

impl Pay {
    /// `base_url` is `https://api.mch.weixin.qq.com`, or that of a simulator.
    pub fn new(base_url: &str, merchant: LazySecret<Merchant>) -> Self {
        Self { base_url: base_url.trim_end_matches('/').to_owned(), merchant, http: OnceLock::new() }
    }

    /// When the first certificate of the merchant and of WeChat Pay ends. `None` if the secret has none.
    pub async fn certificate_expiry(&self, now: Timestamp) -> Result<Option<Timestamp>> {
        Ok(self.merchant.get(now).await?.expiry)
    }

    /// Creates the order at WeChat Pay and returns the `prepay_id`. A second call with the same bill does not create a second order.
    pub async fn prepay(&self, bill: &Bill<'_>, now: Timestamp) -> Result<String> {
        #[derive(Deserialize)]
        struct Prepaid {
            prepay_id: String,
        }
        let merchant = self.merchant.get(now).await?;
        let body = json!({
            "appid": merchant.appid, "mchid": merchant.mchid, "description": bill.description, "out_trade_no": bill.order_no,
            "time_expire": bill.expires_at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string(), "notify_url": bill.notify_url,
            "amount": {"total": bill.amount, "currency": "CNY"}, "payer": {"openid": bill.openid.expose()},
        });
        let answer = self.call(Method::POST, "/v3/pay/transactions/jsapi", &body.to_string(), now).await?;
        read::<Prepaid>(&answer).map(|prepaid| prepaid.prepay_id)
    }

    /// The state of an order. `None` if WeChat Pay does not know it.
    pub async fn query(&self, order_no: &str, now: Timestamp) -> Result<Option<Transaction>> {
        let merchant = self.merchant.get(now).await?;
        let path = format!("/v3/pay/transactions/out-trade-no/{order_no}?mchid={}", merchant.mchid);
        match self.call(Method::GET, &path, "", now).await {
            Ok(answer) => {
                let transaction: Transaction = read(&answer)?;
                let ours = transaction.appid == merchant.appid
                    && transaction.mchid == merchant.mchid
                    && transaction.out_trade_no == order_no;
                if ours { Ok(Some(transaction)) } else { Err(Error::internal("WeChat Pay returns another order")) }
            }
            Err(CallError::Rejected { status: StatusCode::NOT_FOUND, .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Closes an order. It cannot be paid afterwards.
    pub async fn close(&self, order_no: &str, now: Timestamp) -> Result<Closing> {
        let body = json!({"mchid": self.merchant.get(now).await?.mchid}).to_string();
        let path = format!("/v3/pay/transactions/out-trade-no/{order_no}/close");
        match self.call(Method::POST, &path, &body, now).await {
            Ok(_) => Ok(Closing::Closed),
            Err(CallError::Rejected { status, code }) => match (status, &*code) {
                (_, "ORDER_CLOSED" | "ORDER_NOT_EXIST" | "ORDERNOTEXIST") => Ok(Closing::Closed),
                (StatusCode::ACCEPTED | StatusCode::BAD_REQUEST | StatusCode::FORBIDDEN, _) => Ok(Closing::Rejected(code)),
                _ => Err(CallError::Rejected { status, code }.into()),
            },
            Err(error) => Err(error.into()),
        }
    }

    /// The parameters of `wx.requestPayment`. `time` is in Unix seconds.
    pub async fn pay_params(&self, prepay_id: &str, time: i64, nonce: &str, now: Timestamp) -> Result<PayParams> {
        let merchant = self.merchant.get(now).await?;
        let (time_stamp, package) = (time.to_string(), format!("prepay_id={prepay_id}"));
        let pay_sign = merchant.signing.sign(&[&merchant.appid, &time_stamp, nonce, &package])?;
        Ok(PayParams { time_stamp, nonce_str: nonce.to_owned(), package, sign_type: "RSA", pay_sign })
    }

    /// A signed request. No error quotes a URL or a body.
    fn request(
        &self,
        merchant: &Merchant,
        method: Method,
        path: &str,
        body: &str,
        now: Timestamp,
    ) -> Result<reqwest::RequestBuilder> {
        let authorization = merchant.authorization(method.as_str(), path, body, now.as_second(), &nonce()?)?;
        Ok(http_client(&self.http, &self.base_url)
            .request(method, format!("{}{path}", self.base_url))
            .header("authorization", authorization)
            .header("user-agent", "gongqiao"))
    }

    /// The file at an address that WeChat Pay has returned. The response has no signature: the caller checks its hash.
    async fn download(&self, url: &str, now: Timestamp) -> Result<Vec<u8>> {
        // Only the path counts, so that the request goes to WeChat Pay whatever the address says.
        let path = url.find("/v3/billdownload/").and_then(|at| url.get(at..));
        let path = path.ok_or_else(|| Error::internal("the address of a file of WeChat Pay is not documented"))?;
        let merchant = self.merchant.get(now).await?;
        let response = self.request(&merchant, Method::GET, path, "", now)?.send().await.map_err(quiet)?;
        if !response.status().is_success() {
            return Err(Error::internal(format!("WeChat Pay does not return a file: {}", response.status())));
        }
        Ok(response.bytes().await.map_err(quiet)?.to_vec())
    }

    /// Sends a request and returns the body of the response after verifying its signature.
    async fn call(&self, method: Method, path: &str, body: &str, now: Timestamp) -> Result<String, CallError> {
        let merchant = self.merchant.get(now).await?;
        let mut request = self.request(&merchant, method, path, body, now)?.header("accept", "application/json");
        if let Some(serial) = merchant.verifying.preferred() {
            request = request.header("wechatpay-serial", serial);
        }
        if !body.is_empty() {
            request = request.header("content-type", "application/json").body(body.to_owned());
        }
        let response = request.send().await.map_err(quiet)?;
        let status = response.status();
        let headers = response.headers().clone();
        let proof = Proof::of(|name| headers.get(name).and_then(|value| value.to_str().ok()));
        let body = response.text().await.map_err(quiet)?;
        // 202 is a refusal as well: the user is paying.
        if !status.is_success() || status == StatusCode::ACCEPTED {
            return Err(CallError::rejected(status, &body));
        }
        if merchant.is_genuine(&proof, &body, now) {
            Ok(body)
        } else {
            Err(CallError::Failed(errors::failed(Error::internal("a response of WeChat Pay has no valid signature"))))
        }
    }
}

/// No error quotes a URL.
fn quiet(error: reqwest::Error) -> Error {
    errors::failed(Error::internal(format!("WeChat Pay: {}", error.without_url())))
}

/// 32 random characters, as WeChat Pay requires.
pub fn nonce() -> Result<String> {
    Ok(hex::encode(random::<16>()?).to_ascii_uppercase())
}

/// Why a call has no success.
enum CallError {
    /// `code` is `ORDERPAID`, `PARAM_ERROR`, ...
    Rejected {
        status: StatusCode,
        code: String,
    },
    Failed(Error),
}

impl CallError {
    fn rejected(status: StatusCode, body: &str) -> Self {
        #[derive(Deserialize)]
        struct Problem {
            code: String,
        }
        if status.is_server_error() || matches!(status, StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS) {
            errors::count();
        }
        let problem: Option<Problem> = serde_json::from_str(body).ok();
        Self::Rejected { status, code: problem.map_or_else(String::new, |problem| problem.code) }
    }
}

impl From<Error> for CallError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<CallError> for Error {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Rejected { status: StatusCode::TOO_MANY_REQUESTS, .. } => Self::too_many_requests(BUSY_FOR),
            CallError::Rejected { status, code } => Self::internal(format!("WeChat Pay rejects the request: {status} {code}")),
            CallError::Failed(error) => error,
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(answer: &str) -> Result<T> {
    serde_json::from_str(answer).map_err(|_| Error::internal("the response of WeChat Pay does not match its documentation"))
}
