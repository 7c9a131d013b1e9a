//! Which column of a sheet is which field of an import, and the rows of the sheet as JSON Lines.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use shared::hris::import_columns::{DELETE, columns};
use shared::hris::import_lines::Kind;

use super::columns::{Titled, column, parsed, titled};
use super::template::examples;
use super::{CellFault, Sheet, SheetRow};

/// Other titles of columns, as sheets of other programs have them: those of a field in every kind, and those of a field of one kind.
const SYNONYMS: &[(&str, &[&str])] = &[
    ("companies.name", &["公司", "公司简称"]),
    ("sub_companies.name", &["分公司", "子公司", "公司"]),
    ("departments.name", &["部门", "组织", "组织名称"]),
    ("vacancies.name", &["职位", "岗位", "岗位名称"]),
    ("sources.name", &["渠道", "来源"]),
    ("employees.department_uuid", &["部门", "所属部门"]),
    ("candidates.name", &["候选人", "应聘者"]),
    ("empno", &["工号", "员工编号", "员工号", "人员编号", "职工号"]),
    ("name", &["姓名", "员工姓名", "名字", "名称"]),
    ("mobile", &["手机号", "手机", "手机号码", "移动电话", "联系电话", "电话"]),
    ("phone_number", &["电话号码", "座机", "固定电话", "固话"]),
    ("sex", &["性别"]),
    ("status", &["状态", "员工状态", "在职状态", "审批状态"]),
    ("category", &["类型", "员工类型", "用工类型", "审批类型", "假期类型"]),
    ("department_uuid", &["部门id", "所属部门id", "部门编码"]),
    ("department_name", &["部门", "部门名称", "所属部门"]),
    ("job_title", &["职位", "职务", "岗位"]),
    ("job_grade", &["职级", "级别"]),
    ("join_date", &["入职日期", "入职时间", "入职"]),
    ("probation_end_date", &["转正日期", "试用期截止", "试用期结束日期"]),
    ("leave_date", &["离职日期", "离职时间", "最后工作日"]),
    ("id_number", &["身份证号", "身份证", "身份证号码", "证件号码", "证件号"]),
    ("birthday", &["出生日期", "生日", "出生年月日"]),
    ("marriage", &["婚姻状况", "婚姻", "婚否"]),
    ("email", &["邮箱", "电子邮箱", "个人邮箱", "邮件"]),
    ("exmail", &["企业邮箱", "公司邮箱", "工作邮箱"]),
    ("address", &["地址", "住址", "家庭住址", "现住址", "联系地址"]),
    ("bank_name", &["开户行", "开户银行", "银行"]),
    ("bank_card", &["银行卡号", "银行卡", "银行账号", "工资卡号"]),
    ("leader_uuid", &["上级id", "直属上级", "上级"]),
    ("superior_uuid", &["上级部门id", "上级部门", "父部门"]),
    ("charger_uuid", &["负责人id", "负责人", "部门负责人"]),
    ("degree", &["学历", "最高学历"]),
    ("source_name", &["来源", "招聘来源", "渠道名称"]),
    ("head_count", &["人数", "招聘人数", "需求人数"]),
    ("description", &["描述", "职位描述", "岗位职责"]),
    ("date", &["日期"]),
    ("workshift_name", &["班次", "排班"]),
    ("time_range", &["时间段", "上班时间"]),
    ("duration", &["时长", "请假时长"]),
    ("duration_unit", &["单位", "时长单位"]),
    ("start_time", &["开始", "起始时间"]),
    ("end_time", &["结束", "截止时间"]),
    ("number_series", &["单号", "审批单号", "编号"]),
    ("creator", &["发起人", "申请人", "提交人"]),
    ("created_at", &["发起时间", "申请时间", "提交时间"]),
    ("updated_at", &["更新时间", "完成时间"]),
];

/// The field of each column of a sheet; `None` if the column is not imported.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Mapping(pub Vec<Option<String>>);

/// Why a mapping is not possible.
#[derive(Clone, Debug, PartialEq)]
pub enum Mismatch {
    /// More fields than the sheet has columns.
    TooMany,
    /// The kind has no such field.
    Unknown(String),
    /// Two columns have the same field.
    Twice(&'static str),
    /// No column has this field, which each row needs.
    Missing(&'static str),
}

impl Mismatch {
    /// The key of its text.
    pub fn key(&self) -> &'static str {
        match self {
            Self::TooMany => "sheet.match.too_many",
            Self::Unknown(_) => "sheet.match.unknown",
            Self::Twice(_) => "sheet.match.twice",
            Self::Missing(_) => "sheet.match.missing",
        }
    }

    /// The field that it concerns.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::TooMany => None,
            Self::Unknown(field) => Some(field),
            Self::Twice(field) | Self::Missing(field) => Some(field),
        }
    }
}

/// Rows for `import_hris`.
pub struct Lines {
    /// JSON Lines, without empty ones.
    pub text: String,
    /// The row of the sheet that each line is.
    pub rows: Vec<u32>,
    /// Cells because of which their rows are no lines.
    pub faults: Vec<CellFault>,
    /// How many rows still hold the examples of the template.
    pub examples: usize,
}

/// The field that each title most likely means: its name, its title in the template, or another title of it.
pub fn guess(kind: Kind, header: &[String]) -> Mapping {
    let columns = titled(kind);
    let mut taken = Vec::new();
    let mut mapping = vec![None; header.len()];
    let titles: Vec<String> = header.iter().map(|title| normal(title)).collect();
    let names = |Titled { column, title }: &Titled, round: usize| -> Vec<String> {
        match round {
            0 => vec![normal(column.field), normal(title)],
            _ => {
                let is_own = |(field, _): &&(&str, &[&str])| {
                    *field == column.field
                        || field.strip_prefix(kind.as_str()).is_some_and(|rest| rest.strip_prefix('.') == Some(column.field))
                };
                SYNONYMS.iter().filter(is_own).flat_map(|(_, titles)| *titles).map(|title| normal(title)).collect()
            }
        }
    };
    // The titles of the template come before other ones.
    for round in 0..2 {
        for titled in &columns {
            let names = names(titled, round);
            let free = |at: &usize| mapping[*at].is_none() && !titles[*at].is_empty() && names.contains(&titles[*at]);
            let found = (0..titles.len()).find(free).filter(|_| !taken.contains(&titled.column.field));
            if let Some(at) = found {
                mapping[at] = Some(titled.column.field.to_owned());
                taken.push(titled.column.field);
            }
        }
    }
    Mapping(mapping)
}

/// A title without white space, marks of required fields, and what is in brackets: `手机号 (必填)*`.
fn normal(title: &str) -> String {
    let title = title.split(['(', '（', '[', '【']).next().filter(|title| !title.trim().is_empty()).unwrap_or(title);
    let is_part = |character: &char| !character.is_whitespace() && !matches!(character, '*' | '＊' | ':' | '：');
    title.chars().filter(is_part).collect::<String>().to_lowercase()
}

impl Mapping {
    /// Why the sheet cannot be imported like this.
    pub fn mismatches(&self, kind: Kind, sheet: &Sheet) -> Vec<Mismatch> {
        let mut mismatches = Vec::new();
        if self.0.len() > sheet.header.len() {
            mismatches.push(Mismatch::TooMany);
        }
        let mut taken: Vec<&'static str> = Vec::new();
        for field in self.0.iter().flatten() {
            match column(kind, field) {
                None => mismatches.push(Mismatch::Unknown(field.clone())),
                Some(column) if taken.contains(&column.field) => mismatches.push(Mismatch::Twice(column.field)),
                Some(column) => taken.push(column.field),
            }
        }
        // A row that takes a record back needs fewer fields.
        if !taken.contains(&DELETE) {
            let missing = columns(kind).iter().filter(|column| column.is_required && !taken.contains(&column.field));
            mismatches.extend(missing.map(|column| Mismatch::Missing(column.field)));
        }
        mismatches
    }

    /// The column of a field, or of the nearest object that contains it: `moka.operator.phone` is `operator` as well.
    pub fn column_of(&self, field: &str) -> Option<usize> {
        let is_in = |outer: &str, inner: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        let named = |at: &usize| self.0[*at].as_deref();
        let exact = (0..self.0.len()).find(|at| named(at).is_some_and(|own| is_in(own, field)));
        exact.or_else(|| (0..self.0.len()).find(|at| named(at).is_some_and(|own| is_in(field, own))))
    }
}

/// The rows of a sheet as an import takes them. An empty cell is an absent field.
pub fn lines(kind: Kind, sheet: &Sheet, mapping: &Mapping) -> Lines {
    let titled = titled(kind);
    let examples = examples(&titled);
    let mut lines = Lines { text: String::new(), rows: Vec::new(), faults: Vec::new(), examples: 0 };
    // They are in the order of the rows.
    let mut rest = sheet.faults.as_slice();
    for row in &sheet.rows {
        let own;
        (own, rest) = rest.split_at(rest.partition_point(|fault| fault.row <= row.number));
        if is_example(row, mapping, &titled, &examples) {
            lines.examples += 1;
            continue;
        }
        // A cell that is not imported may be wrong.
        let is_meant = |fault: &&CellFault| mapping.0.get(fault.column).is_some_and(Option::is_some);
        let mut faults: Vec<CellFault> = own.iter().filter(is_meant).copied().collect();
        let mut object = Value::Object(Map::new());
        for (at, cell) in row.cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
            let Some(column) = mapping.0.get(at).and_then(Option::as_ref).and_then(|field| column(kind, field)) else {
                continue;
            };
            match parsed(column.form, cell) {
                Ok(value) => set(&mut object, column.field, value),
                Err(reason) => faults.push(CellFault { row: row.number, column: at, reason }),
            }
        }
        if faults.is_empty() {
            lines.text.push_str(&object.to_string());
            lines.text.push('\n');
            lines.rows.push(row.number);
        }
        lines.faults.extend(faults);
    }
    lines
}

/// Sets a member, which may be one of a nested object.
fn set(object: &mut Value, field: &str, value: Value) {
    let place = field.split('.').fold(object, |place, name| &mut place[name]);
    *place = value;
}

/// Whether the row has the examples of the template in every column that is imported.
fn is_example(row: &SheetRow, mapping: &Mapping, columns: &[Titled], examples: &[String]) -> bool {
    let mut imported = mapping.0.iter().enumerate().filter_map(|(at, field)| Some((at, field.as_deref()?)));
    imported.all(|(at, field)| {
        let example = columns.iter().zip(examples).find(|(titled, _)| titled.column.field == field).map(|(_, example)| example);
        row.cells.get(at).map_or("", String::as_str) == example.map_or("", String::as_str)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::hris::import_columns::Column;

    use super::super::{CellReason, read};
    use super::*;

    fn guessed(kind: Kind, header: &[&str]) -> Vec<Option<String>> {
        let header: Vec<String> = header.iter().map(|&title| title.into()).collect();
        guess(kind, &header).0
    }

    fn mapping(fields: &[&str]) -> Mapping {
        Mapping(fields.iter().map(|field| Some((*field).to_owned()).filter(|field| !field.is_empty())).collect())
    }

    #[test]
    fn titles_names_and_other_titles_are_recognized() {
        for (kind, header, fields) in [
            (
                Kind::Employees,
                &["员工姓名", "手机号码", "部门", "员工编号", "在职状态", "薪资"][..],
                &["name", "mobile", "department_uuid", "empno", "status", ""][..],
            ),
            (
                Kind::Employees,
                &["姓 名*", "手机号（必填）", "UUID", "EMPNO:", "状态"],
                &["name", "mobile", "uuid", "empno", "status"],
            ),
            (Kind::Employees, &["姓名", "名字", "姓名"], &["name", "", ""]),
            (Kind::Employees, &["名字", "姓名"], &["", "name"]),
            (Kind::Departments, &["部门", "上级部门", "部门id"], &["name", "superior_uuid", "uuid"]),
            (Kind::Vacancies, &["岗位", "部门", "编号"], &["name", "department_name", ""]),
            (Kind::Candidates, &["候选人", "渠道", "moka.operator.phone"], &["name", "", "moka.operator.phone"]),
            (Kind::Approvals, &["单号", "申请人", "审批类型", ""], &["number_series", "creator", "category", ""]),
        ] {
            assert_eq!(guessed(kind, header), mapping(fields).0, "{header:?}");
        }
    }

    /// Otherwise the order of the columns would decide.
    #[test]
    fn no_other_title_means_two_fields_of_a_kind() {
        let kinds = [
            Kind::Companies,
            Kind::SubCompanies,
            Kind::Departments,
            Kind::Employees,
            Kind::Arrangements,
            Kind::Timelines,
            Kind::Approvals,
            Kind::Vacancies,
            Kind::Sources,
            Kind::Candidates,
        ];
        let is_field = |name: &str| kinds.iter().any(|kind| columns(*kind).iter().any(|column| column.field == name));
        for (field, titles) in SYNONYMS {
            let name = kinds.iter().find_map(|kind| field.strip_prefix(kind.as_str())?.strip_prefix('.'));
            assert!(is_field(name.unwrap_or(field)), "{field}");
            assert!(titles.iter().all(|title| normal(title) == *title), "{titles:?}");
        }
        for kind in kinds {
            for Column { field, .. } in columns(kind) {
                for title in SYNONYMS.iter().filter(|(name, _)| name == field).flat_map(|(_, titles)| *titles) {
                    let found = guessed(kind, &[title]);
                    let title_of_another =
                        titled(kind).iter().any(|other| other.title == *title && other.column.field != *field);
                    let own = format!("{}.name", kind.as_str());
                    let is_of_kind = SYNONYMS.iter().any(|(name, titles)| *name == own && titles.contains(title));
                    assert!(
                        found == [Some((*field).to_owned())] || title_of_another || is_of_kind,
                        "{kind:?} {field} {title}: {found:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_mapping_has_each_required_field_once() {
        let sheet = read("a,b,c\n1,2,3\n".as_bytes()).unwrap();
        let mismatches = |fields: &[&str]| mapping(fields).mismatches(Kind::Sources, &sheet);
        assert_eq!(mismatches(&["id", "", "name"]), []);
        assert_eq!(mismatches(&["id", "id"]), [Mismatch::Twice("id"), Mismatch::Missing("name")]);
        assert_eq!(mismatches(&["id", "name", "", ""]), [Mismatch::TooMany]);
        assert_eq!(mismatches(&["id", "name", "x"]), [Mismatch::Unknown("x".into())]);
        assert_eq!(mapping(&["number_series", "delete"]).mismatches(Kind::Approvals, &sheet), []);
    }

    #[test]
    fn rows_become_lines_without_empty_cells_wrong_cells_and_examples() {
        let text = "id,name,phone,born,note\nu1,张三,137,,x\n\nu2,李四,,1990,\nu3,王五,,,\n";
        let mut sheet = read(text.as_bytes()).unwrap();
        let fault = |column| CellFault { row: 5, column, reason: CellReason::LostDigits };
        sheet.faults = vec![fault(3), fault(4)];
        let mapping = mapping(&["uuid", "name", "moka.operator.phone", "moka.birthYear"]);
        let made = lines(Kind::Candidates, &sheet, &mapping);
        let lines: Vec<Value> = made.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let expected = [
            json!({"uuid": "u1", "name": "张三", "moka": {"operator": {"phone": "137"}}}),
            json!({"uuid": "u2", "name": "李四", "moka": {"birthYear": 1990}}),
        ];
        assert_eq!(lines, expected);
        assert_eq!((made.rows, made.faults), (vec![2, 4], vec![fault(3)]), "the last column is not imported");

        let examples = read("编号,名称\nexample-1,示例渠道\nexample-1,示例渠道2\n".as_bytes()).unwrap();
        let made = super::lines(Kind::Sources, &examples, &self::mapping(&["id", "name"]));
        assert_eq!((made.examples, made.rows), (1, vec![3]));
    }

    #[test]
    fn a_fault_is_in_the_column_of_its_field_or_object() {
        let mapping = mapping(&["uuid", "moka.operator.phone", "form_values", ""]);
        for (field, column) in [
            ("uuid", Some(0)),
            ("moka.operator.phone", Some(1)),
            ("moka.operator", Some(1)),
            ("moka", Some(1)),
            ("form_values[0].fields", Some(2)),
            ("form_value", None),
            ("uu", None),
            ("row", None),
        ] {
            assert_eq!(mapping.column_of(field), column, "{field}");
        }
    }
}
