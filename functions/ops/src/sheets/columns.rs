//! The columns of an import as people see them: a title, the names of values, and what a cell means.

use serde_json::Value;
use shared::hris::import_columns::{Choice, Column, Form, columns};
use shared::hris::import_lines::Kind;

use super::CellReason;
use super::texts::{title, value_name};

const FLAG: Choice = Choice { name: "flag", values: &["true", "false"] };
/// Other texts for yes and no.
const YES: [&str; 4] = ["true", "1", "yes", "y"];
const NO: [&str; 4] = ["false", "0", "no", "n"];

/// A column with its title.
pub struct Titled {
    pub column: &'static Column,
    pub title: String,
}

/// The columns of a kind in the order of the template.
pub fn titled(kind: Kind) -> Vec<Titled> {
    columns(kind).iter().map(|column| Titled { column, title: title(kind, column.field) }).collect()
}

/// The column of a field.
pub fn column(kind: Kind, field: &str) -> Option<&'static Column> {
    columns(kind).iter().find(|column| column.field == field)
}

/// The values of a column, if they are few.
fn choice(form: Form) -> Option<Choice> {
    match form {
        Form::Choice(choice) => Some(choice),
        Form::Flag => Some(FLAG),
        Form::Text | Form::Uuid | Form::Date | Form::Time | Form::Number | Form::Json => None,
    }
}

/// The names of the values from which a person chooses.
pub fn choices(form: Form) -> Vec<String> {
    let names = |choice: Choice| choice.values.iter().map(move |value| value_name(choice.name, value).to_owned());
    choice(form).into_iter().flat_map(names).collect()
}

/// The value of a row as a person writes it into a cell.
pub fn shown(form: Form, value: &str) -> String {
    choice(form).map_or(value, |choice| value_name(choice.name, value)).to_owned()
}

/// The value of a cell in a row of an import. What is not as the column demands stays a text, which `import_hris` rejects with its reason.
pub fn parsed(form: Form, cell: &str) -> Result<Value, CellReason> {
    let text = || Value::from(cell);
    Ok(match form {
        Form::Text | Form::Uuid => text(),
        Form::Date => date(cell).into(),
        Form::Time => time(cell).into(),
        Form::Number => serde_json::from_str::<serde_json::Number>(cell).map_or_else(|_| text(), Value::Number),
        Form::Flag => flag(cell).map_or_else(text, Value::Bool),
        Form::Choice(choice) => {
            let value = choice.values.iter().find(|value| **value == cell || value_name(choice.name, value) == cell);
            value.map_or_else(text, |value| Value::from(*value))
        }
        Form::Json => match serde_json::from_str(cell) {
            Ok(value) => value,
            Err(_) if cell.starts_with(['{', '[']) => return Err(CellReason::InvalidJson),
            Err(_) => text(),
        },
    })
}

fn flag(cell: &str) -> Option<bool> {
    let is = |words: &[&str], value| {
        words.iter().any(|word| word.eq_ignore_ascii_case(cell)) || value_name(FLAG.name, value) == cell
    };
    if is(&YES, "true") { Some(true) } else { is(&NO, "false").then_some(false) }
}

/// `2026年11月30日`, `2026.11.30` and `20261130` are dates in Chinese sheets, and so is a time at midnight.
fn date(cell: &str) -> String {
    let day = [" 00:00:00", "T00:00:00", " 0:00:00", " 00:00", " 0:00"].iter().find_map(|midnight| cell.strip_suffix(midnight));
    let day = day.unwrap_or(cell);
    if day.len() == 8 && day.bytes().all(|byte| byte.is_ascii_digit()) {
        return format!("{}-{}-{}", &day[..4], &day[4..6], &day[6..]);
    }
    let separated = day.replace(['年', '月'], "-").replace('日', "");
    let is_dotted = separated.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if is_dotted { separated.replace('.', "-") } else { separated }
}

/// A time; midnight if the cell has a date alone, as Excel shows it.
fn time(cell: &str) -> String {
    let (day, time) = cell.split_once([' ', 'T']).unwrap_or((cell, "00:00:00"));
    format!("{} {}", date(day), time.trim())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const SEX: Form = Form::Choice(Choice { name: "employee_sex", values: &["male", "female"] });

    #[test]
    fn a_cell_becomes_what_an_import_takes() {
        for (form, cell, value) in [
            (Form::Text, "007", json!("007")),
            (Form::Date, "2026-11-30", json!("2026-11-30")),
            (Form::Date, "2026-11-30 00:00:00", json!("2026-11-30")),
            (Form::Date, "2026/11/30 0:00", json!("2026/11/30")),
            (Form::Date, "2026年11月30日", json!("2026-11-30")),
            (Form::Date, "2026.11.30", json!("2026-11-30")),
            (Form::Date, "20261130", json!("2026-11-30")),
            (Form::Date, "长期", json!("长期")),
            (Form::Time, "2026-11-30 08:00:00", json!("2026-11-30 08:00:00")),
            (Form::Time, "2026年11月30日 8:00", json!("2026-11-30 8:00")),
            (Form::Time, "2026-11-30T08:00:00+08:00", json!("2026-11-30 08:00:00+08:00")),
            (Form::Time, "2026-11-30", json!("2026-11-30 00:00:00")),
            (Form::Number, "0.5", json!(0.5)),
            (Form::Number, "三", json!("三")),
            (Form::Flag, "是", json!(true)),
            (Form::Flag, "FALSE", json!(false)),
            (Form::Flag, "0", json!(false)),
            (Form::Flag, "不知道", json!("不知道")),
            (SEX, "女", json!("female")),
            (SEX, "male", json!("male")),
            (SEX, "男性", json!("男性")),
            (Form::Json, "[1]", json!([1])),
            (Form::Json, "年假", json!("年假")),
        ] {
            assert_eq!(parsed(form, cell), Ok(value), "{form:?} {cell}");
        }
        assert_eq!(parsed(Form::Json, "[1"), Err(CellReason::InvalidJson));
    }

    #[test]
    fn each_example_is_read_as_it_is_shown() {
        for kind in [Kind::Companies, Kind::Employees, Kind::Timelines, Kind::Approvals, Kind::Candidates, Kind::Vacancies] {
            for Column { form, example, field, .. } in columns(kind) {
                let value = parsed(*form, &shown(*form, example)).unwrap();
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                assert_eq!(text, *example, "{kind:?} {field}");
            }
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(cell in "\\PC{0,20}", dated in "[0-9年月日./: T-]{0,20}") {
                for form in [Form::Date, Form::Time, Form::Number, Form::Flag, Form::Json, SEX] {
                let _ = (parsed(form, &cell), parsed(form, &dated));
            }
        }
    }
}
