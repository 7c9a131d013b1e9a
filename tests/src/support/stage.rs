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
use shared::clock::ManualClock;
use tokio::net::TcpListener;

use super::Address;

pub struct Stage {
    pub address: Address,
    pub clock: Arc<ManualClock>,
    wire: Arc<Wire>,
    _world: World,
}

/// What stands between the system and its DynamoDB.
struct Wire {
    database: String,
    http: reqwest::Client,
    calls: Mutex<Vec<String>>,
    faults: Mutex<Vec<Fault>>,
}

/// What happens to the next call of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// DynamoDB refuses it for want of throughput.
    Throttled,
    /// A transaction meets another one.
    Conflict,
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
        let options = Options { clock: clock.clone(), variables: all, ..Options::default() };
        let world = World::start(options).await.unwrap();
        let address = Address { base_url: world.base_url.clone(), dynamodb_url };
        Self { address, clock, wire, _world: world }
    }

    /// The operations called since this was last asked, in order.
    pub fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.wire.calls.lock().unwrap())
    }

    /// The next calls fail so, each fault once, in order.
    pub fn inject(&self, faults: &[Fault]) {
        self.wire.faults.lock().unwrap().extend(faults.iter().rev());
    }
}

async fn pass(State(wire): State<Arc<Wire>>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    wire.calls.lock().unwrap().push(target.rsplit('.').next().unwrap_or_default().to_owned());
    let fault = wire.faults.lock().unwrap().pop();
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
