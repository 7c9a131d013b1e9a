//! JPEG (ITU-T T.81, JFIF, Exif): segments and scans, from SOI to EOI.

use super::huffman::marker;
use super::scan::{Frame, Tables};
use super::{NOT_WHOLE, array, exif, part};
use crate::values::Reason;

/// How application segments begin that decoders need: a colour profile, and whether colours are RGB or CMYK.
const PROFILE: &[u8] = b"ICC_PROFILE\0";
const ADOBE: &[u8] = b"Adobe";
const JFIF: &[u8] = b"JFIF\0";
const EXIF: &[u8] = b"Exif\0\0";

/// The picture without metadata, and where it ends in the file.
pub fn read(file: &[u8]) -> Result<(Vec<u8>, usize), Reason> {
    let mut kept = part(file, 0, 2)?.to_vec();
    let (mut at, mut frame, mut tables, mut interval, mut is_oriented) = (kept.len(), None, Tables::default(), 0, false);
    loop {
        at += marker(file.get(at..).unwrap_or_default())?;
        let code = file[at];
        at += 1;
        match code {
            0xd9 => {
                kept.extend([0xff, code]);
                return if frame.as_ref().is_some_and(Frame::is_whole) { Ok((kept, at)) } else { Err(NOT_WHOLE) };
            }
            // A restart behind the last unit of a scan.
            0xd0..=0xd7 => continue,
            _ => {}
        }
        let length = usize::from(u16::from_be_bytes(array(file, at)?));
        let segment = part(file, at, length)?.get(2..).ok_or(NOT_WHOLE)?;
        at += length;
        match (code, segment) {
            (0xc0..=0xc2, _) if frame.is_none() => {
                frame = Some(Frame::new(code == 0xc2, segment)?);
                add(&mut kept, code, segment);
            }
            (0xc4, _) => {
                tables.define(segment)?;
                add(&mut kept, code, segment);
            }
            (0xdb, _) => add(&mut kept, code, segment),
            (0xdd, [high, low]) => {
                interval = usize::from(u16::from_be_bytes([*high, *low]));
                add(&mut kept, code, segment);
            }
            (0xda, _) => {
                let frame = frame.as_mut().ok_or(NOT_WHOLE)?;
                let codes = file.get(at..).unwrap_or_default();
                let codes = &codes[..frame.read(&tables, interval, segment, codes)?];
                add(&mut kept, code, segment);
                kept.extend(codes);
                at += codes.len();
            }
            // Without the thumbnail.
            (0xe0, _) if segment.starts_with(JFIF) && segment.len() >= 14 => {
                add(&mut kept, code, &[&segment[..12], &[0, 0]].concat());
            }
            (0xe1, _) if segment.starts_with(EXIF) && !is_oriented => {
                is_oriented = true;
                if let Some(metadata) = exif::oriented(segment) {
                    add(&mut kept, code, &[EXIF, &metadata].concat());
                }
            }
            (0xe2, _) if segment.starts_with(PROFILE) => add(&mut kept, code, segment),
            (0xee, _) if segment.starts_with(ADOBE) && segment.len() >= 12 => add(&mut kept, code, &segment[..12]),
            // Other application segments, and comments.
            (0xe0..=0xef | 0xfe, _) => {}
            _ => return Err(NOT_WHOLE),
        }
    }
}

/// A segment, at most as long as it was in the file or as short as metadata of an orientation.
fn add(kept: &mut Vec<u8>, code: u8, segment: &[u8]) {
    let length = u16::try_from(segment.len() + 2).unwrap_or(u16::MAX);
    kept.extend([0xff, code]);
    kept.extend(length.to_be_bytes());
    kept.extend(segment);
}
