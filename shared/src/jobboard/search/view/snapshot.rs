//! A view as bytes: a frame with the dictionaries, then frames with the columns of some rows each, oldest first. Bitmaps and orders are
//! not stored; the loader builds them again.
//!
//! Every frame is compressed by zstd and carries a SHA-256 of itself and the digest of the previous frame. A changed, missing, exchanged
//! or truncated frame is therefore detected before it is used. Numbers are little-endian, like the processors of Lambda.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use bytemuck::Pod;
use serde::{Deserialize, Serialize};

use super::columns::Row;
use super::facet::{Facet, Tags};
use super::grid::Grid;
use super::sorted::Sorted;
use super::{Slot, Top, View};

/// The version of the format. It increases with every change.
const FORM: &[u8; 8] = b"gqjobs02";
/// The number of rows in a frame.
const FRAME_ROWS: usize = 32_768;
/// The size of a row, in bytes.
const ROW: usize = 92;
/// The largest frame, compressed or not, in bytes.
const MAX_FRAME: usize = 64 << 20;
const DIGEST: usize = 32;
/// The start of the top of a job without one.
const NEVER: i64 = i64::MIN;

/// The first frame.
#[derive(Serialize, Deserialize)]
struct Header {
    origin: String,
    watermark: i64,
    rows: usize,
    positions: Vec<Option<String>>,
    tags: [Kind; 3],
}

/// The tags of one kind, and the sets of their codes.
#[derive(Serialize, Deserialize)]
struct Kind {
    tags: Vec<Option<String>>,
    sets: Vec<Option<Vec<u32>>>,
}

/// Why a snapshot cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub enum Damage {
    /// It has another format or version.
    Form,
    /// It is from another installation.
    Origin,
    /// It was changed or truncated.
    Bytes,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Form => "it is of another form",
            Self::Origin => "it is of another installation",
            Self::Bytes => "it is damaged",
        })
    }
}

impl View {
    /// `origin` names the installation. [`Loader::finish`] returns `watermark`.
    pub fn snapshot(&self, origin: &str, watermark: i64) -> std::io::Result<Vec<u8>> {
        let header = Header {
            origin: origin.to_owned(),
            watermark,
            rows: self.len(),
            positions: owned(self.positions.values()),
            tags: self.tags.each_ref().map(|kind| Kind { tags: owned(kind.values()), sets: owned(kind.sets()) }),
        };
        let mut writer = Writer { bytes: FORM.to_vec(), last: [0; DIGEST] };
        writer.frame(&serde_json::to_vec(&header)?)?;
        for slots in self.created.rows().chunks(FRAME_ROWS) {
            writer.frame(&self.frame(slots))?;
        }
        Ok(writer.bytes)
    }

    fn frame(&self, slots: &[Slot]) -> Vec<u8> {
        let rows: Vec<Row> = slots.iter().map(|slot| self.columns.get(*slot)).collect();
        let top = |slot: &Slot| {
            let start = self.top_starts.get(slot).copied();
            let end = start.and_then(|start| self.tops.get(&(start, self.columns.id(*slot)))).map(|(end, _)| *end);
            start.zip(end).unwrap_or((NEVER, NEVER))
        };
        let mut bytes = Vec::with_capacity(slots.len() * ROW);
        column(&mut bytes, rows.iter().map(|row| row.id));
        column(&mut bytes, rows.iter().map(|row| row.owner));
        column(&mut bytes, rows.iter().map(|row| row.created));
        column(&mut bytes, rows.iter().map(|row| row.fresh));
        column(&mut bytes, slots.iter().map(|slot| top(slot).0));
        column(&mut bytes, slots.iter().map(|slot| top(slot).1));
        column(&mut bytes, rows.iter().map(|row| row.longitude));
        column(&mut bytes, rows.iter().map(|row| row.latitude));
        column(&mut bytes, rows.iter().map(|row| row.version));
        column(&mut bytes, rows.iter().map(|row| row.salary_min));
        column(&mut bytes, rows.iter().map(|row| row.salary_max));
        column(&mut bytes, rows.iter().map(|row| row.positions));
        for kind in 0..3 {
            column(&mut bytes, rows.iter().map(|row| row.tags[kind]));
        }
        bytes
    }
}

fn owned<V: ?Sized + ToOwned>(values: &[Option<Arc<V>>]) -> Vec<Option<V::Owned>> {
    values.iter().map(|value| value.as_deref().map(V::to_owned)).collect()
}

fn arc<T, V: ?Sized>(value: Option<T>) -> Option<Arc<V>>
where
    Arc<V>: From<T>,
{
    value.map(Arc::from)
}

fn column<T: Pod>(bytes: &mut Vec<u8>, values: impl Iterator<Item = T>) {
    values.for_each(|value| bytes.extend_from_slice(bytemuck::bytes_of(&value)));
}

struct Writer {
    bytes: Vec<u8>,
    last: [u8; DIGEST],
}

impl Writer {
    fn frame(&mut self, content: &[u8]) -> std::io::Result<()> {
        let packed = zstd::bulk::compress(content, zstd::DEFAULT_COMPRESSION_LEVEL)?;
        self.last = digest(&self.last, &packed);
        for length in [packed.len(), content.len()] {
            self.bytes.extend(u32::try_from(length).map_err(std::io::Error::other)?.to_le_bytes());
        }
        self.bytes.extend(self.last);
        self.bytes.extend(packed);
        Ok(())
    }
}

fn digest(last: &[u8], packed: &[u8]) -> [u8; DIGEST] {
    let mut context = Context::new(&SHA256);
    context.update(last);
    context.update(packed);
    let mut digest = [0; DIGEST];
    digest.copy_from_slice(context.finish().as_ref());
    digest
}

/// Builds a view from a snapshot that arrives in pieces. It buffers at most one frame and one piece.
pub struct Loader {
    origin: String,
    /// The bytes that are not yet read.
    bytes: Vec<u8>,
    last: [u8; DIGEST],
    has_form: bool,
    /// The watermark and the number of rows, once the header was read.
    promised: Option<(i64, usize)>,
    view: View,
}

impl Loader {
    pub fn new(origin: &str) -> Self {
        let (origin, view) = (origin.to_owned(), View::default());
        Self { origin, bytes: Vec::new(), last: [0; DIGEST], has_form: false, promised: None, view }
    }

    /// Reads the next bytes.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Damage> {
        self.bytes.extend_from_slice(bytes);
        if !self.has_form {
            let Some((form, rest)) = self.bytes.split_first_chunk::<{ FORM.len() }>() else { return Ok(()) };
            if form != FORM {
                return Err(Damage::Form);
            }
            self.bytes = rest.to_vec();
            self.has_form = true;
        }
        let bytes = std::mem::take(&mut self.bytes);
        let mut rest = bytes.as_slice();
        while let Some(Frame { content, after }) = self.frame(rest)? {
            match self.promised {
                None => self.read_header(&content)?,
                Some(_) => self.read_rows(&content)?,
            }
            rest = after;
        }
        self.bytes = rest.to_vec();
        Ok(())
    }

    /// The view and its watermark.
    pub fn finish(mut self) -> Result<(View, i64), Damage> {
        let (watermark, rows) = self.promised.ok_or(Damage::Bytes)?;
        let columns = &self.view.columns;
        if !self.bytes.is_empty() || columns.slots() != rows {
            return Err(Damage::Bytes);
        }
        let slots = || (0..rows).map(|slot| slot as Slot).collect::<Vec<_>>();
        let mut by_fresh = slots();
        by_fresh.sort_by_key(|slot| columns.fresh_key(*slot));
        (self.view.created, self.view.fresh) = (Sorted::of(slots()), Sorted::of(by_fresh));
        self.view.grid = Grid::of((0..rows as Slot).map(|slot| (slot, columns.direction(slot))));
        Ok((self.view, watermark))
    }

    /// The next frame, if it is complete.
    fn frame<'a>(&mut self, bytes: &'a [u8]) -> Result<Option<Frame<'a>>, Damage> {
        let Some((packed_length, rest)) = length(bytes) else { return Ok(None) };
        let Some((content_length, rest)) = length(rest) else { return Ok(None) };
        if packed_length > MAX_FRAME || content_length > MAX_FRAME {
            return Err(Damage::Bytes);
        }
        let Some((expected, rest)) = rest.split_at_checked(DIGEST) else { return Ok(None) };
        let Some((packed, after)) = rest.split_at_checked(packed_length) else { return Ok(None) };
        self.last = digest(&self.last, packed);
        if self.last != *expected {
            return Err(Damage::Bytes);
        }
        let content = zstd::bulk::decompress(packed, content_length).map_err(|_| Damage::Bytes)?;
        Ok(Some(Frame { content, after }))
    }

    fn read_header(&mut self, content: &[u8]) -> Result<(), Damage> {
        let Header { origin, watermark, rows, positions, tags } = serde_json::from_slice(content).map_err(|_| Damage::Bytes)?;
        if origin != self.origin {
            return Err(Damage::Origin);
        }
        let [basic, benefits, leave] =
            tags.map(|Kind { tags, sets }| Tags::of(tags.into_iter().map(arc).collect(), sets.into_iter().map(arc).collect()));
        let (Some(basic), Some(benefits), Some(leave)) = (basic, benefits, leave) else { return Err(Damage::Bytes) };
        self.view.positions = Facet::of(positions.into_iter().map(arc).collect());
        self.view.tags = [basic, benefits, leave];
        // The process will soon add more jobs.
        self.view.columns.reserve(rows.min(Slot::MAX as usize / 2) + rows / 64);
        self.promised = Some((watermark, rows));
        Ok(())
    }

    fn read_rows(&mut self, content: &[u8]) -> Result<(), Damage> {
        if content.is_empty() || !content.len().is_multiple_of(ROW) {
            return Err(Damage::Bytes);
        }
        let columns = &mut Reader { bytes: content, rows: content.len() / ROW };
        let (id, owner) = (columns.next::<u64>(), columns.next::<u64>());
        let (created, fresh) = (columns.next::<i64>(), columns.next::<i64>());
        let (start, end) = (columns.next::<i64>(), columns.next::<i64>());
        let (longitude, latitude) = (columns.next::<f64>(), columns.next::<f64>());
        let version = columns.next::<u32>();
        let (salary_min, salary_max) = (columns.next::<i32>(), columns.next::<i32>());
        let positions = columns.next::<u32>();
        let tags = [columns.next::<u32>(), columns.next::<u32>(), columns.next::<u32>()];
        for at in 0..id.len() {
            let row = Row {
                id: id[at],
                owner: owner[at],
                created: created[at],
                fresh: fresh[at],
                longitude: longitude[at],
                latitude: latitude[at],
                version: version[at],
                salary_min: salary_min[at],
                salary_max: salary_max[at],
                positions: positions[at],
                tags: [tags[0][at], tags[1][at], tags[2][at]],
            };
            let top = (start[at] != NEVER).then_some(Top { start: start[at], end: end[at] });
            self.read_row(&row, top)?;
        }
        Ok(())
    }

    fn read_row(&mut self, row: &Row, top: Option<Top>) -> Result<(), Damage> {
        let view = &mut self.view;
        let slot = view.columns.grow();
        let in_order = slot == 0 || view.columns.created_key(slot - 1) < (row.created, row.id);
        let mut sets = view.tags.iter_mut().zip(row.tags);
        let all = view.columns.slots().max(self.promised.map_or(0, |(_, rows)| rows));
        let coded =
            view.positions.enter_coded(slot, row.positions, all) && sets.all(|(kind, set)| kind.enter_coded(slot, set, all));
        if !in_order || !coded {
            return Err(Damage::Bytes);
        }
        view.columns.set(slot, row);
        if let Some(top) = top {
            view.put_on_top(slot, row.id, top);
        }
        Ok(())
    }
}

struct Frame<'a> {
    content: Vec<u8>,
    after: &'a [u8],
}

fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    Some((u32::from_le_bytes(*length) as usize, rest))
}

/// Reads the columns of a frame in order.
struct Reader<'a> {
    bytes: &'a [u8],
    rows: usize,
}

impl Reader<'_> {
    fn next<T: Pod>(&mut self) -> Vec<T> {
        let (column, rest) = self.bytes.split_at(self.rows * size_of::<T>());
        self.bytes = rest;
        bytemuck::pod_collect_to_vec(column)
    }
}
