//! The schemas of a document: each has a name that reads well, is written once and is used.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::visit;

/// Where the references to schemas begin.
pub const SCHEMA: &str = "#/components/schemas/";

/// Replaces copies of a schema by references to it: utoipa writes the parameter of a generic type out.
pub fn share(document: &mut Value) {
    let Some(schemas) = of(document) else { return };
    let named: BTreeMap<String, String> =
        schemas.iter().filter(|(_, schema)| is_object(schema)).map(|(name, schema)| (content(schema), name.clone())).collect();
    for schema in schemas.values_mut() {
        let members = schema.as_object_mut().into_iter().flat_map(Map::values_mut);
        members.for_each(|member| visit(member, &mut |value| refer(value, &named)));
    }
}

fn refer(value: &mut Value, named: &BTreeMap<String, String>) {
    if let Some(name) = Some(&*value).filter(|value| is_object(value)).and_then(|value| named.get(&content(value))) {
        let description = value.get("description").cloned();
        *value = json!({"$ref": format!("{SCHEMA}{name}")});
        if let Some(description) = description {
            value["description"] = description;
        }
    }
}

fn is_object(schema: &Value) -> bool {
    schema.get("properties").is_some() || schema.get("allOf").is_some()
}

/// What two copies of a schema have in common: a member has a description of its own.
fn content(schema: &Value) -> String {
    let mut schema = schema.clone();
    if let Some(members) = schema.as_object_mut() {
        members.shift_remove("description");
    }
    schema.to_string()
}

/// Removes the schemas that nothing refers to, and sorts the others.
pub fn prune(document: &mut Value) {
    loop {
        let mut used = BTreeSet::new();
        visit(document, &mut |value| {
            used.extend(referenced(value).map(str::to_owned));
        });
        let Some(schemas) = of(document) else { return };
        let before = schemas.len();
        schemas.retain(|name, _| used.contains(name));
        if schemas.len() == before {
            schemas.sort_keys();
            return;
        }
    }
}

/// The name of the schema that a value refers to.
pub fn referenced(value: &Value) -> Option<&str> {
    value.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix(SCHEMA))
}

/// The schemas of a document by their names.
pub fn of(document: &mut Value) -> Option<&mut Map<String, Value>> {
    document.pointer_mut("/components/schemas").and_then(Value::as_object_mut)
}

/// Shortens the names: `UserReply` instead of `Success_UserView`. Two that would get the same name keep their own.
pub fn shorten(document: &mut Value) {
    let Some(schemas) = of(document) else { return };
    let mut taken: BTreeMap<String, u32> = BTreeMap::new();
    for name in schemas.keys() {
        *taken.entry(short(name)).or_default() += 1;
    }
    let new_name =
        |name: &str| Some(short(name)).filter(|short| taken.get(short) == Some(&1)).unwrap_or_else(|| name.to_owned());
    *schemas = std::mem::take(schemas).into_iter().map(|(name, schema)| (new_name(&name), schema)).collect::<Map<_, _>>();
    visit(document, &mut |value| {
        if let Some(name) = referenced(value).map(new_name) {
            value["$ref"] = format!("{SCHEMA}{name}").into();
        }
    });
}

/// utoipa names a generic type by its parts, the outermost first.
fn short(name: &str) -> String {
    let mut parts: Vec<&str> = name.split('_').collect();
    let inner = parts.pop().unwrap_or_default();
    let stem = inner.strip_suffix("View").filter(|stem| !stem.is_empty()).unwrap_or(inner);
    parts.into_iter().rev().fold(stem.to_owned(), |name, part| match part {
        "Success" => name + "Reply",
        "List" | "Vec" | "Rows" => name + "List",
        "MergePatch" => name.strip_suffix("Body").unwrap_or(&name).to_owned() + "Patch",
        "Coded" => name + "CodedReply",
        "WithToken" => name + "WithToken",
        "Option" => name,
        other => other.to_owned() + &name,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_reads_from_the_inside_to_the_outside() {
        for (name, expected) in [
            ("UserBody", "UserBody"),
            ("UserView", "User"),
            ("View", "View"),
            ("Success_UserView", "UserReply"),
            ("Success_List_TaskView", "TaskListReply"),
            ("Success_Vec_String", "StringListReply"),
            ("Success_Option_EmployeeView", "EmployeeReply"),
            ("MergePatch_UserBody", "UserPatch"),
        ] {
            assert_eq!(short(name), expected);
        }
    }

    #[test]
    fn a_copy_becomes_a_reference_that_keeps_its_description() {
        let user = json!({"type": "object", "description": "用户", "properties": {"id": {"type": "string"}}});
        let mut copy = user.clone();
        copy["description"] = "结果".into();
        let reply = |data: Value| json!({"type": "object", "properties": {"data": data}});
        let mut document = json!({"components": {"schemas": {"Reply": reply(copy), "User": user}}});
        share(&mut document);
        let reference = json!({"$ref": "#/components/schemas/User", "description": "结果"});
        assert_eq!(document, json!({"components": {"schemas": {"Reply": reply(reference), "User": user}}}));
    }

    #[test]
    fn what_only_unused_schemas_refer_to_is_unused() {
        let reference = |name: &str| json!({"$ref": format!("{SCHEMA}{name}")});
        let schemas = json!({"A": reference("B"), "B": {}, "C": {}, "D": {}});
        let mut document = json!({"paths": [reference("C")], "components": {"schemas": schemas}});
        prune(&mut document);
        assert_eq!(document, json!({"paths": [reference("C")], "components": {"schemas": {"C": {}}}}));
    }

    #[test]
    fn references_follow_and_no_schema_replaces_another() {
        let reference = |name: &str| json!({"$ref": format!("{SCHEMA}{name}")});
        let mut document = json!({"paths": [reference("TaskView"), reference("UserView")], "components": {"schemas": {
            "TaskView": {"properties": {"user": reference("UserView")}}, "UserView": {"a": 1}, "User": {"b": 2},
        }}});
        shorten(&mut document);
        let expected = json!({"paths": [reference("Task"), reference("UserView")], "components": {"schemas": {
            "Task": {"properties": {"user": reference("UserView")}}, "UserView": {"a": 1}, "User": {"b": 2},
        }}});
        assert_eq!(document, expected);
    }
}
