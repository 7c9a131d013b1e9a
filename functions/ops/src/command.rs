//! A command as data: what it does, who may execute it, and its fields.

use std::pin::Pin;

use deserr::Deserr;
use serde_json::{Value, json};
use shared::error::{Error, Result};
use shared::staff::Member;
use shared::staff::roles::Role;
use shared::storage::audit::Act;
use shared::storage::listing::Order;
use shared::values::input::{Faults, Json};
use shared::values::mask::Sight;

use crate::admin::Admin;

/// A command of `ops-admin`, which is also an action of staff.
pub struct Command {
    pub name: &'static str,
    /// What it does, in one sentence.
    pub about: &'static str,
    /// Whether it changes or discloses something, so that it must say who is responsible.
    pub changes: bool,
    /// The roles whose members may execute it. The invokers of `ops-admin` may execute every command.
    pub roles: &'static [Role],
    /// Whether a member of staff must have proved the second factor again within the last minutes.
    pub needs_step_up: bool,
    /// The names of the fields, separated by spaces. An optional one ends with `?`.
    pub fields: &'static str,
    /// The fields of an example, as JSON.
    pub example: &'static str,
    /// The direction in which it lists without the field `order`, if it has this field.
    pub order: Option<Order>,
    /// What its lists show of what is masked.
    sight: Sight,
    pub execute: Execute,
}

/// Reads the fields of a command and returns its execution.
type Execute = for<'a> fn(&'a Admin, &'a Invocation, Json) -> Result<Execution<'a>>;

pub type Execution<'a> = Pin<Box<dyn Future<Output = Result<Value>> + Send + 'a>>;

/// Who invokes a command.
pub struct Invocation {
    pub act: Act,
    /// The member of staff; none for an invoker of `ops-admin`.
    pub staff: Option<Member>,
    /// What lists show of what is masked.
    pub sight: Sight,
}

impl Invocation {
    pub fn of(command: &Command, act: Act, staff: Option<Member>) -> Self {
        Self { act, staff, sight: command.sight }
    }
}

impl Command {
    /// A command that changes nothing.
    pub const fn reads(name: &'static str, about: &'static str, execute: Execute) -> Self {
        Self {
            name,
            about,
            changes: false,
            roles: &[],
            needs_step_up: false,
            fields: "",
            example: "{}",
            order: None,
            sight: Sight::Masked,
            execute,
        }
    }

    pub const fn changes(name: &'static str, about: &'static str, execute: Execute) -> Self {
        Self { changes: true, ..Self::reads(name, about, execute) }
    }

    /// Who may execute it, beside the invokers of `ops-admin`.
    pub const fn by(self, roles: &'static [Role]) -> Self {
        Self { roles, ..self }
    }

    pub const fn after_step_up(self) -> Self {
        Self { needs_step_up: true, ..self }
    }

    pub const fn fields(self, fields: &'static str, example: &'static str) -> Self {
        Self { fields, example, ..self }
    }

    /// A list that is read in either direction, and in this one without the field `order`.
    pub const fn sorted(self, usual: Order) -> Self {
        Self { order: Some(usual), ..self }
    }

    /// Its lists show whole what others mask, and it records who looked.
    pub const fn sees_whole(self) -> Self {
        Self { sight: Sight::Whole, ..self }
    }

    pub fn allows(&self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.roles.contains(role))
    }

    /// What `help` says of it.
    pub fn help(&self) -> Result<Value> {
        let mut example = serde_json::Map::from_iter([("command".to_owned(), self.name.into())]);
        example.extend(serde_json::from_str::<serde_json::Map<_, _>>(self.example).map_err(Error::internal)?);
        let by = self.changes.then_some("by");
        example.extend(by.map(|by| (by.to_owned(), "zhangsan".into())));
        Ok(json!({
            "command": self.name,
            "about": self.about,
            "fields": self.fields.split_whitespace().chain(by).collect::<Vec<_>>(),
            "roles": self.roles.iter().map(|role| role.as_str()).collect::<Vec<_>>(),
            "needs_step_up": self.needs_step_up,
            "example": example,
        }))
    }
}

/// The execution of a command with these fields. Boxed for each command alone: the frame of a function that holds the futures of all
/// commands is as large as their sum in a build without optimization, which is half the stack of a thread.
pub fn run<'a, A, F>(fields: Json, command: impl FnOnce(A) -> F) -> Result<Execution<'a>>
where
    A: Deserr<Faults>,
    F: Future<Output = Result<Value>> + Send + 'a,
{
    Ok(Box::pin(command(fields.read()?)))
}
