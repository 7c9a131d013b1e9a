//! ZIP archives, as far as XLSX uses them (APPNOTE.TXT of PKWARE, 4.3 to 4.5): without encryption and without parts.
//!
//! The reader bounds what it decompresses. The writer joins entries of fragments, each of which is compressed by itself, so that a long list
//! is written over several requests. Entries have no date: the same content has the same bytes.

use std::cell::Cell;
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::rc::Rc;

use crc32fast::Hasher;
use flate2::Compression;
use flate2::bufread::DeflateDecoder;
use flate2::write::DeflateEncoder;

const LOCAL: [u8; 4] = *b"PK\x03\x04";
const CENTRAL: [u8; 4] = *b"PK\x01\x02";
const END: [u8; 4] = *b"PK\x05\x06";
/// The length of the end record without its comment, and the longest comment.
const END_LENGTH: usize = 22;
const MAX_COMMENT: usize = 65_535;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;
/// Version 2.0: DEFLATE.
const VERSION: u16 = 20;
/// Names are UTF-8.
const UTF8: u16 = 1 << 11;
/// The extra field with sizes of 64 bits.
const WIDE: u16 = 1;
/// 1980-01-01, the first date of the format.
const DATE: u16 = 33;
/// An empty block of DEFLATE that is the last one (RFC 1951, 3.2.3).
const LAST_BLOCK: [u8; 2] = [3, 0];

/// The entries of an archive.
pub struct Archive<'a> {
    entries: Vec<Entry<'a>>,
    /// How many bytes may still be decompressed.
    left: Rc<Cell<u64>>,
}

struct Entry<'a> {
    name: String,
    method: u16,
    crc: u32,
    data: &'a [u8],
}

/// The content of an entry. A read fails with [`ErrorKind::FileTooLarge`] beyond the limit of the archive, and with another error if the
/// content is damaged.
pub type Content<'a> = BufReader<Checked<'a>>;

pub struct Checked<'a> {
    content: Box<dyn Read + 'a>,
    left: Rc<Cell<u64>>,
    hasher: Hasher,
    expected: u32,
}

impl<'a> Archive<'a> {
    /// Reads the directory. `None` if there is no valid one. The content of all entries that are read may have so many bytes.
    pub fn open(bytes: &'a [u8], limit: u64) -> Option<Self> {
        let from = bytes.len().saturating_sub(END_LENGTH + MAX_COMMENT);
        let end = from + bytes[from..].windows(END.len()).rposition(|window| window == END)?;
        let record = bytes.get(end..end + END_LENGTH)?;
        let (count, mut at) = (u16_at(record, 10)?, usize::try_from(u32_at(record, 16)?).ok()?);
        let mut entries = Vec::new();
        for _ in 0..count {
            let entry = bytes.get(at..)?;
            if !entry.starts_with(&CENTRAL) {
                return None;
            }
            let [name, extra, comment] = [u16_at(entry, 28)?, u16_at(entry, 30)?, u16_at(entry, 32)?].map(usize::from);
            let (name, extra) = entry.get(46..46 + name + extra)?.split_at(name);
            let (size, offset) = size_and_offset(entry, extra)?;
            let local = bytes.get(offset..)?;
            if !local.starts_with(&LOCAL) {
                return None;
            }
            let start = 30 + usize::from(u16_at(local, 26)?) + usize::from(u16_at(local, 28)?);
            entries.push(Entry {
                name: String::from_utf8_lossy(name).replace('\\', "/"),
                method: u16_at(entry, 10)?,
                crc: u32_at(entry, 16)?,
                data: local.get(start..start.checked_add(size)?)?,
            });
            at += 46 + name.len() + extra.len() + comment;
        }
        Some(Self { entries, left: Rc::new(Cell::new(limit)) })
    }

    /// The content of the entry with this name, in any case of letters; `None` if it cannot be read.
    pub fn content(&self, name: &str) -> Option<Content<'a>> {
        let entry = self.entries.iter().find(|entry| entry.name.eq_ignore_ascii_case(name))?;
        let content: Box<dyn Read + 'a> = match entry.method {
            STORED => Box::new(entry.data),
            DEFLATED => Box::new(DeflateDecoder::new(entry.data)),
            _ => return None,
        };
        let checked = Checked { content, left: Rc::clone(&self.left), hasher: Hasher::new(), expected: entry.crc };
        Some(BufReader::with_capacity(16 * 1024, checked))
    }
}

impl Read for Checked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.content.read(buffer)?;
        let left = self.left.get().checked_sub(length as u64).ok_or(ErrorKind::FileTooLarge)?;
        self.left.set(left);
        self.hasher.update(&buffer[..length]);
        if length == 0 && !buffer.is_empty() && self.hasher.clone().finalize() != self.expected {
            return Err(ErrorKind::InvalidData.into());
        }
        Ok(length)
    }
}

/// The size of the compressed content, and where its local header begins. Some programs write sizes of 64 bits whatever their value.
fn size_and_offset(entry: &[u8], mut extra: &[u8]) -> Option<(usize, usize)> {
    let narrow = [u32_at(entry, 24)?, u32_at(entry, 20)?, u32_at(entry, 42)?].map(u64::from);
    let mut wide: &[u8] = &[];
    while let (Some(id), Some(length)) = (u16_at(extra, 0), u16_at(extra, 2)) {
        let end = 4 + usize::from(length);
        if id == WIDE {
            wide = extra.get(4..end)?;
        }
        extra = extra.get(end..)?;
    }
    // A field is among the wide ones if it does not fit.
    let mut value = |narrow: u64| {
        if narrow < u64::from(u32::MAX) {
            return usize::try_from(narrow).ok();
        }
        let (first, rest) = wide.split_first_chunk()?;
        wide = rest;
        usize::try_from(u64::from_le_bytes(*first)).ok()
    };
    let [_, size, offset] = narrow.map(&mut value);
    Some((size?, offset?))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// A part of the content of an entry: whole blocks of DEFLATE, of which none is the last one and none refers to an earlier fragment.
pub struct Fragment {
    data: Vec<u8>,
    crc: u32,
    /// Of the content, in bytes.
    length: u64,
}

impl Fragment {
    /// For an object in which the fragment waits for the others.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { data, crc, length } = self;
        [&crc.to_le_bytes()[..], &length.to_le_bytes(), data].concat()
    }

    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let (crc, rest) = bytes.split_first_chunk()?;
        let (length, data) = rest.split_first_chunk()?;
        Some(Self { data: data.to_vec(), crc: u32::from_le_bytes(*crc), length: u64::from_le_bytes(*length) })
    }
}

/// Compresses a fragment while it is written.
pub struct Compressor {
    encoder: DeflateEncoder<Vec<u8>>,
    hasher: Hasher,
    length: u64,
}

impl Default for Compressor {
    fn default() -> Self {
        Self { encoder: DeflateEncoder::new(Vec::new(), Compression::fast()), hasher: Hasher::new(), length: 0 }
    }
}

impl Compressor {
    /// Of what is compressed so far, in bytes.
    pub fn compressed_length(&self) -> u64 {
        self.encoder.get_ref().len() as u64
    }

    pub fn finish(mut self) -> io::Result<Fragment> {
        self.encoder.flush()?;
        let data = std::mem::take(self.encoder.get_mut());
        Ok(Fragment { data, crc: self.hasher.finalize(), length: self.length })
    }
}

impl Write for Compressor {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = self.encoder.write(bytes)?;
        self.hasher.update(&bytes[..length]);
        self.length += length as u64;
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An archive that is written entry by entry.
#[derive(Default)]
pub struct Writer {
    bytes: Vec<u8>,
    directory: Vec<u8>,
    count: u16,
}

impl Writer {
    /// Adds an entry of these fragments. An archive of 4 GiB or more fails.
    pub fn add(&mut self, name: &str, fragments: &[Fragment]) -> io::Result<()> {
        let mut hasher = Hasher::new();
        for Fragment { crc, length, .. } in fragments {
            hasher.combine(&Hasher::new_with_initial_len(*crc, *length));
        }
        let size: usize = fragments.iter().map(|fragment| fragment.data.len()).sum::<usize>() + LAST_BLOCK.len();
        let content: u64 = fragments.iter().map(|fragment| fragment.length).sum();
        let mut header = Vec::new();
        for field in [VERSION, UTF8, DEFLATED, 0, DATE] {
            header.extend(field.to_le_bytes());
        }
        for field in [hasher.finalize(), narrow(size)?, u32::try_from(content).map_err(io::Error::other)?] {
            header.extend(field.to_le_bytes());
        }
        header.extend(u16::try_from(name.len()).map_err(io::Error::other)?.to_le_bytes());
        header.extend([0; 2]);
        let offset = narrow(self.bytes.len())?;
        self.bytes.extend(LOCAL);
        self.bytes.extend(&header);
        self.bytes.extend(name.as_bytes());
        for fragment in fragments {
            self.bytes.extend(&fragment.data);
        }
        self.bytes.extend(LAST_BLOCK);

        self.directory.extend(CENTRAL);
        self.directory.extend(VERSION.to_le_bytes());
        self.directory.extend(&header);
        // No comment, the first disk, no attributes.
        self.directory.extend([0; 10]);
        self.directory.extend(offset.to_le_bytes());
        self.directory.extend(name.as_bytes());
        self.count += 1;
        Ok(())
    }

    pub fn finish(self) -> io::Result<Vec<u8>> {
        let Self { mut bytes, directory, count } = self;
        let (size, offset) = (narrow(directory.len())?, narrow(bytes.len())?);
        bytes.extend(directory);
        bytes.extend(END);
        bytes.extend([0; 4]);
        bytes.extend(count.to_le_bytes());
        bytes.extend(count.to_le_bytes());
        bytes.extend(size.to_le_bytes());
        bytes.extend(offset.to_le_bytes());
        bytes.extend([0; 2]);
        Ok(bytes)
    }
}

fn narrow(length: usize) -> io::Result<u32> {
    u32::try_from(length).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fragment(content: &[u8]) -> Fragment {
        let mut compressor = Compressor::default();
        compressor.write_all(content).unwrap();
        compressor.finish().unwrap()
    }

    fn archive(content: &[u8]) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.add("a/b.xml", &[fragment(content)]).unwrap();
        writer.add("empty", &[]).unwrap();
        writer.finish().unwrap()
    }

    fn read(bytes: &[u8], name: &str, limit: u64) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        Archive::open(bytes, limit).unwrap().content(name).unwrap().read_to_end(&mut content)?;
        Ok(content)
    }

    #[test]
    fn what_is_written_is_read() {
        let content = b"0123456789".repeat(5000);
        let bytes = archive(&content);
        assert_eq!(read(&bytes, "A/B.XML", 50_000).unwrap(), content);
        assert_eq!(read(&bytes, "empty", 0).unwrap(), b"");
        assert!(Archive::open(&bytes, 0).unwrap().content("none").is_none());
        let commented: Vec<u8> = bytes.iter().copied().chain([7; 300]).collect();
        assert_eq!(read(&commented, "a/b.xml", 50_000).unwrap(), content);
    }

    #[test]
    fn fragments_become_one_content() {
        let texts = ["0123456789".repeat(5000), String::new(), "0123456789".repeat(3), "x".to_owned()];
        let stored = texts.iter().map(|text| Fragment::of_bytes(&fragment(text.as_bytes()).to_bytes()).unwrap());
        let mut writer = Writer::default();
        writer.add("joined", &stored.collect::<Vec<_>>()).unwrap();
        let joined = read(&writer.finish().unwrap(), "joined", u64::MAX).unwrap();
        assert_eq!(joined, texts.concat().into_bytes());
        assert!(Fragment::of_bytes(&[0; 11]).is_none());
    }

    #[test]
    fn content_beyond_the_limit_is_not_decompressed() {
        let bytes = archive(&vec![0; 10_000_000]);
        assert!(bytes.len() < 100_000, "{}", bytes.len());
        assert_eq!(read(&bytes, "a/b.xml", 9_999_999).unwrap_err().kind(), ErrorKind::FileTooLarge);
    }

    #[test]
    fn a_damaged_archive_is_an_error_and_no_panic() {
        let bytes = archive(b"some content that is compressed");
        for at in 0..bytes.len() {
            for damaged in [bytes[at] ^ 1, 0, 0xff] {
                let mut copy = bytes.clone();
                copy[at] = damaged;
                if let Some(content) = Archive::open(&copy, 1000).and_then(|archive| archive.content("a/b.xml")) {
                    let _ = { content }.read_to_end(&mut Vec::new());
                }
            }
            assert!(Archive::open(&bytes[..at], 1000).is_none());
        }
    }

    #[test]
    fn a_changed_byte_of_the_content_is_detected() {
        let mut bytes = archive(b"x");
        let at = bytes.windows(7).position(|window| window == b"a/b.xml").unwrap() + 7;
        bytes[at] ^= 0x10;
        assert!(read(&bytes, "a/b.xml", 1000).is_err());
    }
}
