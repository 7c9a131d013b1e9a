//! The rights of a person in the records of staff. An object is `staff/member/{id}`.

use serde_json::json;

use super::member::Member;
use super::{Service, keys};
use crate::error::{Error, Result};
use crate::storage::audit::{Act, Object};
use crate::storage::person::{Erased, Exported, Wanted, erasure, ids};
use crate::storage::table::attribute::{number, read_integer};
use crate::storage::table::{Condition, Key, Outcome, VERSION, Write, retry_conflicts};
use crate::values::{Id, Mobile};

impl Service {
    /// The member with this phone.
    pub async fn find_person(&self, wanted: &Wanted) -> Result<Vec<Object>> {
        let Wanted::Phone(phone) = wanted else { return Ok(Vec::new()) };
        let Ok(phone) = Mobile::parse(phone.expose()) else { return Ok(Vec::new()) };
        Ok(self.member_of(&phone).await?.map(|member| keys::object(member.id)).into_iter().collect())
    }

    /// `None` if the object is not one of this family, or is gone.
    pub async fn export_person(&self, object: &Object) -> Result<Option<Exported>> {
        let Some(member) = self.named(object).await? else { return Ok(None) };
        let mut exported = Exported::default();
        let Member { id, name, phone, roles, assigned, enabled, created_at, sessions, .. } = member;
        let sessions: Vec<_> = sessions.iter().map(|session| json!({"created_at": session.created_at})).collect();
        let record = json!({
            "id": id, "name": name, "phone": phone.as_str(), "roles": roles, "assigned": assigned, "enabled": enabled,
            "created_at": created_at, "sessions": sessions,
        });
        exported.add("member", &record)?;
        Ok(Some(exported))
    }

    /// The phone of a member in full; the only sealed field that staff reveal.
    ///
    /// DynamoDB: one read.
    pub async fn reveal(&self, kind: &str, id: &str, field: &str) -> Result<String> {
        let unknown = [("kind", kind == "member"), ("field", field == "phone")].into_iter().find(|(_, is_known)| !is_known);
        if let Some((name, _)) = unknown {
            return Err(Error::missing(name));
        }
        let id = id.parse().map(Id::from_u64).map_err(|_| Error::missing("id"))?;
        let member = self.find_member(id).await?.ok_or_else(|| Error::missing("id"))?;
        Ok(member.phone.as_str().to_owned())
    }

    /// Removes a member. `None` as above. Audit records keep the name for as long as they are kept.
    pub async fn erase_person(&self, act: &Act, object: &Object) -> Result<Option<Erased>> {
        retry_conflicts(|| async {
            let Some(id) = named(object) else { return Ok(Some(None)) };
            let table = &self.tables.staff;
            let Some(stored) = self.store.get(table, keys::member(id)).await? else { return Ok(Some(None)) };
            let member = Member::read(&self.keyring, stored.clone())?;
            let mut phones: Vec<Key> = self.phone_items(&member).iter().filter_map(Key::of).collect();
            phones.extend(self.former_phone_keys(&member));
            let records = 1 + phones.len() as u64;
            let mut writes: Vec<Write> =
                phones.into_iter().map(|key| Write::Delete { table: table.clone(), key, condition: None }).collect();
            // The phones are those of the version that was read.
            let condition = Some(Condition::equals(VERSION, number(read_integer::<u64>(&stored, VERSION)?)));
            writes.push(Write::Delete { table: table.clone(), key: keys::member(id), condition });
            let code = keys::code(&self.keyring, &member.phone)?;
            writes.push(Write::Delete { table: self.tables.credentials.clone(), key: code, condition: None });
            match self.store.transact_by(act, &erasure(object), writes).await? {
                Outcome::Written => Ok(Some(Some(Erased { records, ..Erased::default() }))),
                Outcome::Rejected(_) => Ok(None),
            }
        })
        .await
    }

    async fn named(&self, object: &Object) -> Result<Option<Member>> {
        match named(object) {
            Some(id) => self.find_member(id).await,
            None => Ok(None),
        }
    }
}

/// The member that an object names.
fn named(object: &Object) -> Option<Id> {
    let [id] = <[&str; 1]>::try_from(ids(object, "staff", "member")?).ok()?;
    let member = Id::from_u64(id.parse().ok()?);
    (keys::object(member) == *object).then_some(member)
}
