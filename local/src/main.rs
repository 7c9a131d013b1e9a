//! `cargo run -p local`: the whole system on this machine.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use local::demo::large::{self, Past};
use local::{Options, World};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Runs all of Gongqiao on this machine. Ctrl-C ends it; the data is kept.
#[derive(Parser)]
#[command(name = "local")]
struct Arguments {
    /// The port of the API; 0 takes any free one
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The folder of the data
    #[arg(long, default_value = ".local")]
    data_dir: PathBuf,
    /// Delete the data of earlier runs first
    #[arg(long)]
    fresh: bool,
    /// How much demo data there is
    #[arg(long, value_enum, default_value = "small")]
    demo: Size,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Size {
    /// What the guides and the home page use
    Small,
    /// A month of 1,000 users, orders and applications more
    Large,
}

#[tokio::main]
async fn main() -> ExitCode {
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    tracing_subscriber::registry().with(targets()).with(lines).init();
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&format!("local: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// What the log shows: `RUST_LOG`, or errors only.
#[expect(clippy::disallowed_methods, reason = "the log starts before the system has an environment")]
fn targets() -> Targets {
    let targets = std::env::var("RUST_LOG").ok().and_then(|targets| targets.parse().ok());
    targets.unwrap_or_else(|| Targets::new().with_default(LevelFilter::ERROR))
}

async fn run(arguments: Arguments) -> Result<(), String> {
    let Arguments { port, data_dir, fresh, demo } = arguments;
    let mut variables: HashMap<String, String> = std::env::vars().filter(|(name, _)| is_inherited(name)).collect();
    if !variables.contains_key("AWS_ACCESS_KEY_ID") {
        // Without credentials the endpoint cannot be AWS. `Options::dynamodb` holds it, for DynamoDB Local.
        variables.remove("AWS_ENDPOINT_URL_DYNAMODB");
    }
    if fresh || !data_dir.exists() {
        report(&format!("First start: creates tables, keys and demo data in {}, which takes some seconds", data_dir.display()));
    }
    let is_large = demo == Size::Large;
    let clock = Arc::new(if is_large { Past::of_demo() } else { Past::present() });
    let options = Options { port, data_dir: Some(data_dir.clone()), fresh, demo: true, variables, ..Options::default() };
    let world = World::start(Options { clock: clock.clone(), ..options }).await?;
    if is_large {
        report("Creates the large demo data, which takes a minute or two");
        large::fill(&world, &clock, large::COUNT).await?;
    }
    announce(&world, &data_dir);
    tokio::signal::ctrl_c().await.map_err(|error| error.to_string())?;
    world.stop().await;
    Ok(())
}

/// Whether the functions inherit this variable: endpoints of real services, credentials for them, settings.
fn is_inherited(name: &str) -> bool {
    name.starts_with("AWS_ENDPOINT_URL_")
        || matches!(
            name,
            "AWS_REGION"
                | "AWS_ACCESS_KEY_ID"
                | "AWS_SECRET_ACCESS_KEY"
                | "AWS_SESSION_TOKEN"
                | "STRICT_CHECKSUMS"
                | "REQUIRE_SMS"
                | "WECHAT_URL"
                | "WECHAT_PAY_URL"
                | "SMS_PROVIDER"
                | "SMS_URL"
                | "FREE_REFRESH_HOURS"
                | "DAILY_QUOTAS"
                | "MESSAGES_PER_HOUR"
                | "MESSAGES_PER_DAY"
                | "SESSION_NEEDS_CAPTCHA"
                | "FREE_PHONE_CHANGE"
                | "MODERATION"
                | "MASK_CONTACT"
                | "RETAIN_VISITS_DAYS"
                | "RETAIN_DISMISSED_DAYS"
                | "RETAIN_PICTURES_DAYS"
                | "RETAIN_RESUMES_DAYS"
                | "RETAIN_CLOSED_DAYS"
        )
}

fn announce(world: &World, data_dir: &std::path::Path) {
    let World { base_url, dynamodb_url, s3_url, sms_outbox_url, wechat_url, demo, .. } = world;
    report(&format!("Gongqiao is ready: its home page is {base_url}"));
    report(&format!(
        "  DynamoDB {dynamodb_url}\n  S3       {s3_url}\n  SMS      {sms_outbox_url}\n  WeChat   {wechat_url}\n  data     {}",
        data_dir.display()
    ));
    let Some(demo) = demo else { return };
    for channel in &demo.channel {
        report(&format!("  channel  appkey {}  secret {}", channel.appkey, channel.secret));
    }
    for hris in [&demo.hris, &demo.hris_other] {
        report(&format!("  hris     access_key {}  secret_key {}  token {}", hris.access_key, hris.secret_key, hris.token));
    }
    if let Some(jobboard) = &demo.jobboard {
        report(&format!("  jobboard user {}  merchant {}", jobboard.user_code, jobboard.merchant_code));
    }
    if !demo.staff.is_empty() {
        report(&format!("  console  {base_url}/console  its members of staff are on the home page"));
    }
    if let Some(channel) = demo.channel.first() {
        let (appkey, secret) = (&channel.appkey, &channel.secret);
        report("\nTry it:\n");
        report(&format!(
            "TOKEN=$(curl -s {base_url}/api/v1/auth/token -H 'Content-Type: application/json' -d '{{\"appkey\":\"{appkey}\",\"secret\":\"{secret}\",\"grant_type\":\"client_credentials\"}}' | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')"
        ));
        report(&format!(
            "curl -s {base_url}/api/v1/users -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' -d '{{\"channel_user_id\":\"U20240101001\",\"name\":\"张三\",\"id_card\":\"110101199001011234\",\"phone\":\"13800138000\"}}'"
        ));
        report(&format!("curl -s {base_url}/api/v1/users/U20240101001 -H \"Authorization: Bearer $TOKEN\"\n"));
    }
}

#[expect(clippy::print_stdout, reason = "this program reports to the terminal")]
fn report(line: &str) {
    println!("{line}");
}
