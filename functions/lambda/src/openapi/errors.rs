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
    for operation in operations(document) {
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
    for (operation, groups) in operations(document).zip(wanted) {
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
        "UnknownFields": {
            "description": "请求中该接口没有的成员, 以逗号分隔的 JSON 路径, 最多 20 个; 没有时省略。这些成员被忽略, 请检查拼写",
            "schema": {"type": "string"},
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
    let has_body = operation.get("requestBody").is_some();
    for response in operation["responses"].as_object_mut().into_iter().flat_map(Map::values_mut) {
        if response.get("$ref").is_none() {
            let described = response.get("description").and_then(Value::as_str).is_some_and(|text| !text.is_empty());
            if !described {
                response["description"] = "成功".into();
            }
            response["headers"]["X-Request-Id"] = json!({"$ref": "#/components/headers/RequestId"});
            if has_body {
                response["headers"]["X-Unknown-Fields"] = json!({"$ref": "#/components/headers/UnknownFields"});
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODES: [ErrorCode; 5] = [
        ErrorCode { status: 400, code: 1, when: &[When::Input], meaning: "坏", sample: "bad" },
        ErrorCode { status: 400, code: 2, when: &[When::Of(&["write"])], meaning: "贵", sample: "dear" },
        ErrorCode { status: 401, code: 3, when: &[When::Proof], meaning: "谁", sample: "who" },
        ErrorCode { status: 405, code: 4, when: &[When::Unserved], meaning: "无", sample: "none" },
        ErrorCode { status: 429, code: 5, when: &[When::Always], meaning: "慢", sample: "slow" },
    ];

    fn completed(paths: Value) -> Value {
        let mut document = json!({"security": [{"token": []}], "paths": paths, "components": {}});
        add(&mut document, &CODES, |error| json!({"code": error.code, "text": error.sample}));
        document
    }

    /// The responses of an operation: the name of the shared one by status.
    fn responses(operation: &Value) -> Vec<(&str, &str)> {
        let responses = operation["responses"].as_object().unwrap().iter();
        let shared = responses.filter_map(|(status, response)| Some((status.as_str(), response["$ref"].as_str()?)));
        shared.map(|(status, name)| (status, name.rsplit('/').next().unwrap())).collect()
    }

    #[test]
    fn an_operation_has_a_response_for_each_status_that_applies() {
        let ok = json!({"200": {"description": ""}});
        let document = completed(json!({
            "/read": {"get": {"operationId": "read", "parameters": [{"in": "query"}], "responses": ok}},
            "/list": {"get": {"operationId": "list", "parameters": [{"in": "query"}], "responses": ok}},
            "/open": {"get": {"operationId": "open", "security": [{}], "responses": ok}},
            "/write": {"post": {"operationId": "write", "requestBody": {}, "responses": ok}},
            "/also": {"post": {"operationId": "also", "x-alias-of": "write", "responses": ok}},
            "/own": {"get": {"operationId": "own", "parameters": [], "responses": {"4XX": {"description": "页面"}}}},
        }));
        let of = |path: &str, method: &str| responses(&document["paths"][path][method]);
        let read = [("400", "BadRequest"), ("401", "Unauthorized"), ("429", "TooManyRequests")];
        assert_eq!((of("/read", "get"), of("/list", "get")), (read.to_vec(), read.to_vec()));
        assert_eq!(of("/open", "get"), [("429", "TooManyRequests")]);
        assert_eq!(of("/write", "post")[0], ("400", "BadRequest_1_2"));
        assert_eq!(of("/also", "post")[0], ("400", "BadRequest_2"));
        assert_eq!(of("/own", "get"), []);
        let success = &document["paths"]["/write"]["post"]["responses"]["200"];
        assert_eq!(success["description"], "成功");
        assert_eq!(success["headers"].as_object().unwrap().keys().collect::<Vec<_>>(), ["X-Request-Id", "X-Unknown-Fields"]);
        assert_eq!(document["paths"]["/own"]["get"]["responses"]["4XX"]["description"], "页面");
    }

    #[test]
    fn a_response_shows_each_code_with_an_example_and_the_document_lists_all() {
        let document = completed(json!({"/write": {"post": {"operationId": "write", "requestBody": {}, "responses": {}}}}));
        let response = &document["components"]["responses"]["BadRequest"];
        assert_eq!(response["description"], "1: 坏\n\n2: 贵");
        let examples = &response["content"]["application/json"]["examples"];
        assert_eq!(examples["2"], json!({"summary": "贵", "value": {"code": 2, "text": "dear"}}));
        let slow = &document["components"]["responses"]["TooManyRequests"]["headers"];
        assert_eq!(slow.as_object().unwrap().keys().collect::<Vec<_>>(), ["X-Request-Id", "Retry-After"]);
        assert_eq!(document["x-error-codes"].as_array().unwrap().len(), CODES.len());
    }
}
