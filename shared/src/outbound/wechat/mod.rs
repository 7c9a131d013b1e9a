//! WeChat's server API and, in [`pay`], WeChat Pay.
//!
//! Of the server API, mini programs need three operations: code2session, stable_token, getuserphonenumber.
//!
//! WeChat returns status 200 with an `errcode`. An invalid code is the caller's mistake; when WeChat is busy, the caller may retry; every
//! other `errcode` is an internal error. When WeChat rejects the cached access token, the client gets a new one and retries once.

pub mod pay;

use std::sync::{OnceLock, PoisonError, RwLock};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::outbound::secret::LazySecret;
use crate::values::Secret;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const TIMEOUT: Duration = Duration::from_secs(5);
/// An access token is renewed this long before it expires.
const MARGIN: SignedDuration = SignedDuration::from_secs(300);

pub struct WeChat {
    base_url: String,
    app: LazySecret<App>,
    /// Created on first use.
    http: OnceLock<reqwest::Client>,
    token: RwLock<Option<(String, Timestamp)>>,
}

/// The mini program: a secret of Secrets Manager, `{"appid":"..","secret":".."}`.
#[derive(Clone, Deserialize)]
pub struct App {
    appid: String,
    secret: Secret<String>,
}

impl App {
    /// Parses the secret's JSON. An error never quotes it.
    pub fn parse(secret: Secret<&str>) -> Result<Self> {
        serde_json::from_str(secret.expose())
            .map_err(|_| Error::internal("the WeChat secret is not a JSON object with appid and secret"))
    }
}

/// The user that logs in.
#[derive(Deserialize)]
pub struct Session {
    pub openid: Secret<String>,
    #[serde(default)]
    pub unionid: Option<Secret<String>>,
}

/// Why WeChat rejects a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The code is invalid, expired or already used.
    Code,
    /// WeChat blocks the user as a risk.
    Blocked,
    /// Too many calls, or WeChat is busy.
    Busy,
}

impl Rejection {
    /// After how many seconds a client may retry when WeChat is busy.
    pub const BUSY_FOR: i64 = 1;
}

#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    errcode: i64,
}

impl WeChat {
    /// `base_url` is `https://api.weixin.qq.com`, or that of a simulator.
    pub fn new(base_url: &str, app: LazySecret<App>) -> Self {
        Self { base_url: base_url.trim_end_matches('/').to_owned(), app, http: OnceLock::new(), token: RwLock::default() }
    }

    fn http(&self) -> &reqwest::Client {
        http_client(&self.http)
    }

    /// The user that got this code from `wx.login`.
    pub async fn code_to_session(&self, code: &str) -> Result<Result<Session, Rejection>> {
        let app = self.app.get().await?;
        let query = [
            ("appid", app.appid.as_str()),
            ("secret", app.secret.expose()),
            ("js_code", code),
            ("grant_type", "authorization_code"),
        ];
        let request = self.http().get(format!("{}/sns/jscode2session", self.base_url)).query(&query);
        let answer = answer(request).await?;
        match rejection(&answer)? {
            Some(rejection) => Ok(Err(rejection)),
            None => read(answer).map(Ok),
        }
    }

    /// The phone number, without the country code, of the user that got this code from `getPhoneNumber`.
    pub async fn phone_number(&self, code: &str, now: Timestamp) -> Result<Result<String, Rejection>> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Info {
            pure_phone_number: String,
        }
        #[derive(Deserialize)]
        struct Answer {
            phone_info: Info,
        }
        let mut token = self.access_token(now, false).await?;
        for renewed in [false, true] {
            let url = format!("{}/wxa/business/getuserphonenumber", self.base_url);
            let request = self.http().post(url).query(&[("access_token", &token)]).json(&json!({"code": code}));
            let answer = answer(request).await?;
            let Status { errcode } = read(answer.clone())?;
            // WeChat may revoke an access token before it expires.
            if matches!(errcode, 40001 | 42001) && !renewed {
                token = self.access_token(now, true).await?;
                continue;
            }
            return match rejection(&answer)? {
                Some(rejection) => Ok(Err(rejection)),
                None => read(answer).map(|Answer { phone_info }| Ok(phone_info.pure_phone_number)),
            };
        }
        Err(Error::internal("WeChat rejects a new access token"))
    }

    /// The cached access token, or a new one. With `renew`, WeChat revokes the cached one.
    async fn access_token(&self, now: Timestamp, renew: bool) -> Result<String> {
        #[derive(Deserialize)]
        struct Answer {
            access_token: String,
            expires_in: i64,
        }
        let cached = self.token.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((token, until)) = cached
            && !renew
            && now < until
        {
            return Ok(token);
        }
        let App { appid, secret } = self.app.get().await?;
        let body =
            json!({"grant_type": "client_credential", "appid": appid, "secret": secret.expose(), "force_refresh": renew});
        let answer = answer(self.http().post(format!("{}/cgi-bin/stable_token", self.base_url)).json(&body)).await?;
        if let Some(rejection) = rejection(&answer)? {
            return Err(Error::internal(format!("WeChat returns no access token: {rejection:?}")));
        }
        let Answer { access_token, expires_in } = read(answer)?;
        let until = now + SignedDuration::from_secs(expires_in.clamp(0, 7200)) - MARGIN;
        *self.token.write().unwrap_or_else(PoisonError::into_inner) = Some((access_token.clone(), until));
        Ok(access_token)
    }
}

/// The HTTP client in `place`, created on first use.
fn http_client(place: &OnceLock<reqwest::Client>) -> &reqwest::Client {
    place.get_or_init(|| {
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build();
        client.unwrap_or_default()
    })
}

/// Sends a request and returns the JSON of the response. No error quotes a URL, because URLs contain codes and secrets.
async fn answer(request: reqwest::RequestBuilder) -> Result<Value> {
    let quiet = |error: reqwest::Error| Error::internal(format!("WeChat: {}", error.without_url()));
    let response = request.send().await.map_err(quiet)?;
    response.error_for_status().map_err(quiet)?.json().await.map_err(quiet)
}

fn read<T: DeserializeOwned>(answer: Value) -> Result<T> {
    serde_json::from_value(answer).map_err(|_| Error::internal("the response of WeChat does not match its documentation"))
}

/// The meaning of an `errcode`. `None` for 0, or if it is missing.
fn rejection(answer: &Value) -> Result<Option<Rejection>> {
    let Status { errcode } = read(answer.clone())?;
    match errcode {
        0 => Ok(None),
        40029 | 40163 => Ok(Some(Rejection::Code)),
        40226 => Ok(Some(Rejection::Blocked)),
        -1 | 45011 => Ok(Some(Rejection::Busy)),
        other => Err(Error::internal(format!("WeChat returns errcode {other}"))),
    }
}
