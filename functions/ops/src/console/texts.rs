//! The texts of the pages. All of them are in one file for each language; the pages name them by key.

use std::borrow::Cow;
use std::sync::LazyLock;

use serde_json::Value;

static TEXTS: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../texts/zh-CN.json")).unwrap_or_default());

/// The text of a key, such as `field.company_uuid`, if there is one.
pub fn find(key: &str) -> Option<&'static str> {
    key.split('.').try_fold(&*TEXTS, |texts, part| texts.get(part))?.as_str()
}

/// The text of a key. A page shows a missing one as its key between marks, which the tests look for.
pub fn text(key: &str) -> Cow<'static, str> {
    find(key).map_or_else(|| Cow::Owned(format!("⟦{key}⟧")), Cow::Borrowed)
}

/// The text of a key, with the values in place of their names between braces.
pub fn filled(key: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(text(key).into_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

/// The name of a field of commands and records. The last part counts: `company.company_name` is `company_name`.
pub fn field(name: &str) -> Cow<'static, str> {
    let last = name.rsplit('.').next().unwrap_or(name);
    find(&format!("field.{last}")).map_or_else(|| Cow::Owned(format!("⟦field.{last}⟧")), Cow::Borrowed)
}

/// The name of a field, or the field as the record names it.
pub fn known_field(name: &str) -> String {
    let last = name.rsplit('.').next().unwrap_or(name);
    find(&format!("field.{last}")).unwrap_or(last).to_owned()
}

/// What can be wrong with a field, as the domain says it, and its text. Longer patterns come before those that are their beginning.
pub fn reasons() -> impl Iterator<Item = (&'static str, &'static str)> {
    let reasons = TEXTS.get("reason").and_then(Value::as_object).into_iter().flatten();
    reasons.filter_map(|(reason, text)| Some((reason.as_str(), text.as_str()?)))
}

/// What is wrong with a field, for people. The texts have `#` in place of numbers that the reason keeps, and none of what follows a colon.
/// Reasons without a text are shown as the domain says them.
pub fn reason(reason: &str) -> Cow<'static, str> {
    let known = |reason: &str| TEXTS.get("reason").and_then(|reasons| reasons.get(reason)).and_then(Value::as_str);
    if let Some(text) = known(reason) {
        return Cow::Borrowed(text);
    }
    let (mut pattern, mut numbers) = (String::new(), Vec::new());
    let mut rest = reason.split_once(": ").map_or(reason, |(head, _)| head);
    while let Some(at) = rest.find(|character: char| character.is_ascii_digit()) {
        let end = rest[at..].find(|character: char| !character.is_ascii_digit()).map_or(rest.len(), |length| at + length);
        pattern.extend([&rest[..at], "#"]);
        numbers.push(&rest[at..end]);
        rest = &rest[end..];
    }
    pattern.push_str(rest);
    let filled = |text: &str| numbers.iter().fold(text.to_owned(), |text, number| text.replacen('#', number, 1));
    Cow::Owned(known(&pattern).map_or_else(|| reason.to_owned(), filled))
}

/// The values of a set in the order of the file, each with its name.
pub fn choices(set: &str) -> Vec<(&'static str, &'static str)> {
    let values = TEXTS.get("value").and_then(|values| values.get(set)).and_then(Value::as_object);
    values.into_iter().flatten().filter_map(|(value, name)| Some((value.as_str(), name.as_str()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands;

    #[test]
    fn every_command_of_staff_and_every_field_has_a_text() {
        let mut missing = Vec::new();
        for command in commands::all().filter(|command| !command.roles.is_empty()) {
            let fields = command.fields.split_whitespace().map(|field| format!("field.{}", field.trim_end_matches('?')));
            missing.extend(fields.chain([format!("command.{}", command.name)]).filter(|key| find(key).is_none()));
        }
        missing.sort();
        missing.dedup();
        assert_eq!(missing, Vec::<String>::new());
    }

    #[test]
    fn a_reason_keeps_its_numbers() {
        for (english, chinese) in [
            ("is required", "必填"),
            ("must be 1 to 64 characters", "必须是 1 至 64 个字符"),
            ("must have at most 2 decimals", "最多两位小数"),
            ("is not valid JSON: expected value at line 1 column 2", "不是有效的 JSON"),
            ("is 7 somethings", "is 7 somethings"),
        ] {
            assert_eq!(reason(english), chinese);
        }
    }

    #[test]
    fn names_between_braces_are_replaced() {
        assert_eq!(filled("ui.object_of", &[("action", "驳回"), ("object", "张三")]), "驳回：张三");
    }
}
