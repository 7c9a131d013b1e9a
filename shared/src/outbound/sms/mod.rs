//! Text messages through SNS, Aliyun or Tencent Cloud. No provider says whether a message arrives.

mod account;
mod aliyun;
mod digest;
mod message;
mod sns;
mod tencent;

use jiff::Timestamp;
use serde_json::Value;

pub use account::Account;
pub use aliyun::Aliyun;
pub use message::{Message, Purpose};
pub use sns::Sns;
pub use tencent::Tencent;

use crate::error::{Error, Result};
use crate::values::Mobile;

/// The most characters of a code or id of a provider that are kept.
const LONGEST: usize = 100;
const DAY: i64 = 24 * 3600;
/// Midnight of China is so many seconds before that of UTC, all year.
const CHINA: i64 = 8 * 3600;

/// A provider of text messages. None recognises a message that is submitted twice, so a call is never repeated here.
pub enum Sms {
    Sns(Sns),
    Aliyun(Aliyun),
    Tencent(Tencent),
}

/// What a provider answered.
pub struct Answer {
    pub meaning: Meaning,
    /// The provider's own code.
    pub code: String,
    /// The provider's name of the message, by which its console finds it. Empty for a message that it rejected.
    pub message_id: String,
}

/// What the code of an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    Accepted,
    /// A rate limit of the provider.
    Limited(Until),
    /// The operator must act: keys, permissions, signature, template or balance.
    Misconfigured,
    /// The provider failed, or rejects this message.
    Failed,
}

/// Until when a rate limit holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// At most so many seconds.
    Seconds(i64),
    /// The end of the day in China.
    Midnight,
}

impl Until {
    /// The seconds to wait.
    pub fn seconds(self, now: Timestamp) -> i64 {
        match self {
            Self::Seconds(seconds) => seconds,
            Self::Midnight => DAY - (now.as_second() + CHINA).rem_euclid(DAY),
        }
    }
}

impl Answer {
    fn new(meaning: Meaning, code: &Value, message_id: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().chars().take(LONGEST).collect();
        Self { meaning, code: text(code), message_id: text(message_id) }
    }

    /// The secret lacks what the message needs: nothing was sent.
    fn incomplete() -> Self {
        Self { meaning: Meaning::Misconfigured, code: "incomplete_secret".to_owned(), message_id: String::new() }
    }
}

impl Sms {
    /// The provider's name, as in `SMS_PROVIDER`.
    pub fn provider(&self) -> &'static str {
        match self {
            Self::Sns(_) => "sns",
            Self::Aliyun(_) => "aliyun",
            Self::Tencent(_) => "tencent",
        }
    }

    /// Submits a message for delivery. An error is a call without an answer.
    pub async fn submit(&self, to: &Mobile, message: &Message, now: Timestamp) -> Result<Answer> {
        match self {
            Self::Sns(sns) => sns.submit(to, message).await,
            Self::Aliyun(aliyun) => aliyun.submit(to, message, now).await,
            Self::Tencent(tencent) => tencent.submit(to, message, now).await,
        }
    }
}

/// Sends a request and returns the JSON of the answer, whatever its status: failures have JSON, too. No error quotes a URL, because URLs contain
/// phones and codes.
async fn answer(provider: &str, request: reqwest::RequestBuilder) -> Result<Value> {
    let quiet = |error: reqwest::Error| Error::internal(format!("{provider}: {}", error.without_url()));
    let response = request.send().await.map_err(quiet)?;
    let status = response.status().as_u16();
    response.json().await.map_err(|_| Error::internal(format!("{provider} answers {status} without JSON")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_a_day_ends_at_midnight_in_china() {
        for (now, seconds) in [("2024-01-15T15:59:59Z", 1), ("2024-01-15T16:00:00Z", DAY), ("2024-01-15T10:30:00Z", 19_800)] {
            assert_eq!(Until::Midnight.seconds(now.parse().unwrap()), seconds, "{now}");
        }
        assert_eq!(Until::Seconds(60).seconds(Timestamp::UNIX_EPOCH), 60);
    }

    #[test]
    fn what_a_provider_answers_is_bounded() {
        let long = Value::from("x".repeat(1000));
        let answer = Answer::new(Meaning::Failed, &long, &long);
        assert_eq!((answer.code.len(), answer.message_id.len()), (LONGEST, LONGEST));
    }
}
