//! The examples of the OpenAPI documents are sent: each request is built from the document alone, and its response must be the
//! documented one. `examples.json` of each family adds the order and the users, for which a document has no place.

mod between;
mod likeness;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::SignedDuration;
use local::demo::Demo;
use local::policies::Grant;
use local::{Options, World};
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder, multipart};
use serde_json::{Map, Value};
use sha2::Sha256;
use shared::runtime::clock::ManualClock;

use crate::support::receiver::Receiver;
use crate::support::wire::Faults;
use crate::support::worker::form;
use crate::support::{Address, fetch, repository};
use likeness::Known;

const FAMILIES: [&str; 4] = ["channel", "hris", "signing", "jobboard"];
const OPERATIONS: usize = 117;

fn read(path: &str) -> Value {
    serde_json::from_str(&repository::read(path)).unwrap()
}

/// The operations of a document by `METHOD /path`.
fn operations(document: &Value) -> BTreeMap<String, &Value> {
    let items = document["paths"].as_object().unwrap().iter();
    let operations = items.flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter();
        methods.map(move |(method, operation)| (format!("{} {path}", method.to_ascii_uppercase()), operation))
    });
    operations.collect()
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// The example of a parameter. A parameter with JSON has it with its content.
fn example(parameter: &Value) -> Option<&Value> {
    parameter.get("example").or_else(|| parameter.pointer("/content/application~1json/example"))
}

/// The parts of an operation that have no example.
fn missing(operation: &Value) -> Vec<String> {
    // Headers have no examples: each request has a key of its own.
    let documented = || operation["parameters"].as_array().into_iter().flatten();
    let parameters = || documented().filter(|parameter| parameter["in"] != "header");
    let mut missing = Vec::new();
    let unshown = parameters().filter(|parameter| parameter["in"] == "path" && example(parameter).is_none());
    missing.extend(unshown.map(|parameter| format!("parameter {}", parameter["name"])));
    if parameters().next().is_some() && parameters().all(|parameter| example(parameter).is_none()) {
        missing.push("parameters".into());
    }
    let shown = |content: &Value| members(content).any(|(_, content)| content.get("example").is_some());
    if operation.get("requestBody").is_some_and(|body| !shown(&body["content"])) {
        missing.push("body".into());
    }
    let responses = members(&operation["responses"]).filter(|(status, _)| status.starts_with(['2', '3']));
    let contents: Vec<&Value> = responses.map(|(_, response)| &response["content"]).collect();
    let is_json = contents.iter().any(|content| content.get("application/json").is_some());
    if contents.is_empty() || is_json && !contents.into_iter().any(shown) {
        missing.push("answer".into());
    }
    missing
}

#[test]
fn every_operation_has_an_example() {
    let mut without = Vec::new();
    for family in FAMILIES {
        let document = read(&format!("openapi/{family}.json"));
        for (name, operation) in operations(&document) {
            without.extend(missing(operation).into_iter().map(|what| format!("{name}: {what}")));
        }
    }
    assert_eq!(without, Vec::<String>::new());
}

/// The result of all examples.
struct Run {
    operations: usize,
    sent: usize,
    differences: Vec<String>,
    grants_used: BTreeSet<Grant>,
}

/// Sends every example, in the order of `examples.json`.
async fn run() -> Run {
    // The documents' own time, so that times are the same in every run. The demo data is one second older, because ids that two
    // processes create in the same instant have no order.
    let clock = Arc::new(ManualClock::at("2024-01-15T10:29:59Z".parse().unwrap()));
    let wire = Arc::new(Faults::default());
    // The samples show the contact to everyone, and a phone that was changed without a code.
    let variables = [("MASK_CONTACT", "false"), ("FREE_PHONE_CHANGE", "true")];
    let variables = HashMap::from(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let options = Options { demo: true, clock: clock.clone(), wire: wire.clone(), variables, ..Options::default() };
    let world = Box::pin(World::start(options)).await.unwrap();
    clock.advance(SignedDuration::from_secs(1));
    let (mut documented, mut sent, mut differences) = (0, 0, Vec::new());
    for family in FAMILIES {
        let document = read(&format!("openapi/{family}.json"));
        let operations = operations(&document);
        let mut story = Box::pin(Story::begin(&world, &document)).await;
        for step in read(&format!("functions/{family}/examples.json")).as_array().unwrap() {
            let name = step["operation"].as_str().unwrap();
            let found = Box::pin(story.run(name, operations[name], step)).await;
            differences.extend(found.into_iter().map(|difference| format!("{name}: {difference}")));
            sent += 1;
        }
        documented += operations.len();
    }
    world.stop().await;
    Run { operations: documented, sent, differences, grants_used: wire.grants_used() }
}

/// The grants that functions use when every example is sent.
pub async fn grants_used() -> BTreeSet<Grant> {
    Box::pin(run()).await.grants_used
}

#[tokio::test]
async fn every_example_returns_what_the_document_shows() {
    let Run { operations, sent, differences, .. } = Box::pin(run()).await;
    assert_eq!(differences, Vec::<String>::new());
    assert_eq!((operations, sent), (OPERATIONS, OPERATIONS));
}

/// The examples of a family, one after the other.
struct Story<'a> {
    /// Of events.
    #[expect(dead_code, reason = "it receives as long as it is here")]
    receiver: Receiver,
    address: Address,
    demo: Demo,
    document: &'a Value,
    http: reqwest::Client,
    known: Known,
    /// The credential of the logged-in caller.
    token: Option<String>,
    /// Headers that a browser or mini program sends with every request.
    kept: HashMap<&'static str, String>,
    /// Tokens of the job board's users, by their login codes.
    tokens: HashMap<String, String>,
    /// A notification of WeChat Pay that replaces the next example: only WeChat Pay can sign it.
    notification: Option<Value>,
}

struct Returned {
    status: u16,
    headers: HeaderMap,
    text: String,
    /// Null if it is no JSON.
    body: Value,
}

impl Returned {
    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

impl<'a> Story<'a> {
    async fn begin(world: &World, document: &'a Value) -> Self {
        let http = local::http::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let (address, demo) = (Address::of(world), world.demo.clone().unwrap());
        let receiver = Receiver::open().await;
        let known = between::credentials(&address, &demo, &receiver).await;
        let (kept, tokens) = (HashMap::new(), HashMap::new());
        Self { receiver, address, demo, document, http, known, token: None, kept, tokens, notification: None }
    }

    /// Sends a request and prepares the next one. Returns the differences of its response.
    async fn run(&mut self, name: &str, operation: &Value, step: &Value) -> Vec<String> {
        let returned = self.send(name, operation, step["by"].as_str()).await;
        let status = step["answer"]["status"].as_u64().unwrap();
        if u64::from(returned.status) != status {
            return vec![format!("status {}: {}", returned.status, returned.text)];
        }
        let documented = &operation["responses"][status.to_string()];
        let shown = documented["content"]["application/json"].get("example").unwrap_or(&Value::Null);
        let mut differences = self.known.differences(shown, &returned.body);
        for (name, header) in members(&documented["headers"]) {
            if let Some(example) = header.get("example") {
                let returned = serde_json::from_str(returned.header(name)).unwrap();
                differences.extend(self.known.learn(example, &returned));
            }
        }
        self.prepare_next(name, &returned).await;
        differences
    }

    /// Sends the documented request, with the values of this run.
    async fn send(&mut self, name: &str, operation: &Value, by: Option<&str>) -> Returned {
        let (method, template) = name.split_once(' ').unwrap();
        let mut path = template.to_owned();
        let mut query = Map::new();
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let Some(example) = example(parameter) else { continue };
            let (name, value) = (parameter["name"].as_str().unwrap(), self.known.real(example));
            match parameter["in"].as_str().unwrap() {
                "path" => path = path.replace(&format!("{{{name}}}"), value.as_str().unwrap()),
                _ => _ = query.insert(name.to_owned(), value),
            }
        }
        let mut content = members(&operation["requestBody"]["content"]);
        let body = content.find_map(|(kind, content)| Some((kind.as_str(), self.known.real(content.get("example")?))));
        for scheme in self.credentials(operation) {
            let credential = match scheme {
                "access_key" => self.demo.hris.access_key.clone(),
                "access_token" => text(&self.known.real(&"access_token_string".into())),
                "tonce" => "1705314600".to_owned(),
                "signature" => {
                    let json = body.as_ref().map(|(_, body)| body.to_string()).unwrap_or_default();
                    let payload = query.get("payload").map_or(json, text);
                    let signed = [method, &path, &text(&query["access_key"]), &text(&query["tonce"]), &payload].concat();
                    signature(&self.demo.hris.secret_key, &signed)
                }
                _ => continue,
            };
            query.insert(scheme.to_owned(), credential.into());
        }
        let query: Vec<(&str, String)> = query.iter().map(|(name, value)| (name.as_str(), text(value))).collect();
        let method: Method = method.parse().unwrap();
        let mut request = self.http.request(method, format!("{}{path}", self.address.base_url)).query(&query);
        let token = match by {
            Some(code) => Some(self.token(code).await),
            None => self.token.clone(),
        };
        let proof = self.proof(operation, token.as_deref());
        let kept = self.kept.iter().map(|(name, value)| (*name, value.clone()));
        for (name, value) in proof.into_iter().chain(kept) {
            request = request.header(name, value);
        }
        request = match (body, self.notification.take()) {
            (Some(_), Some(notification)) => {
                let headers = members(&notification["headers"]).map(|(name, value)| (name, text(value)));
                let request = headers.fold(request, |request, (name, value)| request.header(name, value));
                request.header("content-type", "application/json").body(text(&notification["body"]))
            }
            (Some((kind, body)), None) => bearing(request, kind, &body),
            (None, notification) => {
                self.notification = notification;
                request
            }
        };
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = String::from_utf8_lossy(&response.bytes().await.unwrap()).into_owned();
        Returned { status, headers, body: serde_json::from_str(&text).unwrap_or_default(), text }
    }

    /// The security schemes of which the document requires credentials: none for an operation that is open to anyone.
    fn credentials<'b>(&'b self, operation: &'b Value) -> impl Iterator<Item = &'b str> {
        let alternatives = operation.get("security").unwrap_or(&self.document["security"]).as_array().unwrap();
        let is_open = alternatives.iter().any(|alternative| alternative.as_object().unwrap().is_empty());
        let first = alternatives.first().filter(|_| !is_open);
        let mut names: Vec<&str> =
            first.into_iter().flat_map(|alternative| members(alternative).map(|(name, _)| name.as_str())).collect();
        // It covers the other parameters.
        names.sort_by_key(|name| *name == "signature");
        names.into_iter()
    }

    /// The header with the token.
    fn proof(&self, operation: &Value, token: Option<&str>) -> Option<(&'a str, String)> {
        let scheme = &self.document["components"]["securitySchemes"][self.credentials(operation).next()?];
        let token = token.filter(|_| scheme["in"] != "query")?;
        Some(match scheme["name"].as_str() {
            Some(name) => (name, token.to_owned()),
            None => ("Authorization", format!("{} {token}", scheme["scheme"].as_str().unwrap())),
        })
    }

    /// The token of the job board's user with this login code.
    async fn token(&mut self, code: &str) -> String {
        if let Some(token) = self.tokens.get(code) {
            return token.clone();
        }
        let request = self.http.post(format!("{}/wechat/user/login", self.address.base_url));
        let login = request.json(&serde_json::json!({"login_code": code})).send().await.unwrap();
        let token = login.headers()["x-auth-token"].to_str().unwrap().to_owned();
        self.tokens.insert(code.to_owned(), token.clone());
        token
    }
}

/// A text, or the JSON of another value.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn signature(secret_key: &str, signed: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret_key.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A request with a body of this kind. A file is shown as a `data:` address.
fn bearing(request: RequestBuilder, kind: &str, body: &Value) -> RequestBuilder {
    match kind {
        "application/json" => request.header("content-type", kind).body(body.to_string()),
        "application/x-www-form-urlencoded" => {
            let fields: Vec<(&str, String)> = members(body).map(|(name, value)| (name.as_str(), text(value))).collect();
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            form(request, &fields)
        }
        "multipart/form-data" => {
            let parts = members(body).fold(multipart::Form::new(), |parts, (name, file)| {
                let base64 = file.as_str().and_then(|file| file.strip_prefix("data:image/png;base64,")).unwrap();
                let part = multipart::Part::bytes(BASE64_STANDARD.decode(base64).unwrap()).file_name("picture.png");
                parts.part(name.clone(), part)
            });
            request.multipart(parts)
        }
        other => panic!("{other}"),
    }
}
