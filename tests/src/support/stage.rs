//! A system of a test's own, whose clock stands still, and whose calls to DynamoDB are counted and can be made to fail.

use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use local::policies::Grant;
use local::wire::{Call, Service, Verdict, Wire};
use local::{Options, World};
use serde_json::{Value, json};
use shared::clock::{Clock as _, ManualClock};
use shared::environment::Environment;
use shared::metrics::Log;
use shared::objects::{Content, Objects, Presigned};

use super::{Address, grants};

pub struct Stage {
    pub address: Address,
    pub clock: Arc<ManualClock>,
    wire: Arc<Faults>,
    lines: Arc<Mutex<Vec<String>>>,
    http: reqwest::Client,
    world: World,
}

/// What hears of each call, and makes some of them fail.
#[derive(Default)]
struct Faults {
    calls: Mutex<Vec<String>>,
    /// In order, each with the operation that it waits for.
    waiting: Mutex<Vec<(Option<&'static str>, Fault)>>,
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
        let clock = Arc::new(ManualClock::at("2024-01-15T10:30:00Z".parse().unwrap()));
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let taken = Arc::clone(&lines);
        let log = Log::To(Arc::new(move |line| taken.lock().unwrap().push(line.to_owned())));
        let wire = Arc::new(Faults::default());
        let options = Options { clock: clock.clone(), log, variables, wire: wire.clone(), ..Options::default() };
        let world = World::start(options).await.unwrap();
        Self { address: Address::of(&world), clock, wire, lines, http: reqwest::Client::new(), world }
    }

    /// What the database itself answers to a request past the system; it is not counted.
    pub async fn database(&self, operation: &str, request: &Value) -> Value {
        let call = self.http.post(&self.world.dynamodb_url).body(request.to_string());
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
        let mut variables = self.world.variables.clone();
        // Its functions have their own.
        variables.remove("AWS_ACCESS_KEY_ID");
        let options = Options { clock: self.clock.clone(), variables, ..Options::default() };
        World::start(options).await.unwrap()
    }

    /// Puts an object into the uploads bucket, past the system.
    pub async fn upload(&self, key: &str, text: &str) {
        let objects = self.objects().await;
        let content = Content { content_type: "application/x-ndjson", size: text.len() as u32, sha256: None };
        let Presigned { url, headers } = objects.presign_put(key, &content).await.unwrap();
        let mut request = self.http.put(url).body(text.to_owned());
        for (name, value) in headers {
            request = request.header(name, value);
        }
        assert_eq!(super::answer(request).await.status, 200);
    }

    /// So much later that every process looks again at whose credentials are good.
    pub fn look_again(&self) {
        self.clock.advance(shared::cache::AGE);
    }

    /// So much later that every process hears of the jobs that were changed.
    pub fn catch_up(&self) {
        self.clock.advance(SignedDuration::from_millis(250));
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
        self.wire.waiting.lock().unwrap().extend(faults.iter().map(|fault| (None, *fault)));
    }

    /// The next calls of one operation fail so; the others pass.
    pub fn inject_into(&self, operation: &'static str, faults: &[Fault]) {
        self.wire.waiting.lock().unwrap().extend(faults.iter().map(|fault| (Some(operation), *fault)));
    }

    /// Nothing fails any more; how many faults no call has met.
    pub fn heal(&self) -> usize {
        std::mem::take(&mut *self.wire.waiting.lock().unwrap()).len()
    }
}

impl Faults {
    /// What happens to this call.
    fn next(&self, operation: &str) -> Option<Fault> {
        let mut waiting = self.waiting.lock().unwrap();
        let next = waiting.iter().position(|(waits_for, _)| waits_for.is_none_or(|name| name == operation))?;
        Some(waiting.remove(next).1)
    }
}

impl Wire for Faults {
    fn meet(&self, call: &Call) -> Verdict {
        if call.service != Service::DynamoDb {
            return Verdict::Pass;
        }
        self.calls.lock().unwrap().push(call.operation.clone());
        let Some(fault) = self.next(&call.operation) else { return Verdict::Pass };
        match fault {
            Fault::Throttled => Verdict::Answer(refusal(
                r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow down"}"#,
            )),
            Fault::Conflict => Verdict::Answer(refusal(
                r#"{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"Transaction cancelled","CancellationReasons":[{"Code":"TransactionConflict","Message":"conflict"},{"Code":"None"}]}"#,
            )),
            Fault::ConflictingWrite => Verdict::Answer(refusal(
                r#"{"__type":"com.amazonaws.dynamodb.v20120810#TransactionConflictException","message":"Transaction is ongoing for the item"}"#,
            )),
            Fault::AnswerLost => {
                Verdict::AnswerLost((StatusCode::INTERNAL_SERVER_ERROR, r#"{"__type":"InternalServerError"}"#).into_response())
            }
        }
    }

    fn used(&self, grant: &Grant) {
        grants::used(grant);
    }
}

fn refusal(body: &'static str) -> Response {
    (StatusCode::BAD_REQUEST, [("content-type", "application/x-amz-json-1.0")], body).into_response()
}
