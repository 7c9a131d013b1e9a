//! WebP (RFC 9649): a RIFF file of chunks.

use super::{NOT_WHOLE, array, check_size, exif, part};
use crate::values::Reason;

/// The chunks that determine pixels and colours, in a file and in a frame of an animation.
const OF_FILES: [&[u8; 4]; 7] = [b"VP8X", b"ICCP", b"ANIM", b"ANMF", b"ALPH", b"VP8 ", b"VP8L"];
const OF_FRAMES: [&[u8; 4]; 3] = [b"ALPH", b"VP8 ", b"VP8L"];

/// The flags of VP8X that announce a chunk with Exif metadata and one with XMP.
const HAS_EXIF: u8 = 0x08;
const HAS_XMP: u8 = 0x04;

/// The picture without metadata, and where it ends in the file.
pub fn read(file: &[u8]) -> Result<(Vec<u8>, usize), Reason> {
    let length = u32::from_le_bytes(array(file, 4)?) as usize;
    let chunks = part(file, 8, length)?;
    let mut kept = Chunks { bytes: b"RIFF\0\0\0\0WEBP".to_vec(), is_oriented: false, has_pixels: false };
    kept.read(chunks.get(4..).ok_or(NOT_WHOLE)?, &OF_FILES)?;
    let Chunks { mut bytes, is_oriented, has_pixels } = kept;
    // A file begins with its features, or with its only picture (RFC 9649, 2.5 to 2.7).
    let begins_well = matches!(bytes.get(12..16), Some(b"VP8X" | b"VP8 " | b"VP8L"));
    if !has_pixels || !begins_well {
        return Err(NOT_WHOLE);
    }
    if bytes.get(12..16) == Some(b"VP8X") {
        bytes[20] &= !(HAS_EXIF | HAS_XMP);
        bytes[20] |= if is_oriented { HAS_EXIF } else { 0 };
    }
    let length = u32::try_from(bytes.len() - 8).map_err(|_| NOT_WHOLE)?;
    bytes[4..8].copy_from_slice(&length.to_le_bytes());
    Ok((bytes, 8 + chunks.len()))
}

/// The chunks that stay.
struct Chunks {
    bytes: Vec<u8>,
    is_oriented: bool,
    has_pixels: bool,
}

impl Chunks {
    fn read(&mut self, mut chunks: &[u8], wanted: &[&[u8; 4]]) -> Result<(), Reason> {
        while !chunks.is_empty() {
            let kind: [u8; 4] = array(chunks, 0)?;
            let length = u32::from_le_bytes(array(chunks, 4)?) as usize;
            let body = part(chunks, 8, length)?;
            // A chunk of odd length is padded; some writers forget to pad the last one.
            chunks = chunks.get(8 + length + length % 2..).unwrap_or_default();
            if &kind == b"EXIF"
                && !self.is_oriented
                && let Some(body) = exif::oriented(body)
            {
                self.is_oriented = true;
                self.add(kind, &body);
            }
            if !wanted.contains(&&kind) {
                continue;
            }
            match &kind {
                b"VP8X" => check_extended(body)?,
                b"VP8 " => check_lossy(body)?,
                b"VP8L" => check_lossless(body)?,
                b"ANMF" => {
                    self.add_frame(body)?;
                    continue;
                }
                _ => {}
            }
            self.has_pixels |= matches!(&kind, b"VP8 " | b"VP8L");
            self.add(kind, body);
        }
        Ok(())
    }

    /// A frame of an animation: 16 bytes, and chunks.
    fn add_frame(&mut self, body: &[u8]) -> Result<(), Reason> {
        // Metadata belongs to the file, not to a frame.
        let mut frame = Self { bytes: part(body, 0, 16)?.to_vec(), is_oriented: true, has_pixels: false };
        frame.read(&body[16..], &OF_FRAMES)?;
        self.has_pixels |= frame.has_pixels;
        self.add(*b"ANMF", &frame.bytes);
        Ok(())
    }

    fn add(&mut self, kind: [u8; 4], body: &[u8]) {
        self.bytes.extend(kind);
        self.bytes.extend(u32::try_from(body.len()).unwrap_or_default().to_le_bytes());
        self.bytes.extend(body);
        self.bytes.extend(&[0][..body.len() % 2]);
    }
}

/// A key frame of VP8 (RFC 6386, 9.1).
fn check_lossy(body: &[u8]) -> Result<(), Reason> {
    let [t0, t1, t2, 0x9d, 0x01, 0x2a, w0, w1, h0, h1] = array(body, 0)? else { return Err(NOT_WHOLE) };
    let tag = u32::from_le_bytes([t0, t1, t2, 0]);
    // The frame begins with its first partition.
    part(body, 10, (tag >> 5) as usize)?;
    if tag & 1 != 0 {
        return Err(NOT_WHOLE);
    }
    let side = |bytes| u32::from(u16::from_le_bytes(bytes) & 0x3fff);
    check_size(side([w0, w1]), side([h0, h1]))
}

fn check_lossless(body: &[u8]) -> Result<(), Reason> {
    let [0x2f, sizes @ ..] = array::<5>(body, 0)? else { return Err(NOT_WHOLE) };
    let sizes = u32::from_le_bytes(sizes);
    check_size((sizes & 0x3fff) + 1, ((sizes >> 14) & 0x3fff) + 1)
}

fn check_extended(body: &[u8]) -> Result<(), Reason> {
    let [_, _, _, _, w0, w1, w2, h0, h1, h2] = array(body, 0)?;
    check_size(u32::from_le_bytes([w0, w1, w2, 0]) + 1, u32::from_le_bytes([h0, h1, h2, 0]) + 1)
}
