//! A list as an XLSX or CSV file, over several requests: each reads pages for some seconds, and the last one joins the file.
//!
//! Nothing is in memory between two requests. Below `exports/console/{id}/` of the uploads bucket are:
//!
//! | object | holds |
//! |---|---|
//! | `state` | whose export it is, since when, and [`Export`] |
//! | `part-{n}` | the rows of a request as they are in the file; those of XLSX are compressed |
//! | `file` | the file |
//!
//! Each step may be repeated: it reads the same pages, and stores the same objects again.

mod cells;

use std::pin::pin;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::error::{Error, Fault, Result};
use shared::staff::Member;

pub use cells::{Column, Format};

use super::store::{Folder, Owned};
use super::xlsx::book::{self, Book, Fragment, Rows, Style};
use super::{MAX_COLUMNS, csv};
use crate::admin::Admin;
use crate::console::texts::text;
use cells::{Cell, cell, style, width};

/// Where exports are. The bucket removes them after a day.
const PREFIX: &str = "exports/console/";
const FILE: &str = "file";
/// The most rows of an export.
pub const MAX_ROWS: u64 = 100_000;
/// The most bytes of all parts, those of XLSX compressed: the file is joined in memory.
const MAX_BYTES: u64 = 64 * 1024 * 1024;
/// How long a step reads pages, and the most rows that it reads.
const STEP: SignedDuration = SignedDuration::from_secs(5);
const STEP_ROWS: u64 = 5_000;
/// How many parts are read at once when the file is joined.
const AT_ONCE: usize = 8;

/// The format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileType {
    Xlsx,
    Csv,
}

/// A page of a list: the cells of each row, and the cursor of the next page if there is one.
pub struct Page {
    pub rows: Vec<Vec<Value>>,
    pub next: Option<String>,
}

/// Reads a list. The page that exports knows the command, the filter and the columns.
pub trait Pages: Sync {
    type Error: From<Error>;

    fn page(&self, cursor: Option<&str>) -> impl Future<Output = Result<Page, Self::Error>> + Send;
}

/// How far an export is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    Reading,
    /// Everything is read.
    Joining,
    Done,
}

/// An export.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Export {
    pub id: String,
    /// The name of the file without its extension.
    pub name: String,
    pub file: FileType,
    pub columns: Vec<Column>,
    pub stage: Stage,
    /// How many rows are read.
    pub rows: u64,
    /// The list is longer than an export may be.
    pub is_cut: bool,
    bytes: u64,
    parts: u64,
    cursor: Option<String>,
}

impl FileType {
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "xlsx" => Some(Self::Xlsx),
            "csv" => Some(Self::Csv),
            _ => None,
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Xlsx => "xlsx",
            Self::Csv => "csv",
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }
}

/// Begins an export.
///
/// S3: one PUT.
pub async fn begin(app: &Admin, member: &Member, name: &str, file: FileType, columns: Vec<Column>) -> Result<Export> {
    if columns.is_empty() || columns.len() > MAX_COLUMNS {
        return Err(Error::invalid([Fault::new("columns", format!("must have 1 to {MAX_COLUMNS} elements"))]));
    }
    let folder = Folder::create(app, PREFIX)?;
    let export = Export {
        id: folder.id().to_owned(),
        name: name.chars().take(128).collect(),
        file,
        columns,
        stage: Stage::Reading,
        rows: 0,
        is_cut: false,
        bytes: 0,
        parts: 0,
        cursor: None,
    };
    folder.put_state(&Owned::new(member, app.clock.now(), &export)).await?;
    Ok(export)
}

/// The export of a member.
///
/// S3: one GET.
pub async fn open(app: &Admin, member: &Member, id: &str) -> Result<Export> {
    Ok(stored(app, member, id).await?.1.state)
}

async fn stored<'a>(app: &'a Admin, member: &Member, id: &str) -> Result<(Folder<'a>, Owned<Export>)> {
    let folder = Folder::of(app, PREFIX, id).ok_or_else(|| Error::missing("id"))?;
    let state = folder.state(member, app.clock.now()).await?.ok_or_else(|| Error::missing("id"))?;
    Ok((folder, state))
}

/// Reads pages for about five seconds, or joins the file when everything is read. Does nothing when the export is done.
///
/// S3: one GET and two PUTs; when the file is joined, one GET more for each part.
pub async fn step<P: Pages>(app: &Admin, member: &Member, id: &str, pages: &P) -> Result<Export, P::Error> {
    let (folder, mut stored) = stored(app, member, id).await?;
    match stored.state.stage {
        Stage::Reading => {
            let part = read(app, &mut stored.state, pages).await?;
            folder.put_bytes(&part_name(stored.state.parts), part, "application/octet-stream").await?;
            stored.state.parts += 1;
        }
        Stage::Joining => {
            let file = join(&folder, &stored.state).await?;
            folder.put_bytes(FILE, file, stored.state.file.content_type()).await?;
            stored.state.stage = Stage::Done;
        }
        Stage::Done => return Ok(stored.state),
    }
    folder.put_state(&stored).await?;
    Ok(stored.state)
}

/// An address from which a browser downloads the file under its name for fifteen minutes.
///
/// S3: one GET.
pub async fn download(app: &Admin, member: &Member, id: &str) -> Result<String> {
    let (folder, Owned { state: Export { name, file, stage, .. }, .. }) = stored(app, member, id).await?;
    if stage != Stage::Done {
        return Err(Error::conflict(Fault::new("id", "is not done")));
    }
    folder.download(FILE, &format!("{name}.{}", file.extension())).await
}

fn part_name(part: u64) -> String {
    format!("part-{part}")
}

/// Reads pages, and returns their rows as they are in the file.
async fn read<P: Pages>(app: &Admin, export: &mut Export, pages: &P) -> Result<Vec<u8>, P::Error> {
    let began = app.clock.now();
    let mut part = Part::of(export);
    let until = (export.rows + STEP_ROWS).min(MAX_ROWS);
    loop {
        let Page { rows, next } = pages.page(export.cursor.as_deref()).await?;
        let left = usize::try_from(MAX_ROWS - export.rows).unwrap_or(usize::MAX);
        for row in rows.iter().take(left) {
            part.add(&export.columns, row).map_err(Error::internal)?;
            export.rows += 1;
        }
        export.cursor = next;
        let is_full = export.rows >= MAX_ROWS || export.bytes + part.length() >= MAX_BYTES;
        if export.cursor.is_none() || is_full {
            export.is_cut = export.cursor.is_some() || rows.len() > left;
            export.stage = Stage::Joining;
            break;
        }
        if export.rows >= until || app.clock.now().duration_since(began) >= STEP {
            break;
        }
    }
    let part = part.finish().map_err(Error::internal)?;
    export.bytes += part.len() as u64;
    Ok(part)
}

/// Rows of one request.
enum Part {
    Xlsx(Rows),
    Csv(csv::Writer),
}

impl Part {
    fn of(export: &Export) -> Self {
        match export.file {
            // Behind the header and the rows of earlier parts.
            FileType::Xlsx => Self::Xlsx(Rows::after(1 + u32::try_from(export.rows).unwrap_or(u32::MAX))),
            FileType::Csv => Self::Csv(csv::Writer::default()),
        }
    }

    fn add(&mut self, columns: &[Column], row: &[Value]) -> std::io::Result<()> {
        let none = Value::Null;
        let cells = columns.iter().enumerate().map(|(at, column)| cell(column.format, row.get(at).unwrap_or(&none)));
        let cells: Vec<Cell> = cells.collect();
        match self {
            Self::Xlsx(rows) => rows.add(cells.iter().map(Cell::in_book)),
            Self::Csv(writer) => {
                writer.record(cells.iter().map(Cell::in_csv));
                Ok(())
            }
        }
    }

    /// In bytes, as they are stored.
    fn length(&self) -> u64 {
        match self {
            Self::Xlsx(rows) => rows.length(),
            Self::Csv(writer) => writer.length(),
        }
    }

    fn finish(self) -> std::io::Result<Vec<u8>> {
        match self {
            Self::Xlsx(rows) => Ok(rows.finish()?.to_bytes()),
            Self::Csv(writer) => Ok(writer.finish()),
        }
    }
}

/// The file of all parts.
async fn join(folder: &Folder<'_>, export: &Export) -> Result<Vec<u8>> {
    let read = async |part| {
        let bytes = folder.bytes(&part_name(part)).await?;
        bytes.ok_or_else(|| Error::internal("a part of an export does not exist"))
    };
    let mut parts = pin!(stream::iter(0..export.parts).map(read).buffered(AT_ONCE));
    let titles = export.columns.iter().map(|column| column.title.as_str());
    match export.file {
        FileType::Csv => {
            let mut header = csv::Writer::default();
            header.record(titles.map(csv::Value::Text));
            let mut file = [csv::BYTE_ORDER_MARK.as_bytes(), &header.finish()].concat();
            file.reserve_exact(usize::try_from(export.bytes).map_err(Error::internal)?);
            while let Some(part) = parts.try_next().await? {
                file.extend(part);
            }
            Ok(file)
        }
        FileType::Xlsx => {
            let mut header = Rows::default();
            let written = header.add(titles.map(|title| (book::Value::Text(title), Style::Header)));
            let header = written.and_then(|()| header.finish()).map_err(Error::internal)?;
            let mut fragments = vec![header];
            while let Some(part) = parts.try_next().await? {
                let fragment = Fragment::of_bytes(&part);
                fragments.push(fragment.ok_or_else(|| Error::internal("a part of an export is not valid"))?);
            }
            let column = |column: &Column| book::Column {
                width: width(column.format),
                style: style(column.format),
                choices: Vec::new(),
            };
            let columns: Vec<book::Column> = export.columns.iter().map(column).collect();
            let mut book = Book::default();
            let added = book.sheet_of(&text("sheet.export.rows"), &columns, fragments);
            added.and_then(|()| book.finish()).map_err(Error::internal)
        }
    }
}
