//! The errors of a family in its document: a response for each status of an operation, with the codes of this status and an example of each.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::{ALIAS, operations};

/// A status and code that a family returns.
pub struct ErrorCode {
    /// The HTTP status.
    pub status: u16,
    /// The code of the family.
    pub code: u16,
    /// The operations that return it: those to which one of these applies.
    pub when: &'static [When],
    pub meaning: &'static str,
    /// What an example of the response says.
    pub sample: &'static str,
}

/// A property of the operations that return an error.
pub enum When {
    Always,
    /// The operation has parameters or a body.
    Input,
    /// The operation has a body.
    Body,
    /// The operation has a parameter in its path.
    Path,
    /// The operation needs credentials.
    Proof,
    /// The operation has one of these ids, or is an alternative path of one.
    Of(&'static [&'static str]),
    /// No operation: the path or the method is unknown.
    Unserved,
}

impl When {
    fn applies(&self, operation: &Value, needs_proof: bool) -> bool {
        let has = |member: &str| operation.get(member).is_some();
        match self {
            Self::Always => true,
            Self::Input => has("parameters") || has("requestBody"),
            Self::Body => has("requestBody"),
            Self::Path => operation["parameters"].as_array().into_iter().flatten().any(|parameter| parameter["in"] == "path"),
            Self::Proof => needs_proof,
            Self::Of(ids) => {
                let id = operation.get(ALIAS).unwrap_or(&operation["operationId"]);
                ids.iter().any(|named| id == named)
            }
            Self::Unserved => false,
        }
    }
}

/// Adds the responses. An operation that describes a status, or all of them as `4XX`, keeps its own description.
pub fn add(document: &mut Value, codes: &[ErrorCode], body: fn(&ErrorCode) -> Value) {
    let by_default = needs_proof(&document["security"]);
    let mut uses: BTreeMap<(u16, Vec<u16>), u32> = BTreeMap::new();
    let mut wanted = Vec::new();
    for (_, _, operation) in operations(document) {
        let needs_proof = operation.get("security").map_or(by_default, needs_proof);
        let mut groups: BTreeMap<u16, Vec<u16>> = BTreeMap::new();
        for code in codes.iter().filter(|code| code.when.iter().any(|when| when.applies(operation, needs_proof))) {
            groups.entry(code.status).or_default().push(code.code);
        }
        groups.retain(|status, _| {
            let is_own = |name: String| operation["responses"].get(name).is_some();
            !is_own(status.to_string()) && !is_own(format!("{}XX", status / 100))
        });
        for (status, group) in &groups {
            *uses.entry((*status, group.clone())).or_default() += 1;
        }
        wanted.push(groups);
    }
    for ((_, _, operation), groups) in operations(document).zip(wanted) {
        for (status, group) in groups {
            let reference = json!({"$ref": format!("#/components/responses/{}", name(status, &group, &uses))});
            operation["responses"][status.to_string()] = reference;
        }
        describe_successes(operation);
    }
    let responses: Map<String, Value> = uses
        .keys()
        .map(|(status, group)| {
            let listed: Vec<_> = codes.iter().filter(|code| code.status == *status && group.contains(&code.code)).collect();
            (name(*status, group, &uses), response(&listed, body))
        })
        .collect();
    document["components"]["responses"] = responses.into();
    document["components"]["headers"] = json!({
        "RequestId": {
            "description": "请求的标识: 请求头 X-Request-Id 的值, 没有时由服务端生成; 排查问题时请提供",
            "schema": {"type": "string", "pattern": "^[A-Za-z0-9._=-]{1,64}$"},
        },
        "RetryAfter": {"description": "多少秒之后可以重试", "schema": {"type": "integer", "minimum": 1}},
    });
    document["x-error-codes"] =
        codes.iter().map(|code| json!({"status": code.status, "code": code.code, "meaning": code.meaning})).collect();
}

fn needs_proof(security: &Value) -> bool {
    security.as_array().is_some_and(|alternatives| !alternatives.is_empty() && !alternatives.contains(&json!({})))
}

/// `BadRequest`. The group of codes that most operations have takes the plain name.
fn name(status: u16, group: &[u16], uses: &BTreeMap<(u16, Vec<u16>), u32>) -> String {
    let phrase = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Failure");
    let name = phrase.replace(' ', "");
    let same_status = uses.iter().filter(|((other, _), _)| *other == status);
    let most = same_status.max_by_key(|((_, group), count)| (**count, std::cmp::Reverse(group.clone())));
    if most.is_none_or(|((_, usual), _)| usual == group) {
        return name;
    }
    let codes: Vec<String> = group.iter().map(u16::to_string).collect();
    format!("{name}_{}", codes.join("_"))
}

fn response(codes: &[&ErrorCode], body: fn(&ErrorCode) -> Value) -> Value {
    let lines: Vec<String> = codes.iter().map(|ErrorCode { code, meaning, .. }| format!("{code}: {meaning}")).collect();
    let examples: Map<String, Value> =
        codes.iter().map(|error| (error.code.to_string(), json!({"summary": error.meaning, "value": body(error)}))).collect();
    let mut headers = json!({"X-Request-Id": {"$ref": "#/components/headers/RequestId"}});
    if codes.iter().any(|code| code.status == StatusCode::TOO_MANY_REQUESTS.as_u16()) {
        headers["Retry-After"] = json!({"$ref": "#/components/headers/RetryAfter"});
    }
    let content = json!({"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}});
    json!({"description": lines.join("\n\n"), "headers": headers, "content": content})
}

/// A response must have a description, and each names its request.
fn describe_successes(operation: &mut Value) {
    for response in operation["responses"].as_object_mut().into_iter().flat_map(Map::values_mut) {
        if response.get("$ref").is_none() {
            let described = response.get("description").and_then(Value::as_str).is_some_and(|text| !text.is_empty());
            if !described {
                response["description"] = "成功".into();
            }
            response["headers"]["X-Request-Id"] = json!({"$ref": "#/components/headers/RequestId"});
        }
    }
}
