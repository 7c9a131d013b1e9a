//! XLSX (ECMA-376, Part 1: SpreadsheetML), as far as tables of text, numbers and dates need it.
//!
//! A cell becomes the text that a row of an import has: `2026-11-30`, `2026-11-30 08:00:00`, `12`, `0.5`. Of a formula, the stored result
//! counts.
//!
//! The crates that read and write the whole format (`calamine`, `rust_xlsxwriter`) would add several seconds to each first build. They also
//! reserve what a file of a few bytes asks for, and hold all cells of a written file in memory.

pub mod book;
mod cells;
mod numbers;
mod parts;
mod xml;
mod zip;

use super::{Table, Unreadable};
use parts::Workbook;
use zip::Archive;

/// The most bytes that the parts of a file that are read may have, decompressed.
pub const MAX_CONTENT: u64 = 64 * 1024 * 1024;

/// Reads the first visible sheet.
pub(super) fn read(bytes: &[u8], table: &mut Table) -> Result<(), Unreadable> {
    let archive = Archive::open(bytes, MAX_CONTENT).ok_or(Unreadable::Broken)?;
    let workbook = Workbook::open(&archive)?;
    cells::read(&archive, &workbook, table)
}

#[cfg(test)]
mod tests {
    use super::super::{MAX_TEXT, Sheet, Unreadable, read};
    use super::zip::{Compressor, Writer};
    use std::io::Write as _;

    const SHEET: &str = "xl/worksheets/sheet1.xml";

    /// A workbook with these shared texts and cells.
    fn workbook(strings: &str, cells: &str) -> Vec<u8> {
        const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        let mut archive = Writer::default();
        for (name, content) in [
            ("xl/workbook.xml", "<workbook><sheets><sheet id='1'/></sheets></workbook>".to_owned()),
            (
                "xl/_rels/workbook.xml.rels",
                format!(
                    "<R><Relationship Id='1' Type='{OFFICE}/worksheet' Target='worksheets/sheet1.xml'/><Relationship Id='2' Type='{OFFICE}/sharedStrings' Target='strings.xml'/></R>"
                ),
            ),
            ("xl/strings.xml", format!("<sst uniqueCount='99999999999'>{strings}</sst>")),
            (SHEET, format!("<worksheet><sheetData>{cells}</sheetData></worksheet>")),
        ] {
            let mut compressor = Compressor::default();
            compressor.write_all(content.as_bytes()).unwrap();
            archive.add(name, &[compressor.finish().unwrap()]).unwrap();
        }
        archive.finish().unwrap()
    }

    fn sheet(strings: &str, cells: &str) -> Result<Sheet, Unreadable> {
        let bytes = workbook(strings, cells);
        assert!(bytes.len() < 1024 * 1024, "{}", bytes.len());
        read(&bytes)
    }

    fn row(number: usize, cells: usize, cell: &str) -> String {
        format!("<row r='{number}'>{}</row>", cell.repeat(cells))
    }

    #[test]
    fn a_small_file_cannot_become_a_large_sheet() {
        let text = format!("<si><t>{}</t></si>", "长".repeat(1300));
        let shared = "<c t='s'><v>0</v></c>";
        assert!(sheet(&text, &(row(1, 2, shared) + &row(2, 2, shared))).is_ok());
        let rows = MAX_TEXT / 3900 / 100 + 2;
        let many: String = (1..=rows).map(|number| row(number, 100, shared)).collect();
        assert_eq!(sheet(&text, &many), Err(Unreadable::TooMuchContent));
        let bomb = format!("<si><t>{}</t></si>", " ".repeat(65 * 1024 * 1024));
        assert_eq!(sheet(&bomb, &row(1, 2, shared)), Err(Unreadable::TooMuchContent));
    }

    #[test]
    fn the_limits_are_those_of_every_sheet() {
        let text = "<si><t>x</t></si>";
        let shared = "<c t='s'><v>0</v></c>";
        let many: String = (1..=10_002).map(|number| row(number, 2, shared)).collect();
        assert_eq!(sheet(text, &many), Err(Unreadable::TooManyRows));
        assert_eq!(sheet(text, &(row(1, 2, shared) + &row(2, 101, shared))), Err(Unreadable::TooManyColumns));
        let far = "<row r='1'><c r='A1' t='s'><v>0</v></c><c r='B1' t='s'><v>0</v></c></row><row r='1048576'><c r='XFD1048576' s='1'/><c r='B1048576' t='s'><v>0</v></c></row>";
        assert_eq!(sheet(text, far).unwrap().rows[0].number, 1_048_576);
    }

    #[test]
    fn a_reference_to_nothing_is_a_damaged_file() {
        for cells in [
            row(1, 2, "<c t='s'><v>7</v></c>"),
            row(1, 2, "<c t='s'><v>-1</v></c>"),
            row(1, 2, "<c r='1' t='s'><v>0</v></c>"),
            "<row r='x'><c/></row>".to_owned(),
            row(2, 2, "<c t='s'><v>0</v></c>") + &row(1, 2, "<c t='s'><v>0</v></c>"),
            row(1, 2, "<c t='str'><v>&unknown;</v></c>"),
            "<row><c".to_owned(),
        ] {
            assert_eq!(sheet("<si><t>x</t></si>", &cells), Err(Unreadable::Broken), "{cells}");
        }
    }
}
