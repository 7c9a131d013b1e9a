//! The command that moves the records of a family to the keys that its secret names (docs/operations.md, Secrets and their rotation).

use deserr::Deserr;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use shared::error::Result;
use shared::runtime::metrics::{Log, Metric};
use shared::runtime::reseal::Progress;
use shared::storage::audit::Act;
use shared::values::input::Faults;
use shared::values::{Int, Text};

use crate::command::{Command, run};
use crate::families::Families;
use shared::staff::roles::Role;

/// The command of this file.
pub const COMMANDS: &[Command] = &[Command::changes(
    "reseal",
    "Seals records with the current key and removes former indexes, one slice for each call",
    |admin, by, fields| run(fields, |read| reseal(admin.families(), &by.act, &admin.log, admin.clock.now(), read)),
)
.by(&[Role::Admin])
.after_step_up()
.fields("family limit? cursor?", r#"{"family": "hris", "limit": 1000}"#)];

/// A part of a pass over the records of a family.
#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct Reseal {
    family: Family,
    /// The most records of this call, to the next hundred.
    #[deserr(default)]
    limit: Option<Int<1, 100_000>>,
    /// The `next` that the previous call returned.
    #[deserr(default)]
    cursor: Option<Text<1, 2048>>,
}

#[derive(Clone, Copy, Deserr)]
#[deserr(error = Faults, rename_all = lowercase)]
enum Family {
    Channel,
    Hris,
    Signing,
    Jobboard,
    Staff,
}

/// The records of one call if it names no limit.
const RECORDS: u64 = 5000;

pub async fn reseal(
    families: Families<'_>,
    act: &Act,
    log: &Log,
    now: Timestamp,
    Reseal { family, limit, cursor }: Reseal,
) -> Result<Value> {
    let limit = limit.and_then(|limit| u64::try_from(limit.get()).ok()).unwrap_or(RECORDS);
    let cursor = cursor.as_ref().map(Text::as_str);
    let (name, progress) = match family {
        Family::Channel => ("channel", families.channel.reseal(act, limit, cursor).await?),
        Family::Hris => ("hris", families.hris.reseal(act, limit, cursor).await?),
        Family::Signing => ("signing", families.signing.reseal(act, limit, cursor).await?),
        Family::Jobboard => ("jobboard", families.jobboard.reseal(act, limit, cursor).await?),
        Family::Staff => ("staff", families.staff.reseal(act, limit, cursor).await?),
    };
    let Progress { done, failed, changed, next, is_complete } = progress;
    let properties = Map::from_iter([("family".to_owned(), name.into()), ("is_complete".to_owned(), is_complete.into())]);
    let metrics = [Metric::count("resealed", changed), Metric::count("reseal_failed", failed)];
    log.metrics("ops-admin", now, properties, &metrics);
    Ok(json!({"family": name, "done": done, "changed": changed, "failed": failed, "next": next, "complete": is_complete}))
}
