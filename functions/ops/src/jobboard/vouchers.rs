//! The ledger of a user's vouchers, and adjustments of it.

use deserr::Deserr;
use serde_json::{Value, json};
use shared::error::{Error, Fault, Result};
use shared::jobboard::Service;
use shared::jobboard::adjustments::{Adjustment, SUPPORT_DAILY};
use shared::jobboard::reads::{ShownNote, VoucherPage};
use shared::jobboard::vouchers::Entry;
use shared::staff::roles::Role;
use shared::storage::listing::Order;
use shared::values::input::Faults;
use shared::values::{Id, Int, Text};

use super::OfUser;
use crate::command::{Command, Invocation, run};
use crate::listing::page;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[
    Command::reads(
        "list_vouchers",
        "Lists the ledger of a user's vouchers with notes, the newest entry first",
        |admin, _, fields| run(fields, |read| list_vouchers(&admin.jobboard, read)),
    )
    .by(&[Role::Support, Role::Finance, Role::Auditor])
    .fields("user_id limit? order? cursor?", r#"{"user_id": 376295991951886, "limit": 20}"#)
    .sorted(Order::Descending),
    Command::changes(
        "adjust_vouchers",
        "Adds or removes vouchers of a user, once for each reference; support up to 10 a user and day",
        |admin, by, fields| run(fields, |read| adjust_vouchers(&admin.jobboard, by, read)),
    )
    .by(&[Role::Support])
    .fields(
        "user_id change reference reason",
        r#"{"user_id": 376295991951886, "change": 2, "reference": "case-1", "reason": "补偿"}"#,
    ),
];

/// An adjustment is made once per `reference`.
#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct AdjustVouchers {
    user_id: Id,
    change: Int<-100_000, 100_000>,
    reference: Text<1, 64>,
    reason: Text<1, 256>,
}

pub async fn list_vouchers(service: &Service, list: OfUser) -> Result<Value> {
    let VoucherPage { balance, entries } = service.list_vouchers(list.user_id, &list.page()).await?;
    let mut view = page("entries", entries, |entry| {
        let Entry { id, entry_type, title, change, created_at, note } = entry;
        json!({
            "entry_id": id, "type": entry_type, "title": title, "change": change, "at": created_at.to_second(),
            "note": note.as_ref().map(ShownNote::from),
        })
    });
    view["balance"] = balance.into();
    Ok(view)
}

/// The limit of support does not hold for those who are also responsible for money.
fn daily_limit(by: &Invocation) -> Option<u64> {
    let is_limited = |member: &shared::staff::Member| !member.has(Role::Finance) && !member.has(Role::Admin);
    by.staff.as_ref().filter(|member| is_limited(member)).map(|_| SUPPORT_DAILY)
}

pub async fn adjust_vouchers(service: &Service, by: &Invocation, adjust: AdjustVouchers) -> Result<Value> {
    let AdjustVouchers { user_id: user, change, reference, reason } = adjust;
    if change.get() == 0 {
        return Err(Error::invalid([Fault::new("change", "must not be 0")]));
    }
    let (change, daily) = (change.get(), daily_limit(by));
    let adjustment = Adjustment { user, change, reference: &reference, reason: &reason, daily };
    service.adjust_vouchers(&by.act, &adjustment).await?;
    let balance = service.balance(user).await?;
    Ok(json!({"user_id": user, "balance": balance}))
}
