//! Applications: lists, and the moves that administrators make.

use crate::command::{Command, run};
use deserr::Deserr;
use serde_json::{Value, json};
use shared::error::{Error, Result};
use shared::signing::Service;
use shared::signing::states::{Application, Decision, Move, State, Terms, Verification, Verified};
use shared::signing::values::{Number, PlatformCode};
use shared::staff::roles::Role;
use shared::storage::audit::{Act, AuditLog, Change, Object};
use shared::storage::page::PageRequest;
use shared::values::input::Faults;
use shared::values::{Date, Int, Moment, Money, Quotable, Text};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[
    Command::reads("list_applications", "Lists the applications of a platform, the newest first", |admin, by, fields| run(fields, |read| list_applications(&admin.signing, &admin.audit, &by.act, read)))
        .by(&[Role::Reviewer, Role::Auditor])
        .fields("platform_code status? page? page_size? cursor?", r#"{"platform_code": "gongqiao", "status": 1}"#),
    Command::reads("show_application", "Shows an application", |admin, by, fields| run(fields, |read| show_application(&admin.signing, &admin.audit, &by.act, read)))
        .by(&[Role::Reviewer, Role::Auditor])
        .fields("platform_code em_id", r#"{"platform_code": "gongqiao", "em_id": 376295991951886}"#),
    Command::changes("approve_application", "Approves an application and states the terms: 1 -> 2", |admin, by, fields| run(fields, |read| approve(&admin.signing, &by.act, read)))
        .by(&[Role::Reviewer])
        .fields("platform_code em_id contract_id entry_date salary work_pos", r#"{"platform_code": "gongqiao", "em_id": 376295991951886, "contract_id": 1, "entry_date": "2026-12-01", "salary": "5000.00", "work_pos": "服务员"}"#),
    Command::changes("sign_application", "Records that the contract is signed: 2 -> 3", |admin, by, fields| run(fields, |read| sign(&admin.signing, &by.act, read)))
        .by(&[Role::Reviewer])
        .fields("platform_code em_id", r#"{"platform_code": "gongqiao", "em_id": 376295991951886}"#),
    Command::changes("reject_application", "Rejects an application with a reason that the worker sees: 1, 2 -> 4", |admin, by, fields| run(fields, |read| reject(&admin.signing, &by.act, read)))
        .by(&[Role::Reviewer])
        .fields("platform_code em_id reason", r#"{"platform_code": "gongqiao", "em_id": 376295991951886, "reason": "照片不清晰"}"#),
    Command::changes("cancel_application", "Cancels an application: 1, 2 -> 5", |admin, by, fields| run(fields, |read| cancel(&admin.signing, &by.act, read)))
        .by(&[Role::Reviewer])
        .fields("platform_code em_id", r#"{"platform_code": "gongqiao", "em_id": 376295991951886}"#),
    Command::changes("set_verify_status", "Records the verification of the identity", |admin, by, fields| run(fields, |read| set_verify_status(&admin.signing, &by.act, read)))
        .by(&[Role::Reviewer])
        .fields("platform_code em_id verify_status", r#"{"platform_code": "gongqiao", "em_id": 376295991951886, "verify_status": 2}"#),
];

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct ListApplications {
    platform_code: PlatformCode,
    #[deserr(default)]
    status: Option<Int<1, 5>>,
    #[deserr(default)]
    page: Option<Int<1, 1_000_000>>,
    #[deserr(default)]
    page_size: Option<Int<1, 100>>,
    #[deserr(default)]
    cursor: Option<Text<1, 512>>,
}

/// One application.
#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct ShowApplication {
    platform_code: PlatformCode,
    em_id: EmId,
}

pub(super) type EmId = Int<1, 9_007_199_254_740_991>;

/// The application that an administrator decides on.
#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct Decide {
    platform_code: PlatformCode,
    em_id: EmId,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct Approve {
    platform_code: PlatformCode,
    em_id: EmId,
    contract_id: Number,
    entry_date: Date,
    salary: Quotable<Money>,
    work_pos: Text<1, 64>,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct Reject {
    platform_code: PlatformCode,
    em_id: EmId,
    reason: Text<1, 256>,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct SetVerifyStatus {
    platform_code: PlatformCode,
    em_id: EmId,
    verify_status: Int<0, 3>,
}

/// The names in the list are sealed fields: the look at them is recorded.
pub async fn list_applications(service: &Service, audit: &AuditLog, act: &Act, list: ListApplications) -> Result<Value> {
    let state = list.status.and_then(|status| u8::try_from(status.get()).ok()).and_then(|status| State::try_from(status).ok());
    let number = |number: i64| u32::try_from(number).unwrap_or(1);
    let request = PageRequest {
        page: list.page.map_or(1, |page| number(page.get())),
        size: list.page_size.map_or(20, |size| number(size.get())),
        cursor: list.cursor.map(|cursor| cursor.as_str().to_owned()),
    };
    let page = service.applications(&list.platform_code, state, request).await?;
    let shown: Vec<String> = page.list.iter().map(|application| application.signing.em_id.to_string()).collect();
    if !shown.is_empty() {
        let mut look = look(&[list.platform_code.as_str()], &["real_name"]);
        look.ids = shown;
        audit.record(act, &look).await?;
    }
    let rows: Vec<Value> = page.list.iter().map(summary).collect();
    Ok(
        json!({"list": rows, "total": page.total, "page": page.page, "page_size": page.page_size, "next_cursor": page.next_cursor}),
    )
}

/// Name, terms and place are sealed fields: the look at them is recorded.
pub async fn show_application(
    service: &Service,
    audit: &AuditLog,
    act: &Act,
    ShowApplication { platform_code, em_id }: ShowApplication,
) -> Result<Value> {
    let found = service.find_application(&platform_code, em_id.get().unsigned_abs()).await?;
    let found = found.ok_or_else(|| Error::missing("em_id"))?;
    let em_id = found.signing.em_id.to_string();
    audit.record(act, &look(&[platform_code.as_str(), &em_id], &["real_name", "terms", "origin"])).await?;
    Ok(view(&found))
}

/// A look of an administrator at sealed fields of an application, which is a platform and a number, or of many of a platform.
fn look(application: &[&str], fields: &[&str]) -> Change {
    Change::of(Object::new("signing", "application", application)).fields(fields)
}

pub async fn approve(service: &Service, act: &Act, approve: Approve) -> Result<Value> {
    let Approve { platform_code, em_id, contract_id, entry_date, salary: Quotable(salary), work_pos } = approve;
    decide(service, act, &platform_code, em_id, &Decision::Approve(Terms { contract_id, entry_date, salary, work_pos })).await
}

pub async fn sign(service: &Service, act: &Act, Decide { platform_code, em_id }: Decide) -> Result<Value> {
    decide(service, act, &platform_code, em_id, &Decision::Sign).await
}

pub async fn reject(service: &Service, act: &Act, Reject { platform_code, em_id, reason }: Reject) -> Result<Value> {
    decide(service, act, &platform_code, em_id, &Decision::Reject { reason }).await
}

pub async fn cancel(service: &Service, act: &Act, Decide { platform_code, em_id }: Decide) -> Result<Value> {
    decide(service, act, &platform_code, em_id, &Decision::Cancel).await
}

async fn decide(service: &Service, act: &Act, platform: &PlatformCode, em_id: EmId, decision: &Decision) -> Result<Value> {
    service.decide(act, platform, em_id.get().unsigned_abs(), decision).await.map(|application| view(&application))
}

pub async fn set_verify_status(service: &Service, act: &Act, set: SetVerifyStatus) -> Result<Value> {
    let SetVerifyStatus { platform_code, em_id, verify_status } = set;
    let number = u8::try_from(verify_status.get()).map_err(Error::internal)?;
    let to = Verified::try_from(number).map_err(Error::internal)?;
    let changed = service.set_verified(act, &platform_code, em_id.get().unsigned_abs(), to).await?;
    Ok(view(&changed))
}

/// An application in a list.
fn summary(Application { resume, signing }: &Application) -> Value {
    json!({
        "em_id": signing.em_id, "status": signing.state, "real_name": resume.real_name, "company_id": resume.company_id,
        "company_name": signing.company_name, "ad_user_id": resume.ad_user_id, "work_pos": resume.work_pos,
        "apply_time": signing.apply_time,
    })
}

/// An application with its moves. It leaves out the identity number and the photos: they do not belong on an operator's terminal.
fn view(application: &Application) -> Value {
    let signing = &application.signing;
    let mut view = summary(application);
    let terms = signing.terms.as_ref().map(|terms| {
        let Terms { contract_id, entry_date, salary, work_pos } = terms;
        json!({"contract_id": contract_id, "entry_date": entry_date, "salary": salary.to_string(), "work_pos": work_pos})
    });
    view["reason"] = json!(signing.reason);
    view["verify_status"] = json!(signing.verify_status);
    view["terms"] = json!(terms);
    view["city"] = json!(signing.origin.city);
    view["location"] = json!(signing.origin.location);
    view["moves"] = signing.moves.iter().map(|Move { from, to, at, by }| change(json!(from), json!(to), at, by)).collect();
    let verifications = signing.verifications.iter();
    view["verifications"] =
        verifications.map(|Verification { from, to, at, by }| change(json!(from), json!(to), at, by)).collect();
    view
}

fn change(from: Value, to: Value, at: &Moment, by: &Text<1, 64>) -> Value {
    json!({"from": from, "to": to, "at": at, "by": by})
}
