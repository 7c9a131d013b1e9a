//! The parts of a workbook beside the cells: which sheet is the first, its formats of dates, and the texts that cells share.

use super::super::Unreadable;
use super::numbers::Format;
use super::xml::{Node, Xml};
use super::zip::Archive;

/// What the cells of a sheet refer to.
pub struct Workbook {
    /// The name of the entry with the first visible sheet.
    pub sheet: String,
    /// Days count from 1904 instead of 1900.
    pub is_1904: bool,
    /// The texts that cells share.
    pub strings: Vec<String>,
    /// The formats of cells, by the number of their style.
    pub formats: Vec<Format>,
}

/// A relation of a part to another one.
struct Relation {
    id: String,
    /// The end of its type, such as `worksheet`.
    kind: String,
    /// The name of the entry.
    target: String,
}

impl Workbook {
    pub fn open(archive: &Archive<'_>) -> Result<Self, Unreadable> {
        let package = relations(archive, "")?;
        let workbook = target(&package, "officeDocument").unwrap_or("xl/workbook.xml");
        let relations = relations(archive, workbook)?;
        let (sheet, is_1904) = first_sheet(archive, workbook)?;
        let sheet = relations.iter().find(|relation| relation.id == sheet).ok_or(Unreadable::Broken)?;
        let part = |kind: &str| target(&relations, kind).and_then(|target| Xml::open(archive, target));
        Ok(Self {
            sheet: sheet.target.clone(),
            is_1904,
            strings: part("sharedStrings").map_or(Ok(Vec::new()), strings)?,
            formats: part("styles").map_or(Ok(Vec::new()), formats)?,
        })
    }
}

fn target<'a>(relations: &'a [Relation], kind: &str) -> Option<&'a str> {
    relations.iter().find(|relation| relation.kind == kind).map(|relation| relation.target.as_str())
}

/// The relations of a part; those of the package if it has no name (ECMA-376, Part 2, 9.3).
fn relations(archive: &Archive<'_>, part: &str) -> Result<Vec<Relation>, Unreadable> {
    let (folder, name) = part.rsplit_once('/').map_or(("", part), |(folder, name)| (folder, name));
    let slash = if folder.is_empty() { "" } else { "/" };
    let mut relations = Vec::new();
    let Some(mut xml) = Xml::open(archive, &format!("{folder}{slash}_rels/{name}.rels")) else { return Ok(relations) };
    while let Some(node) = xml.next()? {
        if let Node::Start(element) = node
            && element.name() == "Relationship"
            && let (Some(id), Some(kind), Some(target)) =
                (element.attribute("Id"), element.attribute("Type"), element.attribute("Target"))
        {
            let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
            relations.push(Relation { id, kind, target: resolved(folder, &target) });
        }
    }
    Ok(relations)
}

/// A target is relative to the folder of its part, or begins at the root.
fn resolved(folder: &str, target: &str) -> String {
    let mut path: Vec<&str> = if target.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
    for name in target.split('/') {
        match name {
            "" | "." => {}
            ".." => drop(path.pop()),
            name => path.push(name),
        }
    }
    path.retain(|name| !name.is_empty());
    path.join("/")
}

/// The relation of the first visible sheet, and whether days count from 1904.
fn first_sheet(archive: &Archive<'_>, workbook: &str) -> Result<(String, bool), Unreadable> {
    // An archive without a workbook is no sheet at all, such as a text document.
    let mut xml = Xml::open(archive, workbook).ok_or(Unreadable::UnknownType)?;
    let (mut first, mut is_1904) = (None, false);
    while let Some(node) = xml.next()? {
        let Node::Start(element) = node else { continue };
        match element.name().as_str() {
            "workbookPr" => is_1904 = element.attribute("date1904").is_some_and(|value| is_true(&value)),
            "sheet" if first.is_none() && element.attribute("state").is_none_or(|state| state == "visible") => {
                // `r:id`: the sheet has no other attribute of this name.
                first = element.attribute("id");
            }
            _ => {}
        }
    }
    Ok((first.ok_or(Unreadable::UnknownType)?, is_1904))
}

fn is_true(value: &str) -> bool {
    matches!(value, "1" | "true" | "on")
}

/// The shared texts.
fn strings(mut xml: Xml<'_>) -> Result<Vec<String>, Unreadable> {
    let mut strings = Vec::new();
    while let Some(node) = xml.next()? {
        if let Node::Start(element) = node
            && element.name() == "si"
        {
            strings.push(text(&mut xml, "si")?);
        }
    }
    Ok(strings)
}

/// The text of an element that is open: that of all its `t`, without the pronunciation.
pub fn text(xml: &mut Xml<'_>, element: &str) -> Result<String, Unreadable> {
    let (mut text, mut in_text, mut in_pronunciation) = (String::new(), false, false);
    while let Some(node) = xml.next()? {
        match node {
            Node::Start(start) => match start.name().as_str() {
                "t" => in_text = true,
                "rPh" => in_pronunciation = true,
                _ => {}
            },
            Node::Text(part) if in_text && !in_pronunciation => text.push_str(&part),
            Node::Text(_) => {}
            Node::End(end) => match end.as_str() {
                end if end == element => return Ok(unescaped(&text)),
                "t" => in_text = false,
                "rPh" => in_pronunciation = false,
                _ => {}
            },
        }
    }
    Err(Unreadable::Broken)
}

/// A character that XML cannot contain is `_x000D_` (ECMA-376, Part 1, 22.4.2.4).
pub fn unescaped(text: &str) -> String {
    let mut rest = text;
    let mut plain = String::new();
    while let Some(at) = rest.find("_x") {
        let is_closed = rest.as_bytes().get(at + 6) == Some(&b'_');
        let is_hex = |code: &&str| code.bytes().all(|digit| digit.is_ascii_hexdigit());
        let code = rest.get(at + 2..at + 6).filter(is_hex).filter(|_| is_closed);
        match code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32) {
            Some(character) => {
                plain.push_str(&rest[..at]);
                plain.push(character);
                rest = &rest[at + 7..];
            }
            None => {
                plain.push_str(&rest[..at + 2]);
                rest = &rest[at + 2..];
            }
        }
    }
    plain.push_str(rest);
    plain
}

/// The formats of the cell styles (`cellXfs`).
fn formats(mut xml: Xml<'_>) -> Result<Vec<Format>, Unreadable> {
    let (mut own, mut formats, mut in_styles) = (Vec::new(), Vec::new(), false);
    while let Some(node) = xml.next()? {
        match node {
            Node::Start(element) => match element.name().as_str() {
                "numFmt" => {
                    if let (Some(id), Some(code)) = (element.attribute("numFmtId"), element.attribute("formatCode")) {
                        own.push((id, Format::of_code(&code)));
                    }
                }
                "cellXfs" => in_styles = true,
                "xf" if in_styles => {
                    let id = element.attribute("numFmtId").unwrap_or_default();
                    let format = own.iter().find(|(own, _)| *own == id).map(|(_, format)| *format);
                    formats.push(format.unwrap_or_else(|| Format::of_id(&id)));
                }
                _ => {}
            },
            Node::End(name) if name == "cellXfs" => in_styles = false,
            Node::End(_) | Node::Text(_) => {}
        }
    }
    Ok(formats)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_relative_to_its_part() {
        for (folder, target, entry) in [
            ("xl", "worksheets/sheet1.xml", "xl/worksheets/sheet1.xml"),
            ("xl", "/xl/worksheets/sheet1.xml", "xl/worksheets/sheet1.xml"),
            ("", "xl/workbook.xml", "xl/workbook.xml"),
            ("", "/xl/workbook.xml", "xl/workbook.xml"),
            ("a/b", "../c/./d.xml", "a/c/d.xml"),
            ("", "../../d.xml", "d.xml"),
        ] {
            assert_eq!(resolved(folder, target), entry, "{folder} {target}");
        }
    }

    #[test]
    fn escaped_characters_are_read() {
        for (text, plain) in [
            ("a_x000D_b", "a\rb"),
            ("_x005F_x000D_", "_x000D_"),
            ("_x000", "_x000"),
            ("_x00G0_", "_x00G0_"),
            ("_x+041_", "_x+041_"),
            ("_x员工员_", "_x员工员_"),
            ("_xD800_", "_xD800_"),
            ("_x4E2D__x6587_", "中文"),
            ("a_xb_x", "a_xb_x"),
        ] {
            assert_eq!(unescaped(text), plain, "{text}");
        }
    }
}
