//! Secrets in Secrets Manager, which a process reads again every five minutes.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aws_types::SdkConfig;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use crate::error::{Error, Result};
use crate::values::Secret;

/// How long a process uses a secret before it reads it again.
const MAX_AGE: SignedDuration = SignedDuration::from_mins(5);
/// How long a process waits after it could not read a secret again. Until then it uses the old one.
const RETRY_AFTER: SignedDuration = SignedDuration::from_secs(60);
/// The timeout of reading a secret again, for which a request waits.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Where a secret is read from.
pub struct Source {
    config: aws_sdk_secretsmanager::config::Builder,
    pub id: String,
}

impl Source {
    pub fn new(aws: &SdkConfig, endpoint: Option<String>, id: &str) -> Self {
        let mut config = aws_sdk_secretsmanager::config::Builder::from(aws);
        config.set_endpoint_url(endpoint);
        Self { config, id: id.to_owned() }
    }

    pub async fn read(&self) -> Result<Secret<String>> {
        let client = aws_sdk_secretsmanager::Client::from_conf(self.config.clone().build());
        let response = client.get_secret_value().secret_id(&self.id).send().await.map_err(Error::caused_by)?;
        let secret = response.secret_string.map(Secret::new);
        secret.ok_or_else(|| Error::internal(format!("the secret {} holds no string", self.id)))
    }

    /// Reads the secret while a request waits.
    pub async fn read_again(&self) -> Result<Secret<String>> {
        let read = tokio::time::timeout(TIMEOUT, self.read()).await;
        read.unwrap_or_else(|_| Err(Error::internal(format!("the secret {} could not be read in time", self.id))))
    }
}

/// When a secret was read, and when a process last tried to.
#[derive(Clone, Copy)]
pub struct Reading {
    pub read_at: Timestamp,
    pub tried_at: Timestamp,
}

impl Reading {
    pub fn at(now: Timestamp) -> Self {
        Self { read_at: now, tried_at: now }
    }

    /// Whether the secret is to be read again.
    pub fn is_due(&self, now: Timestamp) -> bool {
        now.duration_since(self.read_at) >= MAX_AGE && now.duration_since(self.tried_at) >= RETRY_AFTER
    }
}

/// A secret that is loaded on first use. After a failed load the next request tries again.
pub struct LazySecret<T> {
    /// `None` for a known value, which is never loaded.
    source: Option<Source>,
    parse: fn(Secret<&str>) -> Result<T>,
    value: RwLock<Option<Arc<T>>>,
    /// The lock lets one request at a time load the secret.
    reading: Mutex<Reading>,
}

impl<T> LazySecret<T> {
    pub fn new(source: Source, parse: fn(Secret<&str>) -> Result<T>) -> Self {
        let reading = Mutex::new(Reading::at(Timestamp::MIN));
        Self { source: Some(source), parse, value: RwLock::new(None), reading }
    }

    /// A secret with a known value.
    pub fn known(value: T) -> Self {
        let parse = |_: Secret<&str>| Err(Error::internal("a known secret is never loaded"));
        let value = RwLock::new(Some(Arc::new(value)));
        Self { source: None, parse, value, reading: Mutex::new(Reading::at(Timestamp::MIN)) }
    }

    /// The value. One request every five minutes reads it again; others use the old one meanwhile, and so does everyone if that fails.
    pub async fn get(&self, now: Timestamp) -> Result<Arc<T>> {
        let Some(known) = self.cached() else {
            let mut reading = self.reading.lock().await;
            return match self.cached() {
                Some(loaded) => Ok(loaded),
                None => {
                    let Some(source) = &self.source else { return Err(Error::internal("a secret without a source")) };
                    let loaded = self.put(source.read().await?)?;
                    *reading = Reading::at(now);
                    Ok(loaded)
                }
            };
        };
        let (Some(source), Ok(mut reading)) = (&self.source, self.reading.try_lock()) else { return Ok(known) };
        if !reading.is_due(now) {
            return Ok(known);
        }
        reading.tried_at = now;
        match source.read_again().await.and_then(|secret| self.put(secret)) {
            Ok(loaded) => {
                reading.read_at = now;
                Ok(loaded)
            }
            Err(error) => {
                tracing::error!(%error, secret = source.id, "a secret could not be read again: the old one stays");
                Ok(known)
            }
        }
    }

    fn cached(&self) -> Option<Arc<T>> {
        self.value.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn put(&self, secret: Secret<String>) -> Result<Arc<T>> {
        let value = Arc::new((self.parse)(secret.as_deref())?);
        *self.value.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&value));
        Ok(value)
    }
}
