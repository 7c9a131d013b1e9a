//! SNS: it takes the whole text.

use std::sync::OnceLock;
use std::time::Duration;

use aws_sdk_sns::Client;
use aws_sdk_sns::config::retry::RetryConfig;
use aws_sdk_sns::config::timeout::TimeoutConfig;
use aws_sdk_sns::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_sns::types::MessageAttributeValue;
use aws_types::SdkConfig;

use super::{Answer, Meaning, Message};
use crate::error::{Error, Result};
use crate::values::Mobile;

/// The timeout of a call to SNS.
const TIMEOUT: Duration = Duration::from_secs(6);

pub struct Sns {
    aws: SdkConfig,
    endpoint: Option<String>,
    /// Created on first use: most functions never use it.
    client: OnceLock<Client>,
}

impl Sns {
    pub fn new(aws: SdkConfig, endpoint: Option<String>) -> Self {
        Self { aws, endpoint, client: OnceLock::new() }
    }

    fn client(&self) -> &Client {
        self.client.get_or_init(|| {
            // No retry: SNS would deliver the message twice if only its response was lost.
            let timeouts = TimeoutConfig::builder().operation_attempt_timeout(TIMEOUT).operation_timeout(TIMEOUT).build();
            let mut config =
                aws_sdk_sns::config::Builder::from(&self.aws).retry_config(RetryConfig::disabled()).timeout_config(timeouts);
            config.set_endpoint_url(self.endpoint.clone());
            Client::from_conf(config.build())
        })
    }

    pub async fn submit(&self, to: &Mobile, message: &Message) -> Result<Answer> {
        // SNS may delay a message of the default type, which is promotional.
        let transactional = MessageAttributeValue::builder().data_type("String").string_value("Transactional").build();
        let call = self
            .client()
            .publish()
            .phone_number(to.e164())
            .message(message.text())
            .message_attributes("AWS.SNS.SMS.SMSType", transactional.map_err(Error::internal)?);
        match call.send().await {
            Ok(published) => {
                let message_id = published.message_id.unwrap_or_default();
                Ok(Answer { meaning: Meaning::Accepted, code: "OK".to_owned(), message_id })
            }
            // Keeps the code only: the text of the error quotes the phone number.
            Err(SdkError::ServiceError(rejected)) => {
                let code = rejected.err().code().unwrap_or("no error code").to_owned();
                Ok(Answer { meaning: Meaning::Failed, code, message_id: String::new() })
            }
            Err(error) => Err(Error::caused_by(error)),
        }
    }
}
