//! The log groups in CloudWatch Logs (API version 2014-03-28): which there are, and the lines that a pattern selects.
//!
//! The SDK's crate of this service has a hundred operations, of which two are needed here: they are signed and sent by the parts that all
//! crates of the SDK have in common.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use aws_sdk_s3::config::{ProvideCredentials as _, Region};
use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::http::{HttpConnector as _, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_types::SdkConfig;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::error::{Error, Result};

/// The timeout of a call.
const TIMEOUT: Duration = Duration::from_secs(4);
/// The most pages of log groups. A page has fifty.
const MAX_PAGES: u32 = 10;

/// Opens connections to AWS, or returns those that are open.
pub type Connect = Arc<dyn Fn() -> SharedHttpConnector + Send + Sync>;

pub struct Logs {
    aws: SdkConfig,
    connect: Connect,
    endpoint: Option<String>,
}

/// The lines of a log group that are wanted.
pub struct Wanted<'a> {
    pub group: &'a str,
    /// In the language of CloudWatch Logs: `{ $.status = 500 }`.
    pub pattern: &'a str,
    /// In Unix milliseconds, both included.
    pub from: i64,
    pub until: i64,
    /// The `next` of the page before.
    pub token: Option<&'a str>,
}

/// A page of lines, the oldest first. It may be empty although another one follows.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lines {
    #[serde(default)]
    pub events: Vec<Line>,
    #[serde(rename = "nextToken")]
    pub next: Option<String>,
}

#[derive(Deserialize)]
pub struct Line {
    /// In Unix milliseconds.
    pub timestamp: i64,
    pub message: String,
}

/// What came of a call.
pub enum Called<T> {
    Done(T),
    /// There are too many calls at this time, or CloudWatch Logs has a failure: the caller may repeat it.
    Busy,
    /// A parameter is invalid. That of a page is, when it is a day old.
    Invalid,
}

impl Logs {
    pub fn new(aws: SdkConfig, connect: Connect, endpoint: Option<String>) -> Self {
        Self { aws, connect, endpoint }
    }

    /// The names of the log groups with this prefix, in their order.
    ///
    /// CloudWatch Logs: one call for each fifty of them.
    pub async fn groups(&self, prefix: &str, now: Timestamp) -> Result<Called<Vec<String>>> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Page {
            #[serde(default)]
            log_groups: Vec<Group>,
            next_token: Option<String>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Group {
            log_group_name: String,
        }
        let (mut names, mut request) = (Vec::new(), json!({"logGroupNamePrefix": prefix}));
        for _ in 0..MAX_PAGES {
            let page: Page = match self.call("DescribeLogGroups", &request, now).await? {
                Called::Done(page) => page,
                Called::Busy => return Ok(Called::Busy),
                Called::Invalid => return Ok(Called::Invalid),
            };
            names.extend(page.log_groups.into_iter().map(|group| group.log_group_name));
            let Some(next) = page.next_token else { break };
            request["nextToken"] = next.into();
        }
        Ok(Called::Done(names))
    }

    /// A page of the wanted lines.
    ///
    /// CloudWatch Logs: one call.
    pub async fn lines(&self, wanted: &Wanted<'_>, now: Timestamp) -> Result<Called<Lines>> {
        let Wanted { group, pattern, from, until, token } = wanted;
        let mut request = json!({
            "logGroupName": group, "filterPattern": pattern, "startTime": from, "endTime": until, "limit": 100,
        });
        if let Some(token) = token {
            request["nextToken"] = (*token).into();
        }
        self.call("FilterLogEvents", &request, now).await
    }

    async fn call<T: DeserializeOwned>(&self, operation: &str, request: &Value, now: Timestamp) -> Result<Called<T>> {
        let request = self.signed(operation, request, now).await?;
        let sent = async {
            let response = (self.connect)().call(request).await.map_err(Error::caused_by)?;
            let status = response.status().as_u16();
            let body = ByteStream::new(response.into_body()).collect().await.map_err(Error::caused_by)?;
            Ok((status, body.into_bytes()))
        };
        let sent = tokio::time::timeout(TIMEOUT, sent).await;
        let (status, body) = sent.unwrap_or_else(|_| Err(Error::internal("CloudWatch Logs did not respond in time")))?;
        if status == 200 {
            return serde_json::from_slice(&body).map(Called::Done).map_err(Error::internal);
        }
        // The code alone: the message quotes the request.
        let failure: Value = serde_json::from_slice(&body).unwrap_or_default();
        let code = failure["__type"].as_str().unwrap_or_default();
        match code.rsplit('#').next().unwrap_or_default() {
            "ThrottlingException" | "ServiceUnavailableException" => Ok(Called::Busy),
            _ if status >= 500 => Ok(Called::Busy),
            "InvalidParameterException" => Ok(Called::Invalid),
            code => Err(Error::internal(format!("CloudWatch Logs rejects {operation}: {status} {code}"))),
        }
    }

    /// A request in the JSON protocol (`application/x-amz-json-1.1`), signed with signature version 4.
    async fn signed(&self, operation: &str, request: &Value, now: Timestamp) -> Result<HttpRequest> {
        let region = self.aws.region().map_or("", Region::as_ref);
        let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        let own = || format!("https://logs.{region}.{domain}");
        let url = format!("{}/", self.endpoint.clone().unwrap_or_else(own).trim_end_matches('/'));
        let target = format!("Logs_20140328.{operation}");
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target.as_str())];
        let body = request.to_string();
        let provider = self.aws.credentials_provider().ok_or_else(|| Error::internal("no credentials"))?;
        let identity = provider.provide_credentials().await.map_err(Error::caused_by)?.into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name("logs")
            .time(UNIX_EPOCH + Duration::from_millis(now.as_millisecond().unsigned_abs()))
            .settings(SigningSettings::default())
            .build()
            .map_err(Error::caused_by)?
            .into();
        let signable = SignableRequest::new("POST", &*url, headers.into_iter(), SignableBody::Bytes(body.as_bytes()));
        let signed = sign(signable.map_err(Error::caused_by)?, &parameters).map_err(Error::caused_by)?;
        let mut request = HttpRequest::new(SdkBody::from(body.as_str()));
        request.set_method("POST").map_err(Error::caused_by)?;
        request.set_uri(url.as_str()).map_err(Error::caused_by)?;
        for (name, value) in headers.into_iter().chain(signed.output().headers()) {
            request.headers_mut().try_insert(name.to_owned(), value.to_owned()).map_err(Error::caused_by)?;
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};

    use super::*;

    /// The signature is that of botocore 1.43 (`SigV4Auth`) for the same request.
    #[tokio::test]
    async fn a_request_has_the_signature_of_another_implementation() {
        let credentials = Credentials::new(
            "AKIDEXAMPLE",
            "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            Some("a-session".to_owned()),
            None,
            "example",
        );
        let aws = SdkConfig::builder()
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build();
        let logs = Logs::new(aws, Arc::new(|| panic!("nothing is sent")), None);
        let now = "2024-01-15T10:30:00Z".parse().unwrap();
        let request = json!({"logGroupNamePrefix": "gongqiao-"});
        let signed = logs.signed("DescribeLogGroups", &request, now).await.unwrap();
        assert_eq!((signed.method(), signed.uri()), ("POST", "https://logs.us-east-1.amazonaws.com/"));
        assert_eq!(signed.body().bytes(), Some(&br#"{"logGroupNamePrefix":"gongqiao-"}"#[..]));
        let mut headers: Vec<(&str, &str)> = signed.headers().iter().collect();
        headers.sort_unstable();
        let authorization = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20240115/us-east-1/logs/aws4_request, \
                             SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, \
                             Signature=4e97b39d309102a7931a0c17f65f90b538ba79a3679c3ffe3589683177d07a7f";
        let expected = [
            ("authorization", authorization),
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-date", "20240115T103000Z"),
            ("x-amz-security-token", "a-session"),
            ("x-amz-target", "Logs_20140328.DescribeLogGroups"),
        ];
        assert_eq!(headers, expected);
    }
}
