//! Sends text messages and keeps what the provider answers: a line in the log of the function, with a metric.
//!
//! | metric | counts messages |
//! |---|---|
//! | `text_messages_accepted` | that the provider accepted |
//! | `text_messages_limited` | that a rate limit of the provider rejected |
//! | `text_messages_misconfigured` | that it rejected because of the account, its keys, signature or templates: an alarm watches it |
//! | `text_messages_failed` | that failed otherwise, or had no answer |
//!
//! A line has the provider, the template, the provider's code and its id of the message. It has neither phone nor content.

use jiff::Timestamp;
use serde_json::Map;

use super::metrics::{Log, Metric};
use crate::error::{Error, Result};
use crate::outbound::sms::{Answer, Meaning, Message, Sms};
use crate::values::Mobile;

pub struct TextMessages {
    sms: Sms,
    log: Log,
    function: String,
}

impl TextMessages {
    pub fn new(sms: Sms, log: Log, function: &str) -> Self {
        Self { sms, log, function: function.to_owned() }
    }

    /// Submits a message for delivery, once. A rate limit of the provider has the seconds to wait; every other failure is internal.
    pub async fn send(&self, to: &Mobile, message: &Message, now: Timestamp) -> Result<()> {
        let submitted = self.sms.submit(to, message, now).await;
        let metric = match submitted.as_ref().map(|answer| answer.meaning) {
            Ok(Meaning::Accepted) => "text_messages_accepted",
            Ok(Meaning::Limited(_)) => "text_messages_limited",
            Ok(Meaning::Misconfigured) => "text_messages_misconfigured",
            Ok(Meaning::Failed) | Err(_) => "text_messages_failed",
        };
        let (code, message_id) = submitted.as_ref().map_or(("", ""), |answer| (&*answer.code, &*answer.message_id));
        let provider = self.sms.provider();
        let properties = [("provider", provider), ("template", message.template()), ("code", code), ("message_id", message_id)];
        let properties = Map::from_iter(properties.map(|(name, value)| (name.to_owned(), value.into())));
        self.log.metrics(&self.function, now, properties, &[Metric::count(metric, 1)]);
        let Answer { meaning, code, .. } = submitted?;
        match meaning {
            Meaning::Accepted => Ok(()),
            Meaning::Limited(until) => Err(Error::too_many_requests(until.seconds(now))),
            Meaning::Misconfigured | Meaning::Failed => {
                Err(Error::internal(format!("{provider} rejects a text message: {code}")))
            }
        }
    }
}
