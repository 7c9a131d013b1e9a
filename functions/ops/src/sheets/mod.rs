//! Sheets: XLSX and CSV files that people of staff upload and download.
//!
//! | module | does |
//! |---|---|
//! | `csv`, `xlsx` | read and write the two formats |
//! | `columns` | titles and choices of the columns of an import |
//! | `template` | the file that people fill in |
//! | `matching` | which column of a file is which field, and its rows as JSON Lines |
//! | `faults` | what is wrong, by row and cell |
//! | `import` | an import step by step, over several requests |
//! | `export` | a list as a file, over several requests |
//!
//! Nothing here is HTML or HTTP, and no rule of a record is here: `import_hris` checks the rows.

pub mod columns;
pub mod csv;
pub mod export;
pub mod faults;
pub mod import;
pub mod matching;
pub mod store;
pub mod template;
pub mod texts;
pub mod xlsx;

use std::fmt;

use serde::{Deserialize, Serialize};

/// The largest file, in bytes.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;
/// The most rows behind the header.
pub const MAX_ROWS: usize = 10_000;
pub const MAX_COLUMNS: usize = 100;
/// The longest text of a cell, in bytes.
pub const MAX_CELL: usize = 4 * 1024;
/// The most faults of a row that are kept.
pub const MAX_FAULTS: usize = 10;
/// The most text of all cells, in bytes: a file can repeat a text without growing.
pub const MAX_TEXT: usize = 16 * 1024 * 1024;

/// A table as text: the first row with content is its header.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Sheet {
    pub header: Vec<String>,
    /// Without empty rows.
    pub rows: Vec<SheetRow>,
    /// Cells that cannot be read as the person meant them.
    pub faults: Vec<CellFault>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct SheetRow {
    /// As the program shows it, from 1.
    pub number: u32,
    /// Without white space around the text. There may be fewer than columns.
    pub cells: Vec<String>,
}

/// What is wrong with a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellFault {
    pub row: u32,
    /// From 0.
    pub column: usize,
    pub reason: CellReason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CellReason {
    /// The text is longer than [`MAX_CELL`].
    TooLong,
    /// A number of more than 15 digits, of which Excel keeps 15: an identity number in a cell that is not text.
    LostDigits,
    /// The result of a formula that failed, such as `#N/A`.
    FormulaError,
    /// A text that begins like JSON.
    InvalidJson,
}

impl CellReason {
    /// The key of its text.
    pub fn key(self) -> &'static str {
        match self {
            Self::TooLong => "sheet.cell.too_long",
            Self::LostDigits => "sheet.cell.lost_digits",
            Self::FormulaError => "sheet.cell.formula_error",
            Self::InvalidJson => "sheet.cell.invalid_json",
        }
    }
}

/// Why a file cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// More than [`MAX_BYTES`].
    TooLarge,
    /// Neither XLSX nor CSV.
    UnknownType,
    /// The format of Excel before 2007.
    OldFormat,
    /// With a password.
    Protected,
    /// The file is damaged.
    Broken,
    /// Its content is many times larger than the file: see [`xlsx::MAX_CONTENT`], [`MAX_TEXT`].
    TooMuchContent,
    TooManyRows,
    TooManyColumns,
    /// The text is neither UTF-8 nor GB18030.
    UnknownEncoding,
    /// A quotation mark of a CSV file is not closed.
    OpenQuotation,
    /// There is no header, or no row behind it.
    Empty,
}

impl Unreadable {
    /// The key of its text.
    pub fn key(self) -> &'static str {
        match self {
            Self::TooLarge => "sheet.too_large",
            Self::UnknownType => "sheet.unknown_type",
            Self::OldFormat => "sheet.old_format",
            Self::Protected => "sheet.protected",
            Self::Broken => "sheet.broken",
            Self::TooMuchContent => "sheet.too_much_content",
            Self::TooManyRows => "sheet.too_many_rows",
            Self::TooManyColumns => "sheet.too_many_columns",
            Self::UnknownEncoding => "sheet.unknown_encoding",
            Self::OpenQuotation => "sheet.open_quotation",
            Self::Empty => "sheet.empty",
        }
    }
}

/// Reads an XLSX or CSV file. The content decides which one it is.
pub fn read(bytes: &[u8]) -> Result<Sheet, Unreadable> {
    const ZIP: &[u8] = b"PK\x03\x04";
    const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
    if bytes.len() > MAX_BYTES {
        return Err(Unreadable::TooLarge);
    }
    let mut table = Table::default();
    if bytes.starts_with(ZIP) {
        xlsx::read(bytes, &mut table)?;
    } else if bytes.starts_with(COMPOUND) {
        return Err(if is_encrypted(bytes) { Unreadable::Protected } else { Unreadable::OldFormat });
    } else {
        csv::read(bytes, &mut table)?;
    }
    table.into_sheet()
}

/// An XLSX file with a password is a compound file, as the older formats are, with an entry of this name in UTF-16.
fn is_encrypted(bytes: &[u8]) -> bool {
    let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    bytes.windows(name.len()).any(|window| window == name)
}

/// Collects cells within the limits.
#[derive(Default)]
struct Table {
    rows: Vec<SheetRow>,
    faults: Vec<CellFault>,
    /// The bytes of all texts.
    text: usize,
}

impl Table {
    /// Adds a cell. The rows and the cells of a row come in order; one that comes again replaces the earlier one.
    fn add(&mut self, row: u32, column: usize, cell: Result<&str, CellReason>) -> Result<(), Unreadable> {
        let (text, reason) = match cell {
            Ok(text) if text.trim().len() > MAX_CELL => ("", Some(CellReason::TooLong)),
            Ok(text) => (text.trim(), None),
            Err(reason) => ("", Some(reason)),
        };
        if text.is_empty() && reason.is_none() {
            return Ok(());
        }
        if column >= MAX_COLUMNS {
            return Err(Unreadable::TooManyColumns);
        }
        self.text += text.len();
        if self.text > MAX_TEXT {
            return Err(Unreadable::TooMuchContent);
        }
        if self.rows.last().is_none_or(|last| last.number < row) {
            // One for the header.
            if self.rows.len() > MAX_ROWS {
                return Err(Unreadable::TooManyRows);
            }
            self.rows.push(SheetRow { number: row, cells: Vec::new() });
        }
        // A row that is out of order makes the file invalid.
        let last = self.rows.last_mut().filter(|last| last.number == row).ok_or(Unreadable::Broken)?;
        if last.cells.len() <= column {
            last.cells.resize(column + 1, String::new());
        }
        text.clone_into(&mut last.cells[column]);
        let is_full = self.faults.len().checked_sub(MAX_FAULTS).is_some_and(|at| self.faults[at].row == row);
        self.faults.extend(reason.filter(|_| !is_full).map(|reason| CellFault { row, column, reason }));
        Ok(())
    }

    /// The header is the first row with more than one cell: a title may precede it.
    fn into_sheet(self) -> Result<Sheet, Unreadable> {
        let Self { mut rows, mut faults, .. } = self;
        let is_header = |row: &SheetRow| row.cells.iter().filter(|cell| !cell.is_empty()).count() > 1;
        let at = rows.iter().position(is_header).unwrap_or(0);
        if rows.len() < at + 2 {
            return Err(Unreadable::Empty);
        }
        let rows = rows.split_off(at);
        let mut rows = rows.into_iter();
        let Some(SheetRow { number, cells: header }) = rows.next() else { return Err(Unreadable::Empty) };
        faults.retain(|fault| fault.row > number);
        Ok(Sheet { header, rows: rows.collect(), faults })
    }
}

/// The cells may be about persons: `Debug` does not show them.
impl fmt::Debug for Sheet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sheet({} columns, {} rows, {} faults)", self.header.len(), self.rows.len(), self.faults.len())
    }
}

impl fmt::Debug for SheetRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SheetRow({}, {} cells)", self.number, self.cells.len())
    }
}

/// The letters of a column: `A` of 0, `AA` of 26.
pub fn letters(column: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = column + 1;
    while rest > 0 {
        rest -= 1;
        letters.insert(0, b'A' + (rest % 26) as u8);
        rest /= 26;
    }
    letters.into_iter().map(char::from).collect()
}
