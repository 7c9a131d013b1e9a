//! The scans of a JPEG (ITU-T T.81, annexes A, F and G). They have no length and no checksum, so the only sign of a scan that was cut is
//! that blocks are missing. Their codes are read and counted; no pixel is computed. A progressive picture needs 8 bytes of memory for each
//! block of 64 coefficients.

use super::huffman::{Bits, Codes};
use super::{NOT_WHOLE, array, check_size};
use crate::values::Reason;

/// Encoders write about ten. Reading a block that a scan does not change costs time but no bytes.
const MAX_SCANS: u32 = 100;

/// The Huffman tables that the next scan may use.
#[derive(Default)]
pub struct Tables {
    dc: [Option<Codes>; 4],
    ac: [Option<Codes>; 4],
}

impl Tables {
    /// Reads a DHT segment.
    pub fn define(&mut self, mut segment: &[u8]) -> Result<(), Reason> {
        while let Some((&[place, ref counts @ ..], rest)) = segment.split_first_chunk::<17>() {
            let total = counts.iter().map(|count| usize::from(*count)).sum();
            let (symbols, rest) = rest.split_at_checked(total).ok_or(NOT_WHOLE)?;
            let tables = if place >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            *tables.get_mut(usize::from(place & 15)).ok_or(NOT_WHOLE)? = Some(Codes::new(counts, symbols)?);
            segment = rest;
        }
        if segment.is_empty() { Ok(()) } else { Err(NOT_WHOLE) }
    }
}

struct Component {
    id: u8,
    /// Its blocks in each unit of an interleaved scan.
    blocks: usize,
    /// Its blocks in a scan that has no other component.
    alone: usize,
    /// Whether a scan had its first coefficients.
    is_begun: bool,
    /// For each block of a progressive picture: which of its 64 coefficients are not zero.
    history: Vec<u64>,
}

/// The frame of a picture: its components, and how much of them the scans had.
pub struct Frame {
    is_progressive: bool,
    /// The units of an interleaved scan.
    units: usize,
    components: Vec<Component>,
    scans: u32,
}

/// A scan of one component or several.
struct Scan<'a> {
    bits: Bits<'a>,
    /// The coefficients of the scan.
    first: u32,
    last: u32,
    /// Whether earlier scans had their higher bits.
    is_refinement: bool,
    /// How many blocks from this one on have no other coefficients.
    ended: u32,
}

impl Frame {
    /// Reads an SOF0, SOF1 or SOF2 segment.
    pub fn new(is_progressive: bool, segment: &[u8]) -> Result<Self, Reason> {
        let [8, h0, h1, w0, w1, count] = array::<6>(segment, 0)? else { return Err(NOT_WHOLE) };
        let (width, height) = (u32::from(u16::from_be_bytes([w0, w1])), u32::from(u16::from_be_bytes([h0, h1])));
        check_size(width, height)?;
        let components = segment[6..].chunks_exact(3).map(|component| [component[0], component[1] >> 4, component[1] & 15]);
        let components: Vec<[u8; 3]> = components.collect();
        let is_valid = |[_, h, v]: &[u8; 3]| (1..=4).contains(h) && (1..=4).contains(v);
        if segment.len() != 6 + 3 * usize::from(count) || !(1..=4).contains(&count) || !components.iter().all(is_valid) {
            return Err(NOT_WHOLE);
        }
        let most = |of: fn(&[u8; 3]) -> u8| components.iter().map(of).max().map_or(1, u32::from);
        let (h_most, v_most) = (most(|[_, h, _]| *h), most(|[_, _, v]| *v));
        let units = width.div_ceil(8 * h_most) as usize * height.div_ceil(8 * v_most) as usize;
        let components = components.into_iter().map(|[id, h, v]| {
            let side = |side: u32, own: u8, most: u32| (side * u32::from(own)).div_ceil(most).div_ceil(8) as usize;
            let alone = side(width, h, h_most) * side(height, v, v_most);
            let history = vec![0; if is_progressive { alone } else { 0 }];
            Component { id, blocks: usize::from(h * v), alone, is_begun: false, history }
        });
        Ok(Self { is_progressive, units, components: components.collect(), scans: 0 })
    }

    /// Reads a scan and returns the length of its codes. `header` is the SOS segment, `interval` the units between two restarts or 0.
    pub fn read(&mut self, tables: &Tables, interval: usize, header: &[u8], codes: &[u8]) -> Result<usize, Reason> {
        self.scans += 1;
        let Some((&count, rest)) = header.split_first() else { return Err(NOT_WHOLE) };
        let (selectors, rest) = rest.split_at_checked(2 * usize::from(count)).ok_or(NOT_WHOLE)?;
        let [first, last, approximation] = array(rest, 0)?;
        let (first, last) = if self.is_progressive { (first.into(), last.into()) } else { (0, 63) };
        let is_refinement = self.is_progressive && approximation >> 4 != 0;
        let is_valid = match first {
            0 => !self.is_progressive || last == 0,
            _ => count == 1 && first <= last && last < 64,
        };
        if !is_valid || self.scans > MAX_SCANS || !(1..=4).contains(&count) {
            return Err(NOT_WHOLE);
        }
        let mut parts = Vec::new();
        for selector in selectors.chunks_exact(2) {
            let index = self.components.iter().position(|component| component.id == selector[0]).ok_or(NOT_WHOLE)?;
            let dc = tables.dc.get(usize::from(selector[1] >> 4)).and_then(Option::as_ref);
            let ac = tables.ac.get(usize::from(selector[1] & 15)).and_then(Option::as_ref);
            parts.push((index, dc, ac));
        }
        let is_alone = parts.len() == 1;
        let units = if is_alone { self.components[parts[0].0].alone } else { self.units };
        let mut scan = Scan { bits: Bits::new(codes), first, last, is_refinement, ended: 0 };
        for unit in 0..units {
            if interval > 0 && unit > 0 && unit % interval == 0 {
                scan.bits.restart()?;
                scan.ended = 0;
            }
            for (index, dc, ac) in &parts {
                let component = &mut self.components[*index];
                let blocks = if is_alone { 1 } else { component.blocks };
                for _ in 0..blocks {
                    match (self.is_progressive, first) {
                        (false, _) => scan.sequential(dc.ok_or(NOT_WHOLE)?, ac.ok_or(NOT_WHOLE)?)?,
                        (true, 0) if is_refinement => scan.bits.take(1).map(drop)?,
                        (true, 0) => scan.dc(dc.ok_or(NOT_WHOLE)?)?,
                        (true, _) => scan.ac(ac.ok_or(NOT_WHOLE)?, &mut component.history[unit])?,
                    }
                }
            }
        }
        for (index, ..) in parts {
            self.components[index].is_begun |= first == 0 && !is_refinement;
        }
        Ok(scan.bits.end())
    }

    /// Whether the scans had each component.
    pub fn is_whole(&self) -> bool {
        self.components.iter().all(|component| component.is_begun)
    }
}

impl Scan<'_> {
    fn dc(&mut self, codes: &Codes) -> Result<(), Reason> {
        let size = self.bits.symbol(codes)?;
        if size > 16 { Err(NOT_WHOLE) } else { self.bits.take(size.into()).map(drop) }
    }

    fn sequential(&mut self, dc: &Codes, ac: &Codes) -> Result<(), Reason> {
        self.dc(dc)?;
        let mut at = 1;
        while at < 64 {
            let symbol = self.bits.symbol(ac)?;
            match (u32::from(symbol >> 4), u32::from(symbol & 15)) {
                (15, 0) => at += 16,
                (_, 0) => break,
                (zeros, size) => {
                    self.bits.take(size)?;
                    at += zeros + 1;
                }
            }
        }
        Ok(())
    }

    /// A block of a progressive scan without the first coefficient.
    fn ac(&mut self, codes: &Codes, history: &mut u64) -> Result<(), Reason> {
        let mut at = self.first;
        while self.ended == 0 && at <= self.last {
            let symbol = self.bits.symbol(codes)?;
            let (zeros, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
            if size == 0 && zeros < 15 {
                self.ended = (1 << zeros) + self.bits.take(zeros)?;
                break;
            }
            self.bits.take(size)?;
            if self.is_refinement {
                at = self.refine(zeros, at, *history)?;
            } else {
                at += zeros;
            }
            if size > 0 && at <= self.last {
                *history |= 1 << at;
            }
            at += 1;
        }
        if self.ended > 0 {
            self.ended -= 1;
            let rest = *history & (u64::MAX << at) & (u64::MAX >> (63 - self.last));
            for _ in 0..if self.is_refinement { rest.count_ones() } else { 0 } {
                self.bits.take(1)?;
            }
        }
        Ok(())
    }

    /// The coefficient behind this many zeros, of those that are still zero. The others on the way have one bit each.
    fn refine(&mut self, mut zeros: u32, from: u32, history: u64) -> Result<u32, Reason> {
        for at in from..=self.last {
            if (history >> at) & 1 == 1 {
                self.bits.take(1)?;
            } else if zeros == 0 {
                return Ok(at);
            } else {
                zeros -= 1;
            }
        }
        Ok(self.last + 1)
    }
}
