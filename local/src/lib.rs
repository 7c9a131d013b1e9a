//! The whole system on one machine: gateway, functions, DynamoDB, S3 and secrets in one process.
//!
//! `cargo run -p local` and the tests start the same [`World`]. The tests use other ports and a clock that they can set.

mod captchas;
pub mod demo;
pub mod dynamodb;
mod functions;
mod gateway;
mod home;
pub mod http;
mod logs;
pub mod policies;
mod s3;
mod s3_events;
mod s3_versions;
mod secrets;
mod sms;
mod sns;
mod sqs;
mod stream;
pub mod template;
mod wechat;
pub mod wire;

use std::collections::HashMap;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::serve::ListenerExt as _;
use shared::outbound::receivers::{Lookup, SystemLookup};
use shared::runtime::clock::{Clock, SystemClock};
use shared::runtime::environment::Environment;
use shared::runtime::metrics::Log;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

pub use captchas::Captchas;
use demo::Demo;
use dynamodb::Engine;
use functions::Functions;
pub use gateway::Routes;
use logs::Logs;
use ops::admin::Admin;
use policies::Policies;
use s3_events::S3Events;
use sns::Outbox;
use sqs::Sqs;
use stream::Stream;
use template::{REGION, Template};
use wechat::keys;
use wire::{Guard, Quiet, Service, Wire};

const ACCESS_KEY: &str = "local";
const SECRET_KEY: &str = "local-secret";

/// The variables of a system whose users may do as much in a day as a test, a benchmark or fuzzing wants. WeChat would check a hundred
/// contents of a user in an hour.
pub const WITHOUT_LIMITS: [(&str, &str); 4] = [
    (
        "DAILY_QUOTAS",
        "jobs=1000000,refreshes=1000000,unpaid_orders=1000000,uploads=1000000,upload_megabytes=1000000,collections=1000000,contacts=1000000,reports=1000000",
    ),
    ("MESSAGES_PER_HOUR", "1000000"),
    ("MESSAGES_PER_DAY", "1000000"),
    ("MODERATION", "off"),
];

/// [`WITHOUT_LIMITS`] for [`Options::variables`].
pub fn without_limits() -> HashMap<String, String> {
    HashMap::from(WITHOUT_LIMITS.map(|(name, value)| (name.to_owned(), value.to_owned())))
}

pub struct Options {
    /// The port of the API; 0 takes any free one.
    pub port: u16,
    /// The folder of the data. With `None`, the data is deleted when the world ends.
    pub data_dir: Option<PathBuf>,
    /// Delete the data of earlier runs first.
    pub fresh: bool,
    /// Create demo credentials and data.
    pub demo: bool,
    /// The address of an external DynamoDB that checks no signatures, such as DynamoDB Local. It replaces the embedded engine; policies
    /// and `wire` stay in front of it. The default is `AWS_ENDPOINT_URL_DYNAMODB` of this process.
    pub dynamodb: Option<String>,
    pub clock: Arc<dyn Clock>,
    /// Looks the names of receivers of events up.
    pub lookup: Arc<dyn Lookup>,
    /// Where the functions write their log lines.
    pub log: Log,
    /// Set or replace the functions' variables. The functions call an `AWS_ENDPOINT_URL_...` directly, instead of the embedded service.
    /// Credentials are those of all functions. Without credentials, each function has its own, and its policy is enforced.
    pub variables: HashMap<String, String>,
    /// Send the messages of the outbox, and events, by itself. Otherwise they are sent when the text messages are read or events settled, so
    /// that a test knows when.
    pub sends_messages: bool,
    /// Observes the calls that functions make to AWS.
    pub wire: Arc<dyn Wire>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            data_dir: None,
            fresh: false,
            demo: false,
            dynamodb: external_dynamodb(),
            clock: Arc::new(SystemClock),
            lookup: Arc::new(SystemLookup),
            log: Log::silent(),
            variables: HashMap::new(),
            sends_messages: true,
            wire: Arc::new(Quiet),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the tests run against another DynamoDB without any change to them")]
fn external_dynamodb() -> Option<String> {
    std::env::var("AWS_ENDPOINT_URL_DYNAMODB").ok()
}

/// A running system. Dropping this value ends it.
pub struct World {
    pub base_url: String,
    pub dynamodb_url: String,
    pub s3_url: String,
    /// `GET` returns the text messages that were sent.
    pub sms_outbox_url: String,
    /// `GET {events_url}/settle` sends the events that are overdue, and returns when none is left.
    pub events_url: String,
    /// WeChat: the simulator, or the address in `WECHAT_URL`.
    pub wechat_url: String,
    pub demo: Option<Demo>,
    /// The variables with which a function's own binary runs against this system.
    pub variables: HashMap<String, String>,
    servers: JoinSet<()>,
    /// Keeps other systems out of the folder.
    _lock: Option<File>,
    /// The folder of a world without `data_dir`.
    _temporary: Option<tempfile::TempDir>,
}

impl World {
    /// Starts everything and waits until it is ready. An error is one line for the terminal.
    pub async fn start(options: Options) -> Result<Self, String> {
        // Boxed: the many steps would be most of the size of each caller's future.
        Box::pin(Self::assemble(options)).await
    }

    async fn assemble(options: Options) -> Result<Self, String> {
        let Options {
            port,
            data_dir,
            fresh,
            demo,
            dynamodb: external_dynamodb,
            clock,
            lookup,
            log,
            variables: overrides,
            sends_messages,
            wire,
        } = options;
        let gateway = listen(port).await?;
        let template = Template::read()?;
        let (folder, temporary) = folder(data_dir.clone())?;
        let file = |name: &str| data_dir.as_ref().map(|_| folder.join(name));
        let lock = file("lock").map(|path| lock(&path)).transpose()?;
        if fresh {
            clear(&folder)?;
        }
        let mut servers = JoinSet::new();

        let mut variables = template.variables();
        // The template's values are the addresses of the real services.
        for url in ["WECHAT_URL", "WECHAT_PAY_URL", "SMS_URL"] {
            variables.remove(url);
        }
        let have_own_credentials = !overrides.contains_key("AWS_ACCESS_KEY_ID");
        variables.extend(overrides);
        let mut set = |name: &str, value: &str| variables.entry(name.to_owned()).or_insert_with(|| value.to_owned()).clone();
        set("AWS_REGION", REGION);
        let access_key = set("AWS_ACCESS_KEY_ID", ACCESS_KEY);
        let secret_key = set("AWS_SECRET_ACCESS_KEY", SECRET_KEY);

        let names = template.functions();
        let guard = Guard { policies: Arc::new(Policies::of(template)?), wire };

        let stream = Stream::default();
        let dynamodb = listen(0).await?;
        let dynamodb_url = set("AWS_ENDPOINT_URL_DYNAMODB", &url(&dynamodb)?);
        let has_own_dynamodb = dynamodb_url == url(&dynamodb)?;
        if has_own_dynamodb {
            let access_key = dynamodb::access_key(&folder)?;
            let engine = match external_dynamodb {
                Some(url) => {
                    dynamodb::create_tables(&url, &access_key, template, fresh).await?;
                    Engine::External { http: reqwest::Client::new(), url, access_key }
                }
                None => Engine::Embedded(dynamodb::open(file("dynamodb.sqlite").as_deref(), template)?),
            };
            servers.spawn(serve(dynamodb, guard.before(Service::DynamoDb, dynamodb::router(engine, stream.clone()))));
        }
        let s3 = listen(0).await?;
        let s3_url = set("AWS_ENDPOINT_URL_S3", &url(&s3)?);
        let s3_events = S3Events::of_buckets_below(folder.join("s3"));
        if s3_url == url(&s3)? {
            let keys: Vec<&str> = names.iter().chain([&access_key]).map(String::as_str).collect();
            let router = s3::router(&folder.join("s3"), template, &keys, &secret_key, s3_events.clone())?;
            servers.spawn(serve(s3, guard.before(Service::S3, router)));
        }
        let secrets = listen(0).await?;
        let secrets_url = set("AWS_ENDPOINT_URL_SECRETS_MANAGER", &url(&secrets)?);
        if secrets_url == url(&secrets)? {
            let file = file("secrets.json");
            let stored = secrets::open(file.as_deref(), template)?;
            servers.spawn(serve(secrets, guard.before(Service::SecretsManager, secrets::router(stored, file))));
        }

        let sns = listen(0).await?;
        let sns_url = set("AWS_ENDPOINT_URL_SNS", &url(&sns)?);
        let sms_outbox_url = format!("{sns_url}/outbox");
        let outbox = Outbox::new(Arc::clone(&clock), stream.clone());
        // The stream of another DynamoDB is not read here.
        let receives_messages = has_own_dynamodb && sns_url == url(&sns)?;
        servers.spawn(serve(sns, guard.before(Service::Sns, sns::router(outbox.clone()))));

        set("EVENT_RECEIVERS", "loopback");
        let queue = listen(0).await?;
        let events_url = set("AWS_ENDPOINT_URL_SQS", &url(&queue)?);
        let sqs = Sqs::new(Arc::clone(&clock), stream.clone());
        servers.spawn(serve(queue, guard.before(Service::Sqs, sqs::router(sqs.clone()))));

        let kept = Logs::of(template);
        let logs = listen(0).await?;
        if set("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", &url(&logs)?) == url(&logs)? {
            servers.spawn(serve(logs, guard.before(Service::Logs, logs::router(kept.clone()))));
        }

        let wechat = listen(0).await?;
        let wechat_url = set("WECHAT_URL", &url(&wechat)?);
        let wechat_pay_url = set("WECHAT_PAY_URL", &url(&wechat)?);
        let sms = listen(0).await?;
        let simulator_of_sms = url(&sms)?;
        let sms_url = set("SMS_URL", &simulator_of_sms);

        if let Some(file) = file("functions.env") {
            write_variables(&file, &variables)?;
        }
        let environment = Environment::new(variables.clone(), Arc::clone(&clock));
        let simulator_url = url(&wechat)?;
        let is_simulated = wechat_url == simulator_url;
        let secret = async |id: &str| match environment.secret(id).await {
            Ok(secret) => serde_json::from_str(secret.expose()).map_err(|error| format!("{id}: {error}")),
            Err(error) => Err(error.to_string()),
        };
        if let Some(provider) = sms::Provider::of(environment.optional("SMS_PROVIDER")).filter(|_| sms_url == simulator_of_sms)
        {
            let account = secret(&variables["SMS_SECRET"]).await?;
            servers.spawn(serve(sms, sms::router(provider, &account, outbox.clone(), Arc::clone(&clock))));
        }
        if [&wechat_url, &wechat_pay_url].contains(&&simulator_url) {
            let apps = vec![secret(&variables["WECHAT_SECRET"]).await?, secret(&variables["JOBBOARD_WECHAT_SECRET"]).await?];
            let (merchant, platform) = (secret(&variables["WECHAT_PAY_SECRET"]).await?, secret(keys::PLATFORM).await?);
            let (clock, orders) = (Arc::clone(&clock), file("wechat-pay.json"));
            let router = wechat::router(apps, &merchant, &platform, clock, orders, &url(&gateway)?, sends_messages)?;
            servers.spawn(serve(wechat, router));
        }
        // Missing and contradictory variables fail here, not at the first request.
        let operator = Admin::connect(&environment).await.map_err(|error| error.to_string())?;
        let functions = Functions::new(variables.clone(), have_own_credentials, Arc::clone(&clock), lookup, kept.before(log));
        s3_events.deliver_to(functions.clone());
        stream.deliver_to(functions.clone(), guard.clone());
        sqs.deliver_to(functions.clone());
        if sends_messages {
            servers.spawn(stream.run());
            servers.spawn(sqs.run());
        }
        let base_url = url(&gateway)?;
        let demo = match demo {
            true => {
                let (platform, file) = (&variables["SIGNING_PLATFORM"], file("demo.json"));
                let outbox = receives_messages.then_some(&outbox);
                let demo = Demo::prepare(&functions, &operator, &*clock, platform, is_simulated, outbox, file.as_deref());
                Some(Box::pin(demo).await?)
            }
            false => None,
        };
        let mut world = Self {
            base_url,
            dynamodb_url,
            s3_url,
            sms_outbox_url,
            events_url,
            wechat_url,
            demo,
            variables,
            servers,
            _lock: lock,
            _temporary: temporary,
        };
        let home = home::router(&world, is_simulated, Arc::clone(&clock))?;
        world.servers.spawn(serve(gateway, gateway::router(&template.routes(), functions, clock)?.merge(home)));
        if let (Some(demo), Some(file)) = (&world.demo, file("demo.json")) {
            demo.write(&world, &file)?;
        }
        Ok(world)
    }

    /// Ends every server and waits until they have closed the data.
    pub async fn stop(mut self) {
        self.servers.shutdown().await;
    }
}

/// Writes the functions' variables, one `NAME=value` per line.
fn write_variables(file: &Path, variables: &HashMap<String, String>) -> Result<(), String> {
    let mut lines: Vec<String> = variables.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
    lines.sort();
    std::fs::write(file, lines.concat()).map_err(|error| format!("{}: {error}", file.display()))
}

/// Locks a folder: only one system at a time uses it.
fn lock(file: &Path) -> Result<File, String> {
    let lock = File::create(file).map_err(|error| format!("{}: {error}", file.display()))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(_) => Err(format!("{} is held by another one: end it, or choose another --data-dir", file.display())),
    }
}

async fn listen(port: u16) -> Result<TcpListener, String> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => format!("port {port} is taken: choose another one with --port"),
        _ => format!("port {port} cannot be opened: {error}"),
    })
}

fn url(listener: &TcpListener) -> Result<String, String> {
    listener.local_addr().map(|address| format!("http://{address}")).map_err(|error| error.to_string())
}

fn folder(data_dir: Option<PathBuf>) -> Result<(PathBuf, Option<tempfile::TempDir>), String> {
    match data_dir {
        Some(folder) => match std::fs::create_dir_all(&folder) {
            Ok(()) => Ok((folder, None)),
            Err(error) => Err(format!("{}: {error}", folder.display())),
        },
        None => {
            let temporary = tempfile::tempdir().map_err(|error| error.to_string())?;
            Ok((temporary.path().to_owned(), Some(temporary)))
        }
    }
}

async fn serve(listener: TcpListener, router: Router) {
    // Otherwise a body that is written after its head waits until the client acknowledges the head, about 40 ms.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY cannot be set");
        }
    });
    if let Err(error) = axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await {
        tracing::error!(%error, "a server failed");
    }
}

/// Removes the files of earlier runs, and no other files of the folder.
fn clear(data_dir: &Path) -> Result<(), String> {
    let files = [
        "demo.json",
        "functions.env",
        "secrets.json",
        "wechat-pay.json",
        "dynamodb.sqlite",
        "dynamodb.sqlite-wal",
        "dynamodb.sqlite-shm",
    ];
    let removed = files.map(|file| std::fs::remove_file(data_dir.join(file)));
    for result in removed.into_iter().chain([std::fs::remove_dir_all(data_dir.join("s3"))]) {
        match result {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(format!("{}: {error}", data_dir.display()));
            }
            _ => {}
        }
    }
    Ok(())
}
