//! Request bodies.

use axum::body::Bytes;
use axum::extract::{FromRequest as _, Request};
use axum::http::{HeaderMap, StatusCode, header};

/// Why a body could not be read.
pub enum Unreadable {
    /// Larger than the family takes.
    TooLarge,
    BrokenOff,
}

/// The whole body, up to the family's limit.
pub async fn read(request: Request) -> Result<Bytes, Unreadable> {
    Bytes::from_request(request, &()).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Unreadable::TooLarge,
        _ => Unreadable::BrokenOff,
    })
}

/// The media type in lower case, without parameters; `None` where none is given.
pub fn media_type(headers: &HeaderMap) -> Option<String> {
    let header = headers.get(header::CONTENT_TYPE)?;
    let media_type = header.to_str().unwrap_or("invalid").split(';').next().unwrap_or_default();
    Some(media_type.trim().to_ascii_lowercase())
}

/// Whether it is an HTML form, without files.
pub fn is_form(headers: &HeaderMap) -> bool {
    media_type(headers).as_deref() == Some("application/x-www-form-urlencoded")
}
