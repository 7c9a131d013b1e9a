//! An OpenAPI document as its pages show it: the operations by tag, in the order of use.

use serde_json::Value;

use super::codes::{Failure, Reason};
use super::schema::{Field, Schemas, Shape, joined};

pub struct Document {
    pub groups: Vec<Group>,
    /// Every failure, in the order of the statuses.
    pub failures: Vec<Failure>,
    /// Every code of a wrong field.
    pub reasons: Vec<Reason>,
}

/// The operations with the same tag.
pub struct Group {
    pub name: String,
    pub description: String,
    pub operations: Vec<Operation>,
}

pub struct Operation {
    pub id: String,
    pub method: String,
    pub path: String,
    /// Other paths of the same operation.
    pub aliases: Vec<String>,
    pub tag: String,
    pub summary: String,
    pub description: Vec<String>,
    pub needs: Needs,
    pub parameters: Vec<Field>,
    pub body: Option<Content>,
    pub answers: Vec<Answer>,
    pub failures: Vec<Failing>,
    /// The parameters as documented. The examples of requests fill them in.
    pub given: Vec<Value>,
}

/// What a caller proves itself with.
pub struct Needs {
    /// The operation can be called without credentials.
    pub is_open: bool,
    /// Each is enough. The schemes of one are needed together.
    pub alternatives: Vec<Vec<Scheme>>,
}

pub struct Scheme {
    pub name: String,
    /// `请求头 Authorization`.
    pub place: &'static str,
    pub key: String,
    pub is_bearer: bool,
    pub description: String,
}

/// The body of a request or a response.
pub struct Content {
    pub media_type: String,
    pub description: String,
    pub example: Value,
    pub shapes: Vec<Shape>,
}

/// A response that is no failure.
pub struct Answer {
    pub status: String,
    pub description: String,
    /// Names and meanings, without `X-Request-Id`, which every response has.
    pub headers: Vec<(String, String)>,
    pub content: Option<Content>,
}

/// A failure that the operation can return. The documents write some without a code.
pub struct Failing {
    pub status: String,
    pub code: Option<u16>,
    pub anchor: String,
    pub meaning: String,
    pub headers: Vec<(String, String)>,
    pub example: Option<Value>,
}

impl Document {
    /// Reads a document. An operation at another path (`x-alias-of`) is part of the operation that it names.
    pub fn read(text: &str) -> serde_json::Result<Self> {
        let root: Value = serde_json::from_str(text)?;
        let failures: Vec<Failure> = serde_json::from_value(root["x-error-codes"].clone())?;
        let reasons = serde_json::from_value(root["x-reason-codes"].clone())?;
        let reader = Reader { root: &root, failures: &failures };
        let mut operations = Vec::new();
        let mut aliases = Vec::new();
        for (path, item) in members(&root["paths"]) {
            for method in ["post", "get", "put", "patch", "delete"] {
                let operation = &item[method];
                match operation["x-alias-of"].as_str() {
                    _ if operation.is_null() => (),
                    Some(usual) => aliases.push((usual.to_owned(), path.clone())),
                    None => operations.push(reader.operation(method, path, operation)),
                }
            }
        }
        for operation in &mut operations {
            let own = aliases.iter().filter(|(usual, _)| *usual == operation.id);
            operation.aliases = own.map(|(_, path)| path.clone()).collect();
        }
        let mut groups: Vec<Group> = Vec::new();
        for tag in list(&root["tags"]) {
            let name = string(&tag["name"]);
            let (mut own, others): (Vec<_>, Vec<_>) = operations.into_iter().partition(|operation| operation.tag == name);
            operations = others;
            own.sort_by_key(|operation| rank(&operation.id));
            groups.push(Group { name, description: string(&tag["description"]), operations: own });
        }
        Ok(Self { groups, failures, reasons })
    }

    /// All operations, in the order of use.
    pub fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.groups.iter().flat_map(|group| &group.operations)
    }

    /// The failures of the API, each with the anchor that it has on all pages.
    pub fn anchored(&self) -> impl Iterator<Item = (&Failure, String)> {
        self.failures.iter().map(|failure| (failure, anchor(&self.failures, failure.status, failure.code)))
    }
}

impl Operation {
    /// The names of all fields of requests and responses, each once.
    pub fn field_names(&self) -> Vec<&str> {
        let contents = self.body.iter().chain(self.answers.iter().filter_map(|answer| answer.content.as_ref()));
        let of_contents = contents.flat_map(|content| &content.shapes).flat_map(|shape| &shape.fields);
        let mut names: Vec<&str> = self.parameters.iter().chain(of_contents).map(|field| &*field.name).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// The order of use within a tag: what a client begins with, what it ends with. The rest is in the order of the paths.
fn rank(id: &str) -> u8 {
    match id.split('_').next().unwrap_or_default() {
        "show" => 0,
        "create" | "submit" | "register" => 1,
        "revoke" | "close" => 3,
        _ if id == "log_in" => 1,
        _ if id == "log_out" => 3,
        _ => 2,
    }
}

/// The anchor of a failure: its code. Where several statuses share the code, the first one has it; the others name their status too.
fn anchor(failures: &[Failure], status: u16, code: u16) -> String {
    let first = failures.iter().find(|failure| failure.code == code);
    if first.is_none_or(|first| first.status == status) { format!("error-{code}") } else { format!("error-{status}-{code}") }
}

struct Reader<'a> {
    root: &'a Value,
    failures: &'a [Failure],
}

impl Reader<'_> {
    fn operation(&self, method: &str, path: &str, operation: &Value) -> Operation {
        let given: Vec<Value> = list(&operation["parameters"]).cloned().collect();
        let mut answers = Vec::new();
        let mut failures = Vec::new();
        for (status, response) in members(&operation["responses"]) {
            let response = self.followed(response);
            if status.starts_with(['2', '3']) {
                answers.push(self.answer(status, response));
            } else {
                failures.extend(self.failing(status, response));
            }
        }
        failures.sort_by(|a, b| a.status.cmp(&b.status).then(a.code.cmp(&b.code)));
        let body = &operation["requestBody"];
        Operation {
            id: string(&operation["operationId"]),
            method: method.to_uppercase(),
            path: path.to_owned(),
            aliases: Vec::new(),
            tag: string(&operation["tags"][0]),
            summary: string(&operation["summary"]),
            description: string(&operation["description"]).split("\n\n").map(joined).collect(),
            needs: self.needs(&operation["security"]),
            parameters: given.iter().flat_map(|parameter| self.schemas().parameter(parameter)).collect(),
            body: self.content(body, string(&body["description"])),
            answers,
            failures,
            given,
        }
    }

    fn schemas(&self) -> Schemas<'_> {
        Schemas(&self.root["components"]["schemas"])
    }

    fn followed<'a>(&'a self, value: &'a Value) -> &'a Value {
        let target = value["$ref"].as_str().and_then(|reference| self.root.pointer(reference.strip_prefix('#')?));
        target.unwrap_or(value)
    }

    /// The first content of a body. No body has two that a client needs.
    fn content(&self, body: &Value, description: String) -> Option<Content> {
        let (media_type, content) = members(&body["content"]).next()?;
        let first = members(&content["examples"]).next().map_or(&Value::Null, |(_, named)| &named["value"]);
        let example = if content["example"].is_null() { first } else { &content["example"] };
        let schema = &content["schema"];
        let shapes = if schema.is_null() { Vec::new() } else { self.schemas().shapes(schema, example) };
        Some(Content { media_type: media_type.clone(), description: joined(&description), example: example.clone(), shapes })
    }

    fn answer(&self, status: &str, response: &Value) -> Answer {
        let description = string(&response["description"]);
        Answer {
            status: status.to_owned(),
            description: joined(&description),
            headers: self.headers(response),
            content: self.content(response, String::new()),
        }
    }

    fn headers(&self, response: &Value) -> Vec<(String, String)> {
        let others = members(&response["headers"]).filter(|(name, _)| *name != "X-Request-Id");
        others.map(|(name, header)| (name.clone(), joined(&string(&self.followed(header)["description"])))).collect()
    }

    /// A response of a failure has an example for each code, which is its name.
    fn failing(&self, status: &str, response: &Value) -> Vec<Failing> {
        let examples = members(&response["content"]["application/json"]["examples"]);
        let coded: Vec<Failing> = examples
            .filter_map(|(name, example)| {
                let code = name.parse().ok()?;
                Some(Failing {
                    status: status.to_owned(),
                    code: Some(code),
                    anchor: anchor(self.failures, status.parse().unwrap_or_default(), code),
                    meaning: joined(&string(&example["summary"])),
                    headers: self.headers(response),
                    example: Some(example["value"].clone()),
                })
            })
            .collect();
        if !coded.is_empty() {
            return coded;
        }
        vec![Failing {
            status: status.to_owned(),
            code: None,
            anchor: format!("error-{}", status.to_lowercase()),
            meaning: joined(&string(&response["description"])),
            headers: self.headers(response),
            example: None,
        }]
    }

    fn needs(&self, security: &Value) -> Needs {
        let security = if security.is_null() { &self.root["security"] } else { security };
        let alternatives = list(security).map(|alternative| members(alternative).map(|(name, _)| self.scheme(name)).collect());
        let (open, alternatives): (Vec<_>, Vec<_>) = alternatives.partition(|schemes: &Vec<Scheme>| schemes.is_empty());
        Needs { is_open: !open.is_empty(), alternatives }
    }

    fn scheme(&self, name: &str) -> Scheme {
        let scheme = &self.root["components"]["securitySchemes"][name];
        let is_bearer = scheme["scheme"] == "bearer";
        Scheme {
            name: name.to_owned(),
            place: if is_bearer || scheme["in"] == "header" { "请求头" } else { "查询参数" },
            key: if is_bearer { "Authorization".to_owned() } else { string(&scheme["name"]) },
            is_bearer,
            description: string(&scheme["description"]),
        }
    }
}

fn string(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}
