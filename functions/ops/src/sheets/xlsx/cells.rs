//! The cells of a sheet.

use super::super::{CellReason, Table, Unreadable};
use super::numbers::{self, Format};
use super::parts::{Workbook, text, unescaped};
use super::xml::{Element, Node, Xml};
use super::zip::Archive;

/// A cell while it is read.
#[derive(Default)]
struct Cell {
    row: u32,
    column: usize,
    /// What the stored value is (ECMA-376, Part 1, 18.18.11): `s` a shared text, `n` a number.
    kind: String,
    style: usize,
    value: String,
}

/// Reads the cells of the workbook's sheet into the table.
pub fn read(archive: &Archive<'_>, workbook: &Workbook, table: &mut Table) -> Result<(), Unreadable> {
    let mut xml = Xml::open(archive, &workbook.sheet).ok_or(Unreadable::Broken)?;
    let (mut row, mut column) = (0, 0);
    let (mut cell, mut in_value) = (None, false);
    while let Some(node) = xml.next()? {
        match node {
            Node::Start(element) => match element.name().as_str() {
                "row" => {
                    row =
                        element.attribute("r").map_or(Some(row + 1), |number| number.parse().ok()).ok_or(Unreadable::Broken)?;
                    column = 0;
                }
                "c" => {
                    let begun = begin(&element, row, column)?;
                    column = begun.column + 1;
                    cell = Some(begun);
                }
                "v" => in_value = true,
                "is" => {
                    let inline = text(&mut xml, "is")?;
                    if let Some(cell) = &mut cell {
                        cell.value = inline;
                    }
                }
                _ => {}
            },
            Node::Text(part) if in_value => {
                if let Some(cell) = cell.as_mut().filter(|cell| cell.kind != "inlineStr") {
                    cell.value.push_str(&part);
                }
            }
            Node::Text(_) => {}
            Node::End(name) => match name.as_str() {
                "v" => in_value = false,
                "c" => {
                    if let Some(cell) = cell.take() {
                        add(table, workbook, &cell)?;
                    }
                }
                "sheetData" => return Ok(()),
                _ => {}
            },
        }
    }
    Err(Unreadable::Broken)
}

/// A cell names its place, or follows the previous one.
fn begin(element: &Element, row: u32, column: usize) -> Result<Cell, Unreadable> {
    let column = match element.attribute("r") {
        Some(place) => column_of(&place).ok_or(Unreadable::Broken)?,
        None => column,
    };
    let style = element.attribute("s").and_then(|style| style.parse().ok()).unwrap_or(0);
    Ok(Cell { row, column, kind: element.attribute("t").unwrap_or_default(), style, value: String::new() })
}

/// The column of a place such as `AB12`, from 0.
fn column_of(place: &str) -> Option<usize> {
    let letters = place.trim_end_matches(|digit: char| digit.is_ascii_digit());
    let number = letters.bytes().try_fold(0_usize, |number, letter| {
        let letter = letter.to_ascii_uppercase();
        // Three letters at most.
        (letter.is_ascii_uppercase() && number < 1000).then(|| 26 * number + usize::from(letter - b'A') + 1)
    })?;
    number.checked_sub(1)
}

fn add(table: &mut Table, workbook: &Workbook, cell: &Cell) -> Result<(), Unreadable> {
    let Cell { row, column, kind, style, value } = cell;
    let mut owned = String::new();
    let text = match kind.as_str() {
        _ if value.is_empty() => Ok(""),
        "s" => {
            let shared = value.trim().parse().ok().and_then(|index: usize| workbook.strings.get(index));
            Ok(shared.ok_or(Unreadable::Broken)?.as_str())
        }
        "inlineStr" => Ok(value.as_str()),
        "str" => {
            owned = unescaped(value);
            Ok(owned.as_str())
        }
        "b" => Ok(if value.trim() == "1" { "true" } else { "false" }),
        "e" => Err(CellReason::FormulaError),
        "d" => {
            owned = value.trim().trim_end_matches('Z').replace('T', " ");
            Ok(owned.strip_suffix(" 00:00:00").unwrap_or(&owned))
        }
        _ => {
            let format = workbook.formats.get(*style).copied().unwrap_or(Format::Number);
            numbers::text(value, format, workbook.is_1904).map(|number| {
                owned = number;
                owned.as_str()
            })
        }
    };
    table.add(*row, *column, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_name_columns() {
        for (place, column) in [("A1", 0), ("Z99", 25), ("AA1", 26), ("cv3", 99), ("XFD1", 16_383)] {
            assert_eq!(column_of(place), Some(column), "{place}");
        }
        for place in ["", "1", "$A$1", "ABCDE1", "é1", "A1B"] {
            assert_eq!(column_of(place), None, "{place}");
        }
        for column in 0..2000 {
            assert_eq!(column_of(&format!("{}1", crate::sheets::letters(column))), Some(column));
        }
    }
}
