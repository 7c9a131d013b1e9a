//! The examples of the OpenAPI documents. Each family has an `examples.json`, in an order in which the requests succeed.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::{Map, Value};

/// A request and its response in the form of the document. Ids and tokens are placeholders.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Example {
    /// `METHOD /path`
    operation: String,
    /// The login code of the user that sends the request. Only the test that sends it reads this.
    #[serde(default, rename = "by")]
    _by: Option<String>,
    #[serde(default)]
    path: Map<String, Value>,
    #[serde(default)]
    query: Map<String, Value>,
    body: Option<Value>,
    answer: Answer,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    status: u16,
    #[serde(default)]
    headers: Map<String, Value>,
    body: Option<Value>,
}

/// Adds the examples to the document. An error names the operation and the part that the document lacks.
pub fn merge(document: &mut Value, examples: &str) -> Result<(), String> {
    let examples: Vec<Example> = serde_json::from_str(examples).map_err(|error| error.to_string())?;
    let mut seen = HashSet::new();
    for example in examples {
        let name = example.operation.clone();
        let (method, path) = name.split_once(' ').unwrap_or_default();
        let item = document.get_mut("paths").and_then(|paths| paths.get_mut(path));
        let operation = item.and_then(|item| item.get_mut(method.to_ascii_lowercase()));
        let added = operation.ok_or("operation").and_then(|operation| add(operation, example));
        added.map_err(|lacking| format!("{name} has an example, but no such {lacking}"))?;
        if !seen.insert(name.clone()) {
            return Err(format!("{name} has two examples"));
        }
    }
    Ok(())
}

fn add(operation: &mut Value, example: Example) -> Result<(), &'static str> {
    for (place, values) in [("path", example.path), ("query", example.query)] {
        for (name, value) in values {
            let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
            let mut parameters = parameters.into_iter().flatten();
            let parameter = parameters.find(|parameter| parameter["in"] == place && parameter["name"] == name);
            let place = parameter.and_then(|parameter| match parameter.get("content") {
                Some(_) => parameter.pointer_mut("/content/application~1json"),
                None => Some(parameter),
            });
            put(place, value).ok_or("parameter")?;
        }
    }
    if let Some(body) = example.body {
        let content = operation.pointer_mut("/requestBody/content").and_then(Value::as_object_mut);
        put(content.and_then(|content| content.values_mut().next()), body).ok_or("body")?;
    }
    let Answer { status, headers, body } = example.answer;
    let responses = operation.get_mut("responses");
    let response = responses.and_then(|responses| responses.get_mut(status.to_string())).ok_or("status")?;
    for (name, value) in headers {
        put(response.get_mut("headers").and_then(|headers| headers.get_mut(name)), value).ok_or("header")?;
    }
    if let Some(body) = body {
        put(response.pointer_mut("/content/application~1json"), body).ok_or("answer in JSON")?;
    }
    Ok(())
}

fn put(place: Option<&mut Value>, example: Value) -> Option<()> {
    place?.as_object_mut()?.insert("example".into(), example);
    Some(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document() -> Value {
        let payload = json!({"in": "query", "name": "payload", "content": {"application/json": {}}});
        json!({"paths": {"/things/{id}": {"put": {
            "parameters": [{"in": "path", "name": "id"}, payload],
            "requestBody": {"content": {"application/json": {}}},
            "responses": {"200": {"headers": {"X-Id": {}}, "content": {"application/json": {}}}, "303": {}},
        }}}})
    }

    fn merged(example: &Value) -> Result<Value, String> {
        let mut document = document();
        merge(&mut document, &json!([example]).to_string())?;
        Ok(document)
    }

    #[test]
    fn each_part_of_an_example_is_added_to_its_place() {
        let mut expected = document();
        let operation = &mut expected["paths"]["/things/{id}"]["put"];
        operation["parameters"][0]["example"] = "1".into();
        operation["parameters"][1]["content"]["application/json"]["example"] = json!({"page": 1});
        operation["requestBody"]["content"]["application/json"]["example"] = json!({"name": "a"});
        operation["responses"]["200"]["headers"]["X-Id"]["example"] = 1.into();
        operation["responses"]["200"]["content"]["application/json"]["example"] = json!({"code": 0});
        let example = json!({
            "operation": "PUT /things/{id}", "by": "test", "path": {"id": "1"}, "query": {"payload": {"page": 1}},
            "body": {"name": "a"}, "answer": {"status": 200, "headers": {"X-Id": 1}, "body": {"code": 0}},
        });
        assert_eq!(merged(&example), Ok(expected));
    }

    #[test]
    fn an_error_names_what_the_document_lacks() {
        let answer = json!({"status": 200});
        for (lacking, example) in [
            ("operation", json!({"operation": "GET /things/{id}", "answer": answer})),
            ("operation", json!({"operation": "PUT /things", "answer": answer})),
            ("parameter", json!({"operation": "PUT /things/{id}", "path": {"payload": ""}, "answer": answer})),
            ("parameter", json!({"operation": "PUT /things/{id}", "query": {"page": 1}, "answer": answer})),
            ("status", json!({"operation": "PUT /things/{id}", "answer": {"status": 201}})),
            ("header", json!({"operation": "PUT /things/{id}", "answer": {"status": 200, "headers": {"X-Other": 1}}})),
            ("answer in JSON", json!({"operation": "PUT /things/{id}", "answer": {"status": 303, "body": {}}})),
        ] {
            let name = example["operation"].as_str().unwrap();
            assert_eq!(merged(&example), Err(format!("{name} has an example, but no such {lacking}")));
        }
        let mut document = json!({"paths": {"/things": {"get": {"responses": {"200": {}}}}}});
        let example = json!({"operation": "GET /things", "body": {}, "answer": answer});
        let merged = merge(&mut document, &json!([example]).to_string());
        assert_eq!(merged, Err("GET /things has an example, but no such body".into()));
        let example = json!({"operation": "GET /things", "answer": answer});
        let merged = merge(&mut document, &json!([example, example]).to_string());
        assert_eq!(merged, Err("GET /things has two examples".into()));
        let merged = merge(&mut document, r#"[{"operation": "GET /things", "answers": {}}]"#);
        assert!(merged.unwrap_err().starts_with("unknown field `answers`"));
    }
}
