//! The columns of a sheet with rows of an import: one for each field that a row of the kind may have.
//!
//! The tests parse the examples as rows, so that a field without a column fails them.

use super::import_lines::Kind;
use super::values::{ApprovalCategory, ApprovalStatus, Category, DurationUnit, Sex, Status, TimelineCategory};
use crate::values::Closed;
use Form::{Date, Flag, Json, Number, Text, Time, Uuid};

/// A column of a sheet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Column {
    /// The name of the field. A member of a nested object has a dotted name.
    pub field: &'static str,
    /// Whether each row needs it, except one that takes a record back.
    pub is_required: bool,
    pub form: Form,
    /// As a row has it.
    pub example: &'static str,
    /// Whether the example is part of a row of examples. Most rows leave the other columns empty.
    pub is_usual: bool,
}

/// What a cell of a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Text,
    /// 32 hex digits.
    Uuid,
    /// `2026-11-30`.
    Date,
    /// `2026-11-30 08:00:00`, in Shanghai.
    Time,
    Number,
    /// Yes or no.
    Flag,
    Choice(Choice),
    /// Any JSON value.
    Json,
}

/// One of a few values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The name of the values as a whole.
    pub name: &'static str,
    pub values: &'static [&'static str],
}

const fn required(field: &'static str, form: Form, example: &'static str) -> Column {
    Column { field, is_required: true, form, example, is_usual: true }
}

const fn optional(field: &'static str, form: Form, example: &'static str) -> Column {
    Column { field, is_required: false, form, example, is_usual: true }
}

const fn unusual(field: &'static str, form: Form, example: &'static str) -> Column {
    Column { field, is_required: false, form, example, is_usual: false }
}

const fn choice(name: &'static str, values: &'static [&'static str]) -> Form {
    Form::Choice(Choice { name, values })
}

const SEX: Form = choice("employee_sex", Sex::VALUES);
const CATEGORY: Form = choice("employee_category", Category::VALUES);
const STATUS: Form = choice("employee_status", Status::VALUES);
const TIMELINE: Form = choice("timeline_category", TimelineCategory::VALUES);
const UNIT: Form = choice("duration_unit", DurationUnit::VALUES);
const APPROVAL: Form = choice("approval_category", ApprovalCategory::VALUES);
const APPROVAL_STATUS: Form = choice("approval_status", ApprovalStatus::VALUES);

/// A row that takes a record back has this column and those of its key, and no others.
pub const DELETE: &str = "delete";

const ONE: &str = "2f5d1c9e6a7b4f0c8d3e9a1b5c7d8e01";
const OTHER: &str = "2f5d1c9e6a7b4f0c8d3e9a1b5c7d8e02";
const THIRD: &str = "2f5d1c9e6a7b4f0c8d3e9a1b5c7d8e03";

/// The columns of a kind, in the order of the template.
pub const fn columns(kind: Kind) -> &'static [Column] {
    match kind {
        Kind::Companies => COMPANIES,
        Kind::SubCompanies => SUB_COMPANIES,
        Kind::Departments => DEPARTMENTS,
        Kind::Employees => EMPLOYEES,
        Kind::Arrangements => ARRANGEMENTS,
        Kind::Timelines => TIMELINES,
        Kind::Approvals => APPROVALS,
        Kind::Vacancies => VACANCIES,
        Kind::Sources => SOURCES,
        Kind::Candidates => CANDIDATES,
    }
}

const COMPANIES: &[Column] = &[
    required("uuid", Uuid, ONE),
    required("name", Text, "彩程"),
    optional("full_name", Text, "成都彩程软件设计有限公司"),
    optional("logo", Text, "https://example.com/logo.png"),
];

/// The company is that of the import.
const SUB_COMPANIES: &[Column] = &[
    required("uuid", Uuid, ONE),
    required("name", Text, "彩程北京分公司"),
    optional("short_name", Text, "北京"),
    optional("registered_address", Text, "北京市东城区长安街1号"),
    optional("boss", Text, "袁绍"),
];

const DEPARTMENTS: &[Column] = &[
    required("uuid", Uuid, ONE),
    required("name", Text, "前厅"),
    optional("superior_uuid", Uuid, OTHER),
    optional("charger_uuid", Uuid, THIRD),
    unusual(DELETE, Flag, "false"),
];

const EMPLOYEES: &[Column] = &[
    required("uuid", Uuid, ONE),
    required("empno", Text, "000001"),
    required("name", Text, "张三"),
    required("status", STATUS, "regular"),
    optional("mobile", Text, "13800138000"),
    optional("sex", SEX, "male"),
    optional("department_uuid", Uuid, OTHER),
    optional("job_title", Text, "服务员"),
    optional("job_grade", Text, "P1"),
    optional("category", CATEGORY, "fulltime"),
    optional("join_date", Date, "2026-06-01"),
    optional("probation_end_date", Date, "2026-08-31"),
    unusual("leave_date", Date, "2026-11-30"),
    optional("id_number", Text, "110101199003070018"),
    optional("birthday", Date, "1990-03-07"),
    optional("marriage", Text, "未婚"),
    optional("email", Text, "zhangsan@example.com"),
    optional("exmail", Text, "zhangsan@example.com.cn"),
    optional("phone_number", Text, "010-12345678"),
    optional("address", Text, "北京市东城区长安街1号"),
    optional("bank_name", Text, "中国工商银行"),
    optional("bank_card", Text, "6222020000000000000"),
    optional("nickname", Text, "小张"),
    optional("leader_uuid", Uuid, THIRD),
    unusual("virtual_leader_uuid", Uuid, THIRD),
    optional("sub_company", Text, "彩程北京分公司"),
    unusual("sub_company_uuid", Uuid, OTHER),
    unusual("dingtalk_id", Text, "manager7078"),
    unusual("wework_id", Text, "zhangsan"),
    unusual("photo", Text, "https://example.com/photo.jpg"),
    unusual("avatar", Text, "https://example.com/avatar.jpg"),
    optional("administrator", Flag, "false"),
];

const ARRANGEMENTS: &[Column] = &[
    required("empno", Text, "000001"),
    required("date", Date, "2026-11-30"),
    required("workshift_name", Text, "早班"),
    optional("time_range", Text, "09:00-18:00"),
    // As the API document spells it.
    optional("attenance_rule_name", Text, "标准考勤"),
    unusual(DELETE, Flag, "false"),
];

const TIMELINES: &[Column] = &[
    required("employee_uuid", Uuid, ONE),
    required("date", Date, "2026-11-30"),
    required("category", TIMELINE, "leave"),
    required("duration", Number, "0.5"),
    required("duration_unit", UNIT, "days"),
    required("start_time", Time, "2026-11-30 09:00:00"),
    required("end_time", Time, "2026-11-30 13:00:00"),
    unusual(DELETE, Flag, "false"),
];

/// The name of the status follows from the status.
const APPROVALS: &[Column] = &[
    required("number_series", Text, "20261130000001"),
    required("category", APPROVAL, "leave"),
    required("status", APPROVAL_STATUS, "passed"),
    required("created_at", Time, "2026-11-30 08:00:00"),
    optional("updated_at", Time, "2026-11-30 09:30:00"),
    optional("creator", Text, "张三"),
    optional("workflow_name", Text, "请假"),
    required("form_values", Json, r#"[{"section":"请假","fields":[{"name":"请假天数","value":"1"}]}]"#),
    unusual(DELETE, Flag, "false"),
];

const VACANCIES: &[Column] = &[
    required("id", Text, "1"),
    required("name", Text, "后端工程师"),
    optional("department_uuid", Uuid, ONE),
    optional("department_name", Text, "研发部"),
    unusual("job_title_uuid", Text, OTHER),
    optional("head_count", Number, "3"),
    optional("status", Text, "open"),
    optional("description", Text, "三年以上经验"),
];

const SOURCES: &[Column] = &[required("id", Text, "example-1"), required("name", Text, "示例渠道")];

/// The members of `moka` are what Moka pushes. A row that has one of them needs `id`, `jobTitle` and `operator`.
const CANDIDATES: &[Column] = &[
    // That of `moka.id`: the first half of the SHA-256 of `moka 12345`.
    required("uuid", Uuid, "11f05008c964c3ea4dfb3b05b2d3e7df"),
    required("name", Text, "李四"),
    optional("mobile", Text, "13900139000"),
    optional("email", Text, "lisi@example.com"),
    optional("sex", SEX, "female"),
    optional("marriage", Text, "未婚"),
    optional("birthday", Date, "1995-05-20"),
    optional("degree", Text, "本科"),
    optional("status", Text, "初试"),
    optional("source_id", Text, "1"),
    optional("source_name", Text, "内部推荐"),
    unusual("moka.id", Text, "12345"),
    unusual("moka.jobTitle", Text, "后端工程师"),
    unusual("moka.operator.name", Text, "王五"),
    unusual("moka.operator.email", Text, "wangwu@example.com"),
    unusual("moka.operator.phone", Text, "13700137000"),
    unusual("moka.birthYear", Number, "1995"),
    unusual("moka.educationInfo", Json, r#"[{"school":"四川大学"}]"#),
    unusual("moka.experienceInfo", Json, r#"[{"company":"彩程"}]"#),
    unusual("moka.resumeUrl", Text, "https://example.com/resume.pdf"),
    unusual("moka.interviewFeedbackUrl", Text, "https://example.com/feedback"),
    unusual("moka.offerAttachmentUrls", Json, r#"["https://example.com/offer.pdf"]"#),
    unusual("moka.offerInfo", Json, r#"{"salary":"10000"}"#),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value, json};

    use super::super::entity::Entity as _;
    use super::super::rows::{
        ApprovalRow, ArrangementRow, CandidateRow, CompanyRow, DepartmentRow, EmployeeRow, Row, SourceRow, SubCompanyRow,
        TimelineRow, VacancyRow,
    };
    use super::*;
    use crate::values::input::Json as Parsed;

    /// Sets a member, which may be one of a nested object.
    fn set(row: &mut Value, field: &str, value: Value) {
        let mut place = row;
        for name in field.split('.') {
            place = &mut place[name];
        }
        *place = value;
    }

    /// A row with the examples of these columns.
    fn row<'a>(columns: impl IntoIterator<Item = &'a Column>) -> Parsed {
        let mut row = json!({});
        for Column { field, form, example, .. } in columns {
            let is_text = !matches!(form, Form::Number | Form::Flag | Form::Json);
            set(&mut row, field, if is_text { json!(example) } else { serde_json::from_str(example).unwrap() });
        }
        Parsed::from_value(row)
    }

    /// `beyond` are the members of the record that no row has; the first ones of pairs are those of a row under another name.
    fn check<R: Row>(kind: Kind, beyond: &[&str], renamed: &[(&str, &str)]) {
        let columns: Vec<&Column> = columns(kind).iter().filter(|column| column.field != DELETE).collect();
        let record: R::Record = row(columns.iter().copied()).read::<R>().map_err(|error| error.to_string()).unwrap().into();
        assert_eq!(record.faults(), [], "{kind:?}");
        let record = serde_json::to_value(&record).unwrap();
        let members: BTreeSet<&str> = record.as_object().unwrap().keys().map(String::as_str).collect();
        let name = |field: &'static str| {
            let first = field.split('.').next().unwrap();
            renamed.iter().find(|(own, _)| *own == first).map_or(first, |(_, stored)| *stored)
        };
        let expected: BTreeSet<&str> = columns.iter().map(|column| name(column.field)).chain(beyond.iter().copied()).collect();
        assert_eq!(members, expected, "{kind:?}");

        for column in columns.iter().filter(|column| !column.field.starts_with("moka.")) {
            let read = row(columns.iter().copied().filter(|other| other != column)).read::<R>();
            let faults = read.err().map(|error| error.faults().to_vec()).unwrap_or_default();
            let expected = column.is_required.then(|| crate::error::Fault::new(column.field, "is required"));
            assert_eq!(faults, Vec::from_iter(expected), "{kind:?} {}", column.field);
        }
    }

    #[test]
    fn each_field_of_a_row_has_a_column_that_says_whether_it_is_required() {
        check::<CompanyRow>(Kind::Companies, &[], &[]);
        check::<SubCompanyRow>(Kind::SubCompanies, &[], &[]);
        check::<DepartmentRow>(Kind::Departments, &[], &[]);
        check::<EmployeeRow>(Kind::Employees, &["consent_epoch"], &[]);
        check::<ArrangementRow>(Kind::Arrangements, &[], &[("attenance_rule_name", "attendance_rule_name")]);
        check::<TimelineRow>(Kind::Timelines, &[], &[]);
        check::<ApprovalRow>(Kind::Approvals, &[], &[]);
        check::<VacancyRow>(Kind::Vacancies, &[], &[]);
        check::<SourceRow>(Kind::Sources, &[], &[]);
        check::<CandidateRow>(Kind::Candidates, &[], &[]);
    }

    #[test]
    fn each_member_of_moka_has_a_column() {
        let candidate: <CandidateRow as Row>::Record = row(CANDIDATES).read::<CandidateRow>().unwrap().into();
        let stored = serde_json::to_value(&candidate).unwrap();
        let stored: BTreeSet<String> = stored["moka"].as_object().unwrap().keys().cloned().collect();
        let snake = |name: &str| {
            let parts = name.chars().map(|c| if c.is_uppercase() { format!("_{}", c.to_lowercase()) } else { c.into() });
            parts.collect::<String>()
        };
        let members = CANDIDATES.iter().filter_map(|column| column.field.strip_prefix("moka."));
        let columns: BTreeSet<String> = members.map(|name| snake(name.split('.').next().unwrap())).collect();
        assert_eq!(columns, stored);
    }

    #[test]
    fn a_row_that_takes_a_record_back_needs_its_key_alone() {
        for (kind, key) in [
            (Kind::Arrangements, &["empno", "date", "workshift_name"][..]),
            (Kind::Timelines, &["employee_uuid", "date", "category", "start_time"]),
            (Kind::Approvals, &["number_series"]),
            (Kind::Departments, &["uuid"]),
        ] {
            let named = columns(kind).iter().filter(|column| key.contains(&column.field));
            let mut row = row(named).into_inner();
            row[DELETE] = true.into();
            let parse = match kind {
                Kind::Arrangements => ArrangementRow::TAKES_BACK,
                Kind::Timelines => TimelineRow::TAKES_BACK,
                Kind::Departments => DepartmentRow::TAKES_BACK,
                _ => ApprovalRow::TAKES_BACK,
            };
            let company = super::super::values::Uuid::parse(ONE).unwrap();
            assert!(parse.unwrap()(Parsed::from_value(row), &company).is_ok(), "{kind:?}");
        }
        let with_delete = |kind: &Kind| columns(*kind).iter().any(|column| column.field == DELETE);
        let kinds = [Kind::Companies, Kind::SubCompanies, Kind::Employees, Kind::Vacancies, Kind::Sources, Kind::Candidates];
        assert!(!kinds.iter().any(with_delete), "no row takes such a record back");
    }
}
