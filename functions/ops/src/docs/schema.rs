//! The fields of a schema of an OpenAPI document, as rows of a table. References, `allOf` and nullable `oneOf` are resolved.

use serde_json::{Map, Value};

/// A row: a field, or a field of the field above it.
pub struct Field {
    /// The names from the top: `payment_basis.basis_type`, `list[].user_id`.
    pub path: String,
    pub name: String,
    pub depth: usize,
    /// Of a parameter: where it is in the request.
    pub place: Option<&'static str>,
    pub kind: String,
    pub is_required: bool,
    pub description: String,
    /// What neither the type nor the description says: lengths, bounds, patterns.
    pub limits: Vec<String>,
    /// The allowed values, if the list is closed.
    pub values: Vec<String>,
}

/// One form of a body. A body that is an array or a page, for instance, has two.
pub struct Shape {
    pub title: String,
    pub kind: String,
    pub fields: Vec<Field>,
}

/// The named schemas of a document.
pub struct Schemas<'a>(pub &'a Value);

/// No schema is deeper. A recursive one ends here.
const MAX_DEPTH: usize = 8;

impl Schemas<'_> {
    /// The forms of a body. The fields are in the order of the example: the documents sort them by name.
    pub fn shapes(&self, schema: &Value, example: &Value) -> Vec<Shape> {
        let whole = self.plain(schema);
        let alternatives = match whole.get("oneOf") {
            Some(Value::Array(alternatives)) => alternatives.iter().map(|alternative| self.plain(alternative)).collect(),
            _ => vec![whole],
        };
        let shape = |plain: Map<String, Value>| {
            let mut fields = Vec::new();
            self.below(&plain, "", 0, example, &mut fields);
            Shape { title: text(&plain, "description"), kind: self.kind(&plain), fields }
        };
        alternatives.into_iter().map(shape).collect()
    }

    /// A parameter, followed by the fields of its content.
    pub fn parameter(&self, parameter: &Value) -> Vec<Field> {
        let place = match parameter["in"].as_str() {
            Some("path") => "路径",
            Some("header") => "请求头",
            Some("cookie") => "Cookie",
            _ => "查询参数",
        };
        let content = &parameter["content"]["application/json"];
        let (schema, example) =
            if content.is_null() { (&parameter["schema"], &Value::Null) } else { (&content["schema"], &content["example"]) };
        let plain = self.plain(schema);
        let name = parameter["name"].as_str().unwrap_or_default();
        let mut field = self.field(name, &plain, name.to_owned(), 0, parameter["required"].as_bool() == Some(true));
        field.place = Some(place);
        if let Some(description) = parameter["description"].as_str() {
            field.description = joined(description);
        }
        let mut fields = vec![field];
        self.below(&plain, "", 1, example, &mut fields);
        fields
    }

    /// The properties of an object, or of the items of an array.
    fn below(&self, plain: &Map<String, Value>, path: &str, depth: usize, example: &Value, fields: &mut Vec<Field>) {
        if depth > MAX_DEPTH {
            return;
        }
        if let Some(items) = plain.get("items") {
            let path = if path.is_empty() { String::new() } else { format!("{path}[]") };
            return self.below(&self.plain(items), &path, depth, &example[0], fields);
        }
        if let Some(Value::Array(alternatives)) = plain.get("oneOf") {
            let described =
                alternatives.iter().map(|alternative| self.plain(alternative)).find(|plain| plain.contains_key("properties"));
            return described.into_iter().for_each(|plain| self.below(&plain, path, depth, example, fields));
        }
        let Some(Value::Object(properties)) = plain.get("properties") else { return };
        let required: Vec<&str> = strings(plain.get("required")).collect();
        let mut properties: Vec<_> = properties.iter().collect();
        let shown: Vec<&String> = example.as_object().map(|example| example.keys().collect()).unwrap_or_default();
        properties.sort_by_key(|(name, _)| shown.iter().position(|key| key == name).unwrap_or(usize::MAX));
        for (name, property) in properties {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let plain = self.plain(property);
            fields.push(self.field(name, &plain, path.clone(), depth, required.contains(&name.as_str())));
            self.below(&plain, &path, depth + 1, &example[name], fields);
        }
    }

    fn field(&self, name: &str, plain: &Map<String, Value>, path: String, depth: usize, is_required: bool) -> Field {
        let items = plain.get("items").map(|items| self.plain(items));
        let description = joined(&text(plain, "description"));
        let mut limits = limits(plain);
        limits.retain(|limit| !description.contains(limit));
        Field {
            path,
            name: name.to_owned(),
            depth,
            place: None,
            kind: self.kind(plain),
            is_required,
            description,
            limits,
            values: [Some(plain), items.as_ref()].into_iter().flatten().flat_map(values).collect(),
        }
    }

    /// A type as clients call it: `string (date)`, `array<object>`.
    fn kind(&self, plain: &Map<String, Value>) -> String {
        let named = if let Some(Value::Array(alternatives)) = plain.get("oneOf") {
            alternatives.iter().map(|alternative| self.kind(&self.plain(alternative))).collect::<Vec<_>>().join(" 或 ")
        } else if let Some(items) = plain.get("items") {
            format!("array<{}>", self.kind(&self.plain(items)))
        } else {
            let kind = strings(plain.get("type")).find(|kind| *kind != "null").unwrap_or("object");
            match plain.get("format").and_then(Value::as_str) {
                Some(format @ ("date" | "date-time" | "uri" | "binary")) => format!("{kind} ({format})"),
                _ => kind.to_owned(),
            }
        };
        let is_nullable = plain.contains_key("nullable") || strings(plain.get("type")).any(|kind| kind == "null");
        if is_nullable { format!("{named} 或 null") } else { named }
    }

    /// A schema without `$ref` and `allOf`, and without a `oneOf` that only allows null in addition.
    fn plain(&self, schema: &Value) -> Map<String, Value> {
        let mut plain = schema.as_object().cloned().unwrap_or_default();
        let mut parts = Vec::new();
        if let Some(Value::String(reference)) = plain.remove("$ref") {
            parts.push(self.0[reference.rsplit('/').next().unwrap_or_default()].clone());
        }
        if let Some(Value::Array(all)) = plain.remove("allOf") {
            parts.extend(all);
        }
        if let Some(Value::Array(mut alternatives)) = plain.remove("oneOf") {
            let count = alternatives.len();
            alternatives.retain(|alternative| alternative["type"] != "null");
            if alternatives.len() < count {
                plain.insert("nullable".to_owned(), Value::Bool(true));
            }
            if alternatives.len() == 1 {
                parts.append(&mut alternatives);
            } else {
                plain.insert("oneOf".to_owned(), Value::Array(alternatives));
            }
        }
        for part in parts {
            for (key, value) in self.plain(&part) {
                match (plain.get_mut(&key), value) {
                    (Some(Value::Object(properties)), Value::Object(more)) => properties.extend(more),
                    (Some(Value::Array(names)), Value::Array(more)) => names.extend(more),
                    (Some(_), _) => (),
                    (None, value) => drop(plain.insert(key, value)),
                }
            }
        }
        plain
    }
}

fn limits(plain: &Map<String, Value>) -> Vec<String> {
    let number = |key: &str| plain.get(key).filter(|value| value.is_number()).map(Value::to_string);
    let range = |least: &str, most: &str, unit: &str| match (number(least), number(most)) {
        (Some(least), Some(most)) if least == most => Some(format!("{least}{unit}")),
        (Some(least), Some(most)) => Some(format!("{least} 到 {most}{unit}")),
        (Some(least), None) => Some(format!("至少 {least}{unit}")),
        (None, Some(most)) => Some(format!("最多 {most}{unit}")),
        (None, None) => None,
    };
    let bounds = [
        range("minLength", "maxLength", " 个字符"),
        range("minItems", "maxItems", " 项"),
        range("minimum", "maximum", ""),
        number("exclusiveMinimum").map(|least| format!("大于 {least}")),
        plain.get("pattern").and_then(Value::as_str).map(|pattern| format!("格式 {pattern}")),
    ];
    bounds.into_iter().flatten().collect()
}

fn values(plain: &Map<String, Value>) -> Vec<String> {
    let Some(Value::Array(values)) = plain.get("enum") else { return Vec::new() };
    values
        .iter()
        .filter(|value| !value.is_null())
        .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        .collect()
}

/// A string, or the strings of an array.
fn strings(value: Option<&Value>) -> impl Iterator<Item = &str> {
    let several = value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    value.and_then(Value::as_str).into_iter().chain(several)
}

fn text(plain: &Map<String, Value>, key: &str) -> String {
    plain.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A text without the line breaks of its source. Chinese has no blanks there.
pub fn joined(text: &str) -> String {
    let mut lines = text.lines().map(str::trim);
    let first = lines.next().unwrap_or_default().to_owned();
    lines.fold(first, |mut text, line| {
        let is_latin = |c: Option<char>| c.is_some_and(|c| c.is_ascii());
        if is_latin(text.chars().last()) || is_latin(line.chars().next()) {
            text.push(' ');
        }
        text + line
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn references_and_alternatives_are_resolved_in_the_order_of_the_example() {
        let named = json!({
            "Base": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string", "maxLength": 8}}},
            "State": {"type": "string", "enum": ["open", "closed"], "description": "named"},
            "Whole": {"allOf": [{"$ref": "#/components/schemas/Base"}, {"type": "object", "properties": {
                "state": {"oneOf": [{"$ref": "#/components/schemas/State", "description": "own"}, {"type": "null"}]},
                "rows": {"type": ["array", "null"], "items": {"$ref": "#/components/schemas/Base"}}}}]},
        });
        let shapes = Schemas(&named).shapes(&json!({"$ref": "#/components/schemas/Whole"}), &json!({"rows": [], "id": "1"}));
        let [shape] = &shapes[..] else { panic!("one form") };
        let rows: Vec<_> = shape.fields.iter().map(|field| (&*field.path, &*field.kind, field.is_required)).collect();
        let expected = [
            ("rows", "array<object> 或 null", false),
            ("rows[].id", "string", true),
            ("id", "string", true),
            ("state", "string 或 null", false),
        ];
        assert_eq!(rows, expected);
        assert_eq!(
            (&*shape.fields[3].description, &shape.fields[3].values),
            ("own", &vec!["open".to_owned(), "closed".to_owned()])
        );
        assert_eq!(shape.fields[2].limits, ["最多 8 个字符"]);
    }

    #[test]
    fn line_breaks_become_blanks_between_latin_words_only() {
        assert_eq!(joined("超出后返回\n429, 等待。\n请重试"), "超出后返回 429, 等待。请重试");
    }
}
