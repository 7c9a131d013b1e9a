//! Forms for uploads to S3 by a browser or `wx.uploadFile`: a POST policy with signature version 4, which the SDK does not support.

use aws_sdk_s3::config::Credentials;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sha2::Sha256;

use super::PRESIGNED_FOR;
use crate::error::{Error, Result};
use crate::values::Secret;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The URL of a form, and its fields. The client must send the fields before the file.
pub struct Form {
    pub url: String,
    pub fields: Vec<(&'static str, String)>,
}

/// The only upload that the form allows.
pub struct Upload<'a> {
    pub bucket: &'a str,
    pub key: &'a str,
    pub content_type: &'a str,
    /// In bytes.
    pub size: u32,
}

/// Creates a signed form. `endpoint` replaces the address of S3.
pub fn form(
    upload: &Upload<'_>,
    credentials: &Credentials,
    region: &str,
    endpoint: Option<&str>,
    now: Timestamp,
) -> Result<Form> {
    let Upload { bucket, key, content_type, size } = upload;
    let day = now.strftime("%Y%m%d").to_string();
    let scope = format!("{day}/{region}/s3/aws4_request");
    let until = now + SignedDuration::try_from(PRESIGNED_FOR).map_err(Error::internal)?;
    let mut fields = vec![
        ("key", (*key).to_owned()),
        ("Content-Type", (*content_type).to_owned()),
        ("x-amz-algorithm", ALGORITHM.to_owned()),
        ("x-amz-credential", format!("{}/{scope}", credentials.access_key_id())),
        ("x-amz-date", now.strftime("%Y%m%dT%H%M%SZ").to_string()),
    ];
    fields.extend(credentials.session_token().map(|token| ("x-amz-security-token", token.to_owned())));
    let mut conditions = vec![json!({"bucket": bucket}), json!(["content-length-range", size, size])];
    conditions.extend(fields.iter().map(|(name, value)| json!({*name: value})));
    let policy = json!({
        "expiration": until.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string(), "conditions": conditions,
    });
    let policy = BASE64.encode(policy.to_string());
    let key = [day.as_str(), region, "s3", "aws4_request"]
        .iter()
        .fold(Secret::new(format!("AWS4{}", credentials.secret_access_key()).into_bytes()), |key, part| mac(&key, part));
    fields.push(("x-amz-signature", hex::encode(mac(&key, &policy).expose())));
    fields.push(("policy", policy));
    let url = match endpoint {
        Some(endpoint) => format!("{}/{bucket}", endpoint.trim_end_matches('/')),
        None => {
            let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
            format!("https://{bucket}.s3.{region}.{domain}")
        }
    };
    Ok(Form { url, fields })
}

fn mac(key: &Secret<Vec<u8>>, message: &str) -> Secret<Vec<u8>> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.expose()) else { unreachable!("HMAC takes a key of any length") };
    mac.update(message.as_bytes());
    Secret::new(mac.finalize().into_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The credentials and the policy of the AWS example (Signature Version 4, Examples: Browser-Based Upload using HTTP POST). Its policy
    /// is formatted differently, so only the signature of a given policy can be compared.
    #[test]
    fn the_signature_is_that_of_the_aws_example() {
        let policy = "eyAiZXhwaXJhdGlvbiI6ICIyMDE1LTEyLTMwVDEyOjAwOjAwLjAwMFoiLA0KICAiY29uZGl0aW9ucyI6IFsNCiAgICB7ImJ1Y2tldCI6ICJzaWd2NGV4YW1wbGVidWNrZXQifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRrZXkiLCAidXNlci91c2VyMS8iXSwNCiAgICB7ImFjbCI6ICJwdWJsaWMtcmVhZCJ9LA0KICAgIHsic3VjY2Vzc19hY3Rpb25fcmVkaXJlY3QiOiAiaHR0cDovL3NpZ3Y0ZXhhbXBsZWJ1Y2tldC5zMy5hbWF6b25hd3MuY29tL3N1Y2Nlc3NmdWxfdXBsb2FkLmh0bWwifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRDb250ZW50LVR5cGUiLCAiaW1hZ2UvIl0sDQogICAgeyJ4LWFtei1tZXRhLXV1aWQiOiAiMTQzNjUxMjM2NTEyNzQifSwNCiAgICB7IngtYW16LXNlcnZlci1zaWRlLWVuY3J5cHRpb24iOiAiQUVTMjU2In0sDQogICAgWyJzdGFydHMtd2l0aCIsICIkeC1hbXotbWV0YS10YWciLCAiIl0sDQoNCiAgICB7IngtYW16LWNyZWRlbnRpYWwiOiAiQUtJQUlPU0ZPRE5ON0VYQU1QTEUvMjAxNTEyMjkvdXMtZWFzdC0xL3MzL2F3czRfcmVxdWVzdCJ9LA0KICAgIHsieC1hbXotYWxnb3JpdGhtIjogIkFXUzQtSE1BQy1TSEEyNTYifSwNCiAgICB7IngtYW16LWRhdGUiOiAiMjAxNTEyMjlUMDAwMDAwWiIgfQ0KICBdDQp9";
        let secret = b"AWS4wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_vec();
        let secret = Secret::new(secret);
        let key = ["20151229", "us-east-1", "s3", "aws4_request"].iter().fold(secret, |key, part| mac(&key, part));
        assert_eq!(hex::encode(mac(&key, policy).expose()), "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e");
    }
}
