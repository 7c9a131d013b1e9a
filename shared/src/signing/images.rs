//! Pictures that workers upload: photos of their identity cards (document, 1.2.2). They lie in the private bucket, below their
//! worker: another worker's cannot be named.

use std::io::Cursor;

use image::{ImageFormat, ImageReader, Limits};

use super::Service;
use super::sessions::Worker;
use crate::error::{Error, Fault, Result};
use crate::objects::Presigned;

/// The largest picture, in bytes: what the gateway can carry.
pub const MAX_BYTES: usize = 4_500_000;
/// The longest side and the most pixels of a picture, and the most memory that its decoded form may take.
const MAX_SIDE: u32 = 12_000;
const MAX_PIXELS: u64 = 30_000_000;
const MAX_MEMORY: u64 = 128 * 1024 * 1024;

/// What every page in disguise holds; a picture holds it by chance once in millions.
const MARKUP: [&[u8]; 4] = [b"<html>", b"<html ", b"<script", b"<!doctype"];

impl Service {
    /// Stores a picture and gives its name.
    pub async fn store_image(&self, worker: &Worker, bytes: Vec<u8>) -> Result<String> {
        let format = check(&bytes).map_err(|reason| Error::invalid([Fault::new("file", reason)]))?;
        let (ending, media_type) = match format {
            ImageFormat::Png => ("png", "image/png"),
            ImageFormat::WebP => ("webp", "image/webp"),
            ImageFormat::Bmp => ("bmp", "image/bmp"),
            _ => ("jpg", "image/jpeg"),
        };
        let name = format!("{}.{ending}", self.ids.next(self.clock.now())?);
        self.objects.put(&object_key(worker, &name), bytes, media_type).await?;
        Ok(name)
    }

    /// Where a picture of the worker's can be read for a moment.
    pub async fn image(&self, worker: &Worker, name: &str) -> Result<Presigned> {
        let (digits, ending) = name.split_once('.').unwrap_or_default();
        let is_ours = (1..=16).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && matches!(ending, "jpg" | "png" | "webp" | "bmp");
        let key = object_key(worker, name);
        if !is_ours || !self.objects.exists(&key).await? {
            return Err(super::missing("name"));
        }
        self.objects.presign_get(&key).await
    }
}

/// The format by content; decoded whole, so that nothing broken or disguised passes.
fn check(bytes: &[u8]) -> Result<ImageFormat, &'static str> {
    const REASON: &str = "must be a whole jpg, png, webp or bmp picture";
    let lower = bytes.to_ascii_lowercase();
    if MARKUP.iter().any(|markup| lower.windows(markup.len()).any(|window| window == *markup)) {
        return Err(REASON);
    }
    let reader = || ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|_| REASON);
    // Before anything is decoded: a decoder's own memory follows the pixels too.
    let (width, height) = reader()?.into_dimensions().map_err(|_| REASON)?;
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(REASON);
    }
    let mut reader = reader()?;
    let format = reader.format().ok_or(REASON)?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_MEMORY);
    reader.limits(limits);
    reader.decode().map_err(|_| REASON)?;
    Ok(format)
}

fn object_key(worker: &Worker, name: &str) -> String {
    format!("signing/{}/{}/{name}", worker.platform, worker.id)
}
