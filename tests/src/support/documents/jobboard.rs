//! The job board's document: its endpoints with their printed bodies.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

const TEXT: &str = include_str!("../../../../docs/contract/jobboard.txt");

pub struct Endpoint {
    pub method: &'static str,
    pub path: &'static str,
    /// Verbatim, trailing commas included, without the document's `//` remarks.
    pub request: Option<String>,
    /// The first one is a success.
    pub responses: Vec<Value>,
}

/// Every endpoint, in the document's order.
pub fn endpoints() -> &'static [Endpoint] {
    static PARSED: LazyLock<Vec<Endpoint>> = LazyLock::new(|| TEXT.split("// 接口地址：").skip(1).map(endpoint).collect());
    &PARSED
}

/// The endpoint of this path.
pub fn documented(path: &str) -> &'static Endpoint {
    endpoints().iter().find(|endpoint| endpoint.path == path).expect("a documented path")
}

fn endpoint(text: &'static str) -> Endpoint {
    let path = text.lines().next().expect("a path").trim();
    let method = text.split("// 请求方式：").nth(1).and_then(|rest| rest.lines().next()).expect("a method").trim();
    let mut bodies = BTreeMap::new();
    for (at, _) in text.match_indices("// ") {
        let line = text[at..].lines().next().unwrap_or_default();
        if line.contains("请求体") || line.contains("响应体") {
            let begin = at + text[at..].find('{').expect("a body");
            bodies.insert(begin, line.contains("请求体"));
        }
    }
    let request = bodies.iter().find(|(_, is_request)| **is_request).map(|(begin, _)| without_remarks(object(&text[*begin..])));
    let responses = bodies.iter().filter(|(_, is_request)| !**is_request);
    let responses = responses.map(|(begin, _)| parsed(&without_remarks(object(&text[*begin..])))).collect();
    Endpoint { method, path, request, responses }
}

/// A body as JSON.
pub fn parsed(body: &str) -> Value {
    let mut strict = String::new();
    for (at, letter) in body.char_indices() {
        let trailing = letter == ',' && body[at + 1..].trim_start().starts_with(['}', ']']);
        if !trailing {
            strict.push(letter);
        }
    }
    serde_json::from_str(&strict).unwrap_or_else(|error| panic!("{error} in {body}"))
}

/// The text up to the bracket that closes the first bracket.
fn object(text: &str) -> &str {
    let (mut depth, mut in_string) = (0, false);
    for (at, letter) in text.char_indices() {
        match letter {
            '"' => in_string = !in_string,
            '{' | '[' if !in_string => depth += 1,
            '}' | ']' if !in_string => {
                depth -= 1;
                if depth == 0 {
                    return &text[..=at];
                }
            }
            _ => {}
        }
    }
    panic!("the body has no closing bracket")
}

/// Cuts each line at a `//` that is outside of strings.
fn without_remarks(body: &str) -> String {
    let line = |line: &str| {
        let mut in_string = false;
        for (at, letter) in line.char_indices() {
            in_string ^= letter == '"';
            if !in_string && line[at..].starts_with("//") {
                return line[..at].trim_end().to_owned();
            }
        }
        line.to_owned()
    };
    body.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Where a response differs in shape from the printed one: members that are missing or have another type, and members that are
/// neither printed nor among `additions`. A member that some printed elements of an array lack may be missing.
pub fn differences(printed: &Value, answered: &Value, additions: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    compare("$", &[printed], answered, additions, &mut found);
    found
}

fn compare(at: &str, printed: &[&Value], answered: &Value, additions: &[&str], found: &mut Vec<String>) {
    let kind = |value: &Value| match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if printed.iter().all(|printed| kind(printed) != kind(answered)) {
        found.push(format!("{at} is {} instead of {}", kind(answered), kind(printed[0])));
        return;
    }
    match answered {
        Value::Array(elements) => {
            let printed: Vec<&Value> = printed.iter().filter_map(|printed| printed.as_array()).flatten().collect();
            for (index, element) in elements.iter().enumerate() {
                compare(&format!("{at}[{index}]"), &printed, element, additions, found);
            }
        }
        Value::Object(members) => {
            let printed: Vec<_> = printed.iter().filter_map(|printed| printed.as_object()).collect();
            for name in printed[0].keys() {
                if printed.iter().all(|printed| printed.contains_key(name)) && !members.contains_key(name) {
                    found.push(format!("{at}.{name} is missing"));
                }
            }
            for (name, member) in members {
                let printed: Vec<&Value> = printed.iter().filter_map(|printed| printed.get(name)).collect();
                match printed.is_empty() {
                    true if additions.contains(&name.as_str()) => {}
                    true => found.push(format!("{at}.{name} is not in the document")),
                    false => compare(&format!("{at}.{name}"), &printed, member, additions, found),
                }
            }
        }
        _ => {}
    }
}

#[test]
fn every_documented_endpoint_is_parsed() {
    let endpoints = endpoints();
    assert_eq!(endpoints.len(), 23);
    let without_request: Vec<&str> =
        endpoints.iter().filter(|endpoint| endpoint.request.is_none()).map(|endpoint| endpoint.path).collect();
    assert_eq!(without_request, ["/user/info", "/img/upload"]);
    assert!(endpoints.iter().all(|endpoint| !endpoint.responses.is_empty()));
    assert_eq!(documented("/job/close").request.as_deref(), Some("{\n    \"job_id\": 1234,\n}"));
    assert_eq!(documented("/wechat/user/login").responses.len(), 2);
}

#[test]
fn differences_of_shape_are_reported() {
    let printed = documented("/jobs/list").responses[0].clone();
    assert_eq!(differences(&printed, &printed, &[]), Vec::<String>::new());
    let mut other = printed.clone();
    other["data"]["jobs"][0].as_object_mut().unwrap().remove("contact");
    other["data"]["jobs"][1].as_object_mut().unwrap().remove("last_refresh_time");
    other["data"]["jobs"][1]["id"] = "3".into();
    other["data"]["more"] = true.into();
    let found = differences(&printed, &other, &[]);
    assert_eq!(
        found,
        [
            "$.data.jobs[0].contact is missing",
            "$.data.jobs[1].id is string instead of number",
            "$.data.more is not in the document",
        ]
    );
}
