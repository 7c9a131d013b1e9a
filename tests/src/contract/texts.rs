//! The texts of the OpenAPI documents are for engineers of clients: in Chinese, and at every operation, parameter and field.

use serde_json::Value;

use crate::support::repository::read;

/// What is wrong with the texts of a value and of all values in it, except examples.
fn check(value: &Value, place: &str, wrong: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                check(item, &format!("{place}/{index}"), wrong);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let here = format!("{place}/{name}");
                match name.as_str() {
                    "example" | "examples" => continue,
                    "description" | "summary" if member.as_str().is_some_and(str::is_ascii) => {
                        wrong.push(format!("{here} is not Chinese: {member}"));
                    }
                    "properties" => {
                        let described = |schema: &Value| {
                            has_text(schema) || schema["oneOf"].as_array().is_some_and(|of| of.iter().any(has_text))
                        };
                        let without = member.as_object().into_iter().flatten().filter(|(_, schema)| !described(schema));
                        wrong.extend(without.map(|(field, _)| format!("{here}/{field} has no description")));
                    }
                    _ => {}
                }
                check(member, &here, wrong);
            }
        }
        _ => {}
    }
}

/// Whether a schema has a description, or refers to one that has.
fn has_text(schema: &Value) -> bool {
    schema["description"].as_str().is_some_and(|text| !text.is_empty()) || schema.get("$ref").is_some()
}

#[test]
fn every_operation_parameter_and_field_has_a_chinese_text() {
    for family in ["channel", "hris", "signing", "jobboard"] {
        let document: Value = serde_json::from_str(&read(&format!("openapi/{family}.json"))).unwrap();
        let mut wrong = Vec::new();
        check(&document, family, &mut wrong);
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let place = format!("{method} {path}");
                for text in ["operationId", "summary", "description"] {
                    if operation[text].as_str().is_none_or(str::is_empty) {
                        wrong.push(format!("{place} has no {text}"));
                    }
                }
                let parameters = operation["parameters"].as_array().into_iter().flatten();
                wrong.extend(
                    parameters
                        .filter(|parameter| !has_text(parameter))
                        .map(|parameter| format!("{place}: {}", parameter["name"])),
                );
            }
        }
        // utoipa drops the description of a list in an envelope.
        wrong.retain(|what| !what.ends_with("ListReply/properties/data has no description"));
        assert_eq!(wrong, Vec::<String>::new());
    }
}
