//! The Huffman codes of a JPEG (ITU-T T.81, annexes C and F), and the bits that they are read from.

use super::NOT_WHOLE;
use crate::values::Reason;

/// The codes of one table: at most 16 bits each.
pub struct Codes {
    /// For each length: the first longer code, as 16 bits.
    ends: [u32; 17],
    /// For each length: what to add to a code to get the index of its symbol.
    offsets: [i32; 17],
    symbols: Vec<u8>,
}

impl Codes {
    /// From the number of codes of each length, and their symbols.
    pub fn new(counts: &[u8; 16], symbols: &[u8]) -> Result<Self, Reason> {
        let mut codes = Self { ends: [0; 17], offsets: [0; 17], symbols: symbols.to_vec() };
        let (mut code, mut index) = (0_i32, 0_i32);
        for (length, count) in (1..).zip(counts) {
            codes.offsets[length] = index - code;
            code += i32::from(*count);
            index += i32::from(*count);
            if code > 1 << length {
                return Err(NOT_WHOLE);
            }
            codes.ends[length] = code.unsigned_abs() << (16 - length);
            code <<= 1;
        }
        Ok(codes)
    }
}

/// The bits of a scan, up to the next marker.
pub struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The next bits, from the highest on.
    bits: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, bits: 0, count: 0 }
    }

    fn fill(&mut self) {
        while self.count <= 56 {
            let byte = match self.bytes.get(self.at..) {
                Some([0xff, 0, ..]) => {
                    self.at += 2;
                    0xff
                }
                Some([byte, ..]) if *byte != 0xff => {
                    self.at += 1;
                    *byte
                }
                _ => return,
            };
            self.bits |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    fn skip(&mut self, count: u32) -> Result<(), Reason> {
        self.count = self.count.checked_sub(count).ok_or(NOT_WHOLE)?;
        self.bits <<= count;
        Ok(())
    }

    /// The next `count` bits, at most 16.
    pub fn take(&mut self, count: u32) -> Result<u32, Reason> {
        if self.count < count {
            self.fill();
        }
        let value = (self.bits >> 48) as u32 >> (16 - count);
        self.skip(count)?;
        Ok(value)
    }

    /// The next symbol.
    pub fn symbol(&mut self, codes: &Codes) -> Result<u8, Reason> {
        if self.count < 16 {
            self.fill();
        }
        let code = (self.bits >> 48) as u32;
        let length = (1..17).find(|length| code < codes.ends[*length]).ok_or(NOT_WHOLE)?;
        self.skip(u32::try_from(length).map_err(|_| NOT_WHOLE)?)?;
        let index = (code >> (16 - length)).cast_signed() + codes.offsets[length];
        usize::try_from(index).ok().and_then(|index| codes.symbols.get(index)).copied().ok_or(NOT_WHOLE)
    }

    /// Continues behind the next marker, which must be a restart.
    pub fn restart(&mut self) -> Result<(), Reason> {
        let at = self.at + marker(self.bytes.get(self.at..).unwrap_or_default())?;
        if !matches!(self.bytes[at], 0xd0..=0xd7) {
            return Err(NOT_WHOLE);
        }
        *self = Self { at: at + 1, ..Self::new(self.bytes) };
        Ok(())
    }

    /// Where the scan ends: at the next marker.
    pub fn end(&self) -> usize {
        self.at
    }
}

/// Where the code of the next marker is. What comes before it is skipped, as in other decoders.
pub fn marker(bytes: &[u8]) -> Result<usize, Reason> {
    let at = bytes.windows(2).position(|pair| pair[0] == 0xff && !matches!(pair[1], 0 | 0xff));
    at.map(|at| at + 1).ok_or(NOT_WHOLE)
}
