//! CSV (RFC 4180), as Excel writes it: in UTF-8, in GB18030 or in UTF-16, separated by commas, semicolons or tabs.
//!
//! A written file is UTF-8 with a byte order mark, without which Excel reads it as GB18030. A text that a program would execute as a formula
//! gets an apostrophe (OWASP, CSV Injection).

use encoding_rs::{Encoding, GB18030};

use super::{Table, Unreadable};

/// The beginning of a written file.
pub const BYTE_ORDER_MARK: &str = "\u{feff}";
const SEPARATORS: [char; 3] = [',', ';', '\t'];
/// A cell that begins with one of these is a formula, also when it is typed with a Chinese keyboard.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

/// Reads the rows of a file. A row is a record, as programs number them.
pub(super) fn read(bytes: &[u8], table: &mut Table) -> Result<(), Unreadable> {
    let text = decoded(bytes)?;
    let separator = separator(&text);
    let mut records = Records { rest: &text, separator };
    let mut row = 0;
    while let Some(record) = records.next()? {
        row += 1;
        for (column, cell) in record.iter().enumerate() {
            table.add(row, column, Ok(cell))?;
        }
    }
    Ok(())
}

/// The text of the file. GB18030 contains GBK and GB2312, which older programs write.
fn decoded(bytes: &[u8]) -> Result<String, Unreadable> {
    let (encoding, bytes) = match Encoding::for_bom(bytes) {
        Some((encoding, mark)) => (encoding, &bytes[mark..]),
        None => match std::str::from_utf8(bytes) {
            Ok(_) => (encoding_rs::UTF_8, bytes),
            Err(_) => (GB18030, bytes),
        },
    };
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes).ok_or(Unreadable::UnknownEncoding)?;
    // A file that is no text, such as a picture.
    if text.contains('\0') { Err(Unreadable::UnknownType) } else { Ok(text.into_owned()) }
}

/// The separator that the first line with content has most often outside of quotation marks.
fn separator(text: &str) -> char {
    let mut counts = [0_usize; SEPARATORS.len()];
    let mut is_quoted = false;
    for character in text.trim_start().chars() {
        match character {
            '"' => is_quoted = !is_quoted,
            '\r' | '\n' if !is_quoted => break,
            _ if is_quoted => {}
            character => {
                if let Some(at) = SEPARATORS.iter().position(|separator| *separator == character) {
                    counts[at] += 1;
                }
            }
        }
    }
    let most = counts.iter().copied().max().unwrap_or_default();
    counts.iter().position(|count| *count == most).map_or(',', |at| SEPARATORS[at])
}

/// The records of a text.
struct Records<'a> {
    rest: &'a str,
    separator: char,
}

impl Records<'_> {
    /// `None` at the end.
    fn next(&mut self) -> Result<Option<Vec<String>>, Unreadable> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let mut record = Vec::new();
        loop {
            record.push(self.cell()?);
            let Some(rest) = self.rest.strip_prefix(self.separator) else { break };
            self.rest = rest;
        }
        // The end of the line: a cell ends there or at a separator.
        let rest = self.rest;
        self.rest = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix(['\r', '\n'])).unwrap_or(rest);
        Ok(Some(record))
    }

    /// A cell that begins with a quotation mark ends with one; what follows it up to the separator belongs to the cell. A quotation mark in
    /// any other cell is a character.
    fn cell(&mut self) -> Result<String, Unreadable> {
        let mut cell = String::new();
        if let Some(mut rest) = self.rest.strip_prefix('"') {
            loop {
                let end = rest.find('"').ok_or(Unreadable::OpenQuotation)?;
                cell.push_str(&rest[..end]);
                rest = &rest[end + 1..];
                match rest.strip_prefix('"') {
                    Some(after) => {
                        cell.push('"');
                        rest = after;
                    }
                    None => break,
                }
            }
            self.rest = rest;
        }
        let is_end = |character: char| character == self.separator || matches!(character, '\r' | '\n');
        let (plain, rest) = self.rest.split_at(self.rest.find(is_end).unwrap_or(self.rest.len()));
        cell.push_str(plain);
        self.rest = rest;
        Ok(cell)
    }
}

/// Writes records of a file.
#[derive(Default)]
pub struct Writer(String);

/// A cell of a written file.
#[derive(Clone, Copy)]
pub enum Value<'a> {
    /// It may come from anyone.
    Text(&'a str),
    /// A number, which may begin with a minus.
    Number(&'a str),
}

impl Writer {
    pub fn record<'a>(&mut self, cells: impl IntoIterator<Item = Value<'a>>) {
        let start = self.0.len();
        for (at, cell) in cells.into_iter().enumerate() {
            if at > 0 {
                self.0.push(',');
            }
            match cell {
                Value::Text(text) => self.text(text),
                Value::Number(number) => self.0.push_str(number),
            }
        }
        // A record of one empty cell is no empty line, which readers skip.
        if self.0.len() == start {
            self.0.push_str("\"\"");
        }
        self.0.push_str("\r\n");
    }

    fn text(&mut self, text: &str) {
        let apostrophe = if text.trim_start_matches([' ', '\n']).starts_with(FORMULA) { "'" } else { "" };
        let has_space = text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace);
        if has_space || text.contains([',', '"', '\r', '\n']) {
            let quoted = text.replace('"', "\"\"");
            self.0.extend(["\"", apostrophe, &quoted, "\""]);
        } else {
            self.0.extend([apostrophe, text]);
        }
    }

    /// In bytes.
    pub fn length(&self) -> u64 {
        self.0.len() as u64
    }

    pub fn finish(self) -> Vec<u8> {
        self.0.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn records(text: &str, separator: char) -> Result<Vec<Vec<String>>, Unreadable> {
        let mut records = Records { rest: text, separator };
        let mut all = Vec::new();
        while let Some(record) = records.next()? {
            all.push(record);
        }
        Ok(all)
    }

    fn written(records: &[Vec<String>]) -> String {
        let mut writer = Writer::default();
        for record in records {
            writer.record(record.iter().map(|cell| Value::Text(cell)));
        }
        String::from_utf8(writer.finish()).unwrap()
    }

    #[test]
    fn quotation_marks_and_ends_of_lines_are_those_of_rfc_4180() {
        for (text, expected) in [
            ("a,b\r\nc,d\r\n", vec![vec!["a", "b"], vec!["c", "d"]]),
            ("a,b\nc,d", vec![vec!["a", "b"], vec!["c", "d"]]),
            ("a\r\rb", vec![vec!["a"], vec![""], vec!["b"]]),
            ("\"a,\"\"b\"\"\r\nc\",d", vec![vec!["a,\"b\"\r\nc", "d"]]),
            ("a\"b,\"c\"d", vec![vec!["a\"b", "cd"]]),
            (",\n", vec![vec!["", ""]]),
            ("\"\",a", vec![vec!["", "a"]]),
        ] {
            assert_eq!(records(text, ',').unwrap(), expected, "{text:?}");
        }
        assert_eq!(records("a,\"b\nc", ','), Err(Unreadable::OpenQuotation));
    }

    #[test]
    fn the_separator_is_the_most_frequent_one() {
        for (text, expected) in [
            ("姓名,工号\n1;2;3", ','),
            ("姓名;工号;a,b\n", ';'),
            ("\n\n姓名\t工号", '\t'),
            ("\"a;b;c\",d", ','),
            ("姓名", ','),
            ("", ','),
        ] {
            assert_eq!(separator(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_text_in_any_of_the_encodings_is_read() {
        let text = "姓名,工号\r\n张三,007\r\n";
        let utf16: Vec<u8> = "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let (gb18030, _, _) = GB18030.encode(text);
        for bytes in [text.as_bytes(), format!("\u{feff}{text}").as_bytes(), &utf16, &gb18030] {
            assert_eq!(decoded(bytes).unwrap(), text);
        }
        assert_eq!(decoded(b"\xff\xff\xff"), Err(Unreadable::UnknownEncoding));
        assert_eq!(decoded(b"a\0b"), Err(Unreadable::UnknownType));
    }

    #[test]
    fn formulas_are_texts_in_a_written_file() {
        for (cell, expected) in [
            ("=1+1", "'=1+1"),
            ("+86 138", "'+86 138"),
            ("-", "'-"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "\"'\t=1\""),
            ("\r=1", "\"'\r=1\""),
            (" =1", "\"' =1\""),
            ("＝1", "'＝1"),
            ("=\"a\",b", "\"'=\"\"a\"\",b\""),
            ("a=1", "a=1"),
            ("张三", "张三"),
            ("", "\"\""),
        ] {
            assert_eq!(written(&[vec![cell.to_owned()]]), format!("{expected}\r\n"), "{cell:?}");
        }
        let mut writer = Writer::default();
        writer.record([Value::Number("-5.00"), Value::Text("a")]);
        assert_eq!(writer.finish(), b"-5.00,a\r\n");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(records in prop::collection::vec(prop::collection::vec("[a-c,;\t\"\r\n 张三0-9]{0,8}", 1..5), 1..6)) {
            let plain = |cell: &String| !cell.trim_start_matches([' ', '\n']).starts_with(FORMULA);
            let records: Vec<Vec<String>> =
                records.into_iter().map(|record| record.into_iter().map(|cell| if plain(&cell) { cell } else { String::new() }).collect()).collect();
            let text = written(&records);
            prop_assert_eq!(super::tests::records(&text, ',').unwrap(), records);
        }

        #[test]
        fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "[,;\t\"\r\n x张]{0,60}") {
            let _ = (read(&bytes, &mut Table::default()), read(text.as_bytes(), &mut Table::default()));
        }
    }
}
