//! An emulator of Lambda's runtime API that measures times, for one function process: the process requests events and posts responses.

use std::collections::HashMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, mpsc};

use crate::Failure;

/// The timeout of the start and of each call.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running function process.
pub struct Process {
    child: Child,
    /// From the start of the process to its first request for an event.
    pub ready: Duration,
    events: mpsc::Sender<String>,
    moments: mpsc::Receiver<Moment>,
}

/// A request of the process to the runtime API.
enum Moment {
    NextEvent(Instant),
    Response(Instant, Bytes),
}

struct Api {
    events: Mutex<mpsc::Receiver<String>>,
    moments: mpsc::Sender<Moment>,
}

impl Process {
    /// Starts a function of a binary and waits until it requests its first event.
    pub async fn start(binary: &Path, function: &str, variables: &HashMap<String, String>) -> Result<Self, Failure> {
        let (event_sender, event_receiver) = mpsc::channel(1);
        let (moment_sender, mut moments) = mpsc::channel(16);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let api = Arc::new(Api { events: Mutex::new(event_receiver), moments: moment_sender });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .with_state(api);
        tokio::spawn(async move { axum::serve(listener, router).await });

        let started = Instant::now();
        let child = Command::new(binary)
            .env_clear()
            .envs(variables)
            .env("AWS_LAMBDA_RUNTIME_API", &address)
            .env("AWS_LAMBDA_FUNCTION_NAME", function)
            .env("_HANDLER", function)
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        match tokio::time::timeout(PATIENCE, moments.recv()).await? {
            Some(Moment::NextEvent(at)) => Ok(Self { child, ready: at.duration_since(started), events: event_sender, moments }),
            _ => Err("the process did not request an event".into()),
        }
    }

    /// Sends an event, and returns the response time and the response.
    pub async fn call(&mut self, event: &str) -> Result<(Duration, Bytes), Failure> {
        let sent = Instant::now();
        self.events.send(event.to_owned()).await?;
        let mut response = None;
        // The process is ready for the next event only after it has requested one.
        loop {
            match tokio::time::timeout(PATIENCE, self.moments.recv()).await? {
                Some(Moment::Response(at, body)) => response = Some((at.duration_since(sent), body)),
                Some(Moment::NextEvent(_)) => return response.ok_or_else(|| "the process sent no response".into()),
                None => return Err("the process ended".into()),
            }
        }
    }

    /// The peak memory of the process, in KiB.
    pub fn peak_memory(&self) -> Result<u64, Failure> {
        let id = self.child.id().ok_or("the process ended")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }
}

async fn next(State(api): State<Arc<Api>>) -> Response {
    let _ = api.moments.send(Moment::NextEvent(Instant::now())).await;
    match api.events.lock().await.recv().await {
        Some(event) => {
            let headers = [
                ("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
                ("Lambda-Runtime-Deadline-Ms", "4102444800000"),
                ("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:bench"),
                ("Content-Type", "application/json"),
            ];
            (headers, event).into_response()
        }
        None => std::future::pending().await,
    }
}

async fn response(State(api): State<Arc<Api>>, body: Bytes) -> Response {
    let _ = api.moments.send(Moment::Response(Instant::now(), body)).await;
    (axum::http::StatusCode::ACCEPTED, r#"{"status":"OK"}"#).into_response()
}
