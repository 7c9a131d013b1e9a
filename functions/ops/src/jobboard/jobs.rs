//! Jobs: what users posted, and its removal.

use deserr::Deserr;
use serde_json::{Value, json};
use shared::error::{Error, Result};
use shared::jobboard::Service;
use shared::jobboard::job::State;
use shared::jobboard::reads::{JobFilter, ShownJob};
use shared::jobboard::values::Area;
use shared::staff::roles::Role;
use shared::storage::audit::Act;
use shared::storage::listing::Order;
use shared::values::input::Faults;
use shared::values::{Id, Int, Text};

use super::OfUser;
use crate::command::{Command, run};
use crate::listing::{Direction, Limit, OnePage, page, page_of};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[
    Command::reads("list_user_jobs", "Lists the jobs of a user in every state, the newest first", |admin, _, fields| {
        run(fields, |read| list_user_jobs(&admin.jobboard, read))
    })
    .by(&[Role::Support, Role::Moderator, Role::Auditor])
    .fields("user_id limit? order? cursor?", r#"{"user_id": 376295991951886, "limit": 20}"#)
    .sorted(Order::Descending),
    Command::reads(
        "list_jobs",
        "Lists open or waiting jobs, or the jobs of an owner in any state, by area, status and text; a page reads 500 jobs at most",
        |admin, _, fields| run(fields, |read| list_jobs(&admin.jobboard, read)),
    )
    .by(&[Role::Moderator, Role::Auditor])
    .fields("owner_id? area_id? status? text? limit? order? cursor?", r#"{"area_id": 110100, "text": "厨师", "limit": 20}"#)
    .sorted(Order::Descending),
    Command::reads("show_job", "Shows a job in any state, with its photos and the reason of a removal", |admin, _, fields| {
        run(fields, |read| show_job(&admin.jobboard, read))
    })
    .by(&[Role::Support, Role::Moderator, Role::Auditor])
    .fields("job_id", r#"{"job_id": 376295991951886}"#),
    Command::changes("take_down_job", "Takes a job down, with a reason", |admin, by, fields| {
        run(fields, |read| remove_job(&admin.jobboard, &by.act, read, State::TakenDown))
    })
    .by(&[Role::Moderator])
    .fields("job_id reason", r#"{"job_id": 376295991951886, "reason": "虚假招聘"}"#),
    Command::changes("delete_job", "Deletes a job for good", |admin, by, fields| {
        run(fields, |read| remove_job(&admin.jobboard, &by.act, read, State::Deleted))
    })
    .by(&[Role::Moderator])
    .fields("job_id reason", r#"{"job_id": 376295991951886, "reason": "虚假招聘"}"#),
    Command::changes("restore_job", "Returns a job that was taken down to its state before", |admin, by, fields| {
        run(fields, |read| restore_job(&admin.jobboard, &by.act, read))
    })
    .by(&[Role::Moderator])
    .fields("job_id", r#"{"job_id": 376295991951886}"#),
    Command::changes(
        "approve_job",
        "Approves the content of a job that waits; nothing of WeChat's check holds it back any more",
        |admin, by, fields| run(fields, |read| approve_job(&admin.jobboard, &by.act, read)),
    )
    .by(&[Role::Moderator])
    .fields("job_id", r#"{"job_id": 376295991951886}"#),
    Command::reads(
        "list_reports",
        "Lists the reports on jobs that wait for a decision, the newest first",
        |admin, _, fields| run(fields, |read| list_reports(&admin.jobboard, read)),
    )
    .by(&[Role::Moderator, Role::Auditor])
    .fields("limit? order? cursor?", r#"{"limit": 20}"#)
    .sorted(Order::Descending),
    Command::changes("close_reports", "Closes the reports on a job that stays as it is, with a reason", |admin, by, fields| {
        run(fields, |read| close_reports(&admin.jobboard, &by.act, read))
    })
    .by(&[Role::Moderator])
    .fields("job_id reason", r#"{"job_id": 376295991951886, "reason": "属实"}"#),
];

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct ListJobs {
    #[deserr(default)]
    owner_id: Option<Id>,
    /// A province, city, district or street.
    #[deserr(default)]
    area_id: Option<Area>,
    #[deserr(default)]
    status: Option<Int<1, 5>>,
    /// A part of the positions, the description or the address.
    #[deserr(default)]
    text: Option<Text<1, 64>>,
    #[deserr(default)]
    limit: Limit,
    #[deserr(default)]
    cursor: Option<Text<1, 512>>,
    #[deserr(default)]
    order: Option<Direction>,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct OneJob {
    job_id: Id,
}

/// A job to take down or to delete, or whose reports to close.
#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct RemoveJob {
    job_id: Id,
    reason: Text<1, 256>,
}

pub async fn list_user_jobs(service: &Service, list: OfUser) -> Result<Value> {
    let filter = JobFilter { owner: Some(list.user_id), ..JobFilter::default() };
    Ok(page("jobs", service.list_jobs(&filter, &list.page()).await?, |job| json!(job)))
}

pub async fn list_jobs(service: &Service, list: ListJobs) -> Result<Value> {
    let state = |status: Int<1, 5>| u8::try_from(status.get()).map_err(Error::internal)?.try_into().map_err(Error::internal);
    let filter = JobFilter {
        owner: list.owner_id,
        area: list.area_id,
        state: list.status.map(state).transpose()?,
        text: list.text.map(|text| text.as_str().to_owned()),
    };
    let jobs = service.list_jobs(&filter, &page_of(&list.limit, list.cursor.as_ref(), list.order, Order::Descending)).await?;
    Ok(page("jobs", jobs, |job| json!(job)))
}

pub async fn show_job(service: &Service, OneJob { job_id }: OneJob) -> Result<Value> {
    let (job, others) = service.show_job(job_id).await?;
    let mut view = json!(job);
    view["other_jobs_of_owner"] = others.into();
    Ok(view)
}

/// `state` is [`State::TakenDown`] or [`State::Deleted`].
pub async fn remove_job(service: &Service, act: &Act, RemoveJob { job_id, reason }: RemoveJob, state: State) -> Result<Value> {
    service.remove_job(act, job_id, state, &reason).await?;
    Ok(json!({"job_id": job_id, "status": u8::from(state)}))
}

/// Erased pictures do not come back: the response says when the clean-up erased them, and which photos are left.
pub async fn restore_job(service: &Service, act: &Act, OneJob { job_id }: OneJob) -> Result<Value> {
    let job = ShownJob::from(&service.restore_job(act, job_id).await?);
    Ok(json!({
        "job_id": job_id, "status": job.status, "photo_urls": job.photo_urls, "pictures_erased_at": job.pictures_erased_at,
    }))
}

pub async fn approve_job(service: &Service, act: &Act, OneJob { job_id }: OneJob) -> Result<Value> {
    service.approve_job(act, job_id).await?;
    Ok(json!({"job_id": job_id, "status": u8::from(State::Open)}))
}

pub async fn list_reports(service: &Service, list: OnePage) -> Result<Value> {
    let reports = service.list_reports(&list.page(Order::Descending)).await?;
    Ok(page("reports", reports, |report| json!(report)))
}

pub async fn close_reports(service: &Service, act: &Act, RemoveJob { job_id, reason }: RemoveJob) -> Result<Value> {
    service.close_reports(act, job_id, &reason).await?;
    Ok(json!({"job_id": job_id}))
}
