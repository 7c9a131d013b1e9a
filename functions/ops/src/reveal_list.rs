//! The command `reveal_list`: a page of a list with the fields whole that the list masks. Each page is an audit record with its reason and the ids of
//! its records, and is not shown without it. The console exports with it.

use deserr::Deserr;
use serde_json::{Map, Value};
use shared::error::{Error, Fault, Result};
use shared::hris::reveal::VISIT_FIELDS;
use shared::staff::Member;
use shared::staff::roles::Role;
use shared::storage::audit::{Change, Object};
use shared::values::Text;
use shared::values::input::{Faults, Json};

use crate::admin::Admin;
use crate::command::{Command, Invocation, run};
use crate::reveal::may_reveal;
use crate::{channel_records, hris_records, jobboard, signing, staff};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[Command::changes(
    "reveal_list",
    "Lists records as another command does, with the fields whole that it masks, and records who looked and why",
    |admin, by, fields| run(fields, |read| reveal_list(admin, by, read)),
)
.by(&[Role::Reviewer, Role::Hr, Role::Support, Role::Admin])
.after_step_up()
.sees_whole()
.fields(
    "list filter reason",
    r#"{"list": "list_applications", "filter": "{\"platform_code\": \"gongqiao\", \"company_id\": 1}", "reason": "核对"}"#,
)];

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct RevealList {
    /// The name of the command.
    list: Text<1, 64>,
    /// Its fields, as JSON.
    filter: Text<2, 8192>,
    reason: Text<1, 256>,
}

/// A list with masked fields, and how audit records name its records.
struct Masked {
    command: &'static str,
    rows: &'static str,
    family: &'static str,
    /// Empty if a filter of this name says it.
    kind: &'static str,
    /// The filter with the tenant; empty if the records have none.
    tenant: &'static str,
    id: &'static str,
    fields: &'static [&'static str],
}

const MASKED: &[Masked] = &[
    Masked {
        command: "list_applications",
        rows: "applications",
        family: "signing",
        kind: "application",
        tenant: "platform_code",
        id: "em_id",
        fields: &["real_name"],
    },
    Masked {
        command: "list_handlers",
        rows: "handlers",
        family: "signing",
        kind: "handler",
        tenant: "platform_code",
        id: "handler_id",
        fields: &["phone"],
    },
    EMPLOYEES,
    Masked { command: "find_employee", ..EMPLOYEES },
    Masked {
        command: "list_visits",
        rows: "visits",
        family: "hris",
        kind: "visit",
        tenant: "company_uuid",
        id: "visit_uuid",
        fields: VISIT_FIELDS.names,
    },
    Masked {
        command: "find_user",
        rows: "users",
        family: "jobboard",
        kind: "user",
        tenant: "",
        id: "user_id",
        fields: &["phone"],
    },
    Masked {
        command: "list_contacts",
        rows: "contacts",
        family: "jobboard",
        kind: "user",
        tenant: "",
        id: "other_user_id",
        fields: &["phone"],
    },
    Masked {
        command: "list_records",
        rows: "records",
        family: "channel",
        kind: "",
        tenant: "appkey",
        id: "id",
        fields: &["name"],
    },
    Masked {
        command: "list_staff",
        rows: "staff",
        family: "staff",
        kind: "member",
        tenant: "",
        id: "staff_id",
        fields: &["phone"],
    },
];

const EMPLOYEES: Masked = Masked {
    command: "list_employees",
    rows: "employees",
    family: "hris",
    kind: "employee",
    tenant: "company_uuid",
    id: "uuid",
    fields: &["mobile", "name"],
};

/// A list with masked fields, and its command.
fn masked(name: &str) -> Option<(&'static Masked, &'static Command)> {
    let lists = [
        signing::applications::COMMANDS,
        signing::lists::COMMANDS,
        hris_records::COMMANDS,
        jobboard::users::COMMANDS,
        channel_records::COMMANDS,
        staff::COMMANDS,
    ];
    let masked = MASKED.iter().find(|list| list.command == name)?;
    Some((masked, lists.into_iter().flatten().find(|command| command.name == name)?))
}

/// Whether the roles of a member allow to see the list of a command whole.
pub fn may_see_whole(member: &Member, name: &str) -> bool {
    masked(name).is_some_and(|(list, command)| command.allows(&member.roles) && may_reveal(member, list.family))
}

impl Masked {
    /// What audit records name the records of a page: all of their kind and tenant, with their ids.
    fn change(&self, filter: &Map<String, Value>, rows: &[Value]) -> Change {
        let given = |name: &str| filter.get(name).and_then(Value::as_str).unwrap_or("all").to_owned();
        let kind = if self.kind.is_empty() { given("kind") } else { self.kind.to_owned() };
        let mut change = Change::of(Object::new(self.family, &kind, &[&given(self.tenant)])).fields(self.fields);
        change.ids =
            rows.iter().map(|row| row[self.id].as_str().map_or_else(|| row[self.id].to_string(), str::to_owned)).collect();
        change
    }
}

async fn reveal_list(admin: &Admin, by: &Invocation, RevealList { list, filter, reason }: RevealList) -> Result<Value> {
    let (masked, command) = masked(list.as_str()).ok_or_else(|| Error::missing("list"))?;
    if by.staff.as_ref().is_some_and(|member| !may_see_whole(member, masked.command)) {
        return Err(Error::forbidden());
    }
    let filter: Map<String, Value> = serde_json::from_str(filter.as_str())
        .map_err(|error| Error::invalid([Fault::new("filter", format!("is not valid JSON: {error}"))]))?;
    let fields = Json::from_value(Value::Object(filter.clone()));
    let result = (command.execute)(admin, by, fields)?.await?;
    let rows = result[masked.rows].as_array().map_or(&[][..], Vec::as_slice);
    if !rows.is_empty() {
        admin.audit.record(&by.act, &masked.change(&filter, rows).because(reason.as_str())).await?;
    }
    Ok(result)
}
