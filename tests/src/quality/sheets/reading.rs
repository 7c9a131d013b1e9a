//! The files of `tests/sheets/read/`, which `scripts/make_sheets.py` writes with other programs' code.

use ops::sheets::{CellReason, Sheet, Unreadable, read};

use crate::support::repository::root;

fn file(name: &str) -> Vec<u8> {
    std::fs::read(root().join("tests/sheets/read").join(name)).unwrap()
}

fn sheet(name: &str) -> Sheet {
    read(&file(name)).unwrap_or_else(|reason| panic!("{name}: {reason:?}"))
}

/// The number of each row, and its cells.
fn rows(sheet: &Sheet) -> Vec<(u32, Vec<&str>)> {
    sheet.rows.iter().map(|row| (row.number, row.cells.iter().map(String::as_str).collect())).collect()
}

fn employees(numbers: [u32; 3]) -> Vec<(u32, Vec<&'static str>)> {
    let [first, second, third] = numbers;
    vec![
        (first, vec!["000001", "张三", "13800138000", "110101199003070018", "2026-11-30", "男", "第一行\n第二行"]),
        (second, vec!["000002", "李\"四\"", "+852 91234567", "", "2026-01-02", "女"]),
        (third, vec!["000003", "王五；赵六", "13900139000", "110101199003070026", "2025-12-31", "", "前后空格"]),
    ]
}

#[test]
fn the_same_rows_are_read_from_each_format_and_encoding() {
    // In the workbook, a title is above the header.
    for (name, numbers) in [
        ("employees.xlsx", [3, 4, 6]),
        ("utf8.csv", [2, 3, 5]),
        ("utf8_mark.csv", [2, 3, 5]),
        ("gb18030.csv", [2, 3, 5]),
        ("semicolon.csv", [2, 3, 5]),
        ("unicode.txt", [2, 3, 5]),
    ] {
        let sheet = sheet(name);
        assert_eq!(sheet.header, ["工号", "姓名", "手机号", "身份证号", "入职日期", "性别", "备注, 其他"], "{name}");
        assert_eq!(rows(&sheet), employees(numbers), "{name}");
        assert_eq!(sheet.faults, [], "{name}");
    }
}

#[test]
fn each_value_of_a_workbook_is_the_text_of_an_import() {
    let sheet = sheet("values.xlsx");
    assert_eq!(sheet.rows.len(), 23);
    for row in &sheet.rows {
        assert_eq!(row.cells[0], row.cells[1], "row {}", row.number);
    }
}

#[test]
fn days_may_count_from_1904() {
    assert_eq!(rows(&sheet("since_1904.xlsx")), [(2, vec!["张三", "2026-11-30"])]);
}

#[test]
fn a_workbook_may_be_written_in_other_ways() {
    let sheet = sheet("raw.xlsx");
    assert_eq!(sheet.header, ["姓名", "职位"]);
    assert_eq!(rows(&sheet), [(5, vec!["张&三", "厨师", "", "2026-11-30"]), (6, vec!["7"])]);
}

#[test]
fn a_cell_that_cannot_be_read_as_it_was_meant_is_a_fault() {
    let sheet = sheet("faults.xlsx");
    let faults: Vec<_> = sheet.faults.iter().map(|fault| (fault.row, fault.column, fault.reason)).collect();
    let expected = [(2, 1, CellReason::LostDigits), (3, 1, CellReason::FormulaError), (4, 1, CellReason::TooLong)];
    assert_eq!(faults, expected);
    assert_eq!(rows(&sheet), [(2, vec!["1", ""]), (3, vec!["2", ""]), (4, vec!["3", ""]), (5, vec!["4", "x"])]);
}

#[test]
fn a_file_that_is_no_sheet_says_why() {
    let compound = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    let encrypted: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (bytes, reason) in [
        (vec![b'a'; 4 * 1024 * 1024 + 1], Unreadable::TooLarge),
        (compound.clone(), Unreadable::OldFormat),
        ([compound, encrypted].concat(), Unreadable::Protected),
        (b"PK\x03\x04".to_vec(), Unreadable::Broken),
        (file("employees.xlsx")[..3000].to_vec(), Unreadable::Broken),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), Unreadable::UnknownType),
        (b"\xff\xff\xff".to_vec(), Unreadable::UnknownEncoding),
        (b"%PDF-1.7\0".to_vec(), Unreadable::UnknownType),
        (b"a,b\n\"c,d".to_vec(), Unreadable::OpenQuotation),
        (Vec::new(), Unreadable::Empty),
        ("姓名,工号\r\n,\r\n".into(), Unreadable::Empty),
        ("姓名,工号\n".repeat(10_002).into(), Unreadable::TooManyRows),
        (format!("a,b\n1{}2", ",".repeat(100)).into(), Unreadable::TooManyColumns),
    ] {
        assert_eq!(read(&bytes), Err(reason), "{:?}", &bytes[..bytes.len().min(20)]);
    }
    assert_eq!(read("姓名,工号\n".repeat(10_001).as_bytes()).unwrap().rows.len(), 10_000);
    assert!(read(format!("a,b\n1{}2", ",".repeat(99)).as_bytes()).is_ok());
}

/// Each byte of a workbook, one after the other, is another one.
#[test]
fn a_damaged_workbook_is_an_error_and_no_panic() {
    for name in ["raw.xlsx", "since_1904.xlsx"] {
        let bytes = file(name);
        for at in 0..bytes.len() {
            let mut copy = bytes.clone();
            copy[at] ^= 0x41;
            let _ = read(&copy);
        }
    }
}
