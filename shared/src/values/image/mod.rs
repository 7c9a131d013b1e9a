//! Uploaded pictures. The first bytes decide the format, as in browsers (WHATWG MIME Sniffing, 6.1). A picture is read to its end without
//! decoding its pixels, so the memory that this needs depends on the bytes and not on the pixels. Its metadata is removed.

mod bmp;
mod exif;
mod huffman;
mod jpeg;
mod png;
mod scan;
#[cfg(test)]
mod tests;
mod webp;

use crate::values::Reason;

/// The longer side of a picture, in pixels. A JPEG cannot have a longer one.
const MAX_SIDE: u32 = 65_535;
/// Phones take photos of 200 megapixels.
const MAX_PIXELS: u64 = 200_000_000;

const NOT_WHOLE: Reason = "must be a whole jpg, png, webp or bmp picture";
const TOO_LONG: Reason = "must be at most 65535 pixels wide and high";
const TOO_MANY_PIXELS: Reason = "must have at most 200 megapixels";

/// How documents begin (WHATWG MIME Sniffing, 7.1): tags, which a space or `>` ends, and other beginnings.
const TAGS: [&[u8]; 16] = [
    b"<!doctype html",
    b"<html",
    b"<head",
    b"<script",
    b"<iframe",
    b"<h1",
    b"<div",
    b"<font",
    b"<table",
    b"<a",
    b"<style",
    b"<title",
    b"<b",
    b"<body",
    b"<br",
    b"<p",
];
const BEGINNINGS: [&[u8]; 3] = [b"<!--", b"<?xml", b"%pdf-"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Jpeg,
    Png,
    WebP,
    Bmp,
}

/// A whole picture without metadata.
#[derive(Debug, PartialEq, Eq)]
pub struct Picture {
    pub format: Format,
    pub bytes: Vec<u8>,
}

impl Picture {
    /// Reads a file. Its pixels, its colour profile and its orientation stay; all other metadata is removed, and so is what cameras append
    /// to the picture (gain maps, depth maps, videos). A document behind the picture is rejected.
    pub fn read(file: &[u8]) -> Result<Self, Reason> {
        let format = Format::starting(file).ok_or(NOT_WHOLE)?;
        let (bytes, end) = match format {
            Format::Jpeg => jpeg::read(file)?,
            Format::Png => png::read(file)?,
            Format::WebP => webp::read(file)?,
            Format::Bmp => bmp::read(file)?,
        };
        if is_document(part(file, end, file.len() - end)?) {
            return Err(NOT_WHOLE);
        }
        Ok(Self { format, bytes })
    }
}

impl Format {
    fn starting(file: &[u8]) -> Option<Self> {
        match file {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', b'V', b'P', ..] => Some(Self::WebP),
            [b'B', b'M', ..] => Some(Self::Bmp),
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

/// Whether a browser takes these bytes for a document.
fn is_document(bytes: &[u8]) -> bool {
    let start = bytes.trim_ascii_start();
    let start = start[..start.len().min(16)].to_ascii_lowercase();
    let follows = |tag: &&[u8]| start.strip_prefix(*tag).is_some_and(|rest| matches!(rest, [b' ' | b'>', ..]));
    TAGS.iter().any(follows) || BEGINNINGS.iter().any(|beginning| start.starts_with(beginning))
}

/// Checks the size of a picture, which its header announces.
fn check_size(width: u32, height: u32) -> Result<(), Reason> {
    if width == 0 || height == 0 {
        Err(NOT_WHOLE)
    } else if width.max(height) > MAX_SIDE {
        Err(TOO_LONG)
    } else if u64::from(width) * u64::from(height) > MAX_PIXELS {
        Err(TOO_MANY_PIXELS)
    } else {
        Ok(())
    }
}

/// The `length` bytes from an offset.
fn part(bytes: &[u8], at: usize, length: usize) -> Result<&[u8], Reason> {
    bytes.get(at..).and_then(|rest| rest.get(..length)).ok_or(NOT_WHOLE)
}

/// The first `N` bytes from an offset.
fn array<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], Reason> {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).copied().ok_or(NOT_WHOLE)
}
