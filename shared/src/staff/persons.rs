//! The rights of a person in the records of staff. An object is `staff/member/{id}`.

use serde_json::json;

use super::member::Member;
use super::{Service, keys};
use crate::error::{Error, Result};
use crate::storage::audit::{Act, Object};
use crate::storage::person::{Erased, Exported, Wanted, ids, remove};
use crate::storage::table::Key;
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
        let Some(member) = self.named(object).await? else { return Ok(None) };
        let mut all: Vec<Key> = self.phone_items(&member).iter().filter_map(Key::of).collect();
        all.extend(self.former_phone_keys(&member));
        all.push(keys::member(member.id));
        let records = remove(&self.store, act, object, &self.tables.staff, all).await?;
        let code = keys::code(&self.keyring, &member.phone)?;
        remove(&self.store, act, object, &self.tables.credentials, vec![code]).await?;
        Ok(Some(Erased { records, ..Erased::default() }))
    }

    async fn named(&self, object: &Object) -> Result<Option<Member>> {
        let Some([id]) = ids(object, "staff", "member").and_then(|ids| <[&str; 1]>::try_from(ids).ok()) else {
            return Ok(None);
        };
        match id.parse() {
            Ok(id) => self.find_member(Id::from_u64(id)).await,
            Err(_) => Ok(None),
        }
    }
}
