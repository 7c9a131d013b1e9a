//! The log of a function: one JSON object per line.
//!
//! Our own log lines never contain personal data, at any level. Libraries log whole requests below INFO, so their lines are logged from INFO
//! up only, whatever the level.

use std::collections::HashMap;

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;

/// The crates of this repository that log.
const OURS: [&str; 7] = ["channel", "hris", "jobboard", "lambda", "ops", "shared", "signing"];

/// Starts the log at the level in `AWS_LAMBDA_LOG_LEVEL` or `RUST_LOG`. The default is INFO, also if the value is not a level.
pub fn begin(variables: &HashMap<String, String>) {
    let level = ["AWS_LAMBDA_LOG_LEVEL", "RUST_LOG"].iter().find_map(|name| variables.get(*name)?.parse().ok());
    // Fails if the process has a log already.
    let _ = tracing::subscriber::set_global_default(subscriber(std::io::stdout, level.unwrap_or(LevelFilter::INFO)));
}

/// A subscriber that logs to this writer.
pub fn subscriber<W>(writer: W, level: LevelFilter) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let targets = Targets::new().with_default(level.min(LevelFilter::INFO)).with_targets(OURS.map(|name| (name, level)));
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false);
    tracing_subscriber::registry().with(targets).with(lines.with_writer(writer))
}
