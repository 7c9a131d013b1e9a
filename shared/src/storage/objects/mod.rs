//! Objects in S3. Clients upload large files directly to S3, through presigned URLs.

mod post;

use std::collections::BTreeSet;
use std::sync::OnceLock;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{ProvideCredentials as _, Region, RequestChecksumCalculation};
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::operation::head_object::HeadObjectError;
use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use aws_types::SdkConfig;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::error::{Error, Result};
pub use post::Form;

/// How long a presigned URL is valid that a client or an export gets.
pub const PRESIGNED_FOR: Duration = Duration::from_secs(15 * 60);

pub struct Objects {
    aws: SdkConfig,
    endpoint: Option<String>,
    bucket: String,
    /// Created on first use: most functions never use it.
    client: OnceLock<Client>,
}

/// A request that needs no credentials. The client must send exactly these headers.
pub struct Presigned {
    pub url: String,
    pub headers: Vec<(String, String)>,
}

/// The only content that a presigned upload accepts.
pub struct Content<'a> {
    pub content_type: &'a str,
    /// In bytes.
    pub size: u32,
    pub sha256: Option<[u8; 32]>,
}

impl Objects {
    pub fn new(aws: SdkConfig, endpoint: Option<String>, bucket: String) -> Self {
        Self { aws, endpoint, bucket, client: OnceLock::new() }
    }

    /// With an endpoint, URLs are in path style: a loopback address has no subdomain for a bucket.
    fn client(&self) -> &Client {
        self.client.get_or_init(|| {
            let mut config = aws_sdk_s3::config::Builder::from(&self.aws)
                .force_path_style(self.endpoint.is_some())
                .request_checksum_calculation(RequestChecksumCalculation::WhenRequired);
            config.set_endpoint_url(self.endpoint.clone());
            Client::from_conf(config.build())
        })
    }

    /// A PUT of this key. S3 accepts only this type and length, and this digest if there is one.
    pub async fn presign_put(&self, key: &str, content: &Content<'_>) -> Result<Presigned> {
        let call = self
            .client()
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .content_type(content.content_type)
            .content_length(i64::from(content.size))
            .set_checksum_sha256(content.sha256.map(|digest| BASE64.encode(digest)));
        call.presigned(expiry(PRESIGNED_FOR)?).await.map(Presigned::from).map_err(Error::caused_by)
    }

    /// A POST form (`multipart/form-data`, the file last, in the field `file`). S3 accepts only this key, type and size.
    pub async fn presign_post(&self, key: &str, content_type: &str, size: u32, now: Timestamp) -> Result<Form> {
        let provider = self.aws.credentials_provider().ok_or_else(|| Error::internal("no credentials"))?;
        let credentials = provider.provide_credentials().await.map_err(Error::caused_by)?;
        let region = self.aws.region().map_or("", Region::as_ref);
        post::form(
            &post::Upload { bucket: &self.bucket, key, content_type, size },
            &credentials,
            region,
            self.endpoint.as_deref(),
            now,
        )
    }

    pub async fn delete(&self, key: &str) -> Result<()> {
        self.client().delete_object().bucket(&self.bucket).key(key).send().await.map(drop).map_err(Error::caused_by)
    }

    /// Deletes an object for good: all its versions, and the markers of earlier deletions. Returns whether there were any.
    pub async fn erase(&self, key: &str) -> Result<bool> {
        Ok(self.erase_where(key, |listed| listed == key).await? > 0)
    }

    /// Deletes all objects with this prefix as [`erase`](Self::erase) does, also those of which only old versions are left. Returns how many.
    pub async fn erase_all(&self, prefix: &str) -> Result<u64> {
        self.erase_where(prefix, |_| true).await
    }

    async fn erase_where(&self, prefix: &str, is_meant: impl Fn(&str) -> bool) -> Result<u64> {
        let mut erased = BTreeSet::new();
        loop {
            let call = self.client().list_object_versions().bucket(&self.bucket).prefix(prefix);
            let listed = call.send().await.map_err(Error::caused_by)?;
            let versions = listed.versions().iter().map(|version| (version.key(), version.version_id()));
            let markers = listed.delete_markers().iter().map(|marker| (marker.key(), marker.version_id()));
            for (key, version) in versions.chain(markers) {
                if let (Some(key), Some(version)) = (key, version)
                    && is_meant(key)
                {
                    let call = self.client().delete_object().bucket(&self.bucket).key(key).version_id(version);
                    call.send().await.map_err(Error::caused_by)?;
                    erased.insert(key.to_owned());
                }
            }
            // What is deleted is not listed again.
            if listed.is_truncated() != Some(true) {
                return Ok(erased.len() as u64);
            }
        }
    }

    /// A GET of this key, for so long.
    pub async fn presign_get(&self, key: &str, valid_for: Duration) -> Result<Presigned> {
        let call = self.client().get_object().bucket(&self.bucket).key(key);
        call.presigned(expiry(valid_for)?).await.map(Presigned::from).map_err(Error::caused_by)
    }

    /// A GET of this key for [`PRESIGNED_FOR`]: a browser stores the object as a file of this name.
    pub async fn presign_download(&self, key: &str, name: &str) -> Result<Presigned> {
        let call = self.client().get_object().bucket(&self.bucket).key(key).response_content_disposition(attachment(name));
        call.presigned(expiry(PRESIGNED_FOR)?).await.map(Presigned::from).map_err(Error::caused_by)
    }

    /// Stores an object. A bucket with a default retention of Object Lock rejects a PUT without a checksum.
    pub async fn put(&self, key: &str, bytes: Vec<u8>, content_type: &str) -> Result<()> {
        let call = self.client().put_object().bucket(&self.bucket).key(key).content_type(content_type);
        let call = call.checksum_sha256(BASE64.encode(Sha256::digest(&bytes)));
        call.body(bytes.into()).send().await.map(drop).map_err(Error::caused_by)
    }

    /// Stores an object unless there is one with this key, which stays.
    pub async fn put_new(&self, key: &str, bytes: Vec<u8>, content_type: &str) -> Result<()> {
        let call = self.client().put_object().bucket(&self.bucket).key(key).content_type(content_type).if_none_match("*");
        match call.body(bytes.into()).send().await {
            Err(error) if error.code() != Some("PreconditionFailed") => Err(Error::caused_by(error)),
            _ => Ok(()),
        }
    }

    /// At most `most` bytes of an object from an offset, and the size of the object. `None` if the object does not exist.
    pub async fn read(&self, key: &str, from: u64, most: u64) -> Result<Option<(Vec<u8>, u64)>> {
        let call = self.client().get_object().bucket(&self.bucket).key(key);
        let response = match call.range(format!("bytes={from}-{}", from.saturating_add(most).saturating_sub(1))).send().await {
            Ok(response) => response,
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => return Ok(None),
            // The object ends at the offset or before it.
            Err(error) if error.code() == Some("InvalidRange") => return Ok(Some((Vec::new(), from))),
            Err(error) => return Err(Error::caused_by(error)),
        };
        let size = response.content_range().and_then(|range| range.rsplit('/').next()?.parse().ok());
        let bytes = response.body.collect().await.map_err(Error::caused_by)?.to_vec();
        let size = size.unwrap_or(from + bytes.len() as u64);
        Ok(Some((bytes, size)))
    }

    /// The keys with this prefix.
    pub async fn list(&self, prefix: &str) -> Result<Vec<String>> {
        let mut pages = self.client().list_objects_v2().bucket(&self.bucket).prefix(prefix).into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let listed = page.map_err(Error::caused_by)?.contents.unwrap_or_default();
            keys.extend(listed.into_iter().filter_map(|object| object.key));
        }
        Ok(keys)
    }

    /// At most `limit` keys with this prefix behind the key `after`, and whether there are more.
    pub async fn list_page(&self, prefix: &str, after: Option<String>, limit: i32) -> Result<(Vec<String>, bool)> {
        let call = self.client().list_objects_v2().bucket(&self.bucket).prefix(prefix).max_keys(limit).set_start_after(after);
        let page = call.send().await.map_err(Error::caused_by)?;
        let more = page.is_truncated() == Some(true);
        Ok((page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key).collect(), more))
    }

    pub async fn exists(&self, key: &str) -> Result<bool> {
        match self.client().head_object().bucket(&self.bucket).key(key).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(HeadObjectError::is_not_found) => Ok(false),
            Err(error) => Err(Error::caused_by(error)),
        }
    }
}

impl From<PresignedRequest> for Presigned {
    fn from(request: PresignedRequest) -> Self {
        let headers = request.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { url: request.uri().to_owned(), headers }
    }
}

/// A `Content-Disposition` with a file name of any characters (RFC 6266, 5), and an ASCII one for old browsers.
fn attachment(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let plain: String = name.chars().map(|c| if u8::try_from(c).is_ok_and(is_plain) { c } else { '_' }).collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        if is_plain(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

fn expiry(valid_for: Duration) -> Result<PresigningConfig> {
    PresigningConfig::expires_in(valid_for).map_err(Error::caused_by)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_has_no_character_with_a_meaning() {
        for (name, header) in [
            ("a.csv", "attachment; filename=\"a.csv\"; filename*=UTF-8''a.csv"),
            ("员工 1.xlsx", "attachment; filename=\"___1.xlsx\"; filename*=UTF-8''%E5%91%98%E5%B7%A5%201.xlsx"),
            ("a\"\r\n;é", "attachment; filename=\"a_____\"; filename*=UTF-8''a%22%0D%0A%3B%C3%A9"),
        ] {
            assert_eq!(attachment(name), header);
        }
    }
}
