//! Users with their contacts and pictures, and bans.

use deserr::Deserr;
use serde_json::{Value, json};
use shared::error::{Error, Fault, Result};
use shared::jobboard::Service;
use shared::jobboard::names::NameDecision;
use shared::jobboard::reads::NamedUser;
use shared::staff::roles::Role;
use shared::storage::audit::Act;
use shared::storage::listing::Order;
use shared::values::input::Faults;
use shared::values::mask::Sight;
use shared::values::{Id, Mobile, Secret, Text};

use super::OfUser;
use crate::command::{Command, run};
use crate::listing::{Limit, OnePage, page};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[
    Command::reads("find_user", "Finds users of the job board by id, phone or openid, masked", |admin, by, fields| {
        run(fields, |read| find_user(&admin.jobboard, by.sight, read))
    })
    .by(&[Role::Support, Role::Finance, Role::Moderator, Role::Auditor])
    .fields("user_id? phone? openid?", r#"{"phone": "13800138000"}"#),
    Command::reads("show_user", "Shows a user of the job board, with counts, balance and ban, masked", |admin, _, fields| {
        run(fields, |read| show_user(&admin.jobboard, read))
    })
    .by(&[Role::Support, Role::Finance, Role::Moderator, Role::Auditor])
    .fields("user_id", r#"{"user_id": 376295991951886}"#),
    Command::reads(
        "list_contacts",
        "Lists the contacts of a user in both directions, the newest first",
        |admin, by, fields| run(fields, |read| list_contacts(&admin.jobboard, by.sight, read)),
    )
    .by(&[Role::Support, Role::Moderator, Role::Auditor])
    .fields("user_id limit? order? cursor?", r#"{"user_id": 376295991951886, "limit": 20}"#)
    .sorted(Order::Descending),
    Command::reads("list_pictures", "Lists the pictures that a user uploaded, the oldest first", |admin, _, fields| {
        run(fields, |read| list_pictures(&admin.jobboard, read))
    })
    .by(&[Role::Moderator, Role::Auditor])
    .fields("user_id limit? cursor?", r#"{"user_id": 376295991951886, "limit": 20}"#),
    Command::changes(
        "ban_user",
        "Bans a user: ends all tokens, rejects log-ins, takes the open jobs down",
        |admin, by, fields| run(fields, |read| ban_user(&admin.jobboard, &by.act, read)),
    )
    .by(&[Role::Moderator])
    .fields("user_id reason", r#"{"user_id": 376295991951886, "reason": "发布虚假招聘"}"#),
    Command::changes("unban_user", "Ends a ban, and restores the jobs that it took down if asked to", |admin, by, fields| {
        run(fields, |read| unban_user(&admin.jobboard, &by.act, read))
    })
    .by(&[Role::Moderator])
    .fields("user_id restore_jobs?", r#"{"user_id": 376295991951886, "restore_jobs": true}"#),
    Command::reads("list_names", "Lists the names of users that wait for a decision", |admin, _, fields| {
        run(fields, |read| list_names(&admin.jobboard, read))
    })
    .by(&[Role::Moderator, Role::Auditor])
    .fields("limit? order? cursor?", r#"{"limit": 20}"#)
    .sorted(Order::Descending),
    Command::changes("approve_name", "Approves the name of a user that waits", |admin, by, fields| {
        run(fields, |read| decide_name(&admin.jobboard, &by.act, read, NameDecision::Approved))
    })
    .by(&[Role::Moderator])
    .fields("user_id name", r#"{"user_id": 376295991951886, "name": "银行街小吃店"}"#),
    Command::changes("reject_name", "Rejects the name of a user that waits, who keeps the one before", |admin, by, fields| {
        run(fields, |read| decide_name(&admin.jobboard, &by.act, read, NameDecision::Rejected))
    })
    .by(&[Role::Moderator])
    .fields("user_id name", r#"{"user_id": 376295991951886, "name": "官方客服"}"#),
    Command::changes("end_user_sessions", "Ends all tokens of a user, who may log in again", |admin, by, fields| {
        run(fields, |read| end_user_sessions(&admin.jobboard, &by.act, read))
    })
    .by(&[Role::Support, Role::Moderator])
    .fields("user_id", r#"{"user_id": 376295991951886}"#),
];

/// One of the three.
#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct FindUser {
    #[deserr(default)]
    user_id: Option<Id>,
    #[deserr(default)]
    phone: Option<Mobile>,
    #[deserr(default)]
    openid: Option<Text<1, 128>>,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct OneUser {
    user_id: Id,
}

/// S3 lists them in one direction.
#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct ListPictures {
    user_id: Id,
    #[deserr(default)]
    limit: Limit,
    #[deserr(default)]
    cursor: Option<Text<1, 512>>,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct BanUser {
    user_id: Id,
    reason: Text<1, 256>,
}

/// A decision on the name that the member of staff has seen.
#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct DecideName {
    user_id: Id,
    name: Text<1, 32>,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct UnbanUser {
    user_id: Id,
    #[deserr(default)]
    restore_jobs: bool,
}

pub async fn find_user(service: &Service, sight: Sight, FindUser { user_id, phone, openid }: FindUser) -> Result<Value> {
    let named = match (user_id, phone, openid) {
        (Some(id), None, None) => NamedUser::Id(id),
        (None, Some(phone), None) => NamedUser::Phone(phone),
        (None, None, Some(openid)) => NamedUser::Openid(Secret::new(openid.as_str().to_owned())),
        _ => return Err(Error::invalid([Fault::new("user_id", "or phone or openid is required, and only one of them")])),
    };
    Ok(json!({"users": service.find_user(&named, sight).await?}))
}

pub async fn show_user(service: &Service, OneUser { user_id }: OneUser) -> Result<Value> {
    Ok(json!(service.show_user(user_id).await?))
}

pub async fn list_contacts(service: &Service, sight: Sight, list: OfUser) -> Result<Value> {
    let contacts = service.list_contacts(list.user_id, &list.page(), sight).await?;
    Ok(page("contacts", contacts, |contact| json!(contact)))
}

pub async fn list_pictures(
    service: &Service,
    ListPictures { user_id, limit: Limit(limit), cursor }: ListPictures,
) -> Result<Value> {
    let pictures = service.list_pictures(user_id, limit, cursor.as_ref().map(Text::as_str)).await?;
    Ok(page("pictures", pictures, |picture| json!(picture)))
}

/// The reason is that of the ban that holds: the first one.
pub async fn ban_user(service: &Service, act: &Act, BanUser { user_id, reason }: BanUser) -> Result<Value> {
    let banned = service.ban_user(act, user_id, &reason).await?;
    Ok(json!({"user_id": user_id, "banned": true, "reason": banned.note.reason, "jobs_down": banned.jobs}))
}

pub async fn unban_user(service: &Service, act: &Act, UnbanUser { user_id, restore_jobs }: UnbanUser) -> Result<Value> {
    let open_jobs = service.unban_user(act, user_id, restore_jobs).await?;
    Ok(json!({"user_id": user_id, "banned": false, "open_jobs": open_jobs}))
}

pub async fn list_names(service: &Service, list: OnePage) -> Result<Value> {
    let names = service.list_names(&list.page(Order::Descending)).await?;
    Ok(page("names", names, |name| json!(name)))
}

/// The response holds the name that others see from now on.
pub async fn decide_name(
    service: &Service,
    act: &Act,
    DecideName { user_id, name }: DecideName,
    decision: NameDecision,
) -> Result<Value> {
    let user = service.decide_name(act, user_id, &name, decision).await?;
    Ok(json!({"user_id": user_id, "name": user.name}))
}

/// All tokens of the user end. The user may log in again.
pub async fn end_user_sessions(service: &Service, act: &Act, OneUser { user_id }: OneUser) -> Result<Value> {
    service.end_user_sessions(act, user_id).await?;
    Ok(json!({"user_id": user_id}))
}
