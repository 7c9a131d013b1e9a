//! The example request of an operation in four languages, made from the example of the document. Each is a complete program: readers put in
//! their credentials and run it.

mod curl;
mod java;
mod python;
mod typescript;

use form_urlencoded::byte_serialize;
use serde_json::Value;

use super::document::{Operation, Scheme};

/// An example, and how a page shows it.
pub struct Example {
    /// The language, as a class and as the info string of a Markdown block.
    pub language: &'static str,
    pub label: &'static str,
    pub code: String,
}

/// The examples of an operation. WeChat Pay calls its own operation, which has none.
pub fn of(operation: &Operation, origin: &str) -> Vec<Example> {
    if operation.path == "/wechat/pay/notify" {
        return Vec::new();
    }
    let request = Request::of(operation, origin);
    [
        ("bash", "curl", curl::write(&request)),
        ("python", "Python", python::write(&request)),
        ("typescript", "TypeScript", typescript::write(&request)),
        ("java", "Java", java::write(&request)),
    ]
    .map(|(language, label, code)| Example { language, label, code })
    .into()
}

/// A request, as the examples send it.
struct Request<'a> {
    origin: &'a str,
    method: &'a str,
    /// With the examples of its parameters.
    path: String,
    /// Without what proves the caller.
    query: Vec<(String, String)>,
    content: Content,
    proof: Proof,
    /// The response is a file, not a text.
    is_file: bool,
}

enum Content {
    Nothing,
    Json(Value),
    Form(Vec<(String, String)>),
    /// A form with a picture in this field.
    Picture(String),
}

enum Proof {
    Nothing,
    /// A token in this header, behind this prefix.
    Header(String, &'static str),
    /// The token of a person's consent.
    AccessToken,
    /// The signature of the HR API. The payload is the body, or a query parameter.
    Signature,
}

impl<'a> Request<'a> {
    fn of(operation: &'a Operation, origin: &'a str) -> Self {
        let mut path = operation.path.clone();
        let mut query = Vec::new();
        let mut payload = Content::Nothing;
        for parameter in &operation.given {
            let name = parameter["name"].as_str().unwrap_or_default();
            let content = &parameter["content"]["application/json"]["example"];
            if !content.is_null() {
                payload = Content::Json(content.clone());
            } else if parameter["in"] == "path" {
                path = path.replace(&format!("{{{name}}}"), &escaped(&plain(&parameter["example"])));
            } else if !parameter["example"].is_null() {
                query.push((name.to_owned(), plain(&parameter["example"])));
            }
        }
        let content = operation.body.as_ref().map_or(payload, |body| match &*body.media_type {
            "application/x-www-form-urlencoded" => Content::Form(pairs("", &body.example)),
            "multipart/form-data" => Content::Picture("file".to_owned()),
            _ => Content::Json(body.example.clone()),
        });
        let media_type =
            operation.answers.first().and_then(|answer| answer.content.as_ref()).map(|content| &*content.media_type);
        Request {
            origin,
            method: &operation.method,
            path,
            query,
            content,
            proof: proof(operation),
            is_file: media_type.is_some_and(|media_type| media_type.starts_with("image/")),
        }
    }

    /// The path with the query.
    fn target(&self) -> String {
        let query = self.query.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect::<Vec<_>>();
        if query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, query.join("&")) }
    }

    /// The payload of a signed request, and whether it is a query parameter.
    fn payload(&self) -> Option<(&Value, bool)> {
        match &self.content {
            Content::Json(payload) => Some((payload, self.method == "GET")),
            _ => None,
        }
    }
}

fn proof(operation: &Operation) -> Proof {
    let needs = &operation.needs;
    let schemes: &[Scheme] = if needs.is_open { &[] } else { needs.alternatives.first().map_or(&[], Vec::as_slice) };
    match schemes {
        [] => Proof::Nothing,
        [scheme] if scheme.is_bearer => Proof::Header(scheme.key.clone(), "Bearer "),
        [scheme] if scheme.place == "请求头" => Proof::Header(scheme.key.clone(), ""),
        [_] => Proof::AccessToken,
        _ => Proof::Signature,
    }
}

/// A form as the names and values of its fields: `employee_edu[0][school]`.
fn pairs(name: &str, value: &Value) -> Vec<(String, String)> {
    let below = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name}[{key}]") };
    match value {
        Value::Object(members) => members.iter().flat_map(|(key, value)| pairs(&below(key), value)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().flat_map(|(index, value)| pairs(&below(&index.to_string()), value)).collect()
        }
        value => vec![(name.to_owned(), plain(value))],
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A part of a path, a query or a fragment.
pub fn escaped(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// A string literal of Python, TypeScript and Java.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// JSON over several lines. Each line but the first has this indentation.
fn pretty(value: &Value, indentation: &str) -> String {
    format!("{value:#}").replace('\n', &format!("\n{indentation}"))
}

/// Pairs as the members of an object in Python or TypeScript.
fn members(pairs: &[(String, String)]) -> String {
    pairs.iter().map(|(name, value)| format!("    {}: {},\n", quoted(name), quoted(value))).collect()
}
