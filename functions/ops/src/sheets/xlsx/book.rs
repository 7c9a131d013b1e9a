//! A workbook that is written sheet by sheet and row by row. The rows of a long list are written over several requests, and only compressed
//! ones are in memory.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use jiff::civil::{Date, DateTime};

use super::super::letters;
pub use super::zip::Fragment;
use super::zip::{Compressor, Writer};

/// The longest text that Excel accepts in a cell, in UTF-16 units.
const MAX_TEXT: usize = 32_767;
/// The most rows of a column to which a list of choices applies.
const CHOICES_UNTIL: u32 = 10_001;

/// The looks of cells: the indexes of `cellXfs` in [`STYLES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Plain = 0,
    Header = 1,
    /// Excel keeps what is typed: digits stay digits.
    Text = 2,
    Money = 3,
    Date = 4,
    Time = 5,
    /// A cell that is wrong.
    Fault = 6,
    /// Breaks lines.
    Wrapped = 7,
    /// The header of a column that is required.
    Required = 8,
}

const STYLES: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#,
    r#"<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">"#,
    r##"<numFmts count="3"><numFmt numFmtId="164" formatCode="#,##0.00"/><numFmt numFmtId="165" formatCode="yyyy\-mm\-dd"/>"##,
    r#"<numFmt numFmtId="166" formatCode="yyyy\-mm\-dd\ hh:mm:ss"/></numFmts>"#,
    r#"<fonts count="3"><font><sz val="11"/><name val="等线"/></font><font><b/><sz val="11"/><name val="等线"/></font>"#,
    r#"<font><b/><sz val="11"/><color rgb="FFC00000"/><name val="等线"/></font></fonts>"#,
    r#"<fills count="4"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>"#,
    r#"<fill><patternFill patternType="solid"><fgColor rgb="FFF2F2F2"/></patternFill></fill>"#,
    r#"<fill><patternFill patternType="solid"><fgColor rgb="FFFFC7CE"/></patternFill></fill></fills>"#,
    r#"<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>"#,
    r#"<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>"#,
    r#"<cellXfs count="9"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>"#,
    r#"<xf numFmtId="49" fontId="1" fillId="2" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1" applyFill="1"/>"#,
    r#"<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>"#,
    r#"<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>"#,
    r#"<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>"#,
    r#"<xf numFmtId="166" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>"#,
    r#"<xf numFmtId="49" fontId="0" fillId="3" borderId="0" xfId="0" applyNumberFormat="1" applyFill="1"/>"#,
    r#"<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyAlignment="1"><alignment vertical="top" wrapText="1"/></xf>"#,
    r#"<xf numFmtId="49" fontId="2" fillId="2" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1" applyFill="1"/>"#,
    r#"</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>"#
);

/// The number of sheets of a workbook, with the names of their entries.
const SHEETS: [&str; 2] = ["xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"];

/// The content of a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    Text(&'a str),
    /// The digits of a number, as XML Schema writes it.
    Number(&'a str),
    Date(Date),
    Time(DateTime),
}

/// A column of a sheet.
pub struct Column {
    /// In characters.
    pub width: u32,
    /// The look of cells that a person fills in.
    pub style: Style,
    /// The values from which a person chooses; empty for any value.
    pub choices: Vec<String>,
}

/// A workbook of at most two sheets.
#[derive(Default)]
pub struct Book {
    archive: Writer,
    names: Vec<String>,
}

impl Book {
    /// Adds a sheet whose first row stays visible.
    pub fn sheet(&mut self, name: &str, columns: &[Column], rows: Rows) -> io::Result<()> {
        self.sheet_of(name, columns, vec![rows.finish()?])
    }

    /// Adds a sheet of rows that are written already.
    pub fn sheet_of(&mut self, name: &str, columns: &[Column], rows: Vec<Fragment>) -> io::Result<()> {
        let entry = SHEETS.get(self.names.len()).ok_or_else(|| io::Error::other("too many sheets"))?;
        let mut fragments = vec![compressed(&head(columns))?];
        fragments.extend(rows);
        fragments.push(compressed(&tail(columns))?);
        self.archive.add(entry, &fragments)?;
        self.names.push(name.to_owned());
        Ok(())
    }

    /// The file.
    pub fn finish(self) -> io::Result<Vec<u8>> {
        const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#;
        const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
        const TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml";
        let Self { mut archive, names } = self;
        let (mut types, mut sheets, mut relations) = (String::new(), String::new(), String::new());
        for (number, (name, entry)) in (1..).zip(names.iter().zip(SHEETS)) {
            let name = escaped(name);
            let target = entry.trim_start_matches("xl/");
            let _ = write!(types, r#"<Override PartName="/{entry}" ContentType="{TYPE}.worksheet+xml"/>"#);
            let _ = write!(sheets, r#"<sheet name="{name}" sheetId="{number}" r:id="rId{number}"/>"#);
            let _ = write!(relations, r#"<Relationship Id="rId{number}" Type="{OFFICE}/worksheet" Target="{target}"/>"#);
        }
        let parts = [
            (
                "[Content_Types].xml",
                format!(
                    r#"{HEAD}<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{TYPE}.sheet.main+xml"/>{types}<Override PartName="/xl/styles.xml" ContentType="{TYPE}.styles+xml"/></Types>"#
                ),
            ),
            (
                "_rels/.rels",
                format!(
                    r#"{HEAD}<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#
                ),
            ),
            (
                "xl/workbook.xml",
                format!(
                    r#"{HEAD}<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="{OFFICE}"><sheets>{sheets}</sheets></workbook>"#
                ),
            ),
            (
                "xl/_rels/workbook.xml.rels",
                format!(
                    r#"{HEAD}<Relationships xmlns="{PACKAGE}/relationships">{relations}<Relationship Id="rId9" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>"#
                ),
            ),
            ("xl/styles.xml", STYLES.to_owned()),
        ];
        for (name, content) in parts {
            archive.add(name, &[compressed(&content)?])?;
        }
        archive.finish()
    }
}

fn compressed(text: &str) -> io::Result<Fragment> {
    let mut compressor = Compressor::default();
    compressor.write_all(text.as_bytes())?;
    compressor.finish()
}

/// What a sheet has in front of its rows.
fn head(columns: &[Column]) -> String {
    let mut head = String::from(concat!(
        r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#,
        r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">"#,
        r#"<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>"#,
        r#"</sheetView></sheetViews><cols>"#
    ));
    for (number, Column { width, style, .. }) in (1..).zip(columns) {
        let style = *style as u8;
        let _ = write!(head, r#"<col min="{number}" max="{number}" width="{width}" style="{style}" customWidth="1"/>"#);
    }
    head.push_str("</cols><sheetData>");
    head
}

/// What a sheet has behind its rows: the lists of choices.
fn tail(columns: &[Column]) -> String {
    let mut tail = String::from("</sheetData>");
    let with_choices = columns.iter().enumerate().filter(|(_, column)| !column.choices.is_empty());
    let count = with_choices.clone().count();
    if count > 0 {
        let _ = write!(tail, r#"<dataValidations count="{count}">"#);
        for (at, Column { choices, .. }) in with_choices {
            let (letters, choices) = (letters(at), escaped(&choices.join(",").replace('"', "\"\"")));
            let _ = write!(
                tail,
                r#"<dataValidation type="list" allowBlank="1" showErrorMessage="1" sqref="{letters}2:{letters}{CHOICES_UNTIL}"><formula1>"{choices}"</formula1></dataValidation>"#
            );
        }
        tail.push_str("</dataValidations>");
    }
    tail.push_str("</worksheet>");
    tail
}

/// Rows of a sheet while they are written.
pub struct Rows {
    compressor: Compressor,
    /// The number of the last row.
    row: u32,
    /// For the row that is written.
    line: String,
}

impl Default for Rows {
    fn default() -> Self {
        Self::after(0)
    }
}

impl Rows {
    /// The rows behind so many others.
    pub fn after(row: u32) -> Self {
        Self { compressor: Compressor::default(), row, line: String::new() }
    }

    /// In bytes, as far as they are compressed.
    pub fn length(&self) -> u64 {
        self.compressor.compressed_length()
    }

    pub fn finish(self) -> io::Result<Fragment> {
        self.compressor.finish()
    }

    /// Writes a row. An empty text leaves its cell empty.
    pub fn add<'a>(&mut self, cells: impl IntoIterator<Item = (Value<'a>, Style)>) -> io::Result<()> {
        self.row += 1;
        let (row, line) = (self.row, &mut self.line);
        line.clear();
        let _ = write!(line, r#"<row r="{row}">"#);
        for (column, (value, style)) in cells.into_iter().enumerate() {
            let (place, style) = (letters(column), style as u8);
            let _ = match value {
                Value::Text("") => write!(line, r#"<c r="{place}{row}" s="{style}"/>"#),
                Value::Text(text) => write!(
                    line,
                    r#"<c r="{place}{row}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{}</t></is></c>"#,
                    escaped(limited(text))
                ),
                Value::Number(digits) => write!(line, r#"<c r="{place}{row}" s="{style}"><v>{digits}</v></c>"#),
                Value::Date(date) => {
                    write!(line, r#"<c r="{place}{row}" s="{style}"><v>{}</v></c>"#, serial(date.at(0, 0, 0, 0)))
                }
                Value::Time(time) => write!(line, r#"<c r="{place}{row}" s="{style}"><v>{}</v></c>"#, serial(time)),
            };
        }
        line.push_str("</row>");
        self.compressor.write_all(line.as_bytes())
    }
}

/// The number of a date from March 1900 on: days since the last day but one of 1899, with the time as a fraction.
fn serial(time: DateTime) -> f64 {
    const FIRST: DateTime = DateTime::constant(1899, 12, 30, 0, 0, 0, 0);
    time.duration_since(FIRST).as_secs_f64() / 86_400.0
}

/// As much of a text as Excel accepts.
fn limited(text: &str) -> &str {
    let mut units = 0;
    let end = text.char_indices().find(|(_, character)| {
        units += character.len_utf16();
        units > MAX_TEXT
    });
    end.map_or(text, |(at, _)| &text[..at])
}

/// Text for XML. A character that XML cannot contain is `_x0001_` (ECMA-376, Part 1, 22.4.2.4), and so is the beginning of a text that looks
/// like one.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '_' if text[at..].starts_with("_x") && text.as_bytes().get(at + 6) == Some(&b'_') => escaped.push_str("_x005F_"),
            '\t' | '\n' => escaped.push(character),
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => {
                let _ = write!(escaped, "_x{:04X}_", u32::from(character));
            }
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sheets::{Sheet, read};

    fn written(rows: &[Vec<(Value<'_>, Style)>]) -> Vec<u8> {
        let (mut book, mut written) = (Book::default(), Rows::default());
        for row in rows {
            written.add(row.iter().copied()).unwrap();
        }
        let columns = [Vec::new(), vec!["是".to_owned(), "否".to_owned()]];
        let columns = columns.map(|choices| Column { width: 10, style: Style::Text, choices });
        book.sheet("甲 & 乙", &columns, written).unwrap();
        book.finish().unwrap()
    }

    fn read_back(rows: &[Vec<(Value<'_>, Style)>]) -> Sheet {
        read(&written(rows)).unwrap()
    }

    #[test]
    fn each_value_is_read_as_it_was_written() {
        let header = vec![(Value::Text("a"), Style::Header), (Value::Text("b"), Style::Required)];
        let day = Date::constant(2026, 11, 30);
        let sheet = read_back(&[
            header,
            vec![(Value::Text("=1+1"), Style::Text), (Value::Number("-1234.50"), Style::Money)],
            vec![(Value::Date(day), Style::Date), (Value::Time(day.at(8, 0, 1, 0)), Style::Time)],
            vec![(Value::Text("110101199003070018"), Style::Text), (Value::Text(""), Style::Fault)],
        ]);
        let rows: Vec<Vec<String>> = sheet.rows.into_iter().map(|row| row.cells).collect();
        let expected = [vec!["=1+1", "-1234.5"], vec!["2026-11-30", "2026-11-30 08:00:01"], vec!["110101199003070018"]];
        assert_eq!(rows, expected);
        assert_eq!(sheet.header, ["a", "b"]);
    }

    #[test]
    fn the_same_content_has_the_same_bytes() {
        let rows = [vec![(Value::Text("x"), Style::Plain)]];
        assert_eq!(written(&rows), written(&rows));
    }

    #[test]
    fn a_text_is_as_long_as_excel_accepts() {
        assert_eq!(limited(&"张".repeat(40_000)).chars().count(), MAX_TEXT);
        assert_eq!(limited(&"😀".repeat(40_000)).chars().count(), MAX_TEXT / 2);
        assert_eq!(limited("张"), "张");
    }

    proptest! {
        #[test]
        fn every_text_is_read_as_it_was_written(text in "(_x[0-9A-F]{4}_|[_x0-9A-F<>&\"'\u{1}\r\n\t 张]|\\PC){1,20}") {
            let header = vec![(Value::Text("a"), Style::Header), (Value::Text("b"), Style::Header)];
            let sheet = read_back(&[header, vec![(Value::Text("first"), Style::Text), (Value::Text(&text), Style::Text)]]);
            prop_assert_eq!(sheet.rows[0].cells.get(1).map_or("", String::as_str), text.trim());
        }

        #[test]
        fn a_time_is_exact_to_the_second(second in -2_203_891_200_i64..=7_000_000_000) {
            let epoch = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
            let time = epoch.saturating_add(jiff::SignedDuration::from_secs(second));
            let stored = super::super::numbers::text(&serial(time).to_string(), super::super::numbers::Format::Date, false).unwrap();
            let expected = time.strftime("%Y-%m-%d %H:%M:%S").to_string();
            prop_assert_eq!(&stored, expected.strip_suffix(" 00:00:00").unwrap_or(&expected));
        }
    }
}
