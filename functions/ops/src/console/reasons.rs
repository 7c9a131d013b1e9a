//! What is wrong with a field, in the language of the pages and sheets.
//!
//! The texts are those of `reason`. One with names between braces is a pattern: `is {number} now; changed since: {fields}`. The name of a value says
//! how it is shown: `fields`, `time`, a `state` of the field, `by`, `reason`.

use super::pages::{name, time};
use super::texts::{self, reasons};

/// The text of a reason. Without any it is shown as the domain says it.
pub fn reason(field: &str, said: &str) -> String {
    let found = reasons().find_map(|(pattern, text)| {
        let values = matched(pattern, said)?;
        let fill = |text: String, (name, value): (&str, &str)| text.replace(&format!("{{{name}}}"), &shown(field, name, value));
        Some(values.into_iter().fold(text.to_owned(), fill))
    });
    found.unwrap_or_else(|| said.to_owned())
}

/// The values in place of the names of a pattern, if the text is one of it.
fn matched<'a>(pattern: &'a str, text: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
    let mut parts = pattern.split('{');
    let mut rest = text.strip_prefix(parts.next()?)?;
    let mut values = Vec::new();
    for part in parts {
        let (name, after) = part.split_once('}')?;
        let end = if after.is_empty() { rest.len() } else { rest.find(after)? };
        values.push((name, &rest[..end]));
        rest = &rest[end + after.len()..];
    }
    rest.is_empty().then_some(values)
}

fn shown(field: &str, value_name: &str, value: &str) -> String {
    match value_name {
        "fields" => value.split(", ").map(texts::known_field).collect::<Vec<_>>().join("、"),
        "time" => time(value),
        "reason" => reason(field, value),
        "by" => name("mover", value),
        _ if value_name.ends_with("state") => name(if field == "verify_status" { "verified" } else { "application" }, value),
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_in_the_text_of_their_pattern() {
        for (field, said, shown) in [
            ("name", "is required", "必填"),
            ("limit", "must be an integer from 1 to 100", "应为 1 到 100 的整数"),
            ("em_id", "must be a whole number from 1 to 5", "必须是 1 至 5 之间的整数"),
            ("name", "must be 1 to 64 characters", "必须是 1 至 64 个字符"),
            ("rows", "is not valid JSON: expected value at line 1 column 2", "不是有效的 JSON"),
            ("version", "is 2 now; changed since: addr, status", "已是第 2 版，之后改动了：住址、状态"),
            ("verify_status", "cannot become 1 from 2", "不能从“已通过”变为“认证中”"),
            (
                "status",
                "cannot become 3 from 1: it became 1 at 2026-01-14T10:33:01Z by worker",
                "不能从“签约申请”变为“已签约”：2026-01-14 18:33:01 由 求职者 改为“签约申请”",
            ),
            ("name", "is odd", "is odd"),
        ] {
            assert_eq!(reason(field, said), shown);
        }
    }

    #[test]
    fn a_pattern_matches_the_whole_text() {
        assert_eq!(matched("from {a} to {b}", "from 1 to 2 to 3"), Some(vec![("a", "1"), ("b", "2 to 3")]));
        assert_eq!(matched("{a} elements", "7 elements"), Some(vec![("a", "7")]));
        for other in ["from 1", "a from 1 to 2", ""] {
            assert_eq!(matched("from {a} to {b}", other), None, "{other}");
        }
        assert_eq!(matched("{a} elements", "7 elements more"), None);
    }
}
