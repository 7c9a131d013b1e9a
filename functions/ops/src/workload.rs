//! The command `show_workload`: what waits for a member of staff, by role, and how much happened in the last days. It is the home page of the
//! console.

use deserr::Deserr;
use futures::future::OptionFuture;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shared::error::Result;
use shared::signing::waiting::Waiting;
use shared::staff::logged::Count;
use shared::staff::roles::Role;
use shared::staff::{self, Assigned};
use shared::storage::audit::AuditLog;
use shared::storage::listing::{Order, PageOf};
use shared::values::input::Faults;
use shared::values::{Date, LocalTime};
use shared::{hris, jobboard, signing};

use crate::admin::Admin;
use crate::command::{Command, Invocation, run};
use crate::hris_imports;
use crate::requests::FAILURES_FOR;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[Command::reads(
    "show_workload",
    "Shows what waits for a member of staff, and how much happened today and in the seven days before, by role",
    |admin, by, fields| run(fields, |read| show(admin, by, read)),
)
.by(Role::ALL)];

/// How many of the newest imports are looked at.
const IMPORTS: u32 = 50;
/// How many days are counted concurrently.
const AT_ONCE: usize = 4;

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct ShowWorkload {}

/// Only the parts that the roles of the member allow. An invoker of `ops-admin` is assigned to no company, and gets all other parts.
async fn show(admin: &Admin, by: &Invocation, ShowWorkload {}: ShowWorkload) -> Result<Value> {
    let has = |roles: &[Role]| by.staff.as_ref().is_none_or(|member| roles.iter().any(|role| member.has(*role)));
    let assigned = by.staff.as_ref().and_then(|member| member.assigned.as_ref());
    let days = days(admin.clock.now());
    let (applications, orders, failures, reports, contents, imports, records) = tokio::join!(
        OptionFuture::from(assigned.map(|assigned| applications(&admin.signing, assigned))),
        OptionFuture::from(has(&[Role::Support, Role::Finance]).then(|| orders(&admin.jobboard, &days))),
        OptionFuture::from(has(&FAILURES_FOR).then(|| failures(&admin.staff))),
        OptionFuture::from(has(&[Role::Moderator]).then(|| reports(&admin.jobboard))),
        OptionFuture::from(has(&[Role::Moderator]).then(|| contents(&admin.jobboard))),
        OptionFuture::from(has(&[Role::Hr]).then(|| unfinished_imports(&admin.hris))),
        OptionFuture::from(has(&[Role::Admin, Role::Auditor]).then(|| records(&admin.audit, &days))),
    );
    let mut shown = json!({"day": days[0]});
    let parts = [
        ("applications", applications),
        ("orders", orders),
        ("failures", failures),
        ("reports", reports),
        ("contents", contents),
        ("imports", imports),
        ("audit", records),
    ];
    for (name, part) in parts {
        if let Some(part) = part {
            shown[name] = part?;
        }
    }
    Ok(shown)
}

/// Today in Shanghai and the seven days before, the newest first.
fn days(now: Timestamp) -> [Date; 8] {
    [0, 1, 2, 3, 4, 5, 6, 7].map(|ago| LocalTime::from(now - SignedDuration::from_hours(24 * ago)).date())
}

/// The number of each day, the newest first.
async fn counted<F>(days: &[Date], count: impl Fn(Date) -> F) -> Result<Value>
where
    F: Future<Output = Result<i64>>,
{
    let counts: Vec<F> = days.iter().cloned().map(count).collect();
    let counts: Vec<i64> = stream::iter(counts).buffered(AT_ONCE).try_collect().await?;
    Ok(days.iter().zip(counts).map(|(day, count)| json!({"day": day, "count": count})).collect())
}

/// The applications that wait for a reviewer, for each company.
async fn applications(service: &signing::Service, Assigned { platform_code, companies, .. }: &Assigned) -> Result<Value> {
    let view = |Waiting { company_id, company_name, applied, approved }: Waiting| {
        json!({
            "platform_code": platform_code, "company_id": company_id, "company_name": company_name, "applied": applied,
            "approved": approved,
        })
    };
    Ok(service.waiting_applications(platform_code, companies).await?.into_iter().map(view).collect())
}

async fn orders(service: &jobboard::Service, days: &[Date]) -> Result<Value> {
    let to_review = service.count_orders_to_review().await?;
    let days = counted(days, |day| async move { service.count_orders(&day).await }).await?;
    Ok(json!({"to_review": to_review, "days": days}))
}

/// The failures of the last 24 hours, each kind with its number and whether all were counted; null while CloudWatch Logs cannot be read. The
/// other parts do not fail with it.
async fn failures(service: &staff::Service) -> Result<Value> {
    let counted = service.count_failures().await.unwrap_or_else(|error| {
        tracing::warn!(%error, "failures could not be counted");
        None
    });
    let (notifications, sweeps) = counted.unzip();
    let view =
        |counted: Option<Count>| counted.map(|Count { count, is_complete }| json!({"count": count, "complete": is_complete}));
    Ok(json!({"notifications": view(notifications), "sweeps": view(sweeps)}))
}

async fn reports(service: &jobboard::Service) -> Result<Value> {
    Ok(json!({"waiting": service.count_reports().await?}))
}

/// The jobs and the names of users that wait for a moderator.
async fn contents(service: &jobboard::Service) -> Result<Value> {
    let (jobs, names) = service.count_waiting().await?;
    Ok(json!({"jobs": jobs, "names": names}))
}

/// The newest imports that have not read all rows.
async fn unfinished_imports(service: &hris::Service) -> Result<Value> {
    let page = PageOf { size: IMPORTS, cursor: None, order: Order::Descending };
    let newest = service.list_imports(None, &page).await?.list;
    Ok(newest.iter().filter(|import| !import.is_complete()).map(hris_imports::view).collect())
}

async fn records(audit: &AuditLog, days: &[Date]) -> Result<Value> {
    Ok(json!({"days": counted(days, |day| async move { audit.count(&day).await }).await?}))
}
