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
    fn names_between_braces_are_replaced() {
        assert_eq!(filled("ui.object_of", &[("action", "驳回"), ("object", "张三")]), "驳回：张三");
    }
}
