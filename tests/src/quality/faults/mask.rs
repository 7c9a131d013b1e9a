//! Masks what differs between any two runs, and what a second attempt necessarily leaves behind.

use serde_json::Value;

/// Attributes that a second attempt necessarily changes, with the reason. Their values do not count.
const INHERENT: [(&str, &str); 6] = [
    ("before", "the version before, in an audit record"),
    ("after", "the version after, in an audit record"),
    ("version", "counts the writes of an item; it is not returned, and the same change made twice counts twice"),
    ("attempts", "counts the attempts with a code, including one whose response was lost"),
    ("claimed_until", "until when no other process announces a visit; it stays if the end of the sending could not be stored"),
    ("last", "when a message was last requested"),
];

/// Counts the messages that were requested on one day, including those that were not sent, so that the limit cannot be evaded.
const DAILY: &str = "counted_";

/// Tables and folders in which equal lines count as one. A client that missed a token, a code, a session or the address of a picture
/// requests another one. The first stays until it expires; an app whose secret was lost stays forever. Each is recorded.
const ISSUED: [&str; 6] = ["audit ", "uploads exports/", "credentials ", "hris app_id: ", "uploads img/", "uploads signing/"];

/// Names that the tests number.
const NUMBERED: [&str; 5] = ["partner-", "platform-", "product-", "test-", "user-"];

/// Attributes that end with a random partition number.
const SHARDED: [&str; 2] = ["due", "ix2"];

/// A counter of attempts within one window: a second attempt may fall into the next minute, and whether the first one is counted depends
/// on where it failed.
fn is_window_counter(line: &str) -> bool {
    line.starts_with("credentials counted: ") && line.contains(", sk: count")
}

/// Sorted, without rate counters; equal lines of what is issued count as one.
pub fn lines(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<String> = lines.filter(|line| !is_window_counter(line)).collect();
    lines.sort_unstable();
    lines.dedup_by(|line, before| line == before && ISSUED.iter().any(|issued| line.starts_with(issued)));
    lines
}

/// An item in DynamoDB's JSON.
pub fn item(item: &Value) -> String {
    let mut attributes: Vec<String> =
        item.as_object().expect("an item").iter().map(|(name, value)| member(name, value)).collect();
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
