//! Pictures that people upload: their format is told by their content, and they are decoded whole, so that nothing broken or
//! disguised passes.

use std::io::Cursor;

use image::{ImageFormat, ImageReader, Limits};

use crate::values::Reason;

/// The longest side and the most pixels of a picture, and the most memory that its decoded form may take.
const MAX_SIDE: u32 = 12_000;
const MAX_PIXELS: u64 = 64_000_000;
const MAX_MEMORY: u64 = 256 * 1024 * 1024;

/// What every page in disguise holds; a picture holds it by chance once in millions.
const MARKUP: [&[u8]; 4] = [b"<html>", b"<html ", b"<script", b"<!doctype"];
const REASON: Reason = "must be a whole jpg, png, webp or bmp picture";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Jpeg,
    Png,
    WebP,
    Bmp,
}

impl Format {
    /// The format by content; decoded whole, so that nothing broken or disguised passes.
    pub fn of(bytes: &[u8]) -> Result<Self, Reason> {
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
        Self::from_decoder(format).ok_or(REASON)
    }

    fn from_decoder(format: ImageFormat) -> Option<Self> {
        match format {
            ImageFormat::Jpeg => Some(Self::Jpeg),
            ImageFormat::Png => Some(Self::Png),
            ImageFormat::WebP => Some(Self::WebP),
            ImageFormat::Bmp => Some(Self::Bmp),
            _ => None,
        }
    }

    pub fn with_ending(ending: &str) -> Option<Self> {
        [Self::Jpeg, Self::Png, Self::WebP, Self::Bmp].into_iter().find(|format| format.ending() == ending)
    }

    pub fn of_media_type(media_type: &str) -> Option<Self> {
        [Self::Jpeg, Self::Png, Self::WebP, Self::Bmp].into_iter().find(|format| format.media_type() == media_type)
    }

    pub fn ending(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::WebP => "webp",
            Self::Bmp => "bmp",
        }
    }

    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
            Self::Bmp => "image/bmp",
        }
    }
}
