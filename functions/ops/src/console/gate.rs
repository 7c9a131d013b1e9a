//! The gate before every command that a member of staff executes, from the API or from a page.

use serde_json::Value;
use shared::error::Error;
use shared::runtime::caller;
use shared::staff::SignedIn;
use shared::storage::audit::{Act, Actor};
use shared::values::input::Json;

use super::App;
use super::answer::Failure;
use crate::command::{Command, Invocation};

/// Executes a command as the member, who is the actor of its audit records.
pub async fn execute(app: &App, signed_in: &SignedIn, command: &Command, fields: Json) -> Result<Value, Failure> {
    check(command, signed_in)?;
    let invocation = Invocation::of(command, act(app, signed_in, command.name), Some(signed_in.member.clone()));
    Ok((command.execute)(app, &invocation, fields)?.await?)
}

/// An act of the member, for audit records.
pub fn act(app: &App, SignedIn { member, .. }: &SignedIn, action: &str) -> Act {
    let actor = Actor::new("staff", member.id.to_string(), member.name.as_str());
    caller::act_of(actor, action, app.clock.now())
}

/// Whether the roles allow the command, and the proof of the second factor is recent enough for it.
fn check(command: &Command, SignedIn { member, is_stepped_up, .. }: &SignedIn) -> Result<(), Failure> {
    if !command.allows(&member.roles) {
        return Err(Error::forbidden().into());
    }
    if command.needs_step_up && !is_stepped_up {
        return Err(Failure::StepUpNeeded);
    }
    Ok(())
}
