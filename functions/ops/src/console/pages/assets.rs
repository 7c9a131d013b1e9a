//! The files of the pages: a style sheet, a script, the library that replaces parts of pages (htmx, vendored), the icon.

use std::hash::{DefaultHasher, Hasher as _};
use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};

use super::super::answer::Failure;

const FILES: &[(&str, &str, &str)] = &[
    ("console.css", "text/css; charset=utf-8", include_str!("../../../assets/console/console.css")),
    ("console.js", "text/javascript; charset=utf-8", include_str!("../../../assets/console/console.js")),
    ("htmx.min.js", "text/javascript; charset=utf-8", include_str!("../../../assets/console/htmx.min.js")),
    ("icon.svg", "image/svg+xml", include_str!("../../../assets/icon.svg")),
];

/// Changes with any of the files, and is in their addresses, so that browsers may keep them for good.
pub fn version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(|| {
        let mut hasher = DefaultHasher::new();
        for (_, _, content) in FILES {
            hasher.write(content.as_bytes());
        }
        format!("{:016x}", hasher.finish())
    });
    &VERSION
}

pub async fn show(Path((_, name)): Path<(String, String)>) -> Result<Response, Failure> {
    let (_, media_type, content) = FILES.iter().find(|(own, ..)| *own == name).ok_or(Failure::UnknownPath)?;
    let headers = [(header::CONTENT_TYPE, *media_type), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((headers, *content).into_response())
}
