//! What is wrong with the rows of an import, by row and cell of the sheet, and a file with the wrong rows alone.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::error::{Error, Result};
use shared::hris::import_lines::Kind;

use super::columns::column;
use super::matching::Mapping;
use super::texts::{reason, title};
use super::xlsx::book::{Book, Column, Rows, Style, Value as Cell};
use super::{CellFault, Sheet, letters};
use crate::console::texts::text;

/// What is wrong with a cell, or with a whole row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RowFault {
    /// The row of the sheet, from 1.
    pub row: u32,
    /// Where the cell is; `None` for a fault of the whole row, or of a field that no column has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell: Option<Place>,
    /// The name of the field, as `import_hris` returns it.
    pub field: String,
    /// As `import_hris` returns it, or the key of a text: see [`reason`].
    pub reason: String,
    /// The row is imported all the same: it refers to a record that does not exist.
    pub is_warning: bool,
}

/// A column of the sheet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// From 0.
    pub column: usize,
    /// `AB`.
    pub letters: String,
    pub title: String,
}

/// How many rows had which result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub created: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub deleted: u64,
    pub refused: u64,
}

impl RowFault {
    /// The reason for people.
    pub fn text(&self, kind: Kind) -> String {
        reason(&self.reason, column(kind, &self.field).map(|column| column.form))
    }
}

impl Counts {
    /// Those of the results of `import_hris`.
    pub fn of(results: &[Value]) -> Self {
        let mut counts = Self::default();
        for result in results {
            match result["status"].as_str() {
                Some("created") => counts.created += 1,
                Some("updated") => counts.updated += 1,
                Some("unchanged") => counts.unchanged += 1,
                Some("deleted") => counts.deleted += 1,
                _ => counts.refused += 1,
            }
        }
        counts
    }

    pub fn rows(&self) -> u64 {
        let Self { created, updated, unchanged, deleted, refused } = self;
        created + updated + unchanged + deleted + refused
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.created += other.created;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.deleted += other.deleted;
        self.refused += other.refused;
    }
}

fn place(header: &[String], column: usize) -> Place {
    Place { column, letters: letters(column), title: header.get(column).cloned().unwrap_or_default() }
}

/// The faults of cells that keep their rows out of the import.
pub fn of_cells(header: &[String], mapping: &Mapping, faults: &[CellFault]) -> Vec<RowFault> {
    let fault = |CellFault { row, column, reason }: &CellFault| RowFault {
        row: *row,
        cell: Some(place(header, *column)),
        field: mapping.0.get(*column).cloned().flatten().unwrap_or_default(),
        reason: reason.key().to_owned(),
        is_warning: false,
    };
    faults.iter().map(fault).collect()
}

/// The faults and warnings among results of `import_hris`. Line 1 is the first of these rows.
pub fn of_results(header: &[String], mapping: &Mapping, rows: &[u32], results: &[Value]) -> Vec<RowFault> {
    let mut faults = Vec::new();
    for result in results {
        let line = result["line"].as_u64().and_then(|line| usize::try_from(line).ok()).and_then(|line| line.checked_sub(1));
        let Some(row) = line.and_then(|line| rows.get(line)) else { continue };
        let mut add = |field: &str, reason: &str, is_warning| {
            let cell = mapping.column_of(field).map(|column| place(header, column));
            faults.push(RowFault { row: *row, cell, field: field.to_owned(), reason: reason.to_owned(), is_warning });
        };
        for error in result["errors"].as_array().into_iter().flatten() {
            add(error["field"].as_str().unwrap_or_default(), error["reason"].as_str().unwrap_or_default(), false);
        }
        for field in result["missing"].as_array().into_iter().flatten() {
            add(field.as_str().unwrap_or_default(), "does not exist", true);
        }
    }
    faults
}

/// The rows that have a fault, as the person wrote them, with the reasons in a last column. The wrong cells are colored.
pub fn errors_file(kind: Kind, sheet: &Sheet, faults: &[RowFault]) -> Result<Vec<u8>> {
    written(kind, sheet, faults).map_err(Error::internal)
}

fn written(kind: Kind, sheet: &Sheet, faults: &[RowFault]) -> std::io::Result<Vec<u8>> {
    let mut faults: Vec<&RowFault> = faults.iter().filter(|fault| !fault.is_warning).collect();
    faults.sort_by_key(|fault| fault.row);
    let column = |width| Column { width, style: Style::Text, choices: Vec::new() };
    let columns: Vec<Column> = sheet.header.iter().map(|_| column(18)).chain([column(60)]).collect();
    let mut rows = Rows::default();
    let reason = text("sheet.errors.reason");
    let header = sheet.header.iter().map(String::as_str).chain([&*reason]);
    rows.add(header.map(|title| (Cell::Text(title), Style::Header)))?;
    let mut rest = faults.as_slice();
    for row in &sheet.rows {
        rest = &rest[rest.partition_point(|fault| fault.row < row.number)..];
        let own = &rest[..rest.partition_point(|fault| fault.row == row.number)];
        if own.is_empty() {
            continue;
        }
        let reasons: Vec<String> = own.iter().map(|fault| described(fault, kind)).collect();
        let reasons = reasons.join(&text("sheet.errors.separator"));
        let is_wrong = |column: usize| own.iter().any(|fault| fault.cell.as_ref().is_some_and(|place| place.column == column));
        let cells = (0..sheet.header.len()).map(|column| {
            let style = if is_wrong(column) { Style::Fault } else { Style::Text };
            (Cell::Text(row.cells.get(column).map_or("", String::as_str)), style)
        });
        rows.add(cells.chain([(Cell::Text(&reasons), Style::Text)]))?;
    }
    let mut book = Book::default();
    book.sheet(&text("sheet.errors.rows"), &columns, rows)?;
    book.finish()
}

/// `手机号：必须是手机号码`.
fn described(fault: &RowFault, kind: Kind) -> String {
    let reason = fault.text(kind);
    let in_sheet = fault.cell.as_ref().map(|place| place.title.clone()).filter(|title| !title.is_empty());
    let title = in_sheet.or_else(|| column(kind, &fault.field).map(|column| title(kind, column.field)));
    match title {
        Some(title) => format!("{title}{}{reason}", text("sheet.errors.colon")),
        None => reason,
    }
}
