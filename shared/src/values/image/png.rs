//! PNG (W3C, third edition): chunks with checksums, from IHDR to IEND.

use flate2::Crc;

use super::{NOT_WHOLE, array, check_size, exif, part};
use crate::values::Reason;

/// The chunks that determine pixels, colours and animation. They stay as they are.
const KEPT: [&[u8; 4]; 18] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"mDCV", b"cLLI",
    b"bKGD", b"pHYs", b"acTL", b"fcTL", b"fdAT",
];

/// The picture without metadata, and where it ends in the file.
pub fn read(file: &[u8]) -> Result<(Vec<u8>, usize), Reason> {
    let mut kept = part(file, 0, 8)?.to_vec();
    let (mut at, mut has_pixels, mut is_oriented) = (kept.len(), false, false);
    loop {
        let length = u32::from_be_bytes(array(file, at)?) as usize;
        let kind: [u8; 4] = array(file, at + 4)?;
        let body = part(file, at + 8, length)?;
        let sum = u32::from_be_bytes(array(file, at + 8 + length)?);
        let chunk = part(file, at, length + 12)?;
        let is_first = at == 8;
        at += chunk.len();
        let is_critical = kind[0].is_ascii_uppercase();
        if checksum(kind, body) != sum {
            // Decoders ignore such a chunk, unless it is critical.
            if is_critical {
                return Err(NOT_WHOLE);
            }
            continue;
        }
        if is_first != (&kind == b"IHDR") {
            return Err(NOT_WHOLE);
        }
        match &kind {
            b"IHDR" => check_header(body)?,
            b"IDAT" => has_pixels = true,
            b"eXIf" if !is_oriented => {
                is_oriented = true;
                kept.extend(exif::oriented(body).into_iter().flat_map(|body| of(*b"eXIf", &body)));
            }
            _ if is_critical && !KEPT.contains(&&kind) => return Err(NOT_WHOLE),
            _ => {}
        }
        if KEPT.contains(&&kind) {
            kept.extend(chunk);
        }
        if &kind == b"IEND" {
            return if has_pixels { Ok((kept, at)) } else { Err(NOT_WHOLE) };
        }
    }
}

/// A chunk.
fn of(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap_or_default();
    [&length.to_be_bytes()[..], &kind, body, &checksum(kind, body).to_be_bytes()].concat()
}

fn checksum(kind: [u8; 4], body: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(&kind);
    crc.update(body);
    crc.sum()
}

fn check_header(header: &[u8]) -> Result<(), Reason> {
    let &[w0, w1, w2, w3, h0, h1, h2, h3, depth, colour, compression, filter, interlace] = header else {
        return Err(NOT_WHOLE);
    };
    let is_valid = match colour {
        0 => matches!(depth, 1 | 2 | 4 | 8 | 16),
        3 => matches!(depth, 1 | 2 | 4 | 8),
        2 | 4 | 6 => matches!(depth, 8 | 16),
        _ => false,
    };
    if !is_valid || compression != 0 || filter != 0 || interlace > 1 {
        return Err(NOT_WHOLE);
    }
    check_size(u32::from_be_bytes([w0, w1, w2, w3]), u32::from_be_bytes([h0, h1, h2, h3]))
}
