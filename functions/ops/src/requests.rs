//! What the logs of the functions say: `find_request` shows what a request was, by its id; `list_failures` shows what failed without a person.

use deserr::Deserr;
use serde_json::Value;
use shared::error::Result;
use shared::staff::Service;
use shared::staff::failures::FailureKind;
use shared::staff::logged::Logged;
use shared::staff::roles::Role;
use shared::values::input::Faults;
use shared::values::{Date, RequestId, Text};

use crate::command::{Command, run};
use crate::listing::page;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[
    Command::reads(
        "find_request",
        "Finds a request of the last fourteen days, or of one day, by its id; a page may be empty while the search goes on",
        |admin, _, fields| run(fields, |read| find(&admin.staff, read)),
    )
    .by(&[Role::Admin, Role::Auditor, Role::Support])
    .fields("request_id day? cursor?", r#"{"request_id": "JKJaXmPLvHcESHA=", "day": "2026-11-29"}"#),
    Command::reads(
        "list_failures",
        "Lists the rejected notifications of WeChat Pay, or the runs of sweeps with failed items, as find_request lists requests",
        |admin, _, fields| run(fields, |read| list(&admin.staff, read)),
    )
    .by(&FAILURES_FOR)
    .fields("kind day? cursor?", r#"{"kind": "sweeps", "day": "2026-11-29"}"#),
];

/// Who sees failures.
pub const FAILURES_FOR: [Role; 3] = [Role::Admin, Role::Auditor, Role::Finance];

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

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct ListFailures {
    kind: FailureKind,
    /// In Shanghai.
    #[deserr(default)]
    day: Option<Date>,
    /// Holds a token of CloudWatch Logs.
    #[deserr(default)]
    cursor: Option<Text<1, 4096>>,
}

async fn find(service: &Service, FindRequest { request_id, day, cursor }: FindRequest) -> Result<Value> {
    let found = service.find_request(&request_id, day.as_ref(), cursor.as_ref().map(Text::as_str)).await?;
    Ok(page("requests", found, view))
}

async fn list(service: &Service, ListFailures { kind, day, cursor }: ListFailures) -> Result<Value> {
    let found = service.list_failures(kind, day.as_ref(), cursor.as_ref().map(Text::as_str)).await?;
    Ok(page("failures", found, view))
}

fn view(Logged { at, members }: Logged) -> Value {
    let mut view = Value::Object(members);
    view["at"] = at.to_second().into();
    view
}
