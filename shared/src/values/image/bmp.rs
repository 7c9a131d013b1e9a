//! BMP: headers, a table of colours, pixels, and a colour profile.

use super::{NOT_WHOLE, array, check_size, part};
use crate::values::Reason;

/// The length of the file header.
const FILE_HEADER: usize = 14;
/// The lengths of the headers behind it: `BITMAPCOREHEADER`, `BITMAPINFOHEADER`, and its versions 2 to 5.
const CORE: usize = 12;
const INFO: usize = 40;
const VERSION_5: usize = 124;
const HEADERS: [usize; 6] = [CORE, INFO, 52, 56, 108, VERSION_5];
/// Where version 5 has the type of its colour space, and the offset and length of its profile.
const COLOUR_SPACE: usize = FILE_HEADER + 56;
const PROFILE: usize = FILE_HEADER + 112;

/// The picture without what no header announces, and where it ends in the file.
pub fn read(file: &[u8]) -> Result<(Vec<u8>, usize), Reason> {
    let announced = u32::from_le_bytes(array(file, 2)?) as usize;
    let pixels_at = u32::from_le_bytes(array(file, 10)?) as usize;
    let header = u32::from_le_bytes(array(file, FILE_HEADER)?) as usize;
    if announced > file.len() || !HEADERS.contains(&header) {
        return Err(NOT_WHOLE);
    }
    let shape = if header == CORE { Shape::of_core(file)? } else { Shape::of_info(file)? };
    check_size(shape.width, shape.height)?;
    let colours_end = (FILE_HEADER + header + shape.masks(header) + shape.colours()?).min(pixels_at);
    let pixels = part(file, pixels_at, shape.pixels(file.get(pixels_at..).ok_or(NOT_WHOLE)?)?)?;
    let mut end = pixels_at + pixels.len();
    let headers = part(file, 0, colours_end.max(FILE_HEADER + header))?;
    let mut kept = [headers, pixels].concat();
    put(&mut kept, 10, headers.len());
    if header == VERSION_5 {
        // `MBED`, `LINK` and `sRGB`, as little-endian numbers. A linked profile is the path of a file.
        match &array(file, COLOUR_SPACE)? {
            b"DEBM" => {
                let at = FILE_HEADER + u32::from_le_bytes(array(file, PROFILE)?) as usize;
                let profile = part(file, at, u32::from_le_bytes(array(file, PROFILE + 4)?) as usize)?;
                put(&mut kept, PROFILE, headers.len() + pixels.len() - FILE_HEADER);
                kept.extend(profile);
                end = end.max(at + profile.len());
            }
            b"KNIL" => kept[COLOUR_SPACE..COLOUR_SPACE + 4].copy_from_slice(b"BGRs"),
            _ => {}
        }
    }
    let length = kept.len();
    put(&mut kept, 2, length);
    Ok((kept, end))
}

/// Writes an offset or a length, which is at most the length of the file.
fn put(bytes: &mut [u8], at: usize, value: usize) {
    bytes[at..at + 4].copy_from_slice(&(value as u64).to_le_bytes()[..4]);
}

struct Shape {
    width: u32,
    height: u32,
    bits: u16,
    compression: u32,
    colours: u32,
    /// The bytes of a colour in the table.
    colour: usize,
}

impl Shape {
    fn of_core(file: &[u8]) -> Result<Self, Reason> {
        let [width, height, _, bits] = [18, 20, 22, 24].map(|at| array(file, at).map(u16::from_le_bytes));
        Ok(Self { width: width?.into(), height: height?.into(), bits: bits?, compression: 0, colours: 0, colour: 3 })
    }

    fn of_info(file: &[u8]) -> Result<Self, Reason> {
        let long = |at| array(file, at).map(u32::from_le_bytes);
        Ok(Self {
            width: long(18)?,
            // A negative height means that the rows begin at the top.
            height: long(22)?.cast_signed().unsigned_abs(),
            bits: u16::from_le_bytes(array(file, 28)?),
            compression: long(30)?,
            colours: long(46)?,
            colour: 4,
        })
    }

    /// The bytes of the masks behind a header that has no fields for them.
    fn masks(&self, header: usize) -> usize {
        match self.compression {
            3 if header == INFO => 12,
            6 if header == INFO => 16,
            _ => 0,
        }
    }

    /// The bytes of the table of colours.
    fn colours(&self) -> Result<usize, Reason> {
        let most = match self.bits {
            1 | 2 | 4 | 8 => 1 << self.bits,
            16 | 24 | 32 => 256,
            _ => return Err(NOT_WHOLE),
        };
        let colours = if self.colours == 0 && self.bits <= 8 { most } else { self.colours.min(most) };
        Ok(colours as usize * self.colour)
    }

    /// The bytes of the pixels.
    fn pixels(&self, bytes: &[u8]) -> Result<usize, Reason> {
        match (self.compression, self.bits) {
            (0, _) | (3 | 6, 16 | 32) => {
                let row = (u64::from(self.width) * u64::from(self.bits)).div_ceil(32) * 4;
                usize::try_from(row * u64::from(self.height)).map_err(|_| NOT_WHOLE)
            }
            (1, 8) => run_lengths(bytes, |count| count.div_ceil(2) * 2),
            (2, 4) => run_lengths(bytes, |count| count.div_ceil(4) * 2),
            _ => Err(NOT_WHOLE),
        }
    }
}

/// The bytes of run-length encoded pixels, up to their end mark. `padded` is the bytes of pixels that are not encoded.
fn run_lengths(bytes: &[u8], padded: impl Fn(usize) -> usize) -> Result<usize, Reason> {
    let mut at = 0;
    loop {
        let pair: [u8; 2] = array(bytes, at)?;
        at += 2;
        match pair {
            [0, 1] => return Ok(at),
            [0, 2] => at += 2,
            [0, count] if count > 2 => at += padded(count.into()),
            _ => {}
        }
    }
}
