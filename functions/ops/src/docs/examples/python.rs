//! For Python 3 with httpx.

use serde_json::Value;

use super::{Content, Proof, Request, members, quoted};

pub fn write(request: &Request) -> String {
    let Request { origin, path, query, .. } = request;
    let method = quoted(request.method);
    if let Proof::Signature = request.proof {
        return signed(request);
    }
    let mut start = format!("import httpx\n\nBASE = {}\n", quoted(origin));
    let mut arguments = Vec::new();
    let mut parameters = query.clone();
    match &request.proof {
        Proof::Header(name, prefix) => {
            start += "TOKEN = \"YOUR_TOKEN\"\n";
            let value = if prefix.is_empty() { "TOKEN".to_owned() } else { format!("f\"{prefix}{{TOKEN}}\"") };
            arguments.push(format!("headers={{{}: {value}}}", quoted(name)));
        }
        Proof::AccessToken => {
            start += "ACCESS_TOKEN = \"YOUR_ACCESS_TOKEN\"\n";
            parameters.push(("access_token".to_owned(), String::new()));
        }
        Proof::Nothing | Proof::Signature => (),
    }
    match &request.content {
        Content::Json(payload) if request.method == "GET" => {
            start = format!("import json\n\n{start}");
            parameters.push(("payload".to_owned(), String::new()));
            start += &format!("\npayload = {}\n", literal(payload, ""));
        }
        Content::Json(body) => {
            start += &format!("\nbody = {}\n", literal(body, ""));
            arguments.push("json=body".to_owned());
        }
        Content::Form(pairs) => {
            start += &format!("\nform = {{\n{}}}\n", members(pairs));
            arguments.push("data=form".to_owned());
        }
        Content::Picture(field) => arguments.push(format!("files={{{}: open(\"photo.png\", \"rb\")}}", quoted(field))),
        Content::Nothing => (),
    }
    if !parameters.is_empty() {
        let value = |name: &str, value: &str| match name {
            "access_token" => "ACCESS_TOKEN".to_owned(),
            "payload" => "json.dumps(payload)".to_owned(),
            _ => quoted(value),
        };
        let shown = parameters.iter().map(|(name, text)| format!("        {}: {},\n", quoted(name), value(name, text)));
        arguments.insert(0, format!("params={{\n{}    }}", shown.collect::<String>()));
    }
    let arguments: String = arguments.iter().map(|argument| format!("    {argument},\n")).collect();
    let call = format!("response = httpx.request(\n    {method},\n    BASE + {},\n{arguments})\n", quoted(path));
    let end = if request.is_file {
        "print(response.status_code, response.headers)\nopen(\"answer.png\", \"wb\").write(response.content)\n"
    } else {
        "print(response.status_code, response.text)\n"
    };
    format!("{start}\n{call}{end}")
}

fn signed(request: &Request) -> String {
    let payload = request.payload();
    let is_query = payload.is_some_and(|(_, is_query)| is_query);
    let shown = payload.map_or_else(
        || "payload = \"\"\n".to_owned(),
        |(payload, _)| format!("payload = json.dumps({})\n", literal(payload, "")),
    );
    let Request { origin, method, path, .. } = request;
    let json = if payload.is_some() { "import json\n" } else { "" };
    let in_query = if is_query { "    \"payload\": payload,\n" } else { "" };
    let body = if payload.is_some() && !is_query {
        "    content=payload,\n    headers={\"Content-Type\": \"application/json\"},\n"
    } else {
        ""
    };
    format!(
        r#"import hashlib
import hmac
{json}import time

import httpx

BASE = "{origin}"
ACCESS_KEY = "YOUR_ACCESS_KEY"
SECRET_KEY = "YOUR_SECRET_KEY"


def sign(method, path, tonce, payload):
    text = method + path + ACCESS_KEY + tonce + payload
    return hmac.new(SECRET_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()


method, path, tonce = "{method}", "{path}", str(int(time.time()))
{shown}query = {{
    "access_key": ACCESS_KEY,
    "tonce": tonce,
    "signature": sign(method, path, tonce, payload),
{in_query}}}
response = httpx.request(
    method,
    BASE + path,
    params=query,
{body})
print(response.status_code, response.text)
"#
    )
}

/// A value of JSON as a literal of Python, over several lines.
fn literal(value: &Value, indentation: &str) -> String {
    let inner = format!("{indentation}    ");
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Object(members) if !members.is_empty() => {
            let lines = members.iter().map(|(name, value)| format!("{inner}{}: {},\n", quoted(name), literal(value, &inner)));
            format!("{{\n{}{indentation}}}", lines.collect::<String>())
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            let lines = items.iter().map(|item| format!("{inner}{},\n", literal(item, &inner)));
            format!("[\n{}{indentation}]", lines.collect::<String>())
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(|item| literal(item, &inner)).collect::<Vec<_>>().join(", "))
        }
        plain => plain.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::literal;

    #[test]
    fn constants_have_the_names_of_python() {
        let value = serde_json::json!({"a": [true, null], "b": {"c": false, "d": "true"}, "e": {}});
        let expected = "{\n    \"a\": [True, None],\n    \"b\": {\n        \"c\": False,\n        \"d\": \"true\",\n    },\n    \"e\": {},\n}";
        assert_eq!(literal(&value, ""), expected);
    }
}
