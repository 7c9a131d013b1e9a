//! How long a change takes to reach the receiver of a product: from the response to the change until the call has arrived.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use client::Address;
use local::demo::Demo;
use local::{Options, World};
use reqwest::Client;
use serde_json::{Value, json};
use shared::runtime::clock::{Clock as _, SystemClock};
use tokio::net::TcpListener;

use crate::{Failure, say};

/// The changes, one after the other.
pub const CHANGES: usize = 200;
/// The time between two of them.
pub const PAUSE: Duration = Duration::from_millis(50);
/// How long the last event may take.
const PATIENCE: Duration = Duration::from_secs(60);
const PATH: &str = "/api/v2/webhooks";

/// When the event of each department arrived first.
#[derive(Clone, Default)]
struct Arrivals(Arc<Mutex<HashMap<String, Instant>>>);

impl Arrivals {
    fn note(&self, body: &[u8]) {
        let event: Value = serde_json::from_slice(body).unwrap_or_default();
        if let Some(uuid) = event["event"]["data"]["department"]["uuid"].as_str() {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(uuid.to_owned()).or_insert_with(Instant::now);
        }
    }

    fn of(&self, uuid: &str) -> Option<Instant> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(uuid).copied()
    }
}

/// The delays, in the order of the changes.
pub async fn measure() -> Result<Vec<Duration>, Failure> {
    say(&format!("events: {CHANGES} changes, {} ms apart", PAUSE.as_millis()));
    let folder = tempfile::tempdir()?;
    let options = Options { demo: true, data_dir: Some(folder.path().to_owned()), ..Options::default() };
    let world = World::start(options).await?;
    let (address, demo) = (Address::of(&world), world.demo.as_ref().ok_or("no demo")?);
    let arrivals = Arrivals::default();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let receiver = format!("http://{}/", listener.local_addr()?);
    let note = async |State(arrivals): State<Arrivals>, body: axum::body::Bytes| arrivals.note(&body);
    let service = Router::new().route("/", post(note)).with_state(arrivals.clone());
    tokio::spawn(async move { axum::serve(listener, service).await });
    subscribe(&address, demo, &receiver).await?;

    let mut answered = Vec::new();
    for number in 0..CHANGES {
        let uuid = format!("be{number:030x}");
        let row = json!({"uuid": uuid, "name": "部门"}).to_string();
        let import = json!({
            "command": "import_hris", "kind": "departments", "company_uuid": demo.hris.company_uuid, "rows": row,
        });
        let imported = address.command(&import).await;
        if imported["results"][0]["status"] != "created" {
            return Err(format!("a department is not imported: {imported}").into());
        }
        answered.push((uuid, Instant::now()));
        tokio::time::sleep(PAUSE).await;
    }
    let begun = Instant::now();
    while answered.iter().any(|(uuid, _)| arrivals.of(uuid).is_none()) {
        if begun.elapsed() > PATIENCE {
            return Err("an event did not arrive".into());
        }
        tokio::time::sleep(PAUSE).await;
    }
    let delays = answered.iter().filter_map(|(uuid, at)| Some(arrivals.of(uuid)?.saturating_duration_since(*at)));
    Ok(delays.collect())
}

/// Sends the events of departments to this receiver.
async fn subscribe(address: &Address, demo: &Demo, receiver: &str) -> Result<(), Failure> {
    let body = json!({"address": receiver, "event_types": ["department_created"]}).to_string();
    let tonce = SystemClock.now().as_second().to_string();
    let (key, secret) = (demo.hris.access_key.as_str(), demo.hris.secret_key.as_str());
    let signature = client::sign(secret, ["PUT", PATH, key, &tonce, &body]);
    let query = [("access_key", key), ("tonce", &tonce), ("signature", &signature)];
    let request = Client::new().put(format!("{}{PATH}", address.base_url)).query(&query);
    let put = client::fetch(request.header("content-type", "application/json").body(body)).await;
    if put.status == 200 { Ok(()) } else { Err(format!("the webhook is not set: {put:?}").into()) }
}
