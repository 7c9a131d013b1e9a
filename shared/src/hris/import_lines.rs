//! The rows of an import: JSON Lines, in the event or in S3. One invocation imports one slice of them.

use super::Service;
use serde::{Deserialize, Serialize};

use super::import::{Instruction, Mode, RowResult};
use super::rows::{
    ApprovalRow, ArrangementRow, CandidateRow, CompanyRow, DepartmentRow, EmployeeRow, Row, SourceRow, SubCompanyRow,
    TimelineRow, VacancyRow,
};
use super::values::Uuid;
use crate::error::{Error, Fault, Result};
use crate::storage::audit::Act;
use crate::values::input::{Json, WHOLE};
use crate::values::{Id, choices};

/// The most rows of a slice.
pub const MAX_ROWS: usize = 2000;
/// The most bytes of a slice, many times the size of a row.
const MAX_BYTES: u64 = 2 * 1024 * 1024;

choices! {
    /// The kind of records of an import.
    Kind {
        Companies = "companies", SubCompanies = "sub_companies", Departments = "departments", Employees = "employees",
        Arrangements = "arrangements", Timelines = "timelines", Approvals = "approvals", Vacancies = "vacancies",
        Sources = "sources", Candidates = "candidates",
    }
}

/// Where the rows are.
pub enum Lines<'a> {
    Inline(&'a str),
    /// A key in the uploads bucket, below `imports/`.
    Object(&'a str),
}

/// The position in an import: the offset behind the last imported line, and the number of lines before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    pub offset: u64,
    pub line: u64,
}

/// The rows of one invocation.
pub struct Slice<'a> {
    pub kind: Kind,
    /// Every kind except [`Kind::Companies`] needs one.
    pub company: Option<Uuid>,
    pub lines: Lines<'a>,
    pub from: Position,
    /// The most rows of this slice, up to [`MAX_ROWS`].
    pub limit: usize,
}

/// Whether a slice is stored and recorded.
pub enum Run<'a> {
    /// In the import with this id, or in a new one.
    Real(&'a Act, Option<Id>),
    Dry,
}

/// The outcome of a slice.
pub struct Imported {
    /// `None` of a dry run.
    pub import_id: Option<Id>,
    /// Each with its line number, from 1. Empty lines are skipped.
    pub results: Vec<(u64, RowResult)>,
    /// Where the next slice begins, if there is more.
    pub next: Option<Position>,
}

impl Service {
    /// Imports a slice and records it, or says what its rows would do.
    ///
    /// DynamoDB: for a slice that continues an import, one read; then the calls of [`Import::store`](super::import::Import::store), and one
    /// transaction with the record of the import.
    pub async fn import_rows(&self, slice: &Slice<'_>, run: Run<'_>) -> Result<Imported> {
        let Slice { kind, company, lines, from, limit } = slice;
        if company.is_none() != (*kind == Kind::Companies) {
            let reason = if company.is_none() { "is required" } else { "must be absent: each row of companies has its own" };
            return Err(Error::invalid([Fault::new("company_uuid", reason)]));
        }
        let (bytes, whole) = match lines {
            Lines::Inline(text) => {
                let start = usize::try_from(from.offset).unwrap_or(usize::MAX).min(text.len());
                let most = usize::try_from(MAX_BYTES).unwrap_or(usize::MAX);
                let rest = &text.as_bytes()[start..];
                (rest[..rest.len().min(most)].to_vec(), text.len() as u64)
            }
            Lines::Object(key) => {
                let read = self.objects.read(key, from.offset, MAX_BYTES).await?;
                read.ok_or_else(|| Error::missing("object"))?
            }
        };
        let (lines, next) = split(&bytes, whole, *from, *limit)?;
        match run {
            Run::Dry => {
                let results = self.import_slice(Mode::Dry, *kind, company.clone(), &lines).await?;
                Ok(Imported { import_id: None, results, next })
            }
            Run::Real(act, id) => {
                let record = self.import_of(act, id, slice, whole).await?;
                let results = self.import_slice(Mode::Real(act), *kind, company.clone(), &lines).await?;
                self.record_slice(act, &record, slice, &results, next).await?;
                Ok(Imported { import_id: Some(record.import_id), results, next })
            }
        }
    }

    async fn import_slice(
        &self,
        mode: Mode<'_>,
        kind: Kind,
        company: Option<Uuid>,
        lines: &[(u64, &[u8])],
    ) -> Result<Vec<(u64, RowResult)>> {
        // Boxed, each alone: together they would be most of the size of the caller's future.
        match (kind, company) {
            (Kind::SubCompanies, Some(company)) => Box::pin(self.import_lines::<SubCompanyRow>(mode, company, lines)).await,
            (Kind::Departments, Some(company)) => Box::pin(self.import_lines::<DepartmentRow>(mode, company, lines)).await,
            (Kind::Employees, Some(company)) => Box::pin(self.import_lines::<EmployeeRow>(mode, company, lines)).await,
            (Kind::Arrangements, Some(company)) => Box::pin(self.import_lines::<ArrangementRow>(mode, company, lines)).await,
            (Kind::Timelines, Some(company)) => Box::pin(self.import_lines::<TimelineRow>(mode, company, lines)).await,
            (Kind::Approvals, Some(company)) => Box::pin(self.import_lines::<ApprovalRow>(mode, company, lines)).await,
            (Kind::Vacancies, Some(company)) => {
                let mut import = self.import(mode, company.clone()).await?;
                let (valid, results) = parse_rows::<VacancyRow>(Some(&company), lines);
                let valid = self.without_departments(&company, contents(valid)).await?;
                let stored = import.store(valid.into_iter().map(Instruction::Store).collect()).await?;
                Ok(merge(results, stored))
            }
            (Kind::Sources, Some(company)) => Box::pin(self.import_lines::<SourceRow>(mode, company, lines)).await,
            (Kind::Candidates, Some(company)) => Box::pin(self.import_lines::<CandidateRow>(mode, company, lines)).await,
            (Kind::Companies, _) | (_, None) => {
                let (valid, results) = parse_rows::<CompanyRow>(None, lines);
                let stored = self.import_companies(mode, contents(valid)).await?;
                Ok(merge(results, stored))
            }
        }
    }

    async fn import_lines<R: Row>(
        &self,
        mode: Mode<'_>,
        company: Uuid,
        lines: &[(u64, &[u8])],
    ) -> Result<Vec<(u64, RowResult)>> {
        let mut import = self.import::<R::Record>(mode, company.clone()).await?;
        let (valid, results) = parse_rows::<R>(Some(&company), lines);
        let stored = import.store(valid).await?;
        Ok(merge(results, stored))
    }
}

/// Lines with their numbers.
type Numbered<'a> = Vec<(u64, &'a [u8])>;

/// The first complete lines of the bytes that were read, and the position of the next line. `whole` is the size of all rows.
fn split(bytes: &[u8], whole: u64, from: Position, limit: usize) -> Result<(Numbered<'_>, Option<Position>)> {
    let (mut lines, mut at) = (Vec::new(), from);
    let mut rest = bytes;
    while !rest.is_empty() && lines.len() < limit {
        let end = rest.iter().position(|byte| *byte == b'\n');
        let line = match end {
            Some(end) => &rest[..end],
            // Only the very last line may lack its end. Any other line without one continues behind the bytes that were read.
            None if at.offset + rest.len() as u64 >= whole => rest,
            None if at == from => return Err(Error::invalid([Fault::new(format!("line {}", at.line + 1), "is too long")])),
            None => break,
        };
        let taken = line.len() + usize::from(end.is_some());
        at = Position { offset: at.offset + taken as u64, line: at.line + 1 };
        rest = &rest[taken..];
        if !Json::is_blank(line) {
            lines.push((at.line, line.trim_ascii()));
        }
    }
    Ok((lines, (at.offset < whole).then_some(at)))
}

/// What became of a line.
struct Parsed {
    number: u64,
    /// The other names under which the client sent members, each with the member's own name.
    renamed: Vec<(&'static str, &'static str)>,
    /// `None` if its row is valid.
    rejected: Option<RowResult>,
}

/// What the valid rows ask for, and what became of each line. A row that names a company names this one.
fn parse_rows<R: Row>(company: Option<&Uuid>, lines: &[(u64, &[u8])]) -> (Vec<Instruction<R::Record>>, Vec<Parsed>) {
    let (mut valid, mut results) = (Vec::new(), Vec::new());
    for (number, line) in lines {
        let row = Json::parse(line).map_err(|fault| Error::invalid([fault]));
        let is_sent = |name: &str| row.as_ref().is_ok_and(|row| row.get(name).is_some_and(|value| !value.is_null()));
        let renamed = R::SYNONYMS.iter().filter(|(other, own)| is_sent(other) && !is_sent(own)).copied().collect();
        let row = row.and_then(|row| parse_row::<R>(company, row.without_nulls()));
        let rejected = row.map(|row| valid.push(row)).err().map(|error| RowResult::Rejected(row_faults(&error)));
        results.push(Parsed { number: *number, renamed, rejected });
    }
    (valid, results)
}

/// A row with `delete` takes a record back; with `"delete": false` it is any other row.
fn parse_row<R: Row>(company: Option<&Uuid>, mut row: Json) -> Result<Instruction<R::Record>> {
    if let (Some(take_back), Some(company)) = (R::TAKES_BACK, company) {
        match row.get("delete") {
            Some(serde_json::Value::Bool(false)) => row.remove("delete"),
            Some(_) => return take_back(row, company).map(Instruction::TakeBack),
            None => {}
        }
    }
    let row: R = row.read_with(R::SYNONYMS)?;
    match row.company() {
        Some(named) if Some(named) != company => {
            Err(Error::invalid([Fault::new("company_uuid", "is not the company of the import")]))
        }
        _ => Ok(Instruction::Store(row.into())),
    }
}

/// The records of a kind that no row takes back.
fn contents<T>(instructions: Vec<Instruction<T>>) -> Vec<T> {
    instructions.into_iter().filter_map(Instruction::into_content).collect()
}

/// The faults of a row. A fault of the whole row has the field `row`.
fn row_faults(error: &Error) -> Vec<Fault> {
    let named = |fault: &Fault| match fault.field.as_str() {
        WHOLE => Fault::new("row", fault.reason.clone()),
        _ => fault.clone(),
    };
    error.faults().iter().map(named).collect()
}

/// Fills in the results of the valid rows.
fn merge(results: Vec<Parsed>, stored: Vec<RowResult>) -> Vec<(u64, RowResult)> {
    let mut stored = stored.into_iter();
    let mut all = Vec::with_capacity(results.len());
    for Parsed { number, renamed, rejected } in results {
        let Some(mut result) = rejected.or_else(|| stored.next()) else { continue };
        if let RowResult::Rejected(faults) = &mut result {
            for fault in faults {
                if let Some((other, _)) = renamed.iter().find(|(_, own)| *own == fault.field) {
                    fault.field = (*other).to_owned();
                }
            }
        }
        all.push((number, result));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Position = Position { offset: 0, line: 0 };

    #[test]
    fn lines_are_counted_and_empty_ones_skipped() {
        let (lines, next) = split(b"a\n\n  \r\nb", 8, START, MAX_ROWS).unwrap();
        assert_eq!(lines, [(1, &b"a"[..]), (4, b"b")]);
        assert_eq!(next, None);
        let (lines, _) = split("\u{feff}\r\na".as_bytes(), 6, START, MAX_ROWS).unwrap();
        assert_eq!(lines, [(2, &b"a"[..])]);
    }

    #[test]
    fn an_incomplete_line_is_left_for_the_next_slice() {
        let text = b"first\nsecond\nthird";
        let (lines, next) = split(&text[..9], 18, START, MAX_ROWS).unwrap();
        assert_eq!(lines, [(1, &b"first"[..])]);
        let next = next.unwrap();
        assert_eq!(next, Position { offset: 6, line: 1 });
        let (lines, next) = split(&text[6..], 18, next, MAX_ROWS).unwrap();
        assert_eq!(lines, [(2, &b"second"[..]), (3, b"third")]);
        assert_eq!(next, None);
    }

    #[test]
    fn a_line_longer_than_a_slice_is_rejected() {
        assert!(split(b"endless", 100, START, MAX_ROWS).is_err());
    }

    #[test]
    fn a_slice_holds_a_limited_number_of_rows() {
        let text = "x\n".repeat(MAX_ROWS + 1);
        let (lines, next) = split(text.as_bytes(), text.len() as u64, START, MAX_ROWS).unwrap();
        assert_eq!((lines.len(), next), (MAX_ROWS, Some(Position { offset: 4000, line: 2000 })));
        let (lines, next) = split(b"a\n\nb\nc", 6, START, 2).unwrap();
        assert_eq!((lines, next), (vec![(1, &b"a"[..]), (3, b"b")], Some(Position { offset: 5, line: 3 })));
    }
}
