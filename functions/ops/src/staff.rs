//! The commands that administer staff (docs/design/staff.md).

use deserr::Deserr;
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::error::{Error, Fault, Result};
use shared::signing::values::{Number, PlatformCode};
use shared::staff::roles::Role;
use shared::staff::{Assigned, Changes, Member, Service};
use shared::storage::listing::Order;
use shared::values::input::Faults;
use shared::values::mask::Sight;
use shared::values::{Id, LocalTime, Mobile, Moment, Text, mask};

use crate::command::{Command, Invocation, run};
use crate::listing::{OnePage, page};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[
    Command::changes("create_staff", "Creates a member of staff, who signs in with the phone", |admin, by, fields| {
        run(fields, |read| create(&admin.staff, by, read))
    })
    .by(&[Role::Admin])
    .after_step_up()
    .fields(
        "name phone roles platform_code? companies? handler_id?",
        r#"{"name": "张三", "phone": "13800138000", "roles": ["reviewer"], "platform_code": "gongqiao", "companies": [1]}"#,
    ),
    Command::changes(
        "set_staff",
        "Changes a member of staff, and ends the sessions unless only the name changes",
        |admin, by, fields| run(fields, |read| set(&admin.staff, by, read)),
    )
    .by(&[Role::Admin])
    .after_step_up()
    .fields(
        "staff_id name? phone? roles? platform_code? companies? handler_id?",
        r#"{"staff_id": 376295991951886, "roles": ["support", "finance"]}"#,
    ),
    Command::changes("disable_staff", "Ends all sessions of a member, who can sign in no more", |admin, by, fields| {
        run(fields, |read| enable(&admin.staff, by, read, false))
    })
    .by(&[Role::Admin])
    .after_step_up()
    .fields("staff_id", ONE),
    Command::changes("enable_staff", "Lets a member sign in again", |admin, by, fields| {
        run(fields, |read| enable(&admin.staff, by, read, true))
    })
    .by(&[Role::Admin])
    .after_step_up()
    .fields("staff_id", ONE),
    Command::changes(
        "reset_second_factor",
        "Lets a member set up another second factor at the next sign-in",
        |admin, by, fields| run(fields, |read| reset_second_factor(&admin.staff, by, read)),
    )
    .by(&[Role::Admin])
    .after_step_up()
    .fields("staff_id", ONE),
    Command::changes("end_staff_sessions", "Ends all sessions of a member, who may sign in again", |admin, by, fields| {
        run(fields, |read| end_sessions(&admin.staff, by, read))
    })
    .by(&[Role::Admin])
    .fields("staff_id", ONE),
    Command::reads("list_staff", "Lists the members of staff", |admin, by, fields| {
        run(fields, |read| list(&admin.staff, by.sight, read))
    })
    .by(&[Role::Admin, Role::Auditor])
    .fields("limit? order? cursor?", r#"{"limit": 100}"#)
    .sorted(Order::Ascending),
    Command::reads("show_staff", "Shows a member of staff", |admin, _, fields| run(fields, |read| show(&admin.staff, read)))
        .by(&[Role::Admin, Role::Auditor])
        .fields("staff_id", ONE),
];

/// The example of a command that names a member.
const ONE: &str = r#"{"staff_id": 376295991951886}"#;

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct Create {
    name: Text<1, 64>,
    phone: Mobile,
    roles: Vec<Role>,
    #[deserr(default)]
    platform_code: Option<PlatformCode>,
    #[deserr(default)]
    companies: Option<Vec<Number>>,
    #[deserr(default)]
    handler_id: Option<Number>,
}

/// The changes of a member: absent fields stay. Platform, companies and handler are one field.
#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct Set {
    staff_id: Id,
    #[deserr(default)]
    name: Option<Text<1, 64>>,
    #[deserr(default)]
    phone: Option<Mobile>,
    #[deserr(default)]
    roles: Option<Vec<Role>>,
    #[deserr(default)]
    platform_code: Option<PlatformCode>,
    #[deserr(default)]
    companies: Option<Vec<Number>>,
    #[deserr(default)]
    handler_id: Option<Number>,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct One {
    staff_id: Id,
}

/// The most companies of a reviewer.
const MAX_COMPANIES: usize = 100;

/// What a reviewer is assigned to, if any of it is given.
fn assigned(
    platform_code: Option<PlatformCode>,
    companies: Option<Vec<Number>>,
    handler_id: Option<Number>,
) -> Result<Option<Assigned>> {
    match (platform_code, companies) {
        (Some(_), Some(companies)) if companies.len() > MAX_COMPANIES => {
            Err(Error::invalid([Fault::new("companies", format!("must not have more than {MAX_COMPANIES} elements"))]))
        }
        (Some(platform_code), Some(companies)) => Ok(Some(Assigned { platform_code, handler_id, companies })),
        (None, None) if handler_id.is_none() => Ok(None),
        (Some(_), None) => Err(Error::invalid([Fault::new("companies", "is required with platform_code")])),
        (None, _) => Err(Error::invalid([Fault::new("platform_code", "is required with companies and handler_id")])),
    }
}

/// The member is another one than the caller: a member cannot change their own rights.
fn check_other(by: &Invocation, staff_id: Id) -> Result<()> {
    match &by.staff {
        Some(member) if member.id == staff_id => {
            Err(Error::conflict(Fault::new("staff_id", "is your own: another administrator must do it")))
        }
        Some(_) | None => Ok(()),
    }
}

async fn create(service: &Service, by: &Invocation, create: Create) -> Result<Value> {
    let Create { name, phone, roles, platform_code, companies, handler_id } = create;
    let assigned = assigned(platform_code, companies, handler_id)?;
    let member = service.create_member(&by.act, &name, &phone, &roles, assigned.as_ref()).await?;
    Ok(view(&member))
}

async fn set(service: &Service, by: &Invocation, set: Set) -> Result<Value> {
    let Set { staff_id, name, phone, roles, platform_code, companies, handler_id } = set;
    check_other(by, staff_id)?;
    let changes = Changes { name, phone, roles, assigned: assigned(platform_code, companies, handler_id)? };
    Ok(view(&service.change_member(&by.act, staff_id, &changes).await?))
}

async fn enable(service: &Service, by: &Invocation, One { staff_id }: One, enabled: bool) -> Result<Value> {
    check_other(by, staff_id)?;
    Ok(view(&service.enable_member(&by.act, staff_id, enabled).await?))
}

async fn reset_second_factor(service: &Service, by: &Invocation, One { staff_id }: One) -> Result<Value> {
    check_other(by, staff_id)?;
    Ok(view(&service.reset_second_factor(&by.act, staff_id).await?))
}

async fn end_sessions(service: &Service, by: &Invocation, One { staff_id }: One) -> Result<Value> {
    Ok(view(&service.end_member_sessions(&by.act, staff_id).await?))
}

async fn list(service: &Service, sight: Sight, list: OnePage) -> Result<Value> {
    let listed = service.members(&list.page(Order::Ascending)).await?;
    let view = |member: Member| {
        let mut view = view(&member);
        view["phone"] = sight.phone(member.phone.index()).into();
        view
    };
    Ok(page("staff", listed, view))
}

async fn show(service: &Service, One { staff_id }: One) -> Result<Value> {
    Ok(view(&service.member(staff_id).await?))
}

/// A member as administrators see one. Colleagues know the name; the phone is masked.
pub fn view(member: &Member) -> Value {
    let Member { id, name, phone, roles, assigned, enabled, created_at, sessions, .. } = member;
    let moment = |time: LocalTime| Moment::from(Timestamp::from(time));
    let sessions = sessions.iter();
    let sessions: Vec<Value> =
        sessions.map(|session| json!({"created_at": moment(session.created_at), "used_at": moment(session.used_at)})).collect();
    json!({
        "staff_id": id, "name": name, "phone": mask::phone(phone.index()), "roles": roles, "assigned": assigned,
        "enabled": enabled, "has_second_factor": member.is_enrolled(), "created_at": moment(*created_at), "sessions": sessions,
    })
}
