//! Text messages to people's phones, through SNS.

use std::sync::OnceLock;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_sns::Client;
use aws_sdk_sns::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_sns::types::MessageAttributeValue;

use crate::error::{Error, Result};
use crate::values::Mobile;

/// How long SNS may take.
const TIMEOUT: Duration = Duration::from_secs(6);

pub struct Sms {
    aws: SdkConfig,
    endpoint: Option<String>,
    /// Made when it is first needed: most functions never do.
    client: OnceLock<Client>,
}

impl Sms {
    pub fn new(aws: SdkConfig, endpoint: Option<String>) -> Self {
        Self { aws, endpoint, client: OnceLock::new() }
    }

    fn client(&self) -> &Client {
        self.client.get_or_init(|| {
            // Sent again, a message would arrive twice: one that SNS does not confirm is given up.
            let timeouts = TimeoutConfig::builder().operation_attempt_timeout(TIMEOUT).operation_timeout(TIMEOUT).build();
            let mut config =
                aws_sdk_sns::config::Builder::from(&self.aws).retry_config(RetryConfig::disabled()).timeout_config(timeouts);
            config.set_endpoint_url(self.endpoint.clone());
            Client::from_conf(config.build())
        })
    }

    /// Hands a message over for delivery; SNS tells nobody whether it arrives.
    pub async fn send(&self, to: &Mobile, message: &str) -> Result<()> {
        // Without it SNS may hold a code back behind advertisements.
        let transactional = MessageAttributeValue::builder().data_type("String").string_value("Transactional").build();
        let call = self
            .client()
            .publish()
            .phone_number(format!("+86{}", to.national()))
            .message(message)
            .message_attributes("AWS.SNS.SMS.SMSType", transactional.map_err(Error::internal)?);
        match call.send().await {
            Ok(_) => Ok(()),
            // What SNS says of it quotes the phone.
            Err(SdkError::ServiceError(refused)) => {
                Err(Error::internal(format!("SNS refused a message: {}", refused.err().code().unwrap_or("without a code"))))
            }
            Err(error) => Err(Error::caused_by(error)),
        }
    }
}
