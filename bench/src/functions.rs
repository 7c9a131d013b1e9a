//! Every function compared with two floors: its start, its response times and its size.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use local::{Options, World};
use serde_json::{Value, json};
use shared::staff::roles::Role;

use crate::runtime::Process;
use crate::tls::Terminator;
use crate::wire::{Call, Wire};
use crate::{Failure, binary, say};
use bench::callers::Callers;
use bench::staff::Member;

/// The number of processes of each contender.
pub const STARTS: usize = 20;
/// The number of warm calls in each process.
pub const CALLS: usize = 100;

/// The event of each function, from `events/`. Each can be sent any number of times.
pub const EVENTS: [&str; 33] = [
    "channel-auth.token",
    "channel-users.get",
    "channel-companies.get",
    "channel-tasks.list",
    "channel-applications.list",
    "channel-payments.list",
    "channel-uploads.create",
    "hris-organization.departments",
    "hris-employees.get",
    "hris-attendance.arrangements",
    "hris-approvals.list",
    "hris-salary.upload",
    "hris-integration.company_token",
    "hris-oauth.authorize",
    "hris-recruitment.vacancies",
    "signing-session.captcha",
    "signing-employee.get",
    "signing-directory.companies",
    "signing-image.upload",
    "jobboard-account.info",
    "jobboard-jobs.my",
    "jobboard-search.list",
    "jobboard-collections.my",
    "jobboard-contacts.out",
    "jobboard-vouchers.records",
    "jobboard-orders.buy",
    "jobboard-image.presign",
    "jobboard-search-snapshot.schedule",
    "ops-admin.list_channels",
    "ops-cleanup",
    "ops-console.channels",
    "ops-docs.overview",
    "ops-uploads.created",
];

/// A function, or a floor.
pub struct Contender {
    pub name: String,
    binary: PathBuf,
    /// The size of the binary in bytes, and its size in a zip file.
    pub size: usize,
    pub packed: usize,
    /// The name of its event.
    event: String,
    pub samples: Vec<Samples>,
    /// The DynamoDB calls of the first invocation. It looks up the caller, which later ones find in the cache.
    pub first_calls: Vec<Call>,
    /// The DynamoDB calls of a warm invocation.
    pub calls: Vec<Call>,
}

/// The measurements of one process.
pub struct Samples {
    pub ready: Duration,
    pub first: Duration,
    pub warm: Vec<Duration>,
    /// KiB.
    pub peak_memory: u64,
}

/// A contender is named after its function and the event.
fn function_of(name: &str) -> &str {
    name.split('.').next().unwrap_or_default()
}

impl Contender {
    /// Copies the binary into the folder sequentially, as Lambda unpacks it. The file that the linker writes is in smaller pieces of the page
    /// cache, and starts half a millisecond later.
    fn new(root: &Path, folder: &Path, name: &str, event: &str) -> Result<Self, Failure> {
        let function = function_of(name);
        let copy = folder.join(function);
        std::fs::copy(binary(root, function)?, &copy)?;
        let bytes = std::fs::read(&copy)?;
        let mut packed = DeflateEncoder::new(Vec::new(), Compression::best());
        packed.write_all(&bytes)?;
        Ok(Self {
            name: name.into(),
            binary: copy,
            size: bytes.len(),
            packed: packed.finish()?.len(),
            event: event.into(),
            samples: Vec::new(),
            first_calls: Vec::new(),
            calls: Vec::new(),
        })
    }

    fn function(&self) -> &str {
        function_of(&self.name)
    }

    /// Sends an event and returns the duration. A response that is not a success is an error.
    async fn called(&self, process: &mut Process, event: &str) -> Result<Duration, Failure> {
        let (duration, response) = process.call(event).await?;
        let response: Value = serde_json::from_slice(&response)?;
        if response.get("errorType").is_some() || response["statusCode"].as_u64().is_some_and(|status| status != 200) {
            return Err(format!("{} responded {response}", self.name).into());
        }
        Ok(duration)
    }
}

/// The two floors, then the functions. Their processes start in turn, so that a change in the load of the machine affects all alike. As on
/// Lambda, connections use TLS and each process parses the machine's root certificates.
pub async fn measure(root: &Path) -> Result<Vec<Contender>, Failure> {
    let world = World::start(Options { demo: true, variables: local::without_limits(), ..Options::default() }).await?;
    let mut callers = Callers::of(&world).await?;
    let member = Member::sign_in(&world, Role::Admin).await?;
    callers.values.insert("console_session", member.session()?.to_owned());
    let folder = tempfile::tempdir()?;
    let certificates = folder.path().join("certificates.pem");
    let tls = Terminator::new(&certificates)?;
    let mut variables = world.variables.clone();
    for name in ["DYNAMODB", "SECRETS_MANAGER", "S3", "SNS"].map(|service| format!("AWS_ENDPOINT_URL_{service}")) {
        let plain = variables.get(&name).ok_or_else(|| name.clone())?.clone();
        variables.insert(name, tls.before(&plain).await?);
    }
    let (wire, counted) = Wire::before(&world.variables["AWS_ENDPOINT_URL_DYNAMODB"]).await?;
    let counted = tls.before(&counted).await?;
    variables.insert("SSL_CERT_FILE".into(), certificates.display().to_string());
    variables.insert("RUST_LOG".into(), "error".into());
    prepare(&callers, &mut variables).await?;

    let mut contenders = Vec::new();
    for floor in ["floor-hello", "floor-get-item"] {
        contenders.push(Contender::new(root, folder.path(), floor, "channel-users.get")?);
    }
    for event in EVENTS {
        contenders.push(Contender::new(root, folder.path(), event, event)?);
    }
    say("functions: calls of DynamoDB");
    let mut counting = variables.clone();
    counting.insert("AWS_ENDPOINT_URL_DYNAMODB".into(), counted);
    for contender in &mut contenders {
        let event = callers.event(&contender.event)?;
        let mut process = Process::start(&contender.binary, contender.function(), &counting).await?;
        wire.take();
        contender.called(&mut process, &event).await?;
        contender.first_calls = wire.take();
        contender.called(&mut process, &event).await?;
        contender.calls = wire.take();
    }
    for round in 0..STARTS {
        say(&format!("functions: round {} of {STARTS}", round + 1));
        for contender in &mut contenders {
            let samples = samples(contender, &variables, &callers.event(&contender.event)?).await?;
            contender.samples.push(samples);
        }
    }
    Ok(contenders)
}

/// Measures one process: its start, its first call, and the warm calls.
async fn samples(contender: &Contender, variables: &HashMap<String, String>, event: &str) -> Result<Samples, Failure> {
    let mut process = Process::start(&contender.binary, contender.function(), variables).await?;
    let first = contender.called(&mut process, event).await?;
    let mut warm: Vec<Duration> = Vec::with_capacity(CALLS);
    for _ in 0..CALLS {
        warm.push(contender.called(&mut process, event).await?);
    }
    Ok(Samples { ready: process.ready, first, warm, peak_memory: process.peak_memory()? })
}

/// Stores the record that the floor and `channel-users` read, and the snapshot of `jobboard-search`.
async fn prepare(callers: &Callers, variables: &mut HashMap<String, String>) -> Result<(), Failure> {
    callers.push("users").await?;
    callers.push("companies").await?;
    let jobs = callers.post("/2015-03-31/functions/jobboard-search-snapshot/invocations", &[], &json!({})).await?;
    if jobs["jobs"].as_u64().unwrap_or_default() == 0 {
        return Err(format!("no snapshot: {jobs}").into());
    }
    variables.insert("FLOOR_TABLE".into(), variables.get("CHANNEL_TABLE").ok_or("no table")?.clone());
    variables.insert("FLOOR_PK".into(), format!("{}#U20240101001", callers.values["appkey"]));
    variables.insert("FLOOR_SK".into(), "user".into());
    Ok(())
}
