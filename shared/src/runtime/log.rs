//! The log of a function: one JSON object a line.
//!
//! What the functions say themselves holds nobody's data, at any level. Libraries do not know what is whose, and tell of whole requests
//! below INFO: of them no more than that is ever logged.

use std::collections::HashMap;

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;

/// The crates that are ours.
const OURS: [&str; 7] = ["channel", "hris", "jobboard", "lambda", "ops", "shared", "signing"];

/// Begins to log, as the variables `AWS_LAMBDA_LOG_LEVEL` or else `RUST_LOG` say: a level, INFO where they say something else.
pub fn begin(variables: &HashMap<String, String>) {
    let level = ["AWS_LAMBDA_LOG_LEVEL", "RUST_LOG"].iter().find_map(|name| variables.get(*name)?.parse().ok());
    // Refused where a log was begun before.
    let _ = tracing::subscriber::set_global_default(subscriber(std::io::stdout, level.unwrap_or(LevelFilter::INFO)));
}

/// What logs to this writer.
pub fn subscriber<W>(writer: W, level: LevelFilter) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let targets = Targets::new().with_default(level.min(LevelFilter::INFO)).with_targets(OURS.map(|name| (name, level)));
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false);
    tracing_subscriber::registry().with(targets).with(lines.with_writer(writer))
}
