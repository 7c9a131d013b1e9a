//! The command `audit`: lists the records of who did what (`shared/src/storage/audit/mod.rs`) by age.

use deserr::Deserr;
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::error::{Error, Fault, Result};
use shared::storage::audit::{AuditLog, Filter, Recorded};
use shared::storage::listing::Order;
use shared::values::input::Faults;
use shared::values::{Date, Moment, Text};

use crate::command::{Command, run};
use crate::listing::{Direction, Limit, in_order};
use shared::staff::roles::Role;

/// The commands of this file.
pub const COMMANDS: &[Command] =
    &[Command::reads("audit", "Lists who did what: by object, by actor or by day", |admin, _, fields| {
        run(fields, |read| list(&admin.audit, read))
    })
    .by(&[Role::Admin, Role::Auditor])
    .fields("object? actor? day? limit? order? cursor?", r#"{"day": "2026-11-29"}"#)
    .sorted(Order::Descending)];

/// The records of an object, of an actor or of a day in Shanghai; exactly one of them.
#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct List {
    /// `family/kind/id`, as records show it.
    #[deserr(default)]
    object: Option<Text<1, 256>>,
    /// `kind/id`, as records show it.
    #[deserr(default)]
    actor: Option<Text<1, 128>>,
    #[deserr(default)]
    day: Option<Date>,
    #[deserr(default)]
    limit: Limit,
    /// The `next_cursor` of the previous page.
    #[deserr(default)]
    cursor: Option<Text<1, 128>>,
    #[deserr(default)]
    order: Option<Direction>,
}

/// What the cursors of a direction begin with. Behind it is the position of a record.
fn mark(order: Order) -> &'static str {
    match order {
        Order::Ascending => "ascending.",
        Order::Descending => "descending.",
    }
}

pub async fn list(audit: &AuditLog, List { object, actor, day, limit: Limit(limit), cursor, order }: List) -> Result<Value> {
    let filter = match (object, actor, day) {
        (Some(object), None, None) => Filter::Object(object.as_str().to_owned()),
        (None, Some(actor), None) if actor.as_str().contains('/') => Filter::Actor(actor.as_str().to_owned()),
        (None, Some(_), None) => return Err(Error::invalid([Fault::new("actor", "must be a kind and an id: app/app1")])),
        (None, None, Some(day)) => Filter::Day(day.as_str().to_owned()),
        _ => return Err(Error::invalid([Fault::new("object", "or actor or day is required, and only one of them")])),
    };
    let size = usize::try_from(limit).map_err(Error::internal)?;
    let order = in_order(order, Order::Descending);
    let position = |cursor: &Text<1, 128>| cursor.as_str().strip_prefix(mark(order)).map(str::to_owned);
    let unknown = || Error::invalid([Fault::new("cursor", "is not a cursor of this list")]);
    let after = cursor.as_ref().map(|cursor| position(cursor).ok_or_else(unknown)).transpose()?;
    let records = audit.list(&filter, size, after.as_deref(), order).await?;
    let next = records.last().filter(|_| records.len() == size).map(|last| format!("{}{}", mark(order), last.ixsk));
    let records: Vec<Value> = records.into_iter().map(view).collect::<Result<_>>()?;
    Ok(json!({"records": records, "next_cursor": next}))
}

/// A record as people read it.
pub fn view(recorded: Recorded) -> Result<Value> {
    let Recorded { at, actor, note, action, request_id, change, ixsk: _ } = recorded;
    let at = Moment::from(Timestamp::from_millisecond(at).map_err(Error::internal)?);
    let mut view = serde_json::to_value(change).map_err(Error::internal)?;
    view["at"] = json!(at);
    view["actor"] = json!({"kind": actor.kind, "id": actor.id, "name": actor.name});
    view["action"] = action.into();
    view["request_id"] = request_id.into();
    if let Some(note) = note {
        view["by"] = note.into();
    }
    // The rows name the ids, too.
    if let Some(view) = view.as_object_mut().filter(|view| view.contains_key("rows")) {
        view.remove("ids");
    }
    Ok(view)
}
