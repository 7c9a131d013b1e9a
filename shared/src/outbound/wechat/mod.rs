//! WeChat's server API and, in [`pay`], WeChat Pay.
//!
//! Of the server API, mini programs need seven operations: code2session, stable_token, getuserphonenumber; for deliveries,
//! is_trade_managed and upload_shipping_info; for what users publish, msg_sec_check and media_check_async, whose results WeChat pushes
//! ([`messages`]).
//!
//! WeChat returns status 200 with an `errcode`. An invalid code is the caller's mistake; when WeChat is busy, the caller may retry; every
//! other `errcode` is an internal error. When WeChat rejects the access token, the client replaces it and retries.

mod access_token;
pub mod content;
pub mod errors;
pub mod messages;
pub mod pay;
pub mod shipping;

use std::sync::OnceLock;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::outbound::http::http_client;
use crate::outbound::secret::LazySecret;
use crate::values::Secret;
use access_token::SharedToken;
use shipping::TradeManaged;

/// How many access tokens one call replaces at most.
const MOST_REPLACED: usize = 2;

pub struct WeChat {
    base_url: String,
    app: LazySecret<App>,
    /// Created on first use.
    http: OnceLock<reqwest::Client>,
    token: SharedToken,
    trade: TradeManaged,
}

/// The mini program: a secret of Secrets Manager, `{"appid":"..","secret":".."}`; with `message_token` and `message_key`, if WeChat pushes
/// messages to the installation.
#[derive(Clone, Deserialize)]
pub struct App {
    appid: String,
    secret: Secret<String>,
    /// The token (Token) of the message push.
    #[serde(default)]
    message_token: Option<Secret<String>>,
    /// The key (EncodingAESKey) of the message push, 43 characters.
    #[serde(default)]
    message_key: Option<Secret<String>>,
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

/// A phone number in two parts.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PhoneInfo {
    /// With the country code outside the mainland.
    #[serde(default)]
    phone_number: String,
    /// Without the country code.
    pure_phone_number: String,
    /// `"86"`, or the number 86: WeChat documents both.
    #[serde(default)]
    country_code: Value,
}

impl PhoneInfo {
    /// The number with its country code, which the mainland's may lack.
    fn number(self) -> String {
        let code = match &self.country_code {
            Value::String(code) => code.trim_start_matches(['+', '0']).to_owned(),
            Value::Number(code) => code.to_string(),
            _ => String::new(),
        };
        match &*code {
            "" => self.phone_number,
            "86" => self.pure_phone_number,
            code => format!("+{code}{}", self.pure_phone_number),
        }
    }
}

/// Why WeChat does not exchange a code.
#[derive(Debug)]
pub enum CodeError {
    /// The code is invalid, expired or already used.
    Wrong,
    /// WeChat blocks the user as a risk.
    Blocked,
    /// Too many calls, or WeChat is busy. `retry_after` in seconds.
    Busy {
        retry_after: i64,
    },
    Failed(Error),
}

impl From<Error> for CodeError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// After how many seconds a client may retry when WeChat is busy.
const BUSY_FOR: i64 = 1;

impl WeChat {
    /// `base_url` is `https://api.weixin.qq.com`, or that of a simulator.
    pub fn new(base_url: &str, app: LazySecret<App>) -> Self {
        let base_url = base_url.trim_end_matches('/').to_owned();
        Self { base_url, app, http: OnceLock::new(), token: SharedToken::default(), trade: TradeManaged::default() }
    }

    fn http(&self) -> &reqwest::Client {
        http_client(&self.http, &self.base_url)
    }

    /// The user that got this code from `wx.login`.
    pub async fn code_to_session(&self, code: Secret<&str>, now: Timestamp) -> Result<Session, CodeError> {
        let app = self.app.get(now).await?;
        let query = [
            ("appid", app.appid.as_str()),
            ("secret", app.secret.expose()),
            ("js_code", code.expose()),
            ("grant_type", "authorization_code"),
        ];
        let request = self.http().get(format!("{}/sns/jscode2session", self.base_url)).query(&query);
        let answer = answer(request).await?;
        check(errcode(&answer)?)?;
        Ok(read(answer)?)
    }

    /// The phone number of the user that got this code from `getPhoneNumber`: `13800138000`, or with plus and country code outside the
    /// mainland, `+85291234567`.
    pub async fn phone_number(&self, code: Secret<&str>, now: Timestamp) -> Result<String, CodeError> {
        #[derive(Deserialize)]
        struct Answer {
            phone_info: PhoneInfo,
        }
        let body = json!({"code": code.expose()});
        let (errcode, answer) = self.call("/wxa/business/getuserphonenumber", &body, now).await?;
        check(errcode)?;
        let Answer { phone_info } = read(answer)?;
        Ok(phone_info.number())
    }

    /// Calls an operation that takes an access token. Returns the `errcode` and the response. Replaces a token that WeChat rejects.
    async fn call(&self, path: &str, body: &Value, now: Timestamp) -> Result<(i64, Value), CodeError> {
        self.call_within(None, path, body, now).await
    }

    /// The same, with a shorter time for the response.
    async fn call_within(
        &self,
        timeout: Option<Duration>,
        path: &str,
        body: &Value,
        now: Timestamp,
    ) -> Result<(i64, Value), CodeError> {
        let url = format!("{}{path}", self.base_url);
        let mut token = self.access_token(now).await?;
        // The second token may be one that another process replaces at the same moment.
        for replaced in 0..=MOST_REPLACED {
            let mut request = self.http().post(&url).query(&[("access_token", token.expose())]).json(body);
            if let Some(timeout) = timeout {
                request = request.timeout(timeout);
            }
            let answer = answer(request).await?;
            let errcode = errcode(&answer)?;
            if !Self::is_token_error(errcode) {
                return Ok((errcode, answer));
            }
            if replaced < MOST_REPLACED {
                token = self.replace_token(&token, now).await?;
            }
        }
        Err(CodeError::Busy { retry_after: BUSY_FOR })
    }
}

/// Sends a request and returns the JSON of the response. No error quotes a URL, because URLs contain codes and secrets.
async fn answer(request: reqwest::RequestBuilder) -> Result<Value> {
    let quiet = |error: reqwest::Error| errors::failed(Error::internal(format!("WeChat: {}", error.without_url())));
    let response = request.send().await.map_err(quiet)?;
    response.error_for_status().map_err(quiet)?.json().await.map_err(quiet)
}

fn read<T: DeserializeOwned>(answer: Value) -> Result<T> {
    serde_json::from_value(answer).map_err(|_| Error::internal("the response of WeChat does not match its documentation"))
}

/// The `errcode` of a response. 0, or a missing one, is a success.
fn errcode(answer: &Value) -> Result<i64> {
    #[derive(Deserialize)]
    struct Status {
        #[serde(default)]
        errcode: i64,
    }
    read(answer.clone()).map(|Status { errcode }| errcode)
}

fn check(errcode: i64) -> Result<(), CodeError> {
    match errcode {
        0 => Ok(()),
        40029 | 40163 => Err(CodeError::Wrong),
        40226 => Err(CodeError::Blocked),
        // -1 is "system busy", 45009 the quota of the day, 45011 that of the minute.
        -1 | 45009 | 45011 => {
            errors::count();
            Err(CodeError::Busy { retry_after: BUSY_FOR })
        }
        other => Err(CodeError::Failed(errors::failed(Error::internal(format!("WeChat returns errcode {other}"))))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WeChat documents the country code as text and as a number.
    #[test]
    fn a_phone_number_keeps_its_country_code() {
        for (answer, number) in [
            (r#"{"phoneNumber":"+4915112345678","purePhoneNumber":"15112345678","countryCode":"49"}"#, "+4915112345678"),
            (r#"{"phoneNumber":"15112345678","purePhoneNumber":"15112345678","countryCode":"49"}"#, "+4915112345678"),
            (r#"{"phoneNumber":"+85291234567","purePhoneNumber":"91234567","countryCode":852}"#, "+85291234567"),
            (r#"{"phoneNumber":"+85291234567","purePhoneNumber":"91234567","countryCode":"+852"}"#, "+85291234567"),
            (r#"{"phoneNumber":"+85291234567","purePhoneNumber":"91234567"}"#, "+85291234567"),
            (r#"{"phoneNumber":"13580006666","purePhoneNumber":"13580006666","countryCode":"86"}"#, "13580006666"),
            (r#"{"phoneNumber":"+8613580006666","purePhoneNumber":"13580006666","countryCode":86}"#, "13580006666"),
        ] {
            let info: PhoneInfo = serde_json::from_str(answer).expect(answer);
            assert_eq!(info.number(), number, "{answer}");
        }
    }
}
