//! The files that the system writes. `scripts/check_sheets.py` reads the committed ones in `tests/sheets/written/` with openpyxl and the csv
//! module; the tests here show that the system still writes the same content.

use std::io::Read as _;

use flate2::read::DeflateDecoder;
use ops::sheets::faults::of_results;
use ops::sheets::matching::{guess, lines};
use ops::sheets::{faults, read, template};
use serde_json::json;
use shared::hris::import_lines::Kind;

use crate::support::repository::root;

/// The entries of an archive with their content, as the system writes archives: without anything between two entries.
fn entries(bytes: &[u8]) -> Vec<(String, String)> {
    let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let (mut entries, mut at) = (Vec::new(), 0);
    while bytes[at..].starts_with(b"PK\x03\x04") {
        let (name, data) = (at + 30..at + 30 + (number(at + 26) & 0xffff), number(at + 18));
        let mut content = String::new();
        DeflateDecoder::new(&bytes[name.end..name.end + data]).read_to_string(&mut content).unwrap();
        at = name.end + data;
        entries.push((String::from_utf8(bytes[name].to_vec()).unwrap(), content));
    }
    entries
}

/// Compares a committed file with a generated one, or writes it if `BLESS` is set.
#[track_caller]
pub fn compare(name: &str, generated: &[u8]) {
    let path = root().join("tests/sheets/written").join(name);
    #[expect(clippy::disallowed_methods, reason = "a developer sets it at the terminal")]
    if std::env::var("BLESS").is_ok() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, generated).unwrap();
        return;
    }
    let committed = std::fs::read(&path).unwrap_or_default();
    let is_same = if name.ends_with(".csv") { committed == generated } else { entries(&committed) == entries(generated) };
    assert!(is_same, "{name} differs: run BLESS=1 cargo test -p tests sheets, then scripts/check_sheets.py");
}

#[test]
fn a_template_is_read_as_an_import_without_rows() {
    for kind in [Kind::Employees, Kind::Timelines, Kind::Approvals, Kind::Candidates, Kind::Sources] {
        let file = template::template(kind).unwrap();
        let sheet = read(&file).unwrap();
        let mapping = guess(kind, &sheet.header);
        assert!(mapping.0.iter().all(Option::is_some), "{kind:?} {mapping:?}");
        assert_eq!(mapping.mismatches(kind, &sheet), [], "{kind:?}");
        let made = lines(kind, &sheet, &mapping);
        assert_eq!((made.text.as_str(), made.examples), ("", 1), "{kind:?}");
    }
    compare("template.xlsx", &template::template(Kind::Employees).unwrap());
    compare("template_times.xlsx", &template::template(Kind::Timelines).unwrap());
}

#[test]
fn a_file_of_errors_has_the_wrong_rows_with_reasons() {
    let sheet = read(&std::fs::read(root().join("tests/sheets/read/employees.xlsx")).unwrap()).unwrap();
    let mapping = guess(Kind::Employees, &sheet.header);
    let results = json!([
        {"line": 1, "status": "created", "missing": ["department_uuid"]},
        {"line": 2, "status": "refused", "errors": [
            {"field": "mobile", "reason": "must be a mobile number"},
            {"field": "status", "reason": "is required"},
            {"field": "sex", "reason": "must be one of: male female"},
        ]},
        {"line": 3, "status": "refused", "errors": [{"field": "row", "reason": "must be an object"}]},
    ]);
    let rows: Vec<u32> = sheet.rows.iter().map(|row| row.number).collect();
    let found = of_results(&sheet.header, &mapping, &rows, results.as_array().unwrap());
    let places: Vec<_> = found
        .iter()
        .map(|fault| {
            (fault.row, fault.cell.as_ref().map(|cell| (cell.letters.as_str(), cell.title.as_str())), fault.is_warning)
        })
        .collect();
    let expected = [
        (3, None, true),
        (4, Some(("C", "手机号")), false),
        (4, None, false),
        (4, Some(("F", "性别")), false),
        (6, None, false),
    ];
    assert_eq!(places, expected);
    let file = faults::errors_file(Kind::Employees, &sheet, &found).unwrap();
    let written = read(&file).unwrap();
    assert_eq!(written.header.last().map(String::as_str), Some("错误原因"));
    let reasons: Vec<&str> = written.rows.iter().map(|row| row.cells[7].as_str()).collect();
    assert_eq!(reasons, ["手机号：请填写正确的手机号；员工状态：必填；性别：必须是：男、女", "必须是 JSON 对象"]);
    compare("errors.xlsx", &file);
}
