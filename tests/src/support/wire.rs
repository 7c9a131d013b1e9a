//! Hears of each call that a stage's functions make, and makes some of them fail.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use local::policies::Grant;
use local::wire::{Call, Service, Verdict, Wire, dynamodb_failure, failure};
use serde_json::{Value, json};

/// Longer than the SDK waits for an answer.
const HANGS: Duration = Duration::from_millis(3_200);
/// The same of a message, which is sent once only.
const MESSAGE_HANGS: Duration = Duration::from_millis(6_200);

/// What happens to calls of DynamoDB, each to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// DynamoDB refuses it for want of throughput.
    Throttled,
    /// A transaction meets another one.
    Conflict,
    /// It is carried out, and the answer is lost.
    AnswerLost,
}

/// What happens to one call of any service's, and to its repetitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Blow {
    /// It is not carried out, however often it is sent.
    Refused,
    /// It is carried out, and no answer to it arrives, however often it is sent.
    Lost,
    /// It is carried out, and the answer is lost; sent again, it is carried out again.
    LostOnce,
    /// It is carried out, and no answer comes in time.
    Late,
    /// It is not carried out, and no answer comes in time.
    Never,
    /// It is refused twice for want of throughput.
    ThrottledTwice,
    /// It meets transactions: a transaction thrice, another write twice.
    Conflict,
    /// It always meets transactions.
    Conflicts,
    /// Of a batch nothing is read, then one half, then the rest.
    Partial,
}

/// A call that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub service: Service,
    pub operation: String,
}

#[derive(Default)]
pub struct Faults(Mutex<State>);

#[derive(Default)]
struct State {
    seen: Vec<Seen>,
    /// In order, each with the operation that it waits for.
    waiting: Vec<(Option<&'static str>, Fault)>,
    aimed: Option<Aimed>,
    units: Option<Units>,
    used: BTreeSet<Grant>,
}

/// What calls of DynamoDB consume, in capacity units.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Units {
    pub read: f64,
    pub written: f64,
}

/// A blow that waits for its call, or has met it.
struct Aimed {
    operation: String,
    /// How many calls of the operation still pass before it.
    passing: usize,
    blow: Blow,
    /// How many calls it has struck, and what the first of them asked.
    struck: usize,
    body: Bytes,
}

impl Faults {
    /// The calls since this was last asked, in order.
    pub fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.0.lock().unwrap().seen)
    }

    /// What was consumed since this was last asked: from then on it is counted.
    pub fn take_units(&self) -> Units {
        self.0.lock().unwrap().units.replace(Units::default()).unwrap_or_default()
    }

    /// The grants that functions used so far.
    pub fn grants_used(&self) -> BTreeSet<Grant> {
        self.0.lock().unwrap().used.clone()
    }

    /// The next calls fail so, each fault once, in order; where an operation is named, those of it.
    pub fn inject(&self, operation: Option<&'static str>, faults: &[Fault]) {
        self.0.lock().unwrap().waiting.extend(faults.iter().map(|fault| (operation, *fault)));
    }

    /// The blow strikes a call of the operation, before which so many others of it pass.
    pub fn aim(&self, operation: &str, passing: usize, blow: Blow) {
        let aimed = Aimed { operation: operation.to_owned(), passing, blow, struck: 0, body: Bytes::new() };
        self.0.lock().unwrap().aimed = Some(aimed);
    }

    /// Nothing fails any more; how many faults no call has met.
    pub fn heal(&self) -> usize {
        let mut state = self.0.lock().unwrap();
        let missed = state.aimed.take().filter(|aimed| aimed.struck == 0);
        std::mem::take(&mut state.waiting).len() + usize::from(missed.is_some())
    }
}

impl State {
    /// What waits for this call.
    fn next(&mut self, operation: &str) -> Option<Fault> {
        let next = self.waiting.iter().position(|(waits_for, _)| waits_for.is_none_or(|name| name == operation))?;
        Some(self.waiting.remove(next).1)
    }
}

impl Aimed {
    fn meet(&mut self, call: &Call) -> Verdict {
        if call.operation != self.operation {
            return Verdict::Pass;
        }
        if self.struck == 0 {
            if self.passing > 0 {
                self.passing -= 1;
                return Verdict::Pass;
            }
            self.body = call.body.clone();
        } else if matches!(self.blow, Blow::Refused | Blow::Lost) && call.body != self.body {
            // Another call: only the one that was struck is refused for good.
            return Verdict::Pass;
        }
        self.struck += 1;
        let time = if call.service == Service::Sns { MESSAGE_HANGS } else { HANGS };
        match (self.blow, self.struck) {
            (Blow::Lost | Blow::LostOnce, 1) => Verdict::ResponseLost(broken(call)),
            (Blow::Refused | Blow::Lost, _) => Verdict::Respond(broken(call)),
            (Blow::Late, 1) => Verdict::Hang { executed: true, time },
            (Blow::Never, 1) => Verdict::Hang { executed: false, time },
            (Blow::ThrottledTwice, 1 | 2) => Verdict::Respond(throttled(call.service)),
            (Blow::Conflict, 1..=3) | (Blow::Conflicts, _) if call.operation.starts_with("Transact") => {
                Verdict::Respond(cancelled())
            }
            (Blow::Conflict, 1 | 2) | (Blow::Conflicts, _) => Verdict::Respond(conflicting()),
            (Blow::Partial, 1) => Verdict::Respond(unread(&call.body)),
            (Blow::Partial, 2) => Verdict::Half,
            _ => Verdict::Pass,
        }
    }
}

impl Wire for Faults {
    fn decide(&self, call: &Call) -> Verdict {
        let mut state = self.0.lock().unwrap();
        // Secrets are read once in the life of a process: which request comes first is no matter of that request.
        if call.service != Service::SecretsManager {
            state.seen.push(Seen { service: call.service, operation: call.operation.clone() });
        }
        if let Some(aimed) = &mut state.aimed {
            return aimed.meet(call);
        }
        let fault = if call.service == Service::DynamoDb { state.next(&call.operation) } else { None };
        match fault {
            None => Verdict::Pass,
            Some(Fault::Throttled) => Verdict::Respond(throttled(call.service)),
            Some(Fault::Conflict) => Verdict::Respond(cancelled()),
            Some(Fault::AnswerLost) => Verdict::ResponseLost(broken(call)),
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

/// A failure of the service's own.
fn broken(call: &Call) -> Response {
    let (code, message) = match call.service {
        Service::S3 => ("InternalError", "try again".into()),
        // It quotes what it was sent.
        Service::Sns => ("InternalError", String::from_utf8_lossy(&call.body)),
        Service::DynamoDb | Service::SecretsManager => ("InternalServerError", "try again".into()),
    };
    failure(call.service, StatusCode::INTERNAL_SERVER_ERROR, code, &message)
}

fn throttled(service: Service) -> Response {
    let (status, code) = match service {
        Service::S3 => (StatusCode::SERVICE_UNAVAILABLE, "SlowDown"),
        Service::Sns => (StatusCode::TOO_MANY_REQUESTS, "Throttled"),
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

/// Nothing of the batch is read.
fn unread(body: &[u8]) -> Response {
    let wanted: Value = serde_json::from_slice(body).unwrap();
    let body = json!({"Responses": {}, "UnprocessedKeys": wanted["RequestItems"]}).to_string();
    ([("content-type", "application/x-amz-json-1.0")], body).into_response()
}
