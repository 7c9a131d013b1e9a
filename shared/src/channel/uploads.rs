//! Uploads, an addition to the document (docs/design/channel.md, Uploads): partners store the files that their records link to.

use super::Service;
use super::keys::{self, ChannelId};
use crate::crypto::random::random;
use crate::error::Result;
use crate::storage::objects::{Content, PRESIGNED_FOR, Presigned};
use crate::values::input::Faults;
use crate::values::{Reason, choices, text_value, unquoted_integer};

/// The largest upload, in bytes.
pub const MAX_SIZE: u32 = 20 * 1024 * 1024;

choices! {
    /// The purpose of an upload.
    Purpose {
        Resume = "resume", License = "license", Certification = "certification", SupportingDoc = "supporting_doc",
    }
}

/// An accepted file type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileType {
    pub media_type: &'static str,
    ending: &'static str,
}

const FILE_TYPES: [FileType; 6] = [
    FileType { media_type: "application/pdf", ending: "pdf" },
    FileType { media_type: "application/msword", ending: "doc" },
    FileType { media_type: "application/vnd.openxmlformats-officedocument.wordprocessingml.document", ending: "docx" },
    FileType { media_type: "image/jpeg", ending: "jpg" },
    FileType { media_type: "image/png", ending: "png" },
    FileType { media_type: "image/webp", ending: "webp" },
];

impl FileType {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        FILE_TYPES
            .into_iter()
            .find(|file| file.media_type.eq_ignore_ascii_case(text))
            .ok_or("must be the media type of a pdf, doc, docx, jpg, png or webp file")
    }
}
text_value!(FileType);

/// A SHA-256 digest, sent as 64 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sha256(pub [u8; 32]);

impl Sha256 {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        let mut digest = [0; 32];
        hex::decode_to_slice(text, &mut digest).map_err(|_| "must be 64 hex digits")?;
        Ok(Self(digest))
    }
}
text_value!(Sha256);

/// The size of a file in bytes, from 1 to [`MAX_SIZE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(u32);

impl deserr::Deserr<Faults> for Size {
    fn deserialize_from_value<V: deserr::IntoValue>(
        value: deserr::Value<V>,
        at: deserr::ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        let size = unquoted_integer(&value).filter(|size| *size >= 0).ok_or_else(|| Faults::one(at, "must be an integer"))?;
        match u32::try_from(size) {
            Ok(size @ 1..=MAX_SIZE) => Ok(Self(size)),
            _ => Err(Faults::one(at, "must be from 1 to 20971520 bytes")),
        }
    }
}

/// The name of an uploaded file: `resume-1234567890.pdf`. Its key in S3 also contains the channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadName(String);

impl UploadName {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        let parts = text.split_once('-').and_then(|(purpose, rest)| Some((purpose, rest.split_once('.')?)));
        match parts {
            Some((purpose, (id, ending)))
                if Purpose::parse(purpose).is_ok()
                    && (1..=24).contains(&id.len())
                    && id.bytes().all(|byte| byte.is_ascii_digit())
                    && FILE_TYPES.iter().any(|file| file.ending == ending) =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err("is not the name of an upload"),
        }
    }

    fn key(&self, channel: &ChannelId) -> String {
        keys::upload(channel, &self.0)
    }
}

impl std::fmt::Display for UploadName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Service {
    /// Presigns the upload of a file, and generates its name.
    pub async fn begin_upload(
        &self,
        channel: &ChannelId,
        purpose: Purpose,
        file_type: FileType,
        Size(size): Size,
        sha256: Option<Sha256>,
    ) -> Result<(UploadName, Presigned)> {
        let (id, _) = self.stamp()?;
        // Another process may generate the same id, and no stored item would reveal the collision.
        let random = u32::from_be_bytes(random()?) % 100_000_000;
        let name = UploadName(format!("{}-{id}{random:08}.{}", purpose.as_str(), file_type.ending));
        let content = Content { content_type: file_type.media_type, size, sha256: sha256.map(|Sha256(digest)| digest) };
        let presigned = self.objects.presign_put(&name.key(channel), &content).await?;
        Ok((name, presigned))
    }

    /// Presigns the download of a file that the channel has uploaded. `None` if it does not exist.
    pub async fn find_upload(&self, channel: &ChannelId, name: &UploadName) -> Result<Option<Presigned>> {
        let key = name.key(channel);
        if !self.objects.exists(&key).await? {
            return Ok(None);
        }
        self.objects.presign_get(&key, PRESIGNED_FOR).await.map(Some)
    }
}
