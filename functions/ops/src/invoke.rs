//! `ops-admin`: each event is one command, `{"command":"create_channel","appkey":"channel_001","by":"zhangsan"}`.
//!
//! A failed command fails the invocation, so that a pipeline stops. The error type of the invocation is the kind of the domain error, and its
//! message names each offending field.
//!
//! Each command writes one log line: the request id, its name, how it ended, the names of offending fields, its duration and its DynamoDB calls.
//! The line contains nothing else of the event.

use std::time::Instant;

use deserr::Deserr;
use lambda_runtime::Diagnostic;
use serde_json::{Map, Value};
use shared::error::{Error, Fault, Result};
use shared::runtime::call_counter::counted;
use shared::runtime::metrics::Metric;
use shared::storage::audit::{Act, Actor};
use shared::values::Text;
use shared::values::input::{Faults, Json};

use crate::admin::Admin;
use crate::command::{Command, Invocation};
use crate::{commands, diagnostic};

/// The member that every event has. The other members belong to the command.
#[derive(Deserr)]
#[deserr(error = Faults)]
struct Named {
    command: Text<1, 64>,
}

/// The member that says who is responsible for a command. Audit records note it.
#[derive(Deserr)]
#[deserr(error = Faults)]
struct By {
    #[deserr(default)]
    by: Option<Text<1, 64>>,
}

impl Admin {
    /// Executes the command in an event.
    pub async fn handle(&self, event: &[u8], request_id: &str) -> Result<Value, Diagnostic> {
        self.refresh().await;
        let begun = Instant::now();
        let mut name = None;
        let (result, calls) = counted(self.run(event, request_id, &mut name)).await;
        let fields = result.as_ref().err().map(Error::fields).unwrap_or_default();
        let result = result.map_err(|error| diagnostic(&error));
        let outcome = result.as_ref().err().map_or("done", |diagnostic| diagnostic.error_type.as_str());
        let command = name.unwrap_or("-");
        let properties = [("request_id", request_id), ("command", command), ("outcome", outcome)];
        let mut properties = Map::from_iter(properties.map(|(name, text)| (name.to_owned(), text.into())));
        properties.extend((!fields.is_empty()).then(|| ("fields".to_owned(), fields.into())));
        let milliseconds = begun.elapsed().as_secs_f64() * 1000.0;
        let metrics = [Metric::milliseconds("ms", milliseconds), Metric::count("dynamodb_calls", calls.into())];
        self.log.metrics("ops-admin", self.clock.now(), properties, &metrics);
        result
    }

    /// Executes the command in an event, and sets `name` if there is such a command: any other text could be personal data.
    ///
    /// A repeated command fails or changes nothing, with two exceptions: a command that returns a secret, token or code creates another one
    /// each time, and a command that ends tokens or sessions also ends those that were issued since.
    async fn run(&self, event: &[u8], request_id: &str, name: &mut Option<&'static str>) -> Result<Value> {
        let mut event = Json::parse(event).map_err(|fault| Error::invalid([fault]))?;
        let Named { command } = event.clone().read()?;
        let command = commands::named(command.as_str())?;
        *name = Some(command.name);
        event.remove("command");
        let by = read_by(&mut event, command);
        let act = Act::new(Actor::ops_admin(), command.name, request_id, self.clock.now());
        let act = match &by {
            Ok(Some(by)) => act.noted(by.clone()),
            Ok(None) | Err(_) => act,
        };
        let invocation = Invocation::of(command, act, None);
        match ((command.execute)(self, &invocation, event), by) {
            (Ok(execution), Ok(_)) => execution.await,
            (Err(error), Ok(_)) | (Ok(_), Err(error)) => Err(error),
            (Err(fields), Err(by)) => Err(Error::invalid(fields.faults().iter().chain(by.faults()).cloned())),
        }
    }
}

/// Takes `by` out of an event. A command that changes something must have it.
fn read_by(event: &mut Json, command: &Command) -> Result<Option<Text<1, 64>>> {
    let read = event.clone().read();
    event.remove("by");
    let By { by } = read?;
    if by.is_none() && command.changes {
        return Err(Error::invalid([Fault::new("by", "is required")]));
    }
    Ok(by)
}
