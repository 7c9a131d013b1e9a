//! The fields of the payloads of the HR API.

use serde_json::{Value, json};

use crate::support::resource::number;

/// The values that a field accepts.
#[derive(Clone, Copy)]
pub enum Kind {
    /// From one to this many characters.
    Text(usize),
    /// Up to this many characters.
    Maybe(usize),
    Token,
    Code,
    Date,
    Month,
    Phone,
    /// One of these, or nothing.
    Optional(&'static str),
    Choice(&'static str),
    Amount,
}

/// Every field of a payload, with the values that it accepts and whether it is required.
pub const FIELDS: [(&str, &str, Kind, bool); 34] = [
    ("GET /api/v2/employees", "status", Kind::Choice("waiting probation regular internship dimission joined all"), false),
    ("GET /api/v2/employees", "join_date_start", Kind::Date, false),
    ("GET /api/v2/employees", "join_date_end", Kind::Date, false),
    ("GET /api/v2/employees", "leave_date_start", Kind::Date, false),
    ("GET /api/v2/employees", "leave_date_end", Kind::Date, false),
    ("GET /api/v2/employees", "name", Kind::Text(64), false),
    ("GET /api/v2/arrangement_employees", "start_date", Kind::Date, true),
    ("GET /api/v2/arrangement_employees", "end_date", Kind::Date, true),
    ("GET /api/v2/employees/{id}/timelines", "start_date", Kind::Date, true),
    ("GET /api/v2/employees/{id}/timelines", "end_date", Kind::Date, true),
    ("GET /api/v2/employees/{id}/timelines", "category", Kind::Choice("leave business_trip"), true),
    ("GET /api/v2/employees/{id}/attendance_checkings", "start_date", Kind::Date, true),
    ("GET /api/v2/employees/{id}/attendance_checkings", "end_date", Kind::Date, true),
    ("POST /api/v2/salary/subject_values", "empno", Kind::Code, true),
    ("POST /api/v2/salary/subject_values", "subject_name", Kind::Text(64), true),
    ("POST /api/v2/salary/subject_values", "month", Kind::Month, true),
    ("POST /api/v2/salary/subject_values", "value", Kind::Amount, true),
    ("PATCH /api/v2/company_tokens/{guid}", "zhiren_visitor_token", Kind::Token, true),
    ("POST /api/v2/employees/{id}/notify", "name", Kind::Text(64), true),
    ("POST /api/v2/employees/{id}/notify", "time", Kind::Text(64), true),
    ("GET /api/v2/approvals", "start_date", Kind::Date, true),
    ("GET /api/v2/approvals", "end_date", Kind::Date, true),
    (
        "GET /api/v2/approvals",
        "category",
        Kind::Choice(
            "leave adjustment contract dimission enrollment payroll_submit recruit salary_change attendance_recheck overtime \
             business_trip sub_company_transfer onboarding business_travel intern_regularization breastfeeding_leave duty \
             arrangement custom",
        ),
        false,
    ),
    ("GET /api/v2/approvals", "status", Kind::Choice("waiting passed denied"), false),
    ("POST /api/v2/moka_candidates", "id", Kind::Text(128), true),
    ("POST /api/v2/moka_candidates", "name", Kind::Text(64), true),
    ("POST /api/v2/moka_candidates", "phone", Kind::Phone, true),
    ("POST /api/v2/moka_candidates", "email", Kind::Text(255), true),
    ("POST /api/v2/moka_candidates", "jobTitle", Kind::Text(128), true),
    ("POST /api/v2/moka_candidates", "gender", Kind::Optional("男 女"), false),
    ("POST /api/v2/moka_candidates", "source", Kind::Maybe(128), false),
    ("POST /api/v2/moka_candidates", "academicDegree", Kind::Maybe(64), false),
    ("POST /api/v2/moka_candidates", "married", Kind::Optional("已婚 未婚 离异"), false),
    ("PATCH /api/v2/company_tokens/{guid}", "token", Kind::Maybe(usize::MAX), true),
];

impl Kind {
    /// Values that it rejects, each with the reason.
    pub fn rejected(self) -> Vec<(Value, String)> {
        let mut rejected = Vec::new();
        let mut add = |values: &[Value], reason: &str| {
            rejected.extend(values.iter().map(|value| (value.clone(), reason.to_owned())));
        };
        let no_text = [json!(1), json!(-1), json!(true), json!([]), json!(["2017-02-03"]), json!({}), number("1e400")];
        match self {
            Self::Choice(choices) if choices.ends_with(" all") => {
                let reason = format!("must be one of: {choices}");
                add(&no_text, &reason);
                add(&[json!("ALL"), json!(" all"), json!("在职"), json!("x".repeat(1000))], &reason);
            }
            Self::Amount => {
                let range = "must be from -1000000000000 to 1000000000000";
                let no_number = [json!("1,5"), json!(""), json!(true), json!([1]), json!({}), json!("一")];
                add(&no_number, "must be a number");
                add(&["0.001", "-0.001", "1024.125"].map(number), "must have at most 2 decimals");
                add(&["1000000000000.01", "-1000000000001", "18446744073709551616", "1e20"].map(number), range);
                add(&["1e400", "-1e400", "1e99999999999999999999"].map(number), "has too many digits");
            }
            _ => add(&no_text, "must be a string"),
        }
        match self {
            Self::Text(longest) => {
                add(&[json!(""), json!(" "), json!("\u{3000}\t")], "must not be empty");
                add(&["x", "张", "😀"].map(|character| character.repeat(longest + 1).into()), "is too long");
            }
            Self::Maybe(usize::MAX) | Self::Amount => {}
            Self::Maybe(longest) => add(&["x", "张"].map(|text| text.repeat(longest + 1).into()), "is too long"),
            Self::Token => {
                let wrong = [json!(""), json!(" "), json!("x".repeat(2049)), json!("张".repeat(2049)), json!("a\nb")];
                add(&wrong, "must be 1 to 2048 characters");
            }
            Self::Code => add(
                &[
                    json!(""),
                    json!(" 1"),
                    json!("1 "),
                    json!("a/b"),
                    json!("."),
                    json!(".."),
                    json!("a\u{7f}"),
                    json!("1".repeat(65)),
                ],
                "must be 1 to 64 characters without control characters or /",
            ),
            Self::Date => add(
                &[
                    "",
                    "2017-02-29",
                    "2017-13-01",
                    "2017-2-30",
                    "2017-2-003",
                    "20170203",
                    "2017/02-03",
                    "2017-02-03T08:00:00Z",
                    "1799-12-31",
                    "now",
                ]
                .map(Value::from),
                "must be a date, such as 2024-01-15",
            ),
            Self::Month => add(
                &["", "2017-13", "2017-00", "2017-9-1", "201709", "2017-09-01", "2017", "九月"].map(Value::from),
                "must be a month, such as 2017-09",
            ),
            Self::Phone => {
                add(
                    &["", "12345", "1234567890123456", "1860283672x", "١٨٦٠٢٨٣٦٧٢١"].map(Value::from),
                    "must be a phone number",
                );
            }
            Self::Optional(choices) => add(&["x", " ", "male", "男女"].map(Value::from), &format!("must be one of: {choices}")),
            Self::Choice(choices) if choices.ends_with(" all") => {}
            Self::Choice(choices) => {
                add(&["", "x", &choices.to_uppercase(), " leave"].map(Value::from), &format!("must be one of: {choices}"));
            }
        }
        rejected
    }
}
