//! The commands, executed by a member of staff.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;
use shared::staff::SignedIn;

use super::App;
use super::answer::{Failure, Reply};
use super::auth::{Fields, Staff};
use super::gate;
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
    let result = gate::execute(&app, &signed_in, command, fields).await?;
    Ok(Reply(result).into_response())
}
