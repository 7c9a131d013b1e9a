//! Where a process runs: its variables, its AWS account and its clock. Read once, at start; what is missing or contradicts
//! itself is said then.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn};

use crate::crypto::keyring::Keyring;
use crate::error::{Error, Result};
use crate::outbound::secret::LazySecret;
use crate::outbound::sms::Sms;
use crate::outbound::wechat::pay::{Merchant, Pay};
use crate::outbound::wechat::{self, WeChat};
use crate::runtime::call_counter::CountCalls;
use crate::runtime::clock::{Clock, SystemClock};
use crate::runtime::log;
use crate::runtime::metrics::Log;
use crate::storage::objects::Objects;
use crate::storage::table::{Key, Store};

/// How long a connection to an AWS service may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// DynamoDB answers within milliseconds: one that takes longer than this is asked again.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
/// One operation with all its attempts.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(8);
const ATTEMPTS: u32 = 4;
/// Lambda tells each function its name.
const FUNCTION_NAME: &str = "AWS_LAMBDA_FUNCTION_NAME";
/// How long the warm-up may take before it is given up.
const WARM_UP: Duration = Duration::from_millis(500);

pub struct Environment {
    variables: HashMap<String, String>,
    aws: SdkConfig,
    pub clock: Arc<dyn Clock>,
    /// Where the lines of requests and sweeps go: on Lambda to the function's log, elsewhere nowhere.
    pub log: Log,
}

impl Environment {
    /// The environment of a Lambda function, which begins to log here.
    pub async fn of_process() -> Self {
        let variables = std::env::vars().collect();
        log::begin(&variables);
        Self::new(variables, Arc::new(SystemClock)).await
    }

    /// Region and credentials come from the variables alone: no profile, no metadata service is asked.
    pub async fn new(variables: HashMap<String, String>, clock: Arc<dyn Clock>) -> Self {
        let credentials = aws_sdk_dynamodb::config::Credentials::new(
            variables.get("AWS_ACCESS_KEY_ID").cloned().unwrap_or_default(),
            variables.get("AWS_SECRET_ACCESS_KEY").cloned().unwrap_or_default(),
            variables.get("AWS_SESSION_TOKEN").cloned(),
            None,
            "environment",
        );
        let timeouts =
            TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT).operation_timeout(OPERATION_TIMEOUT).build();
        let aws = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .http_client(http())
            .region(Region::new(variables.get("AWS_REGION").cloned().unwrap_or_default()))
            .credentials_provider(aws_sdk_dynamodb::config::SharedCredentialsProvider::new(credentials))
            .timeout_config(timeouts)
            .retry_config(
                aws_config::retry::RetryConfig::standard()
                    .with_max_attempts(ATTEMPTS)
                    .with_initial_backoff(Duration::from_millis(50)),
            )
            .load()
            .await;
        let log = if variables.contains_key(FUNCTION_NAME) { Log::Stdout } else { Log::Silent };
        Self { variables, aws, clock, log }
    }

    /// The name of the function that this process is.
    pub fn function(&self) -> &str {
        self.optional(FUNCTION_NAME).unwrap_or("-")
    }

    /// A variable that may be missing; empty counts as missing.
    pub fn optional(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub fn required(&self, name: &str) -> Result<&str> {
        self.optional(name).ok_or_else(|| Error::internal(format!("{name} is not set")))
    }

    /// `true` or `false`; missing is `false`.
    pub fn flag(&self, name: &str) -> Result<bool> {
        match self.optional(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Error::internal(format!("{name} must be true or false"))),
        }
    }

    fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let mut config = aws_sdk_dynamodb::config::Builder::from(&self.aws).interceptor(CountCalls);
        config.set_endpoint_url(self.optional("AWS_ENDPOINT_URL_DYNAMODB").map(str::to_owned));
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }

    /// DynamoDB, to be connected to when it is first asked.
    pub fn store(&self) -> Store {
        Store::new(self.dynamodb())
    }

    /// What a family needs before its first request: DynamoDB, already connected to, and the keys in this secret, fetched side
    /// by side.
    pub async fn open(&self, table: &str, secret: &str) -> Result<(Store, Keyring)> {
        let store = self.store();
        // Only the open connection matters: what the read answers, or that it fails, will show again at the first request.
        let warm_up = tokio::time::timeout(WARM_UP, store.get(table, Key::new("-", "-")));
        let (secret, _) = tokio::join!(self.secret(secret), warm_up);
        Ok((store, Keyring::parse(&secret?)?))
    }

    /// S3, to be connected to when it is first needed.
    pub fn objects(&self, bucket: &str) -> Objects {
        Objects::new(self.aws.clone(), self.optional("AWS_ENDPOINT_URL_S3").map(str::to_owned), bucket.to_owned())
    }

    /// SNS, to be connected to when it is first needed.
    pub fn sms(&self) -> Sms {
        Sms::new(self.aws.clone(), self.optional("AWS_ENDPOINT_URL_SNS").map(str::to_owned))
    }

    /// WeChat, for the mini program whose secret this is.
    pub fn wechat(&self, secret: &str) -> Result<WeChat> {
        Ok(WeChat::new(self.required("WECHAT_URL")?, self.lazy_secret(secret, wechat::App::parse)))
    }

    /// WeChat Pay, for the merchant whose secret this is.
    pub fn pay(&self, secret: &str) -> Result<Pay> {
        Ok(Pay::new(self.required("WECHAT_PAY_URL")?, self.lazy_secret(secret, Merchant::parse)))
    }

    /// The string of a secret.
    pub async fn secret(&self, id: &str) -> Result<String> {
        self.lazy_secret(id, |secret| Ok(secret.to_owned())).get().await.cloned()
    }

    fn lazy_secret<T>(&self, id: &str, parse: fn(&str) -> Result<T>) -> LazySecret<T> {
        LazySecret::new(&self.aws, self.optional("AWS_ENDPOINT_URL_SECRETS_MANAGER").map(str::to_owned), id, parse)
    }
}

/// One connector for all clients, made when the first of them sends something: each would make two for itself, and go through the
/// machine's root certificates for each.
fn http() -> SharedHttpClient {
    let connector = LazyLock::new(|| {
        let connector = Connector::builder()
            .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
            .connector_settings(HttpConnectorSettings::builder().connect_timeout(CONNECT_TIMEOUT).build());
        SharedHttpConnector::new(connector.build())
    });
    http_client_fn(move |_, _| connector.clone())
}
