//! A system of a test's own, whose clock stands still, and whose calls to DynamoDB are counted and can be made to fail.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use local::template::Template;
use local::{Options, World, dynamodb};
use serde_json::{Value, json};
use shared::clock::{Clock as _, ManualClock};
use shared::environment::Environment;
use shared::metrics::Log;
use shared::objects::{Content, Objects, Presigned};
use tokio::net::TcpListener;

use super::Address;

pub struct Stage {
    pub address: Address,
    pub clock: Arc<ManualClock>,
    wire: Arc<Wire>,
    lines: Arc<Mutex<Vec<String>>>,
    world: World,
}

/// What stands between the system and its DynamoDB.
struct Wire {
    database: String,
    http: reqwest::Client,
    calls: Mutex<Vec<String>>,
    /// In order, each with the operation that it waits for.
    faults: Mutex<Vec<(Option<&'static str>, Fault)>>,
}

/// What happens to the next call of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// DynamoDB refuses it for want of throughput.
    Throttled,
    /// A transaction meets another one.
    Conflict,
    /// A write of a single item meets a transaction.
    ConflictingWrite,
    /// It is carried out, and the answer is lost.
    AnswerLost,
}

impl Stage {
    /// 2024-01-15T10:30:00Z, the document's own time.
    pub async fn open() -> Self {
        Self::open_with(&[]).await
    }

    pub async fn open_with(variables: &[(&str, &str)]) -> Self {
        let database = dynamodb::open(None, &Template::read().unwrap()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let behind = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(dynamodb::serve(listener, database));

        let wire = Arc::new(Wire {
            database: behind,
            http: reqwest::Client::new(),
            calls: Mutex::default(),
            faults: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let dynamodb_url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(pass).with_state(Arc::clone(&wire));
        tokio::spawn(async move { axum::serve(listener, router).await });

        let clock = Arc::new(ManualClock::at("2024-01-15T10:30:00Z".parse().unwrap()));
        let mut all: HashMap<String, String> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        all.insert("AWS_ENDPOINT_URL_DYNAMODB".into(), dynamodb_url.clone());
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let taken = Arc::clone(&lines);
        let log = Log::To(Arc::new(move |line| taken.lock().unwrap().push(line.to_owned())));
        let options = Options { clock: clock.clone(), log, variables: all, ..Options::default() };
        let world = Box::pin(World::start(options)).await.unwrap();
        let address = Address { dynamodb_url, ..Address::of(&world) };
        Self { address, clock, wire, lines, world }
    }

    /// What the database itself answers to a request past the system; it is not counted.
    pub async fn database(&self, operation: &str, request: &Value) -> Value {
        let call = self.wire.http.post(&self.wire.database).body(request.to_string());
        let call = call.header("x-amz-target", format!("DynamoDB_20120810.{operation}"));
        let credential = "AWS4-HMAC-SHA256 Credential=local/20240115/us-east-1/dynamodb/aws4_request";
        let call = call.header("authorization", format!("{credential}, SignedHeaders=host, Signature=0"));
        let call = call.header("x-amz-date", "20240115T103000Z").header("content-type", "application/x-amz-json-1.0");
        let answer = super::answer(call).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }

    /// Every item of a table, as it is stored.
    pub async fn items(&self, table: &str) -> Vec<Value> {
        let scanned = self.database("Scan", &json!({"TableName": table})).await;
        assert_eq!(scanned.get("LastEvaluatedKey"), None, "more than one page");
        scanned["Items"].as_array().expect("items").clone()
    }

    /// The uploads bucket, past the system.
    pub async fn objects(&self) -> Objects {
        let environment = Environment::new(self.world.variables.clone(), self.clock.clone()).await;
        environment.objects(environment.required("UPLOADS_BUCKET").unwrap())
    }

    /// One more system on the same data, with the same clock.
    pub async fn another_process(&self) -> World {
        let variables = self.world.variables.clone();
        let options = Options { clock: self.clock.clone(), variables, ..Options::default() };
        // On the stack it would be most of a test's future.
        Box::pin(World::start(options)).await.unwrap()
    }

    /// Puts an object into the uploads bucket, past the system.
    pub async fn upload(&self, key: &str, text: &str) {
        let objects = self.objects().await;
        let content = Content { content_type: "application/x-ndjson", size: text.len() as u32, sha256: None };
        let Presigned { url, headers } = objects.presign_put(key, &content).await.unwrap();
        let mut request = self.wire.http.put(url).body(text.to_owned());
        for (name, value) in headers {
            request = request.header(name, value);
        }
        assert_eq!(super::answer(request).await.status, 200);
    }

    pub fn clock_seconds(&self) -> i64 {
        self.clock.now().as_second()
    }

    pub fn clock_nanoseconds(&self) -> i128 {
        self.clock.now().as_nanosecond()
    }

    /// The operations called since this was last asked, in order.
    pub fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.wire.calls.lock().unwrap())
    }

    /// The lines of requests and sweeps since this was last asked.
    pub fn take_lines(&self) -> Vec<String> {
        std::mem::take(&mut self.lines.lock().unwrap())
    }

    /// The next calls fail so, each fault once, in order.
    pub fn inject(&self, faults: &[Fault]) {
        self.wire.faults.lock().unwrap().extend(faults.iter().map(|fault| (None, *fault)));
    }

    /// The next calls of one operation fail so; the others pass.
    pub fn inject_into(&self, operation: &'static str, faults: &[Fault]) {
        self.wire.faults.lock().unwrap().extend(faults.iter().map(|fault| (Some(operation), *fault)));
    }

    /// Nothing fails any more; how many faults no call has met.
    pub fn heal(&self) -> usize {
        std::mem::take(&mut *self.wire.faults.lock().unwrap()).len()
    }
}

impl Wire {
    /// What happens to this call.
    fn fault(&self, operation: &str) -> Option<Fault> {
        let mut faults = self.faults.lock().unwrap();
        let next = faults.iter().position(|(waits_for, _)| waits_for.is_none_or(|name| name == operation))?;
        Some(faults.remove(next).1)
    }
}

async fn pass(State(wire): State<Arc<Wire>>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default();
    wire.calls.lock().unwrap().push(operation.to_owned());
    let fault = wire.fault(operation);
    match fault {
        Some(Fault::Throttled) => {
            return refusal(
                r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow down"}"#,
            );
        }
        Some(Fault::Conflict) => {
            return refusal(
                r#"{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"Transaction cancelled","CancellationReasons":[{"Code":"TransactionConflict","Message":"conflict"},{"Code":"None"}]}"#,
            );
        }
        Some(Fault::ConflictingWrite) => {
            return refusal(
                r#"{"__type":"com.amazonaws.dynamodb.v20120810#TransactionConflictException","message":"Transaction is ongoing for the item"}"#,
            );
        }
        Some(Fault::AnswerLost) | None => {}
    }
    let mut request = wire.http.post(&wire.database).body(body);
    for (name, value) in headers.iter().filter(|(name, _)| *name != "host" && *name != "content-length") {
        request = request.header(name, value);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let body = answer.bytes().await.unwrap();
    if fault == Some(Fault::AnswerLost) {
        return (StatusCode::INTERNAL_SERVER_ERROR, r#"{"__type":"InternalServerError"}"#).into_response();
    }
    (status, [("content-type", "application/x-amz-json-1.0")], body).into_response()
}

fn refusal(body: &'static str) -> Response {
    (StatusCode::BAD_REQUEST, [("content-type", "application/x-amz-json-1.0")], body).into_response()
}
