//! The schema of a JSON Merge Patch (RFC 7396): that of the record, in which nothing is required.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::schemas::{self, SCHEMA};
use super::visit;

/// How utoipa begins the name of the schema of a [`MergePatch`].
const PREFIX: &str = "MergePatch_";

/// A merge patch of a record, in the documentation of an operation. [`complete`] makes its schema.
#[derive(ToSchema)]
pub struct MergePatch<T> {
    #[schema(inline)]
    _record: T,
}

/// Makes each patch and the objects within it optional.
pub fn complete(document: &mut Value) {
    let Some(schemas) = schemas::of(document) else { return };
    let mut open: Vec<String> = schemas.keys().filter_map(|name| name.strip_prefix(PREFIX)).map(str::to_owned).collect();
    let mut done = BTreeSet::new();
    while let Some(record) = open.pop() {
        if done.insert(record.clone()) {
            let (patch, within) = patch_of(schemas, &record);
            open.extend(within);
            schemas.insert(format!("{PREFIX}{record}"), patch);
        }
    }
}

/// The patch of a record, and the records within it.
fn patch_of(schemas: &Map<String, Value>, record: &str) -> (Value, Vec<String>) {
    let mut patch = schemas.get(record).cloned().unwrap_or_default();
    let mut within = Vec::new();
    visit(&mut patch, &mut |value| {
        let is_object = |name: &&str| schemas.get(*name).is_some_and(|schema| schema.get("properties").is_some());
        if let Some(name) = schemas::referenced(value).filter(is_object).map(str::to_owned) {
            value["$ref"] = format!("{SCHEMA}{PREFIX}{name}").into();
            within.push(name);
        }
        let Some(members) = value.as_object_mut() else { return };
        if members.get("required").is_some_and(Value::is_array) {
            members.shift_remove("required");
        }
    });
    (patch, within)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_of_an_object_in_a_patch_is_required_at_any_depth() {
        let object = |properties: Value| json!({"type": "object", "required": ["a"], "properties": properties});
        let reference = |name: &str| json!({"$ref": format!("{SCHEMA}{name}")});
        let record = object(json!({"a": {"type": "string"}, "b": {"oneOf": [{"type": "null"}, reference("Part")]}}));
        let part = object(json!({"a": {"type": "integer"}}));
        let mut document = json!({"components": {"schemas": {"Record": record, "Part": part, "MergePatch_Record": record}}});
        complete(&mut document);
        let open = |properties: Value| json!({"type": "object", "properties": properties});
        let expected = json!({
            "Record": record,
            "Part": part,
            "MergePatch_Record":
                open(json!({"a": {"type": "string"}, "b": {"oneOf": [{"type": "null"}, reference("MergePatch_Part")]}})),
            "MergePatch_Part": open(json!({"a": {"type": "integer"}})),
        });
        assert_eq!(document, json!({"components": {"schemas": expected}}));
    }
}
