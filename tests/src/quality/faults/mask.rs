//! Masks what differs between any two runs, and what a second attempt necessarily leaves behind.

use serde_json::Value;

/// Attributes that a second attempt necessarily changes, with the reason. Their values do not count.
const INHERENT: [(&str, &str); 5] = [
    ("version", "counts the writes of an item; it is not returned, and the same change made twice counts twice"),
    ("attempts", "counts the attempts with a code, including one whose response was lost"),
    ("claimed_until", "until when no other process announces a visit; it stays if the end of the sending could not be stored"),
    ("last", "when a message was last requested"),
    ("counts", "what became of the rows of an import; a second import finds rows that the first one stored"),
];

/// Counts the messages that were requested on one day, including those that were not sent, so that the limit cannot be evaded.
const DAILY: &str = "counted_";

/// Commands that act again each time: a client that missed the response repeats them, and both acts are recorded. Another command whose
/// change is made already changes and records nothing.
const REPEATED: [&str; 9] = [
    "create_bind_code",
    "create_oauth_app",
    "end_user_sessions",
    "export_person",
    "replay_webhook_event",
    "replay_webhook_events",
    "revoke_channel_tokens",
    "rotate_company_token",
    "test_webhook",
];

/// A client that missed the response imports its rows again, which is another import. The record of a new import has these fields.
const IMPORT: &str = ", fields: [by, bytes, ";

/// The order of an erasure is recorded before the erasure, at each attempt.
const ORDER: &str = ", object: persons/erasure/all,";

/// Tables and folders in which equal lines count as one. A client that missed a token, a code, a session or the address of a picture
/// requests another one. The first stays until it expires; an app whose secret was lost stays forever. The record of an import begins with
/// who began it.
const ISSUED: [&str; 6] =
    ["uploads exports/", "credentials ", "hris app_id: ", "hris by: ", "uploads img/", "uploads signing/"];

/// Names that the tests number.
const NUMBERED: [&str; 5] = ["partner-", "platform-", "product-", "test-", "user-"];

/// Attributes that end with a random partition number.
const SHARDED: [&str; 2] = ["due", "ix2"];

/// A counter of attempts within one window: a second attempt may fall into the next minute, and whether the first one is counted depends
/// on where it failed.
fn is_window_counter(line: &str) -> bool {
    line.starts_with("credentials counted: ") && line.contains(", sk: count")
}

/// Whether equal lines count as one.
fn is_issued(line: &str) -> bool {
    let is_repeated = |record: &str| {
        let action = record.strip_prefix("action: ").and_then(|rest| rest.split(',').next());
        action.is_some_and(|action| REPEATED.contains(&action)) || record.contains(ORDER) || record.contains(IMPORT)
    };
    ISSUED.iter().any(|issued| line.starts_with(issued)) || line.strip_prefix("audit ").is_some_and(is_repeated)
}

/// Sorted, without rate counters; equal lines of what is issued count as one.
pub fn lines(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<String> = lines.filter(|line| !is_window_counter(line)).collect();
    lines.sort_unstable();
    lines.dedup_by(|line, before| line == before && is_issued(line));
    lines
}

/// An item in DynamoDB's JSON.
pub fn item(item: &Value) -> String {
    // A record of what was done twice has other versions.
    let is_repeated = item["action"]["S"].as_str().is_some_and(|action| REPEATED.contains(&action));
    let masked = |name: &str, value: &Value| match name {
        "before" | "after" if is_repeated => format!("{name}: ~"),
        // Some are as long as a token.
        "action" => format!("{name}: {}", value["S"].as_str().expect("a text")),
        _ => member(name, value),
    };
    let mut attributes: Vec<String> =
        item.as_object().expect("an item").iter().map(|(name, value)| masked(name, value)).collect();
    attributes.sort_unstable();
    attributes.join(", ")
}

fn member(name: &str, value: &Value) -> String {
    if name.starts_with(DAILY) {
        format!("{DAILY}#: ~")
    } else if INHERENT.iter().any(|(inherent, _)| *inherent == name) {
        format!("{name}: ~")
    } else {
        format!("{name}: {}", attribute(name, value))
    }
}

fn attribute(name: &str, value: &Value) -> String {
    let (kind, value) = value.as_object().and_then(|value| value.iter().next()).expect("a typed value");
    match (kind.as_str(), value) {
        ("B", Value::String(bytes)) => format!("{} bytes", bytes.len()),
        ("M", Value::Object(_)) => format!("{{{}}}", item(value)),
        ("L", Value::Array(values)) => {
            let mut values: Vec<String> = values.iter().map(|value| attribute(name, value)).collect();
            // WeChat Pay notifies again when it missed the response: the time line of the order has both.
            if name == "timeline" {
                values.retain(|entry| !entry.contains("reason: already_settled"));
                // The simulator of WeChat Pay is not restored: a second attempt may find the order closed there.
                values.retain(|entry| !entry.contains("event: queried") || !entry.contains("reported: CLOSED"));
            }
            // Issued, as above: a worker whose login response was lost logs in again.
            if name == "sessions" {
                values.dedup();
            }
            format!("[{}]", values.join(", "))
        }
        (_, Value::String(sharded)) if SHARDED.contains(&name) => {
            let (what, shard) = sharded.rsplit_once('#').unwrap_or((sharded, ""));
            if shard.len() <= 2 { text(what) } else { text(sharded) }
        }
        (_, Value::String(text_or_number)) => text(text_or_number),
        (_, other) => other.to_string(),
    }
}

/// The key of an object, part by part.
pub fn path(key: &str) -> String {
    key.split('/').map(text).collect::<Vec<_>>().join("/")
}

/// The length of an object. Of a snapshot only whether it is empty: how well ids and times compress is chance.
pub fn length(key: &str, bytes: &[u8]) -> usize {
    if key.starts_with("search/") { bytes.len().min(1) } else { bytes.len() }
}

/// Replaces numbered names, long runs of letters and digits, long runs of digits, and times of day.
pub fn text(text: &str) -> String {
    let mut masked = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let run = rest.find(|character| !is_of_a_token(character)).unwrap_or(rest.len());
        if run == 0 {
            masked.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let (token, behind) = rest.split_at(run);
        masked.push_str(&if run >= 20 { "*".into() } else { digits(&unnumbered(token)) });
        rest = behind;
    }
    without_times(&masked)
}

/// Whether a response differs from the expected one at most in these members: a number is smaller; after a retry, which may also find what
/// the first attempt stored, it is any number, and a list may be empty.
pub fn counts(expected: &Value, actual: &Value, members: &[&str], is_retried: bool) -> bool {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => {
            expected.len() == actual.len()
                && expected.iter().zip(actual).all(|((name, expected), (other, actual))| {
                    let is_less = match (expected, actual) {
                        (Value::Number(expected), Value::Number(actual)) => is_retried || actual.as_u64() <= expected.as_u64(),
                        (Value::Array(_), Value::Array(actual)) => is_retried && actual.is_empty(),
                        _ => false,
                    };
                    name == other
                        && (members.contains(&name.as_str()) && is_less || counts(expected, actual, members, is_retried))
                })
        }
        (Value::Array(expected), Value::Array(actual)) => {
            expected.len() == actual.len()
                && expected.iter().zip(actual).all(|(expected, actual)| counts(expected, actual, members, is_retried))
        }
        _ => expected == actual,
    }
}

fn is_of_a_token(character: char) -> bool {
    character.is_ascii_alphanumeric() || "_+/=-".contains(character)
}

fn unnumbered(token: &str) -> String {
    match NUMBERED.iter().find(|name| token.starts_with(**name)) {
        Some(name) => {
            format!("{name}?{}", token[name.len()..].trim_start_matches(|character: char| character.is_ascii_digit()))
        }
        None => token.to_owned(),
    }
}

/// Replaces runs of ten digits and more.
fn digits(token: &str) -> String {
    let (mut masked, mut run) = (String::new(), String::new());
    for character in token.chars().map(Some).chain([None]) {
        match character.filter(char::is_ascii_digit) {
            Some(digit) => run.push(digit),
            None => {
                masked.push_str(if run.len() >= 10 { "#" } else { &run });
                run.clear();
                masked.extend(character);
            }
        }
    }
    masked
}

/// Replaces times such as `10:30:05` and `18:30:05.000`.
fn without_times(text: &str) -> String {
    let is_time = |bytes: &[u8]| {
        bytes.len() == 8
            && bytes.iter().enumerate().all(|(at, byte)| if at == 2 || at == 5 { *byte == b':' } else { byte.is_ascii_digit() })
    };
    let (mut masked, mut rest) = (String::new(), text);
    while let Some(character) = rest.chars().next() {
        if rest.as_bytes().get(..8).is_some_and(is_time) {
            masked.push('@');
            rest = &rest[8..];
            if rest.starts_with('.') {
                rest = rest[1..].trim_start_matches(|character: char| character.is_ascii_digit());
            }
        } else {
            masked.push(character);
            rest = &rest[character.len_utf8()..];
        }
    }
    masked
}

#[test]
fn only_what_differs_between_two_runs_is_masked() {
    assert_eq!(text("partner-12#U001"), "partner-?#U001");
    assert_eq!(text("c00000000000000000000000000000a1#employee"), "*#employee");
    assert_eq!(text("order#1234567890123456"), "order##");
    assert_eq!(text("2024-01-15 18:30:05.000"), "2024-01-15 @");
    assert_eq!(text("2024-01-15T10:30:05Z 改 3.99"), "2024-01-15T10:30:05Z 改 3.99".replace("10:30:05", "@"));
    assert_eq!(path("incoming/img/7_1705314600000000000.png"), "incoming/img/*.png");
}

#[test]
fn only_the_counts_of_a_response_may_differ() {
    let first = serde_json::json!({"done": 2, "failed": 0, "of": [{"kept": ["orders"], "done": 1}]});
    let is_accepted =
        |text: &str, is_retried| counts(&first, &serde_json::from_str(text).unwrap(), &["done", "kept"], is_retried);
    assert!(is_accepted(r#"{"done":0,"failed":0,"of":[{"kept":["orders"],"done":0}]}"#, false));
    assert!(is_accepted(r#"{"done":0,"failed":0,"of":[{"kept":[],"done":1}]}"#, true));
    for other in [
        r#"{"done":2,"failed":0,"of":[{"kept":[],"done":1}]}"#,
        r#"{"done":3,"failed":0,"of":[{"kept":["orders"],"done":1}]}"#,
        r#"{"done":2,"failed":1,"of":[{"kept":["orders"],"done":1}]}"#,
        r#"{"done":2,"failed":0,"of":[]}"#,
        r#"{"done":2,"failed":0}"#,
    ] {
        assert!(!is_accepted(other, false), "{other}");
    }
}
