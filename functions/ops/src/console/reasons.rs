//! What is wrong with a field, in the language of the pages and sheets. The name of a value says how it is shown: `fields`, `time`, a `state`
//! of the field, `by`, `reason`.

use shared::error::reasons::explained;

use super::pages::{name, time};
use super::texts;

/// The text of a reason. Without any it is shown as the domain says it.
pub fn reason(field: &str, said: &str) -> String {
    explained(said).map_or_else(|| said.to_owned(), |explained| explained.text(|name, value| shown(field, name, value)))
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
}
