//! The command `reveal`: shows one sealed field whole, which every read masks. Each reveal is an audit record with its reason, and the value is not
//! shown without it.

use deserr::Deserr;
use serde_json::{Value, json};
use shared::error::{Error, Result};
use shared::signing::values::PlatformCode;
use shared::staff::Member;
use shared::staff::roles::Role;
use shared::storage::audit::{Change, Object};
use shared::values::Text;
use shared::values::input::Faults;

use crate::admin::Admin;
use crate::command::{Command, Invocation, run};
use crate::signing::scope::Scope;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[Command::changes(
    "reveal",
    "Shows one sealed field of a record whole, and records who looked and why",
    |admin, by, fields| run(fields, |read| reveal(admin, by, read)),
)
.by(&[Role::Reviewer, Role::Hr, Role::Support, Role::Admin])
.after_step_up()
.fields(
    "family kind id field reason",
    r#"{"family": "jobboard", "kind": "user", "id": "376295991951886", "field": "phone", "reason": "回电"}"#,
)];

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct Reveal {
    family: Family,
    kind: Text<1, 32>,
    /// As reads show it, behind its tenant: `gongqiao/376295991951886`.
    id: Text<1, 256>,
    field: Text<1, 64>,
    reason: Text<1, 256>,
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

impl Family {
    const ALL: [Self; 5] = [Self::Channel, Self::Hris, Self::Signing, Self::Jobboard, Self::Staff];

    fn name(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Hris => "hris",
            Self::Signing => "signing",
            Self::Jobboard => "jobboard",
            Self::Staff => "staff",
        }
    }

    /// The role that works with persons of this family.
    fn role(self) -> Role {
        match self {
            Self::Channel | Self::Staff => Role::Admin,
            Self::Hris => Role::Hr,
            Self::Signing => Role::Reviewer,
            Self::Jobboard => Role::Support,
        }
    }
}

/// Whether the roles of a member allow to reveal fields of a family.
pub fn may_reveal(member: &Member, family: &str) -> bool {
    Family::ALL.iter().any(|own| own.name() == family && member.has(own.role()))
}

/// Whether an id is written as reads show it. Another spelling of a number or of a UUID would hide the reveal from those who look for the object.
fn is_canonical(family: Family, id: &str) -> bool {
    let is_number = |part: &str| part.parse::<u64>().is_ok_and(|number| number.to_string() == part);
    match family {
        // Partners choose their ids, which are compared as they are.
        Family::Channel => true,
        Family::Hris => !id.bytes().any(|byte| byte.is_ascii_uppercase()),
        Family::Signing => id.rsplit('/').next().is_some_and(is_number),
        Family::Jobboard | Family::Staff => is_number(id),
    }
}

async fn reveal(admin: &Admin, by: &Invocation, Reveal { family, kind, id, field, reason }: Reveal) -> Result<Value> {
    if by.staff.as_ref().is_some_and(|member| !may_reveal(member, family.name())) {
        return Err(Error::forbidden());
    }
    if !is_canonical(family, id.as_str()) {
        return Err(Error::missing("id"));
    }
    let (kind, id, field) = (kind.as_str(), id.as_str(), field.as_str());
    let value = match family {
        Family::Channel => admin.channel.reveal(kind, id, field).await?,
        Family::Hris => admin.hris.reveal(kind, id, field).await?,
        Family::Jobboard => admin.jobboard.reveal(kind, id, field).await?,
        Family::Staff => admin.staff.reveal(kind, id, field).await?,
        Family::Signing => {
            let platform = id.split('/').next().and_then(|platform| PlatformCode::parse(platform).ok());
            let reach = Scope::of(by, &[]).on(&platform.ok_or_else(|| Error::missing("id"))?)?;
            admin.signing.reveal(kind, id, field, reach).await?
        }
    };
    let object = Object::new(family.name(), kind, &[id]);
    admin.audit.record(&by.act, &Change::of(object).fields(&[field]).because(reason.as_str())).await?;
    Ok(json!({"family": family.name(), "kind": kind, "id": id, "field": field, "value": value}))
}
