//! The environment of a process: its variables, its AWS configuration and its clock. It is read once, at start, and a missing or invalid
//! variable fails the start.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn};
use aws_types::SdkConfig;

use crate::crypto::keyring::Keyring;
use crate::error::{Error, Result};
use crate::outbound::aws::{Connect, JsonService, Protocol};
use crate::outbound::logs::Logs;
use crate::outbound::queue::Queue;
use crate::outbound::receivers::{Lookup, Receivers, SystemLookup};
use crate::outbound::secret::{LazySecret, Source};
use crate::outbound::sms::{Account, Aliyun, Sms, Sns, Tencent};
use crate::outbound::wechat::pay::{Merchant, Pay};
use crate::outbound::wechat::{self, WeChat};
use crate::runtime::call_counter::CountCalls;
use crate::runtime::clock::{Clock, SystemClock};
use crate::runtime::family_keys::FamilyKeys;
use crate::runtime::log;
use crate::runtime::metrics::Log;
use crate::runtime::text_messages::TextMessages;
use crate::storage::audit::AuditLog;
use crate::storage::objects::Objects;
use crate::storage::table::Store;
use crate::values::Secret;

/// The timeout for opening a connection to an AWS service.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// The timeout of one attempt. DynamoDB responds within milliseconds, so the SDK retries a call that takes longer.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
/// The timeout of one operation with all its attempts.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(8);
const ATTEMPTS: u32 = 4;
/// Lambda sets this variable to the `Handler` of the function in the template, which is its name.
const FUNCTION_NAME: &str = "_HANDLER";
/// The name of the stack that the function belongs to.
const STACK: &str = "STACK";

pub struct Environment {
    variables: HashMap<String, String>,
    aws: SdkConfig,
    connect: Connect,
    /// Looks the names of receivers up.
    pub lookup: Arc<dyn Lookup>,
    pub clock: Arc<dyn Clock>,
    /// The destination of the lines of requests and sweeps: the function's log on Lambda, nowhere elsewhere.
    pub log: Log,
}

impl Environment {
    /// The environment of a Lambda function. Starts the log.
    pub fn of_process() -> Self {
        let variables = std::env::vars().collect();
        log::begin(&variables);
        Self::new(variables, Arc::new(SystemClock))
    }

    /// Region and credentials come from the variables only. No profile or metadata service is read.
    pub fn new(variables: HashMap<String, String>, clock: Arc<dyn Clock>) -> Self {
        let credentials = Credentials::new(
            variables.get("AWS_ACCESS_KEY_ID").cloned().unwrap_or_default(),
            variables.get("AWS_SECRET_ACCESS_KEY").cloned().unwrap_or_default(),
            variables.get("AWS_SESSION_TOKEN").cloned(),
            None,
            "environment",
        );
        let timeouts =
            TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT).operation_timeout(OPERATION_TIMEOUT).build();
        let retries = RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(Duration::from_millis(50));
        let connect = connect(is_plain(&variables));
        let aws = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(http(Arc::clone(&connect)))
            .region(Region::new(variables.get("AWS_REGION").cloned().unwrap_or_default()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .timeout_config(timeouts)
            .retry_config(retries)
            .build();
        let log = if variables.contains_key(FUNCTION_NAME) { Log::stdout() } else { Log::silent() };
        let log = log.of_stack(variables.get(STACK).map_or("-", String::as_str));
        Self { variables, aws, connect, lookup: Arc::new(SystemLookup), clock, log }
    }

    /// The name of the function that runs in this process.
    pub fn function(&self) -> &str {
        self.optional(FUNCTION_NAME).unwrap_or("-")
    }

    /// The name of the stack that the function belongs to.
    pub fn stack(&self) -> Result<&str> {
        self.required(STACK)
    }

    /// An optional variable. An empty value counts as missing.
    pub fn optional(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub fn required(&self, name: &str) -> Result<&str> {
        self.optional(name).ok_or_else(|| Error::internal(format!("{name} is not set")))
    }

    /// A variable that is `true` or `false`.
    pub fn flag(&self, name: &str, default: bool) -> Result<bool> {
        match self.optional(name) {
            None => Ok(default),
            Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Error::internal(format!("{name} must be true or false"))),
        }
    }

    fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let mut config = aws_sdk_dynamodb::config::Builder::from(&self.aws).interceptor(CountCalls);
        config.set_endpoint_url(self.optional("AWS_ENDPOINT_URL_DYNAMODB").map(str::to_owned));
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }

    /// A client of DynamoDB, which connects on first use.
    pub fn store(&self) -> Store {
        Store::new(self.dynamodb(), self.optional("AUDIT_TABLE").map(str::to_owned))
    }

    /// The table of audit records.
    pub fn audit_log(&self) -> AuditLog {
        AuditLog::new(self.store())
    }

    /// What a family needs before its first request: a DynamoDB client with an open connection, and the keys in this secret, which
    /// stored records of this table do not contradict. Both are prepared concurrently.
    pub async fn open(&self, table: &str, secret: &str) -> Result<(Store, FamilyKeys)> {
        let store = self.store();
        let keys = FamilyKeys::open(self.source(secret), store.clone(), table, Arc::clone(&self.clock)).await?;
        Ok((store, keys))
    }

    /// The keys in this secret as they are now.
    pub async fn keyring(&self, secret: &str) -> Result<Keyring> {
        Keyring::parse(self.secret(secret).await?.as_deref())
    }

    /// A client of S3, which connects on first use.
    pub fn objects(&self, bucket: &str) -> Objects {
        Objects::new(self.aws.clone(), self.optional("AWS_ENDPOINT_URL_S3").map(str::to_owned), bucket.to_owned())
    }

    /// The provider of text messages in `SMS_PROVIDER`, with which it connects on first use. All but SNS have an account in the secret
    /// `SMS_SECRET`.
    pub fn text_messages(&self) -> Result<TextMessages> {
        let account = || -> Result<_> { Ok(LazySecret::new(self.source(self.required("SMS_SECRET")?), Account::parse)) };
        let url = self.optional("SMS_URL");
        let sms = match self.optional("SMS_PROVIDER") {
            None | Some("sns") => {
                Sms::Sns(Sns::new(self.aws.clone(), self.optional("AWS_ENDPOINT_URL_SNS").map(str::to_owned)))
            }
            Some("aliyun") => Sms::Aliyun(Aliyun::new(url, account()?)),
            Some("tencent") => Sms::Tencent(Tencent::new(url, account()?)),
            Some(_) => return Err(Error::internal("SMS_PROVIDER must be sns, aliyun or tencent")),
        };
        Ok(TextMessages::new(sms, self.log.clone(), self.function()))
    }

    /// A client of CloudWatch Logs, which connects on first use.
    pub fn logs(&self) -> Logs {
        Logs::new(|protocol| self.json_service(protocol, "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS"))
    }

    /// A client of the queue with this address, which connects on first use.
    pub fn queue(&self, url: &str) -> Queue {
        Queue::new(|protocol| self.json_service(protocol, "AWS_ENDPOINT_URL_SQS"), url)
    }

    /// `endpoint` is the variable with the address of a simulator.
    fn json_service(&self, protocol: &'static Protocol, endpoint: &str) -> JsonService {
        let endpoint = self.optional(endpoint).map(str::to_owned);
        JsonService { aws: self.aws.clone(), connect: Arc::clone(&self.connect), endpoint, protocol }
    }

    /// A client of the receivers of events. They are on the public internet, unless `EVENT_RECEIVERS` is `loopback`: then they may also be on this
    /// machine, and events are not live.
    pub fn receivers(&self) -> Result<Receivers> {
        match self.optional("EVENT_RECEIVERS") {
            None | Some("public") => Ok(Receivers::new(Arc::clone(&self.lookup), false)),
            Some("loopback") => Ok(Receivers::new(Arc::clone(&self.lookup), true)),
            Some(_) => Err(Error::internal("EVENT_RECEIVERS must be public or loopback")),
        }
    }

    /// A client of WeChat for the mini program with this secret.
    pub fn wechat(&self, secret: &str) -> Result<WeChat> {
        Ok(WeChat::new(self.required("WECHAT_URL")?, LazySecret::new(self.source(secret), wechat::App::parse)))
    }

    /// A client of WeChat Pay for the merchant with this secret.
    pub fn pay(&self, secret: &str) -> Result<Pay> {
        Ok(Pay::new(self.required("WECHAT_PAY_URL")?, LazySecret::new(self.source(secret), Merchant::parse)))
    }

    /// The value of a secret in Secrets Manager.
    pub async fn secret(&self, id: &str) -> Result<Secret<String>> {
        self.source(id).read().await
    }

    fn source(&self, id: &str) -> Source {
        Source::new(&self.aws, self.optional("AWS_ENDPOINT_URL_SECRETS_MANAGER").map(str::to_owned), id)
    }
}

/// Whether AWS is simulated on this machine, over HTTP.
fn is_plain(variables: &HashMap<String, String>) -> bool {
    let mut endpoints = variables.iter().filter(|(name, _)| name.starts_with("AWS_ENDPOINT_URL_")).peekable();
    endpoints.peek().is_some() && endpoints.all(|(_, url)| url.starts_with("http://"))
}

/// One connector for all clients of AWS, created on first use. Otherwise each client creates two, and each connector parses the machine's root
/// certificates. A plain connector has no TLS, and parses none.
fn connect(plain: bool) -> Connect {
    let connector = LazyLock::new(move || {
        let connector =
            Connector::builder().connector_settings(HttpConnectorSettings::builder().connect_timeout(CONNECT_TIMEOUT).build());
        SharedHttpConnector::new(match plain {
            true => connector.build_http(),
            false => connector.tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build(),
        })
    });
    Arc::new(move || connector.clone())
}

fn http(connect: Connect) -> SharedHttpClient {
    http_client_fn(move |_, _| connect())
}
