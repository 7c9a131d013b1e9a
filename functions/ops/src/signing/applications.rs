//! Applications: lists, and the moves that staff make.

use deserr::Deserr;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use shared::error::{Error, Fault, Result};
use shared::signing::Service;
use shared::signing::decisions::Seen;
use shared::signing::listing::{Filter, Person};
use shared::signing::states::{Decision, State, Terms, Verified};
use shared::signing::values::{Number, PlatformCode};
use shared::staff::roles::Role;
use shared::storage::audit::{AuditLog, Change, Object};
use shared::storage::listing::Order;
use shared::values::input::Faults;
use shared::values::{Date, Int, LocalTime, Money, Quotable, Secret, Text};

use super::scope::Scope;
use super::views;
use crate::command::{Command, Invocation, run};
use crate::listing::{Direction, Limit, page, page_of};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[
    Command::reads("list_applications", "Lists the applications of a platform by the time of their submission, the newest first", |admin, by, fields| {
        run(fields, |read| list_applications(&admin.signing, by, read))
    })
    .by(&[Role::Reviewer, Role::Auditor])
    .fields(
        "platform_code status? company_id? handler_id? from? to? name? phone? id_number? limit? order? cursor?",
        r#"{"platform_code": "gongqiao", "status": 1, "company_id": 1, "from": "2026-12-01", "to": "2026-12-31"}"#,
    )
    .sorted(Order::Descending),
    Command::reads("show_application", "Shows an application with its résumé, photos and history", |admin, by, fields| {
        run(fields, |read| show_application(&admin.signing, &admin.audit, by, read))
    })
    .by(&[Role::Reviewer, Role::Auditor])
    .fields("platform_code em_id", r#"{"platform_code": "gongqiao", "em_id": 376295991951886}"#),
    Command::changes("approve_application", "Approves an application and states the terms: 1 -> 2", |admin, by, fields| {
        run(fields, |read| approve(&admin.signing, by, read))
    })
    .by(&[Role::Reviewer])
    .fields(
        "platform_code em_id version contract_id entry_date salary work_pos",
        r#"{"platform_code": "gongqiao", "em_id": 376295991951886, "version": 1, "contract_id": 1, "entry_date": "2026-12-01", "salary": "5000.00", "work_pos": "服务员"}"#,
    ),
    Command::changes("sign_application", "Records that the contract is signed: 2 -> 3", |admin, by, fields| {
        run(fields, |read| sign(&admin.signing, by, read))
    })
    .by(&[Role::Reviewer])
    .fields("platform_code em_id version", SEEN),
    Command::changes(
        "reject_application",
        "Rejects an application with a reason that the worker sees: 1, 2 -> 4",
        |admin, by, fields| run(fields, |read| reject(&admin.signing, by, read)),
    )
    .by(&[Role::Reviewer])
    .fields(
        "platform_code em_id version reason",
        r#"{"platform_code": "gongqiao", "em_id": 376295991951886, "version": 1, "reason": "照片不清晰"}"#,
    ),
    Command::changes("cancel_application", "Cancels an application: 1, 2 -> 5", |admin, by, fields| {
        run(fields, |read| cancel(&admin.signing, by, read))
    })
    .by(&[Role::Reviewer])
    .fields("platform_code em_id version", SEEN),
    Command::changes("set_verify_status", "Records the verification of the identity", |admin, by, fields| {
        run(fields, |read| set_verify_status(&admin.signing, by, read))
    })
    .by(&[Role::Reviewer])
    .fields(
        "platform_code em_id version verify_status",
        r#"{"platform_code": "gongqiao", "em_id": 376295991951886, "version": 1, "verify_status": 2}"#,
    ),
];

/// The example of a command that names an application and its version.
const SEEN: &str = r#"{"platform_code": "gongqiao", "em_id": 376295991951886, "version": 1}"#;

/// Whose reads are not limited to what they are assigned to. No role decides on everything.
const READS_ALL: &[Role] = &[Role::Auditor];

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct ListApplications {
    platform_code: PlatformCode,
    #[deserr(default)]
    status: Option<Int<1, 5>>,
    #[deserr(default)]
    company_id: Option<Number>,
    #[deserr(default)]
    handler_id: Option<Number>,
    /// The first and the last day of the submission, in Shanghai.
    #[deserr(default)]
    from: Option<Date>,
    #[deserr(default)]
    to: Option<Date>,
    #[deserr(default)]
    name: Option<Text<1, 64>>,
    #[deserr(default)]
    phone: Option<Text<1, 64>>,
    #[deserr(default)]
    id_number: Option<Text<1, 64>>,
    #[deserr(default)]
    limit: Limit,
    #[deserr(default)]
    cursor: Option<Text<1, 512>>,
    #[deserr(default)]
    order: Option<Direction>,
}

/// One application.
#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct ShowApplication {
    platform_code: PlatformCode,
    em_id: EmId,
}

pub(super) type EmId = Int<1, 9_007_199_254_740_991>;
/// What `show_application` showed.
type Version = Int<1, 9_007_199_254_740_991>;

/// The application that an administrator decides on.
#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct Decide {
    platform_code: PlatformCode,
    em_id: EmId,
    version: Version,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct Approve {
    platform_code: PlatformCode,
    em_id: EmId,
    version: Version,
    contract_id: Number,
    entry_date: Date,
    salary: Quotable<Money>,
    work_pos: Text<1, 64>,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct Reject {
    platform_code: PlatformCode,
    em_id: EmId,
    version: Version,
    reason: Text<1, 256>,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct SetVerifyStatus {
    platform_code: PlatformCode,
    em_id: EmId,
    version: Version,
    verify_status: Int<0, 3>,
}

async fn list_applications(service: &Service, by: &Invocation, list: ListApplications) -> Result<Value> {
    let ListApplications { platform_code, limit, cursor, order, .. } = &list;
    let scope = Scope::of(by, READS_ALL);
    let filter = Filter {
        state: list.status.and_then(|status| u8::try_from(status.get()).ok()).and_then(|status| State::try_from(status).ok()),
        company: scope.company(platform_code, list.company_id)?,
        handler: list.handler_id,
        from: list.from.as_ref().map(midnight).transpose()?,
        until: list.to.as_ref().map(midnight).transpose()?.map(|to| to.checked_add(DAY).unwrap_or(Timestamp::MAX)),
        person: person(&list)?,
    };
    if filter.until.is_some_and(|until| filter.from.is_some_and(|from| until <= from)) {
        return Err(Error::invalid([Fault::new("to", "must not be before from")]));
    }
    let page_of = page_of(limit, cursor.as_ref(), *order, Order::Descending);
    let listed = service.list_applications(platform_code, &filter, &page_of).await?;
    Ok(page("applications", listed, |application| views::summary(&application, by.sight)))
}

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// The beginning of a day in Shanghai.
fn midnight(day: &Date) -> Result<Timestamp> {
    let time = LocalTime::parse(&format!("{} 00:00", day.as_str())).map_err(Error::internal)?;
    Timestamp::from_millisecond(time.as_millisecond()).map_err(Error::internal)
}

fn person(ListApplications { name, phone, id_number, .. }: &ListApplications) -> Result<Option<Person>> {
    let secret = |text: &Text<1, 64>| Secret::new(text.as_str().to_owned());
    match (name, phone, id_number) {
        (None, None, None) => Ok(None),
        (Some(name), None, None) => Ok(Some(Person::Name(name.clone()))),
        (None, Some(phone), None) => Ok(Some(Person::Phone(secret(phone)))),
        (None, None, Some(number)) => Ok(Some(Person::IdNumber(secret(number)))),
        _ => Err(Error::invalid([Fault::new("name", "or phone or id_number: only one of them")])),
    }
}

/// A reviewer sees what a decision needs, and the look is recorded. An auditor sees all of it masked, and no picture; so does an auditor who reviews
/// other companies.
async fn show_application(
    service: &Service,
    audit: &AuditLog,
    by: &Invocation,
    ShowApplication { platform_code, em_id }: ShowApplication,
) -> Result<Value> {
    let is_reviewer = by.staff.as_ref().is_none_or(|member| member.has(Role::Reviewer));
    let decides = is_reviewer.then(|| Scope::of(by, &[]).on(&platform_code).ok()).flatten();
    let reach = Scope::of(by, READS_ALL).on(&platform_code)?;
    let shown = service.show_application(&platform_code, em_id.get().unsigned_abs(), reach, decides).await?;
    if !shown.is_decided {
        return Ok(views::masked(&shown.application));
    }
    let em_id = shown.application.signing.em_id.to_string();
    let look = Object::new("signing", "application", &[platform_code.as_str(), &em_id]);
    audit.record(&by.act, &Change::of(look).fields(views::SHOWN)).await?;
    Ok(views::whole(&shown))
}

async fn approve(service: &Service, by: &Invocation, approve: Approve) -> Result<Value> {
    let Approve { platform_code, em_id, version, contract_id, entry_date, salary: Quotable(salary), work_pos } = approve;
    let terms = Terms { contract_id, entry_date, salary, work_pos };
    decide(service, by, &Decide { platform_code, em_id, version }, &Decision::Approve(terms)).await
}

async fn sign(service: &Service, by: &Invocation, seen: Decide) -> Result<Value> {
    decide(service, by, &seen, &Decision::Sign).await
}

async fn reject(service: &Service, by: &Invocation, reject: Reject) -> Result<Value> {
    let Reject { platform_code, em_id, version, reason } = reject;
    decide(service, by, &Decide { platform_code, em_id, version }, &Decision::Reject { reason }).await
}

async fn cancel(service: &Service, by: &Invocation, seen: Decide) -> Result<Value> {
    decide(service, by, &seen, &Decision::Cancel).await
}

async fn decide(service: &Service, by: &Invocation, seen: &Decide, decision: &Decision) -> Result<Value> {
    let decided = service.decide(&by.act, &seen.by(by)?, decision).await?;
    Ok(views::decided(&decided))
}

async fn set_verify_status(service: &Service, by: &Invocation, set: SetVerifyStatus) -> Result<Value> {
    let SetVerifyStatus { platform_code, em_id, version, verify_status } = set;
    let number = u8::try_from(verify_status.get()).map_err(Error::internal)?;
    let to = Verified::try_from(number).map_err(Error::internal)?;
    let decided = service.set_verified(&by.act, &Decide { platform_code, em_id, version }.by(by)?, to).await?;
    Ok(views::decided(&decided))
}

impl Decide {
    /// What the caller saw. Only what a reviewer is assigned to exists for a decision.
    fn by<'a>(&'a self, by: &'a Invocation) -> Result<Seen<'a>> {
        let Self { platform_code: platform, em_id, version } = self;
        let reach = Scope::of(by, &[]).on(platform)?;
        Ok(Seen { platform, em_id: em_id.get().unsigned_abs(), version: version.get().unsigned_abs(), reach })
    }
}
