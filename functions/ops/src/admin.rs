//! `ops-admin`: one typed command an event, `{"command":"create_channel","appkey":"channel_001"}`.
//!
//! A command that fails is a failed invocation, so that a pipeline stops at it; its error type is the kind of the domain error
//! and its message names each field.

use std::sync::Arc;

use deserr::Deserr;
use lambda_runtime::Diagnostic;
use serde_json::Value;
use shared::channel;
use shared::channel::values::{RecordId, Text};
use shared::environment::Environment;
use shared::error::{Error, Fault, Kind, Result};
use shared::input::{Faults, Json};

use crate::channels::{self, ChannelsLimit};

/// The services that commands are carried out by.
#[derive(Clone)]
pub struct Admin {
    pub channel: Arc<channel::Service>,
}

/// What can be asked for. Every command is safe to repeat: one that was carried out already is refused or changes nothing.
#[derive(Deserr)]
#[deserr(error = Faults, tag = "command")]
enum Command {
    /// Creates a channel and tells its secret, this once.
    #[deserr(rename = "create_channel")]
    CreateChannel {
        appkey: RecordId,
        #[deserr(default)]
        name: Option<Text<0, 64>>,
    },
    /// Adds a secret and tells it, this once; the old one works until it is retired.
    #[deserr(rename = "rotate_channel_secret")]
    RotateChannelSecret { appkey: RecordId },
    #[deserr(rename = "retire_channel_secret")]
    RetireChannelSecret { appkey: RecordId, secret_id: RecordId },
    /// From now on the channel's tokens are refused and it gets no new ones.
    #[deserr(rename = "disable_channel")]
    DisableChannel { appkey: RecordId },
    #[deserr(rename = "enable_channel")]
    EnableChannel { appkey: RecordId },
    #[deserr(rename = "list_channels")]
    ListChannels {
        #[deserr(default)]
        limit: ChannelsLimit,
        #[deserr(default)]
        cursor: Option<Text<1, 512>>,
    },
}

impl Admin {
    pub async fn connect(environment: &Environment) -> Result<Self> {
        Ok(Self { channel: Arc::new(channel::Service::connect(environment).await?) })
    }

    /// Carries out the command in an event.
    pub async fn handle(&self, event: &[u8]) -> Result<Value, Diagnostic> {
        let command = Json::parse(event).map_err(|fault| Error::invalid([fault])).and_then(Json::read);
        match command {
            Ok(command) => self.run(command).await,
            Err(error) => Err(error),
        }
        .map_err(|error| diagnostic(&error))
    }

    async fn run(&self, command: Command) -> Result<Value> {
        let service = &self.channel;
        match command {
            Command::CreateChannel { appkey, name } => channels::create(service, appkey, name).await,
            Command::RotateChannelSecret { appkey } => channels::rotate_secret(service, &appkey).await,
            Command::RetireChannelSecret { appkey, secret_id } => channels::retire_secret(service, &appkey, &secret_id).await,
            Command::DisableChannel { appkey } => channels::set_enabled(service, &appkey, false).await,
            Command::EnableChannel { appkey } => channels::set_enabled(service, &appkey, true).await,
            Command::ListChannels { limit, cursor } => channels::list(service, limit, cursor.as_ref().map(Text::as_str)).await,
        }
    }
}

/// What an operator may read: a command is not a partner's call, so the cause of a failure of ours is in the log alone too.
fn diagnostic(error: &Error) -> Diagnostic {
    let error_type = match error.kind() {
        Kind::Invalid => "Invalid",
        Kind::NotFound => "NotFound",
        Kind::Conflict => "Conflict",
        Kind::Unauthenticated | Kind::TokenRejected | Kind::Forbidden => "Forbidden",
        Kind::Internal => {
            lambda_runtime::tracing::error!(%error, "command failed");
            "Internal"
        }
    };
    let faults: Vec<String> = error.faults().iter().map(|Fault { field, reason }| format!("{field}: {reason}")).collect();
    let error_message = if faults.is_empty() { "see the log".into() } else { faults.join("; ") };
    Diagnostic { error_type: error_type.into(), error_message }
}
