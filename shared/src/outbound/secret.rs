//! Secrets in Secrets Manager.

use aws_types::SdkConfig;
use tokio::sync::OnceCell;

use crate::error::{Error, Result};
use crate::values::Secret;

/// A secret that is lazily loaded and cached; after a failed load the next request tries again.
pub struct LazySecret<T> {
    config: aws_sdk_secretsmanager::config::Builder,
    id: String,
    parse: fn(Secret<&str>) -> Result<T>,
    value: OnceCell<T>,
}

impl<T> LazySecret<T> {
    pub fn new(aws: &SdkConfig, endpoint: Option<String>, id: &str, parse: fn(Secret<&str>) -> Result<T>) -> Self {
        let mut config = aws_sdk_secretsmanager::config::Builder::from(aws);
        config.set_endpoint_url(endpoint);
        Self { config, id: id.to_owned(), parse, value: OnceCell::new() }
    }

    /// A secret with a known value, which is never loaded.
    pub fn known(value: T) -> Self {
        let config = aws_sdk_secretsmanager::config::Builder::new();
        let parse = |_: Secret<&str>| Err(Error::internal("a known secret is never loaded"));
        Self { config, id: String::new(), parse, value: OnceCell::new_with(Some(value)) }
    }

    pub async fn get(&self) -> Result<&T> {
        self.value.get_or_try_init(|| self.load()).await
    }

    async fn load(&self) -> Result<T> {
        let client = aws_sdk_secretsmanager::Client::from_conf(self.config.clone().build());
        let response = client.get_secret_value().secret_id(&self.id).send().await.map_err(Error::caused_by)?;
        let secret = response.secret_string.map(Secret::new);
        let secret = secret.ok_or_else(|| Error::internal(format!("the secret {} holds no string", self.id)))?;
        (self.parse)(secret.as_deref())
    }
}
