//! Records each call that a stage's functions make, and makes some of them fail.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use local::policies::Grant;
use local::wire::{Call, Service, Verdict, Wire, dynamodb_failure, failure};
use serde_json::{Value, json};

/// Longer than the SDK waits for a response.
const HANGS: Duration = Duration::from_millis(3_200);
/// The same for a message, which the SDK does not retry.
const MESSAGE_HANGS: Duration = Duration::from_millis(6_200);

/// A fault of one call to DynamoDB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// DynamoDB rejects the call: too many requests.
    Throttled,
    /// A transaction conflicts with another one.
    Conflict,
    /// DynamoDB executes the call, and its response is lost.
    ResponseLost,
}

/// How one call to any service fails, and how its retries do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Failure {
    /// It is not executed, however often it is sent.
    Rejected,
    /// It is executed, and its response is lost, however often it is sent.
    Lost,
    /// It is executed, and its response is lost; the retry is executed again.
    LostOnce,
    /// It is executed, and its response is late.
    Late,
    /// It is not executed, and times out.
    Never,
    /// It is throttled twice.
    ThrottledTwice,
    /// It conflicts with transactions: a transaction three times, another write twice.
    Conflict,
    /// It always conflicts with transactions.
    Conflicts,
    /// A batch returns nothing at first, then one half, then the rest.
    Partial,
}

/// A call that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub service: Service,
    pub operation: String,
    /// How many audit records the call stores.
    pub records: usize,
    /// Where the call writes, if it is executed.
    pub written: Vec<Place>,
}

/// Where something is stored.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    Item { table: String, pk: String, sk: String },
    Object { bucket: String, key: String },
}

impl Place {
    /// The place of an item, or of its key.
    pub fn of(table: &str, item: &Value) -> Self {
        let text = |name: &str| item[name]["S"].as_str().expect("a key").to_owned();
        Self::Item { table: table.to_owned(), pk: text("pk"), sk: text("sk") }
    }
}

#[derive(Default)]
pub struct Faults(Mutex<State>);

#[derive(Default)]
struct State {
    seen: Vec<Seen>,
    /// In order, each with the operation for which it waits.
    waiting: Vec<(Option<&'static str>, Fault)>,
    armed: Option<Armed>,
    units: Option<Units>,
    used: BTreeSet<Grant>,
}

/// What calls of DynamoDB consume, in capacity units.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Units {
    pub read: f64,
    pub written: f64,
}

/// A failure that waits for its call, or has hit it.
struct Armed {
    operation: String,
    /// How many calls of the operation pass before.
    passing: usize,
    failure: Failure,
    /// How many calls it has hit, and the body of the first.
    hit: usize,
    body: Bytes,
}

impl Faults {
    /// The calls since the last call of this, in order.
    pub fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.0.lock().unwrap().seen)
    }

    /// The capacity units since the last call of this; the first call starts the counting.
    pub fn take_units(&self) -> Units {
        self.0.lock().unwrap().units.replace(Units::default()).unwrap_or_default()
    }

    /// The grants that functions have used.
    pub fn grants_used(&self) -> BTreeSet<Grant> {
        self.0.lock().unwrap().used.clone()
    }

    /// The next calls fail with these faults, one each, in order; if an operation is named, only its calls.
    pub fn inject(&self, operation: Option<&'static str>, faults: &[Fault]) {
        self.0.lock().unwrap().waiting.extend(faults.iter().map(|fault| (operation, *fault)));
    }

    /// The call of the operation fails after `passing` others that succeed.
    pub fn fail_call(&self, operation: &str, passing: usize, failure: Failure) {
        let armed = Armed { operation: operation.to_owned(), passing, failure, hit: 0, body: Bytes::new() };
        self.0.lock().unwrap().armed = Some(armed);
    }

    /// Ends all faults. Returns how many of them hit no call.
    pub fn clear_faults(&self) -> usize {
        let mut state = self.0.lock().unwrap();
        let missed = state.armed.take().filter(|armed| armed.hit == 0);
        std::mem::take(&mut state.waiting).len() + usize::from(missed.is_some())
    }
}

impl State {
    /// The next fault for a call of this operation.
    fn next(&mut self, operation: &str) -> Option<Fault> {
        let next = self.waiting.iter().position(|(waits_for, _)| waits_for.is_none_or(|name| name == operation))?;
        Some(self.waiting.remove(next).1)
    }
}

impl Armed {
    fn meet(&mut self, call: &Call) -> Verdict {
        if call.operation != self.operation {
            return Verdict::Pass;
        }
        if self.hit == 0 {
            if self.passing > 0 {
                self.passing -= 1;
                return Verdict::Pass;
            }
            self.body = call.body.clone();
        } else if matches!(self.failure, Failure::Rejected | Failure::Lost) && call.body != self.body {
            // Another call: only the first one keeps failing.
            return Verdict::Pass;
        }
        self.hit += 1;
        let time = if call.service == Service::Sns { MESSAGE_HANGS } else { HANGS };
        match (self.failure, self.hit) {
            (Failure::Lost | Failure::LostOnce, 1) => Verdict::ResponseLost(broken(call)),
            (Failure::Rejected | Failure::Lost, _) => Verdict::Respond(broken(call)),
            (Failure::Late, 1) => Verdict::Hang { executed: true, time },
            (Failure::Never, 1) => Verdict::Hang { executed: false, time },
            (Failure::ThrottledTwice, 1 | 2) => Verdict::Respond(throttled(call.service)),
            (Failure::Conflict, 1..=3) | (Failure::Conflicts, _) if call.operation.starts_with("Transact") => {
                Verdict::Respond(cancelled())
            }
            (Failure::Conflict, 1 | 2) | (Failure::Conflicts, _) => Verdict::Respond(conflicting()),
            (Failure::Partial, 1) => Verdict::Respond(unread(&call.body)),
            (Failure::Partial, 2) => Verdict::Half,
            _ => Verdict::Pass,
        }
    }
}

impl Wire for Faults {
    fn decide(&self, call: &Call) -> Verdict {
        let (written, records) = written(call);
        let mut state = self.0.lock().unwrap();
        // A process reads each secret once. Which request comes first is chance.
        if call.service != Service::SecretsManager {
            state.seen.push(Seen { service: call.service, operation: call.operation.clone(), records, written });
        }
        if let Some(armed) = &mut state.armed {
            return armed.meet(call);
        }
        let fault = if call.service == Service::DynamoDb { state.next(&call.operation) } else { None };
        match fault {
            None => Verdict::Pass,
            Some(Fault::Throttled) => Verdict::Respond(throttled(call.service)),
            Some(Fault::Conflict) => Verdict::Respond(cancelled()),
            Some(Fault::ResponseLost) => Verdict::ResponseLost(broken(call)),
        }
    }

    fn used(&self, grant: &Grant) {
        self.0.lock().unwrap().used.insert(grant.clone());
    }

    fn wants_capacity(&self) -> bool {
        self.0.lock().unwrap().units.is_some()
    }

    fn consumed(&self, call: &Call, units: f64) {
        let reads = ["GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems"].contains(&call.operation.as_str());
        if let Some(sum) = &mut self.0.lock().unwrap().units {
            *if reads { &mut sum.read } else { &mut sum.written } += units;
        }
    }
}

/// Where a call writes, and how many of these writes put an audit record.
fn written(call: &Call) -> (Vec<Place>, usize) {
    let writes = match call.service {
        Service::S3 if ["PutObject", "DeleteObject", "DeleteObjectVersion"].contains(&call.operation.as_str()) => {
            let path = call.needs().swap_remove(0).resource;
            let (bucket, key) = path.split_once('/').expect("an object");
            return (vec![Place::Object { bucket: bucket.to_owned(), key: key.to_owned() }], 0);
        }
        Service::DynamoDb => writes(&call.operation, &call.body),
        _ => Vec::new(),
    };
    let records = writes.iter().filter(|(kind, table, _)| kind == "Put" && table == "audit").count();
    (writes.iter().map(|(_, table, item)| Place::of(table, item)).collect(), records)
}

/// Each write of a call to DynamoDB: `Put`, `Update` or `Delete`, its table, and its item or key.
fn writes(operation: &str, body: &[u8]) -> Vec<(String, String, Value)> {
    let request = || serde_json::from_slice::<Value>(body).unwrap();
    let write = |kind: &str, mut write: Value| {
        let item = if kind == "Put" { write["Item"].take() } else { write["Key"].take() };
        (kind.to_owned(), write["TableName"].as_str().expect("a table").to_owned(), item)
    };
    match operation {
        "PutItem" | "UpdateItem" | "DeleteItem" => vec![write(operation.trim_end_matches("Item"), request())],
        "TransactWriteItems" => {
            let mut request = request();
            let parts = request["TransactItems"].as_array_mut().expect("the parts of a transaction").iter_mut();
            let parts = parts.flat_map(|part| part.as_object_mut().expect("a part"));
            let writes = parts.filter(|(kind, _)| *kind != "ConditionCheck");
            writes.map(|(kind, part)| write(kind, part.take())).collect()
        }
        read if ["GetItem", "BatchGetItem", "Query", "Scan"].contains(&read) => Vec::new(),
        other => panic!("what {other} writes is not known"),
    }
}

/// A server error of the service.
fn broken(call: &Call) -> Response {
    let (code, message) = match call.service {
        Service::S3 => ("InternalError", "try again".into()),
        // SNS quotes the request.
        Service::Sns => ("InternalError", String::from_utf8_lossy(&call.body)),
        Service::DynamoDb | Service::SecretsManager | Service::Sqs => ("InternalServerError", "try again".into()),
        Service::Logs => ("ServiceUnavailableException", "try again".into()),
    };
    failure(call.service, StatusCode::INTERNAL_SERVER_ERROR, code, &message)
}

fn throttled(service: Service) -> Response {
    let (status, code) = match service {
        Service::S3 => (StatusCode::SERVICE_UNAVAILABLE, "SlowDown"),
        Service::Sns => (StatusCode::TOO_MANY_REQUESTS, "Throttled"),
        Service::Logs | Service::Sqs => (StatusCode::BAD_REQUEST, "ThrottlingException"),
        Service::DynamoDb | Service::SecretsManager => (StatusCode::BAD_REQUEST, "ProvisionedThroughputExceededException"),
    };
    failure(service, status, code, "slow down")
}

fn cancelled() -> Response {
    let reasons = json!([{"Code": "TransactionConflict", "Message": "conflict"}, {"Code": "None"}]);
    let members = json!({"Message": "Transaction cancelled", "CancellationReasons": reasons});
    dynamodb_failure(StatusCode::BAD_REQUEST, "TransactionCanceledException", members)
}

fn conflicting() -> Response {
    let message = "Transaction is ongoing for the item";
    failure(Service::DynamoDb, StatusCode::BAD_REQUEST, "TransactionConflictException", message)
}

/// The batch returns nothing.
fn unread(body: &[u8]) -> Response {
    let wanted: Value = serde_json::from_slice(body).unwrap();
    let body = json!({"Responses": {}, "UnprocessedKeys": wanted["RequestItems"]}).to_string();
    ([("content-type", "application/x-amz-json-1.0")], body).into_response()
}
