//! The commands, executed by a member of staff.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;
use shared::error::Error;
use shared::runtime::caller;
use shared::staff::SignedIn;
use shared::storage::audit::Actor;

use super::App;
use super::answer::{Failure, Reply};
use super::auth::{Fields, Staff};
use crate::command::{Command, Invocation};
use crate::commands;
use crate::staff::view;

/// The member, and the names of the commands that the roles allow.
pub async fn me(Staff(SignedIn { member, is_stepped_up, .. }): Staff) -> Response {
    let commands: Vec<&str> =
        commands::all().filter(|command| command.allows(&member.roles)).map(|command| command.name).collect();
    Reply(json!({"staff": view(&member), "is_stepped_up": is_stepped_up, "commands": commands})).into_response()
}

/// Executes a command. It is recorded under the member, so that it needs no `by`.
pub async fn execute(
    State(app): State<App>,
    Path(name): Path<String>,
    Staff(signed_in): Staff,
    Fields(fields): Fields,
) -> Result<Response, Failure> {
    let command = commands::named(&name).map_err(|_| Failure::UnknownPath)?;
    check(command, &signed_in)?;
    let member = signed_in.member;
    let actor = Actor::new("staff", member.id.to_string(), member.name.as_str());
    let act = caller::act_of(actor, command.name, app.clock.now());
    let invocation = Invocation { act, staff: Some(member) };
    let result = (command.execute)(&app, &invocation, fields)?.await?;
    Ok(Reply(result).into_response())
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
