//! The command `find_request`: what a request was, by its id, from the log of the function that received it.

use deserr::Deserr;
use serde_json::Value;
use shared::error::Result;
use shared::staff::Service;
use shared::staff::requests::LoggedRequest;
use shared::staff::roles::Role;
use shared::values::input::Faults;
use shared::values::{Date, RequestId, Text};

use crate::command::{Command, run};
use crate::listing::page;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[Command::reads(
    "find_request",
    "Finds a request of the last fourteen days, or of one day, by its id; a page may be empty while the search goes on",
    |admin, _, fields| run(fields, |read| find(&admin.staff, read)),
)
.by(&[Role::Admin, Role::Auditor, Role::Support])
.fields("request_id day? cursor?", r#"{"request_id": "JKJaXmPLvHcESHA=", "day": "2026-11-29"}"#)];

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct FindRequest {
    request_id: RequestId,
    /// In Shanghai.
    #[deserr(default)]
    day: Option<Date>,
    /// Holds a token of CloudWatch Logs.
    #[deserr(default)]
    cursor: Option<Text<1, 4096>>,
}

async fn find(service: &Service, FindRequest { request_id, day, cursor }: FindRequest) -> Result<Value> {
    let found = service.find_request(&request_id, day.as_ref(), cursor.as_ref().map(Text::as_str)).await?;
    let view = |LoggedRequest { at, members }: LoggedRequest| {
        let mut view = Value::Object(members);
        view["at"] = at.to_second().into();
        view
    };
    Ok(page("requests", found, view))
}
