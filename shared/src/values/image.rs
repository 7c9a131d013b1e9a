//! Uploaded images. The content decides the format. Each image is decoded completely, which rejects damaged and disguised files.

use std::io::Cursor;

use image::{ImageFormat, ImageReader, Limits};

use crate::values::Reason;

/// Upper bounds of an image: the longer side and the number of pixels, and the bytes of memory that its decoder may allocate.
const MAX_SIDE: u32 = 12_000;
const MAX_PIXELS: u64 = 64_000_000;
const MAX_MEMORY: u64 = 256 * 1024 * 1024;

/// Every disguised HTML page contains one of these. By chance, about one image in millions does.
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
    /// Decodes an image and returns its format.
    pub fn of(bytes: &[u8]) -> Result<Self, Reason> {
        let lower = bytes.to_ascii_lowercase();
        if MARKUP.iter().any(|markup| lower.windows(markup.len()).any(|window| window == *markup)) {
            return Err(REASON);
        }
        let reader = || ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|_| REASON);
        // Checked before the image is decoded, because some decoders allocate memory in proportion to the pixels themselves.
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

#[cfg(test)]
mod tests {
    use image::RgbImage;
    use proptest::prelude::*;

    use super::*;

    /// The format by the magic bytes of its specification.
    fn by_magic_bytes(bytes: &[u8]) -> Option<Format> {
        let riff = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP");
        match bytes {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Format::Png),
            [0xff, 0xd8, 0xff, ..] => Some(Format::Jpeg),
            [b'B', b'M', ..] => Some(Format::Bmp),
            _ => riff.then_some(Format::WebP),
        }
    }

    fn picture(format: ImageFormat, width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 7])).write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn formats() -> impl Strategy<Value = ImageFormat> {
        prop::sample::select(vec![ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Bmp, ImageFormat::WebP])
    }

    proptest! {
        #[test]
        fn an_image_has_the_format_of_its_magic_bytes(format in formats(), width in 1..20_u32, height in 1..20_u32) {
            let bytes = picture(format, width, height);
            prop_assert_eq!(Format::of(&bytes).ok(), by_magic_bytes(&bytes));
            prop_assert_eq!(Format::of(&bytes).ok(), Format::from_decoder(format));
        }

        #[test]
        fn a_damaged_image_keeps_its_format_or_is_rejected(
            format in formats(), at: prop::sample::Index, to: u8, kept: prop::sample::Index,
        ) {
            let mut bytes = picture(format, 9, 9);
            let at = at.index(bytes.len());
            bytes[at] = to;
            if let Ok(decoded) = Format::of(&bytes) {
                prop_assert_eq!(Some(decoded), by_magic_bytes(&bytes));
            }
            bytes.truncate(kept.index(bytes.len() / 2));
            prop_assert_eq!(Format::of(&bytes), Err(REASON));
        }

        #[test]
        fn noise_after_magic_bytes_is_rejected(start in prop::sample::select(vec![
            &b"\x89PNG\r\n\x1a\n"[..], b"\xff\xd8\xff\xe0", b"BM", b"RIFF\x20\0\0\0WEBPVP8 ", b"GIF89a", b"",
        ]), noise: Vec<u8>) {
            prop_assert_eq!(Format::of(&[start, &noise].concat()), Err(REASON));
        }
    }
}
