//! The rights of a person (docs/privacy.md): find, export and erase what all families store about one.

use deserr::Deserr;
use serde_json::{Value, json};
use shared::error::{Error, Fault, Result};
use shared::hris::values::{Code, Uuid};
use shared::storage::audit::{Act, AuditLog, Change, ERASURES, Filter, Object};
use shared::storage::listing::Order;
use shared::storage::objects::{Objects, PRESIGNED_FOR};
use shared::storage::person::{Erased, Exported, Wanted};
use shared::values::input::Faults;
use shared::values::{IdCard, LocalTime, Mobile, Secret, Text};

use crate::command::{Command, Invocation, run};
use crate::families::Families;
use shared::staff::roles::Role;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[
    Command::reads("find_person", "Finds what all families store about a person", |admin, _, fields| {
        run(fields, |read| find(admin.families(), read))
    })
    .by(&[Role::Admin])
    .after_step_up()
    .fields("phone? id_number? openid? company_uuid? empno?", r#"{"phone": "13800138000"}"#),
    Command::changes(
        "export_person",
        "Stores all records of a person in one object for fifteen minutes",
        |admin, by, fields| run(fields, |read| export(admin.families(), &admin.audit, &admin.bucket, &by.act, read)),
    )
    .by(&[Role::Admin])
    .after_step_up()
    .fields("objects reason", r#"{"objects": ["jobboard/user/376295991951886"], "reason": "本人申请"}"#),
    Command::changes("erase_person", "Erases a person", |admin, by, fields| {
        run(fields, |read| erase(admin.families(), &admin.audit, by, read))
    })
    .by(&[Role::Admin])
    .after_step_up()
    .fields("objects reason", r#"{"objects": ["jobboard/user/376295991951886"], "reason": "本人申请"}"#),
    Command::changes(
        "replay_erasures",
        "Erases again what was erased since a moment to which a table was restored",
        |admin, by, fields| run(fields, |read| replay(admin.families(), &admin.audit, &by.act, read)),
    )
    .by(&[Role::Admin])
    .after_step_up()
    .fields("since cursor?", r#"{"since": "2026-11-29 08:00:00"}"#),
];

/// The most objects of a person, and the most orders that a replay reads.
const MOST: usize = 1000;

/// A person by one of these: a phone, an identity number, an openid, or the number of an employee of a company.
#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct Person {
    #[deserr(default)]
    phone: Option<Mobile>,
    #[deserr(default)]
    id_number: Option<IdCard>,
    #[deserr(default)]
    openid: Option<Text<1, 128>>,
    #[deserr(default)]
    company_uuid: Option<Uuid>,
    #[deserr(default)]
    empno: Option<Code>,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct Export {
    /// What [`find`] returned.
    objects: Vec<Text<1, 256>>,
    reason: Text<1, 256>,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct Erase {
    /// What [`find`] returned.
    objects: Vec<Text<1, 256>>,
    reason: Text<1, 256>,
}

/// The orders since the moment to which a table was restored.
#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct Replay {
    since: LocalTime,
    #[deserr(default)]
    cursor: Option<Text<1, 128>>,
}

impl Person {
    fn wanted(self) -> Result<Wanted> {
        let Self { phone, id_number, openid, company_uuid, empno } = self;
        match (phone, id_number, openid, company_uuid, empno) {
            (Some(phone), None, None, None, None) => Ok(Wanted::Phone(Secret::new(phone.as_str().to_owned()))),
            (None, Some(number), None, None, None) => Ok(Wanted::IdNumber(Secret::new(number.as_str().to_owned()))),
            (None, None, Some(openid), None, None) => Ok(Wanted::Openid(Secret::new(openid.as_str().to_owned()))),
            (None, None, None, Some(company), Some(empno)) => {
                Ok(Wanted::Empno { company: company.to_string(), empno: empno.to_string() })
            }
            _ => {
                let reason = "or id_number or openid is required, or company_uuid with empno, and only one of them";
                Err(Error::invalid([Fault::new("phone", reason)]))
            }
        }
    }
}

/// The objects of a person in all families.
pub async fn find(families: Families<'_>, person: Person) -> Result<Value> {
    let wanted = person.wanted()?;
    let found = families.find_person(&wanted).await?;
    Ok(json!({"objects": found.iter().map(Object::as_str).collect::<Vec<_>>()}))
}

/// Stores all records of a person in one object, with links to the pictures. The link to the object and those in it are valid for fifteen
/// minutes. The bucket removes the object after a day. The pictures are not copied: together they can be larger than the memory.
pub async fn export(families: Families<'_>, audit: &AuditLog, bucket: &Objects, act: &Act, export: Export) -> Result<Value> {
    let Export { objects, reason } = export;
    let objects = parsed(&objects)?;
    let (mut records, mut pictures) = (Vec::new(), Vec::new());
    for (at, object) in objects.iter().enumerate() {
        let exported = families.export_person(object).await?;
        let Exported { records: of_object, pictures: keys } = exported.ok_or_else(|| missing(at))?;
        records.extend(
            of_object.into_iter().map(|(kind, record)| json!({"object": object.as_str(), "kind": kind, "record": record})),
        );
        for key in keys {
            if bucket.exists(&key).await? {
                let name = key.rsplit('/').next().unwrap_or_default();
                let link = bucket.presign_get(&key, PRESIGNED_FOR).await?;
                pictures.push(json!({"object": object.as_str(), "name": name, "url": link.url}));
            }
        }
    }
    for object in objects {
        audit.record(act, &Change::of(object).because(reason.as_str())).await?;
    }
    let key = format!("exports/{}.json", shared::crypto::random::random_text()?);
    let count = (records.len(), pictures.len());
    let bytes = serde_json::to_vec(&json!({"records": records, "pictures": pictures})).map_err(Error::internal)?;
    bucket.put(&key, bytes, "application/json").await?;
    let link = bucket.presign_get(&key, PRESIGNED_FOR).await?;
    Ok(json!({"url": link.url, "valid_for": PRESIGNED_FOR.as_secs(), "records": count.0, "pictures": count.1}))
}

/// Erases a person. The order is recorded first, so that an erasure that was interrupted is completed by a repetition or a replay.
pub async fn erase(
    families: Families<'_>,
    audit: &AuditLog,
    by: &Invocation,
    Erase { objects, reason }: Erase,
) -> Result<Value> {
    let (act, objects) = (&by.act, parsed(&objects)?);
    let own = by.staff.as_ref().map(|member| Object::new("staff", "member", &[&member.id.to_string()]));
    if own.is_some_and(|own| objects.contains(&own)) {
        return Err(Error::conflict(Fault::new("objects", "contain your own: another administrator must do it")));
    }
    audit.record(act, &Change::erasure_of(&objects, reason.as_str())).await?;
    let mut erased = Vec::new();
    for object in &objects {
        erased.push(view(object, families.erase_person(act, object).await?));
    }
    Ok(json!({"erased": erased}))
}

/// Erases again what was erased since a moment: a table that was restored to it holds that again. The newest orders come first; repeat it
/// with `next_cursor`.
pub async fn replay(families: Families<'_>, audit: &AuditLog, act: &Act, Replay { since, cursor }: Replay) -> Result<Value> {
    let filter = Filter::Object(ERASURES.to_owned());
    let records = audit.list(&filter, 100, cursor.as_ref().map(Text::as_str), Order::Descending).await?;
    let from = since.as_millisecond();
    let next = records.last().filter(|last| records.len() == 100 && last.at >= from).map(|last| last.ixsk.clone());
    let mut erased = Vec::new();
    for record in records.iter().filter(|record| record.at >= from) {
        for object in record.change.ids.iter().filter_map(|id| Object::parse(id)) {
            erased.push(view(&object, families.erase_person(act, &object).await?));
        }
    }
    Ok(json!({"erased": erased, "next_cursor": next}))
}

/// An object that is erased already has no records.
fn view(object: &Object, erased: Option<Erased>) -> Value {
    let Erased { records, pictures, kept } = erased.unwrap_or_default();
    json!({"object": object.as_str(), "records": records, "pictures": pictures, "kept": kept})
}

fn parsed(objects: &[Text<1, 256>]) -> Result<Vec<Object>> {
    if objects.is_empty() || objects.len() > MOST {
        return Err(Error::invalid([Fault::new("objects", format!("must have 1 to {MOST} elements"))]));
    }
    let invalid = |at: usize| Error::invalid([Fault::new(format!("objects[{at}]"), "is not an object of a person")]);
    objects.iter().enumerate().map(|(at, text)| Object::parse(text.as_str()).ok_or_else(|| invalid(at))).collect()
}

fn missing(at: usize) -> Error {
    Error::not_found([Fault::new(format!("objects[{at}]"), "does not exist")])
}

impl Families<'_> {
    async fn find_person(&self, wanted: &Wanted) -> Result<Vec<Object>> {
        let Self { channel, hris, signing, jobboard, staff } = self;
        let mut found = channel.find_person(wanted).await?;
        found.extend(hris.find_person(wanted).await?);
        found.extend(signing.find_person(wanted).await?);
        found.extend(jobboard.find_person(wanted).await?);
        found.extend(staff.find_person(wanted).await?);
        Ok(found)
    }

    async fn export_person(&self, object: &Object) -> Result<Option<Exported>> {
        let Self { channel, hris, signing, jobboard, staff } = self;
        match object.family() {
            "channel" => channel.export_person(object).await,
            "hris" => hris.export_person(object).await,
            "signing" => signing.export_person(object).await,
            "jobboard" => jobboard.export_person(object).await,
            "staff" => staff.export_person(object).await,
            _ => Ok(None),
        }
    }

    async fn erase_person(&self, act: &Act, object: &Object) -> Result<Option<Erased>> {
        let Self { channel, hris, signing, jobboard, staff } = self;
        match object.family() {
            "channel" => channel.erase_person(act, object).await,
            "hris" => hris.erase_person(act, object).await,
            "signing" => signing.erase_person(act, object).await,
            "jobboard" => jobboard.erase_person(act, object).await,
            "staff" => staff.erase_person(act, object).await,
            _ => Ok(None),
        }
    }
}
