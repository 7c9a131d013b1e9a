//! The texts of sheets by their keys: titles, names of values, and reasons of faults.

use shared::hris::import_columns::{Column, Form};

/// A catalogue of texts.
pub trait Texts: Sync {
    /// The text with this key.
    fn text(&self, key: &str) -> Option<&str>;
}

/// The text with this key; or the key itself.
pub fn say<'a>(texts: &'a dyn Texts, key: &'a str) -> &'a str {
    texts.text(key).unwrap_or(key)
}

/// The reason of a fault of `import_hris`, for people. The catalogue has the reason itself with `#` for each number; `form` names the values
/// of a choice.
pub fn reason(texts: &dyn Texts, reason: &str, form: Option<Form>) -> String {
    // The reasons of cells are keys.
    if let Some(text) = texts.text(reason) {
        return text.to_owned();
    }
    if let (Some(_), Some(Form::Choice(choice))) = (reason.strip_prefix("must be one of:"), form) {
        let names: Vec<&str> = choice.values.iter().map(|value| value_name(texts, choice.name, value)).collect();
        return format!("{}{}", say(texts, "sheet.reason.one_of"), names.join(say(texts, "sheet.reason.separator")));
    }
    let (head, _) = reason.split_once(": ").unwrap_or((reason, ""));
    let (mut pattern, mut numbers) = (String::from("reason."), Vec::new());
    let mut rest = head;
    while let Some(at) = rest.find(|character: char| character.is_ascii_digit()) {
        let end = rest[at..].find(|character: char| !character.is_ascii_digit()).map_or(rest.len(), |length| at + length);
        pattern.extend([&rest[..at], "#"]);
        numbers.push(&rest[at..end]);
        rest = &rest[end..];
    }
    pattern.push_str(rest);
    match texts.text(&pattern) {
        Some(text) => numbers.into_iter().fold(text.to_owned(), |text, number| text.replacen('#', number, 1)),
        None => reason.to_owned(),
    }
}

/// The name of a value.
pub fn value_name<'a>(texts: &'a dyn Texts, choice: &str, value: &'a str) -> &'a str {
    texts.text(&format!("value.{choice}.{value}")).unwrap_or(value)
}

/// What a column holds, in a few words.
pub fn form_name<'a>(texts: &'a dyn Texts, column: &Column) -> &'a str {
    let key = match column.form {
        Form::Text => "sheet.form.text",
        Form::Uuid => "sheet.form.uuid",
        Form::Date => "sheet.form.date",
        Form::Time => "sheet.form.time",
        Form::Number => "sheet.form.number",
        Form::Flag => "sheet.form.flag",
        Form::Choice(_) => "sheet.form.choice",
        Form::Json => "sheet.form.json",
    };
    say(texts, key)
}

#[cfg(test)]
pub mod tests {
    use std::collections::BTreeMap;

    use super::*;

    pub struct Catalogue(BTreeMap<String, String>);

    impl Catalogue {
        pub fn open() -> Self {
            Self(serde_json::from_str(include_str!("../../texts/sheets.zh-CN.json")).unwrap())
        }
    }

    impl Texts for Catalogue {
        fn text(&self, key: &str) -> Option<&str> {
            self.0.get(key).map(String::as_str)
        }
    }

    #[test]
    fn a_reason_keeps_its_numbers() {
        let texts = Catalogue::open();
        let flag = shared::hris::import_columns::Choice { name: "sex", values: &["male", "female"] };
        for (english, form, chinese) in [
            ("is required", None, "必填"),
            ("must be 1 to 64 characters", None, "必须是 1 至 64 个字符"),
            ("must be one of: male female", Some(Form::Choice(flag)), "必须是：男、女"),
            ("must be one of: male female", None, "must be one of: male female"),
            ("is not valid JSON: expected value at line 1 column 2", None, "不是有效的 JSON"),
            ("sheet.cell.too_long", None, "内容太长"),
            ("is something new", None, "is something new"),
        ] {
            assert_eq!(reason(&texts, english, form), chinese);
        }
    }

    #[test]
    fn every_key_of_the_code_has_a_text() {
        let texts = Catalogue::open();
        let sources = [
            include_str!("mod.rs"),
            include_str!("matching.rs"),
            include_str!("texts.rs"),
            include_str!("template.rs"),
            include_str!("faults.rs"),
        ];
        let mut count = 0;
        for source in sources {
            for key in
                source.split('"').skip(1).step_by(2).filter(|text| text.starts_with("sheet.") && !text.contains(['{', '/']))
            {
                assert!(texts.text(key).is_some(), "{key}");
                count += 1;
            }
        }
        assert!(count > 30, "{count}");
    }
}
