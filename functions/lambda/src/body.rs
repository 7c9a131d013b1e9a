//! Request bodies.

use std::marker::PhantomData;

use axum::body::Bytes;
use axum::extract::multipart::{Multipart, MultipartError};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use deserr::Deserr;
use shared::error::Error;
use shared::values::input::{Faults, Json as Input, without_mark};
use utoipa::ToSchema;

use crate::unknown;

/// Why a body could not be read.
pub enum Unreadable {
    /// Larger than the family accepts.
    TooLarge,
    /// The connection closed before the end of the body.
    BrokenOff,
}

/// Reads the whole body, up to the family's limit.
pub async fn read(request: Request) -> Result<Bytes, Unreadable> {
    Bytes::from_request(request, &()).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Unreadable::TooLarge,
        _ => Unreadable::BrokenOff,
    })
}

/// Parses the fields of a write. The response names those that the operation does not have.
pub fn known<T: Deserr<Faults>>(fields: Input) -> Result<T, Error> {
    let (value, unknown) = fields.read_known()?;
    unknown::note(unknown);
    Ok(value)
}

/// 上传文件的表单
#[derive(ToSchema)]
pub struct FileForm {
    /// 要上传的文件, 每次一个; 表单中的其他字段忽略
    #[schema(value_type = String, format = Binary)]
    pub file: Vec<u8>,
}

/// Why the file of a form could not be read.
pub enum NoFile {
    /// The body is not `multipart/form-data`.
    NotAForm,
    Missing,
    /// The form has more than one file.
    Several,
    TooLarge,
    BrokenOff,
}

impl From<MultipartError> for NoFile {
    fn from(error: MultipartError) -> Self {
        if error.status() == StatusCode::PAYLOAD_TOO_LARGE { Self::TooLarge } else { Self::BrokenOff }
    }
}

/// The single file of a form, in the field `file`, of at most `MOST` bytes. Other fields are ignored. `F` is the family's failure.
pub struct File<F, const MOST: usize>(pub Vec<u8>, pub PhantomData<F>);

impl<S: Sync, F: IntoResponse + From<NoFile>, const MOST: usize> FromRequest<S> for File<F, MOST> {
    type Rejection = F;

    async fn from_request(request: Request, _: &S) -> Result<Self, F> {
        Ok(Self(file(request, MOST).await?, PhantomData))
    }
}

async fn file(request: Request, most: usize) -> Result<Vec<u8>, NoFile> {
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| NoFile::NotAForm)?;
    let mut file = None;
    while let Some(field) = form.next_field().await? {
        if field.name() != Some("file") {
            continue;
        }
        if file.is_some() {
            return Err(NoFile::Several);
        }
        file = Some(field.bytes().await?.to_vec());
    }
    let file = file.ok_or(NoFile::Missing)?;
    if file.len() > most { Err(NoFile::TooLarge) } else { Ok(file) }
}

/// The media type in lower case, without parameters; `None` if the header is missing.
pub fn media_type(headers: &HeaderMap) -> Option<String> {
    let header = headers.get(header::CONTENT_TYPE)?;
    let media_type = header.to_str().unwrap_or("invalid").split(';').next().unwrap_or_default();
    Some(media_type.trim().to_ascii_lowercase())
}

/// Whether the body is a form without files. Many clients send JSON under the media type of a form, because it is their default (`curl -d`,
/// `HttpURLConnection`, axios with a string).
pub fn is_form(headers: &HeaderMap, body: &[u8]) -> bool {
    media_type(headers).as_deref() == Some("application/x-www-form-urlencoded") && !looks_like_json(body)
}

/// Whether the body begins like a JSON object or array. No form does: its fields begin with their names.
pub fn looks_like_json(body: &[u8]) -> bool {
    matches!(without_mark(body).trim_ascii_start().first(), Some(b'{' | b'['))
}
