#!/usr/bin/env python3
"""Reads the files of tests/sheets/written/ with openpyxl and the csv module, which the system does not use. The tests `quality::sheets::written`
and `console::sheets` show that the system writes these files.

usage: check_sheets.py
"""

import csv
import datetime
import pathlib

import openpyxl

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "tests" / "sheets" / "written"


def equal(actual, expected):
    assert actual == expected, f"{actual!r} instead of {expected!r}"


def rows(sheet):
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def lists(sheet):
    """The choices of each column that has some."""
    found = sheet.data_validations.dataValidation
    assert all(validation.type == "list" for validation in found)
    return {str(validation.sqref): validation.formula1 for validation in found}


def template():
    workbook = openpyxl.load_workbook(FOLDER / "template.xlsx")
    equal(workbook.sheetnames, ["数据", "填写说明"])
    data, explanation = workbook.worksheets
    equal(data.freeze_panes, "A2")
    equal(data.max_row, 2)
    cells = {cell.value: data.cell(2, cell.column) for cell in data[1]}
    equal(cells["工号"].value, "000001")
    equal(cells["工号"].number_format, "@")
    equal(cells["手机号"].data_type, "s")
    equal(cells["性别"].value, "男")
    equal(cells["入职日期"].value, datetime.datetime(2026, 6, 1))
    equal(cells["入职日期"].number_format, r"yyyy\-mm\-dd")
    equal(cells["离职日期"].value, None)
    letters = {cell.value: cell.column_letter for cell in data[1]}
    equal(lists(data), {
        f"{letters['员工状态']}2:{letters['员工状态']}10001": '"待入职,试用,正式,离职,实习"',
        f"{letters['性别']}2:{letters['性别']}10001": '"男,女"',
        f"{letters['员工类型']}2:{letters['员工类型']}10001": '"全职,兼职,实习,外包"',
        f"{letters['是否管理员']}2:{letters['是否管理员']}10001": '"是,否"',
    })
    required = [cell.value for cell in data[1] if cell.font.color and cell.font.color.rgb == "FFC00000"]
    equal(required, ["员工ID", "工号", "姓名", "员工状态"])
    assert all(cell.font.b and cell.fill.fgColor.rgb == "FFF2F2F2" for cell in data[1])
    assert all(10 <= data.column_dimensions[letter].width <= 40 for letter in letters.values())
    # A cell below the example keeps zeros, too.
    equal(data.column_dimensions[letters["工号"]].number_format, "@")
    equal([cell.value for cell in explanation[1]], ["列名", "字段", "必填", "填写内容", "可选值", "示例"])
    *columns, note = rows(explanation)[1:]
    explained = {row[0]: row[1:] for row in columns}
    equal(list(explained), list(letters))
    equal(explained["性别"], ["sex", "否", "从可选值中选择", "男、女", "男"])
    equal(explained["离职日期"], ["leave_date", "否", "日期，如 2026-11-30", None, "2026-11-30"])
    assert note[0] == "说明" and note[4].startswith("第 2 行是示例"), note


def template_times():
    data = openpyxl.load_workbook(FOLDER / "template_times.xlsx").worksheets[0]
    cells = {cell.value: data.cell(2, cell.column) for cell in data[1]}
    equal(cells["开始时间"].value, datetime.datetime(2026, 11, 30, 9))
    equal(cells["时长"].value, 0.5)
    equal(cells["撤回"].value, None)


def errors():
    sheet = openpyxl.load_workbook(FOLDER / "errors.xlsx").active
    header = ["工号", "姓名", "手机号", "身份证号", "入职日期", "性别", "备注, 其他", "错误原因"]
    equal(rows(sheet), [
        header,
        ["000002", '李"四"', "+852 91234567", None, "2026-01-02", "女", None, "手机号：请填写正确的手机号；员工状态：必填；性别：必须是：男、女"],
        ["000003", "王五；赵六", "13900139000", "110101199003070026", "2025-12-31", None, "前后空格", "必须是 JSON 对象"],
    ])
    colored = [cell.coordinate for row in sheet.iter_rows(min_row=2) for cell in row if cell.fill.fill_type]
    equal(colored, ["C2", "F2"])
    assert all(cell.number_format == "@" for row in sheet.iter_rows(min_row=2) for cell in row)


def export():
    expected = [
        ["000000000000000000", "=张三0", 0, 0, datetime.datetime(2026, 11, 30, 8)],
        ["000000000000000001", "=张三1", 1, 0.01, datetime.datetime(2026, 11, 30, 8)],
        ["000000000000000002", "=张三2", 2, 0.02, datetime.datetime(2026, 11, 30, 8)],
    ]
    header = ["编号", "姓名", "次数", "金额", "时间"]
    sheet = openpyxl.load_workbook(FOLDER / "export.xlsx").active
    equal(rows(sheet), [header, *expected])
    equal([cell.data_type for cell in sheet[2]], ["s", "s", "n", "n", "d"])
    equal([cell.number_format for cell in sheet[2]], ["@", "@", "General", "#,##0.00", r"yyyy\-mm\-dd\ hh:mm:ss"])
    with open(FOLDER / "export.csv", encoding="utf-8-sig", newline="") as file:
        equal(list(csv.reader(file, strict=True)), [
            header, *([row[0], f"'{row[1]}", str(row[2]), f"{row[3]:.2f}", f"{row[4]}"] for row in expected),
        ])


for check in (template, template_times, errors, export):
    check()
    print(f"-- {check.__name__}: as written")
