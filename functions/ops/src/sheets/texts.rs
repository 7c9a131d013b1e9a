//! The texts of sheets: titles of columns, names of values, and reasons of faults.

use shared::hris::import_columns::{Column, Form};
use shared::hris::import_lines::Kind;

use crate::console::reasons;
use crate::console::texts::{find, text};

/// The title of a column in a template.
pub fn title(kind: Kind, field: &str) -> String {
    text(&format!("column.{}.{field}", kind.as_str())).into_owned()
}

/// The name of a value.
pub fn value_name<'a>(choice: &str, value: &'a str) -> &'a str {
    find(&format!("value.{choice}.{value}")).unwrap_or(value)
}

/// What a column holds, in a few words.
pub fn form_name(column: &Column) -> String {
    let name = match column.form {
        Form::Text => "text",
        Form::Uuid => "uuid",
        Form::Date => "date",
        Form::Time => "time",
        Form::Number => "number",
        Form::Flag => "flag",
        Form::Choice(_) => "choice",
        Form::Json => "json",
    };
    text(&format!("sheet.form.{name}")).into_owned()
}

/// The reason of a fault for people. `form` is that of the column, whose values have names.
pub fn reason(reason: &str, form: Option<Form>) -> String {
    // The reasons of cells are keys.
    if let Some(text) = find(reason) {
        return text.to_owned();
    }
    if let (Some(_), Some(Form::Choice(choice))) = (reason.strip_prefix("must be one of:"), form) {
        let names: Vec<&str> = choice.values.iter().map(|value| value_name(choice.name, value)).collect();
        return format!("{}{}", text("sheet.reason.one_of"), names.join(&text("sheet.reason.separator")));
    }
    reasons::reason("", reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_of_a_choice_names_its_values() {
        let sex = Form::Choice(shared::hris::import_columns::Choice { name: "employee_sex", values: &["male", "female"] });
        for (english, form, chinese) in [
            ("is required", None, "必填"),
            ("must be one of: male female", Some(sex), "必须是：男、女"),
            ("must be one of: male female", None, "应为其中之一：male female"),
            ("sheet.cell.too_long", None, "内容太长"),
        ] {
            assert_eq!(reason(english, form), chinese);
        }
    }

    #[test]
    fn every_key_of_the_code_has_a_text() {
        let sources = [
            include_str!("mod.rs"),
            include_str!("matching.rs"),
            include_str!("texts.rs"),
            include_str!("template.rs"),
            include_str!("faults.rs"),
            include_str!("import.rs"),
            include_str!("export/mod.rs"),
        ];
        let mut count = 0;
        for source in sources {
            for key in source.split('"').skip(1).step_by(2).filter(|text| text.starts_with("sheet.") && !text.contains('{')) {
                assert!(find(key).is_some(), "{key}");
                count += 1;
            }
        }
        assert!(count > 30, "{count}");
    }
}
