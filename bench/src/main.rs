//! What a call costs, beside floors built with the same profile, and what the list of open jobs costs as they become many:
//! `cargo run --release -p bench`.
//!
//! Each contender is started afresh many times, in turn, so that the machine's moods fall on all alike. TLS stands in front of
//! the embedded DynamoDB. Absolute times are the machine's; the ratios are what counts. Prints the tables and writes
//! `docs/performance.md`.

mod report;
mod runtime;
mod search;
mod tls;
mod wire;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use local::{Options, World};
use serde_json::{Value, json};

use report::{Contender, Samples};
use runtime::Process;
use tls::Terminator;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Fresh processes of each contender.
const STARTS: usize = 30;
/// Warm calls in each of them.
const CALLS: usize = 200;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("no root")?.to_owned();
    say("building the functions and the floors with the release profile");
    build(&root)?;
    let contenders = call(&root).await?;
    let mut searches = Vec::new();
    for count in search::SIZES {
        searches.push(search::measure(&root, count).await?);
    }
    let text = format!("{}\n{}", report::calls(&contenders, STARTS, CALLS)?, report::searches(&searches)?);
    say(&text);
    std::fs::write(root.join("docs/performance.md"), text)?;
    Ok(())
}

/// Reads one record, in many fresh processes of each contender.
async fn call(root: &Path) -> Result<[Contender; 3], Failure> {
    let world = World::start(Options { demo: true, ..Options::default() }).await?;
    let folder = tempfile::tempdir()?;
    let certificate = folder.path().join("certificate.pem");
    let tls = Terminator::new(&certificate)?;
    let mut variables = world.variables.clone();
    for name in ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_SECRETS_MANAGER"] {
        let plain = variables.get(name).ok_or(name)?.clone();
        variables.insert(name.into(), tls.before(&plain).await?);
    }
    variables.insert("SSL_CERT_FILE".into(), certificate.display().to_string());
    variables.insert("RUST_LOG".into(), "error".into());
    let event = prepare(&world, &mut variables).await?;

    let mut contenders = [
        Contender::new("hello-world handler (floor)", binary(root, "floor-hello")),
        Contender::new("bare GetItem handler (floor)", binary(root, "floor-get-item")),
        Contender::new("GET /api/v1/users/{id}", binary(root, "channel-users")),
    ];
    for round in 0..STARTS {
        say(&format!("round {} of {STARTS}", round + 1));
        for contender in &mut contenders {
            let samples = measure(&contender.binary, &variables, &event).await?;
            contender.samples.push(samples);
        }
    }
    Ok(contenders)
}

/// One fresh process: its start, its first call, and the calls after it.
async fn measure(binary: &Path, variables: &HashMap<String, String>, event: &str) -> Result<Samples, Failure> {
    let mut process = Process::start(binary, variables).await?;
    let (first, answer) = process.call(event).await?;
    let answer: Value = serde_json::from_slice(&answer)?;
    if answer["statusCode"] != 200 {
        return Err(format!("{} answered {answer}", binary.display()).into());
    }
    let mut warm: Vec<Duration> = Vec::with_capacity(CALLS);
    for _ in 0..CALLS {
        warm.push(process.call(event).await?.0);
    }
    Ok(Samples { ready: process.ready, first, warm, peak_memory: process.peak_memory()? })
}

/// Stores the record that all read, and gives the event that asks for it.
async fn prepare(world: &World, variables: &mut HashMap<String, String>) -> Result<String, Failure> {
    let channel = world.demo.as_ref().and_then(|demo| demo.channel.first()).ok_or("no demo channel")?;
    let http = reqwest::Client::new();
    let credentials = json!({"appkey": channel.appkey, "secret": channel.secret, "grant_type": "client_credentials"});
    let answer: Value =
        http.post(format!("{}/api/v1/auth/token", world.base_url)).json(&credentials).send().await?.json().await?;
    let token = answer["data"]["access_token"].as_str().ok_or("no token")?;
    let event = |name: &str| -> Result<Value, Failure> {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events").join(name);
        Ok(serde_json::from_str(&std::fs::read_to_string(file)?.replace("{{access_token}}", token))?)
    };
    let create = event("channel-users.create.json")?;
    let body = create["body"].as_str().ok_or("no body")?.to_owned();
    let request = http.post(format!("{}/api/v1/users", world.base_url)).bearer_auth(token);
    request.header("content-type", "application/json").body(body).send().await?.error_for_status()?;
    variables.insert("FLOOR_TABLE".into(), variables.get("CHANNEL_TABLE").ok_or("no table")?.clone());
    variables.insert("FLOOR_PK".into(), format!("{}#U20240101001", channel.appkey));
    variables.insert("FLOOR_SK".into(), "user".into());
    Ok(event("channel-users.get.json")?.to_string())
}

/// All at once: apart, each would have its dependencies built with features of its own.
fn build(root: &Path) -> Result<(), Failure> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--release", "--locked", "-p", "channel", "-p", "jobboard", "-p", "floor"]);
    cargo.args(["--bin", "channel-users", "--bin", "jobboard-search", "--bin", "floor-hello", "--bin", "floor-get-item"]);
    if cargo.current_dir(root).status()?.success() { Ok(()) } else { Err("the build failed".into()) }
}

fn binary(root: &Path, name: &str) -> PathBuf {
    root.join("target/release").join(name)
}

#[expect(clippy::print_stdout, reason = "this program talks to the person at the terminal")]
fn say(line: &str) {
    println!("{line}");
}
