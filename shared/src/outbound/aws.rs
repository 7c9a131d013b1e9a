//! Calls to services of AWS of which few operations are needed, in their JSON protocols.
//!
//! The SDK's crate of such a service has up to a hundred operations: these calls are signed and sent by the parts that all crates of the
//! SDK have in common.

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
use serde_json::Value;

use crate::error::{Error, Result};

/// The timeout of a call.
const TIMEOUT: Duration = Duration::from_secs(4);

/// Opens connections to AWS, or returns those that are open.
pub type Connect = Arc<dyn Fn() -> SharedHttpConnector + Send + Sync>;

/// How a service is called.
pub struct Protocol {
    /// The service in its host name and in signatures.
    pub service: &'static str,
    /// The beginning of `X-Amz-Target`, before the operation.
    pub target: &'static str,
    pub content_type: &'static str,
}

/// A service. It connects on first use.
pub struct JsonService {
    pub aws: SdkConfig,
    pub connect: Connect,
    /// The address of a simulator.
    pub endpoint: Option<String>,
    pub protocol: &'static Protocol,
}

/// The response to a call.
pub struct Response {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Response {
    /// The code of an error, without its message, which quotes the request.
    pub fn code(&self) -> String {
        let failure: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let code = failure["__type"].as_str().unwrap_or_default();
        code.rsplit('#').next().unwrap_or_default().to_owned()
    }
}

impl JsonService {
    pub async fn call(&self, operation: &str, request: &Value, now: Timestamp) -> Result<Response> {
        let request = self.signed(operation, request, now).await?;
        let sent = async {
            let response = (self.connect)().call(request).await.map_err(Error::caused_by)?;
            let status = response.status().as_u16();
            let body = ByteStream::new(response.into_body()).collect().await.map_err(Error::caused_by)?;
            Ok(Response { status, body: body.into_bytes().to_vec() })
        };
        let sent = tokio::time::timeout(TIMEOUT, sent).await;
        sent.unwrap_or_else(|_| Err(Error::internal(format!("{} did not respond in time", self.protocol.service))))
    }

    /// A request that is signed with signature version 4.
    async fn signed(&self, operation: &str, request: &Value, now: Timestamp) -> Result<HttpRequest> {
        let Protocol { service, target, content_type } = *self.protocol;
        let region = self.aws.region().map_or("", Region::as_ref);
        let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        let own = || format!("https://{service}.{region}.{domain}");
        let url = format!("{}/", self.endpoint.clone().unwrap_or_else(own).trim_end_matches('/'));
        let target = format!("{target}.{operation}");
        let headers = [("content-type", content_type), ("x-amz-target", target.as_str())];
        let body = request.to_string();
        let provider = self.aws.credentials_provider().ok_or_else(|| Error::internal("no credentials"))?;
        let identity = provider.provide_credentials().await.map_err(Error::caused_by)?.into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(service)
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
    use serde_json::json;

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
        let protocol = &Protocol { service: "logs", target: "Logs_20140328", content_type: "application/x-amz-json-1.1" };
        let service = JsonService { aws, connect: Arc::new(|| panic!("nothing is sent")), endpoint: None, protocol };
        let now = "2024-01-15T10:30:00Z".parse().unwrap();
        let request = json!({"logGroupNamePrefix": "gongqiao-"});
        let signed = service.signed("DescribeLogGroups", &request, now).await.unwrap();
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
