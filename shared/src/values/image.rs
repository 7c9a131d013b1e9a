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

#[cfg(test)]
mod tests {
    use image::RgbImage;
    use proptest::prelude::*;

    use super::*;

    /// What the formats' specifications have at the beginning.
    fn begins(bytes: &[u8]) -> Option<Format> {
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
        fn a_picture_is_what_it_begins_as(format in formats(), width in 1..20_u32, height in 1..20_u32) {
            let bytes = picture(format, width, height);
            prop_assert_eq!(Format::of(&bytes).ok(), begins(&bytes));
            prop_assert_eq!(Format::of(&bytes).ok(), Format::from_decoder(format));
        }

        #[test]
        fn a_damaged_one_is_the_same_or_none(format in formats(), at: prop::sample::Index, to: u8, kept: prop::sample::Index) {
            let mut bytes = picture(format, 9, 9);
            let at = at.index(bytes.len());
            bytes[at] = to;
            if let Ok(told) = Format::of(&bytes) {
                prop_assert_eq!(Some(told), begins(&bytes));
            }
            bytes.truncate(kept.index(bytes.len() / 2));
            prop_assert_eq!(Format::of(&bytes), Err(REASON));
        }

        #[test]
        fn noise_behind_a_beginning_is_none(start in prop::sample::select(vec![
            &b"\x89PNG\r\n\x1a\n"[..], b"\xff\xd8\xff\xe0", b"BM", b"RIFF\x20\0\0\0WEBPVP8 ", b"GIF89a", b"",
        ]), noise: Vec<u8>) {
            prop_assert_eq!(Format::of(&[start, &noise].concat()), Err(REASON));
        }
    }
}
