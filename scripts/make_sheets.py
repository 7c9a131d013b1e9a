#!/usr/bin/env python3
"""Writes the files of tests/sheets/read/ with openpyxl and the csv module, which the system does not use: pip install openpyxl==3.1.5

The parts of `raw.xlsx` are written by hand: openpyxl never writes them like this, but other programs do.
"""

import csv
import datetime
import io
import pathlib
import zipfile

import openpyxl
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.utils.datetime import CALENDAR_MAC_1904

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "tests" / "sheets" / "read"
EMPLOYEES = [
    ["工号", "姓名", "手机号", "身份证号", "入职日期", "性别", "备注, 其他"],
    ["000001", "张三", "13800138000", "110101199003070018", "2026-11-30", "男", "第一行\n第二行"],
    ["000002", '李"四"', "+852 91234567", "", "2026-01-02", "女", ""],
    ["", "", "", "", "", "", ""],
    ["000003", "王五；赵六", "13900139000", "110101199003070026", "2025-12-31", "", " 前后空格 "],
]
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def save(name, workbook):
    workbook.properties.created = workbook.properties.modified = datetime.datetime(2026, 11, 30)
    file = io.BytesIO()
    workbook.save(file)
    # The same content has the same bytes: the archive of openpyxl has the time of writing.
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(FOLDER / name, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == "docProps/core.xml":
                content = b'<?xml version="1.0"?><cp:coreProperties xmlns:cp="' \
                    b'http://schemas.openxmlformats.org/package/2006/metadata/core-properties"/>'
            target.writestr(zipfile.ZipInfo(entry.filename), content, zipfile.ZIP_DEFLATED)


def employees():
    workbook = openpyxl.Workbook()
    notes = workbook.active
    notes.title = "隐藏"
    notes.sheet_state = "hidden"
    notes.append(["不", "读"])
    sheet = workbook.create_sheet("员工")
    sheet.append(["员工名单"])
    sheet.merge_cells("A1:G1")
    for row in EMPLOYEES:
        sheet.append([cell or None for cell in row])
    save("employees.xlsx", workbook)


def values():
    """Each kind of value in column B, with its text in column A."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.append(["expected", "value"])
    cells = [
        ("12", 12, None), ("-3", -3, None), ("0.5", 0.5, None), ("0.3", 0.1 + 0.2, None), ("1200", 1200.0, "#,##0.00"),
        ("0.25", 0.25, "0%"), ("13800138000", 13800138000, None),
        ("0.0000015", 1.5e-06, "0.00E+00"), ("true", True, None), ("false", False, None), ("007", "007", "@"),
        ("2026-11-30", datetime.date(2026, 11, 30), "yyyy-mm-dd"),
        ("2026-11-30", datetime.date(2026, 11, 30), 'yyyy"年"m"月"d"日"'),
        ("2026-11-30", datetime.date(2026, 11, 30), "[$-804]yyyy\\-m\\-d;@"),
        ("2026-11-30 08:00:00", datetime.datetime(2026, 11, 30, 8), "yyyy-mm-dd hh:mm:ss"),
        ("2026-11-30 23:59:59", datetime.datetime(2026, 11, 30, 23, 59, 59), "m/d/yy h:mm"),
        ("1999-02-28", datetime.date(1999, 2, 28), "mm-dd-yy"), ("09:30:00", datetime.time(9, 30), "h:mm"),
        ("30:15:00", datetime.timedelta(hours=30, minutes=15), "[h]:mm:ss"),
        ("<a & \"b\">", '<a & "b">', None), ("一\t二\n三", "一\t二\n三", None), ("_x0041_", "_x0041_", None),
    ]
    for expected, value, number_format in cells:
        sheet.append([expected, value])
        if number_format:
            sheet.cell(sheet.max_row, 2).number_format = number_format
    sheet.append(["粗体和普通", CellRichText(TextBlock(InlineFont(b=True), "粗体"), "和普通")])
    save("values.xlsx", workbook)


def faults():
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    for row in [["工号", "身份证号"], ["1", 110101199003070000], ["2", "=1/0"], ["3", "长" * 1400], ["4", "x"]]:
        sheet.append(row)
    sheet["B3"].data_type = "e"
    sheet["B3"].value = "#DIV/0!"
    save("faults.xlsx", workbook)


def since_1904():
    workbook = openpyxl.Workbook()
    workbook.epoch = CALENDAR_MAC_1904
    sheet = workbook.active
    sheet.append(["姓名", "入职日期"])
    sheet.append(["张三", datetime.date(2026, 11, 30)])
    save("since_1904.xlsx", workbook)


def raw():
    """Elements with prefixes, a target from the root, cells without a place, inline and rich texts, pronunciation, results of formulas."""
    parts = {
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="a" Type="{OFFICE}/officeDocument" '
                       'Target="/xl/book.xml"/></Relationships>',
        "xl/book.xml": f'<x:workbook xmlns:x="{MAIN}" xmlns:r="{OFFICE}"><x:sheets><x:sheet name="S" sheetId="7" r:id="b"/>'
                       "</x:sheets></x:workbook>",
        "xl/_rels/book.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="b" '
                                  f'Type="{OFFICE}/worksheet" Target="/xl/Sheets/One.xml"/><Relationship Id="c" '
                                  f'Type="{OFFICE}/sharedStrings" Target="strings.xml"/></Relationships>',
        "xl/strings.xml": f'<x:sst xmlns:x="{MAIN}"><x:si><x:t>姓名</x:t></x:si><x:si><x:r><x:t>职</x:t></x:r><x:r>'
                          "<x:t>位</x:t></x:r><x:rPh><x:t>zhiwei</x:t></x:rPh></x:si></x:sst>",
        "xl/sheets/one.xml": f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData><x:row><x:c t="s"><x:v>0</x:v></x:c><x:c t="s">'
                             "<x:v>1</x:v></x:c></x:row><x:row r=\"5\"><x:c t=\"inlineStr\"><x:is><x:t>张&amp;三</x:t></x:is></x:c>"
                             '<x:c t="str"><x:f>A1&amp;B1</x:f><x:v>厨&#24072;_x000D_</x:v></x:c><x:c r="D5" t="d">'
                             "<x:v>2026-11-30T00:00:00</x:v></x:c><x:c/></x:row><x:row><x:c><x:v><![CDATA[7]]></x:v></x:c>"
                             "</x:row></x:sheetData></x:worksheet>",
    }
    with zipfile.ZipFile(FOLDER / "raw.xlsx", "w") as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content)


def delimited():
    for name, encoding, separator, end in [
        ("utf8.csv", "utf-8", ",", "\n"), ("utf8_mark.csv", "utf-8-sig", ",", "\r\n"), ("gb18030.csv", "gb18030", ",", "\r\n"),
        ("semicolon.csv", "gb18030", ";", "\r\n"), ("unicode.txt", "utf-16", "\t", "\r\n"),
    ]:
        with open(FOLDER / name, "w", encoding=encoding, newline="") as file:
            csv.writer(file, delimiter=separator, lineterminator=end).writerows(EMPLOYEES)


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    employees()
    values()
    faults()
    since_1904()
    raw()
    delimited()


main()
