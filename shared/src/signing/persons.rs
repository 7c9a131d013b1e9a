//! The rights of a person in the records of the signing API.
//!
//! | object | what it stands for |
//! |---|---|
//! | `signing/worker/{platform}/{em_id}` | a worker with application, sessions and photos |
//! | `signing/handler/{platform}/{id}` | a handler |

use serde_json::json;

use super::directory::{self, Handler, Listed as _};
use super::item::{EM_ID, application_from_item};
use super::keys::{application_key, em_id_key, image_prefix, listed_key, worker_key, worker_object};
use super::sessions::listed_sessions;
use super::states::Application;
use super::values::{Number, PlatformCode};
use super::{Service, keys};
use crate::error::Result;
use crate::storage::audit::{Act, Change, Object};
use crate::storage::person::{Erased, Exported, Kept, Wanted, erasure, ids, records_of};
use crate::storage::table::attribute::read_integer;
use crate::storage::table::{Condition, Item, Key, Outcome, VERSION, Write, retry_conflicts};

const HANDLER: Kept =
    Kept { what: "a handler of the platform", why: "workers reach them: replace the handler with set_handler" };

impl Service {
    /// The workers with this phone, identity number or openid, and the handlers with this phone.
    pub async fn find_person(&self, wanted: &Wanted) -> Result<Vec<Object>> {
        let table = &self.tables.signing;
        let mut found = records_of(&self.store, &self.keyring, table, wanted).await?;
        if let Wanted::Openid(openid) = wanted {
            for platform in self.platform_codes().await? {
                found.extend(self.worker_of(&platform, openid).await?.1);
            }
        }
        let named = |item: &Item| {
            let platform = Key::of(item)?.pk.split('#').next()?.to_owned();
            let platform = PlatformCode::parse(&platform).ok()?;
            match read_integer::<u64>(item, "handler_id") {
                Ok(handler) => Some(directory::object(Handler::KIND, &[platform.as_str(), &handler.to_string()])),
                Err(_) => Some(worker_object(&platform, read_integer(item, EM_ID).ok()?)),
            }
        };
        Ok(found.iter().filter_map(named).collect())
    }

    /// `None` if the object is not one of this family, or is gone.
    pub async fn export_person(&self, object: &Object) -> Result<Option<Exported>> {
        let table = &self.tables.signing;
        let mut exported = Exported::default();
        if let Some(key) = named_handler(object) {
            let Some(handler) = self.store.get(table, key).await? else { return Ok(None) };
            exported.add(Handler::KIND, &self.read_listed::<Handler>(handler)?)?;
            return Ok(Some(exported));
        }
        let Some((platform, em_id)) = named(object, "worker") else { return Ok(None) };
        let Some(worker) = self.find_worker(&platform, em_id).await? else { return Ok(None) };
        if let Some(stored) = self.store.get(table, worker_key(&worker)).await? {
            let openid = self.openid_of(&stored)?;
            let sessions = listed_sessions(Some(&stored))?.len();
            let openid = openid.as_ref().map(|openid| openid.expose().as_str());
            exported.records.push(("worker", json!({"em_id": em_id, "openid": openid, "sessions": sessions})));
        }
        if let Some(item) = self.store.get(table, application_key(&worker)).await? {
            let Application { resume, signing, .. } = application_from_item(&self.keyring, item)?;
            exported.add("application", &json!({"resume": resume, "signing": signing}))?;
        }
        exported.pictures = self.objects.list(&image_prefix(&worker)).await?;
        Ok(Some(exported))
    }

    /// Removes a worker with application, sessions and photos. `None` as above.
    pub async fn erase_person(&self, act: &Act, object: &Object) -> Result<Option<Erased>> {
        if let Some(key) = named_handler(object) {
            let handler = self.store.get(&self.tables.signing, key).await?;
            return Ok(handler.map(|_| Erased { kept: vec![HANDLER], ..Erased::default() }));
        }
        self.erase_worker(act, object, &erasure(object), |_| true).await
    }

    /// Removes a worker and records `change`, if `is_wanted` accepts the stored record, which a concurrent log-in may change.
    pub(super) async fn erase_worker(
        &self,
        act: &Act,
        object: &Object,
        change: &Change,
        is_wanted: impl Fn(&Item) -> bool,
    ) -> Result<Option<Erased>> {
        let Some((platform, em_id)) = named(object, "worker") else { return Ok(None) };
        let table = &self.tables.signing;
        retry_conflicts(|| async {
            let Some(worker) = self.find_worker(&platform, em_id).await? else { return Ok(Some(None)) };
            let stored = self.store.get(table, worker_key(&worker)).await?;
            if !stored.as_ref().is_none_or(&is_wanted) {
                return Ok(Some(None));
            }
            // The photos first: after the record nothing leads to them.
            let pictures = self.objects.erase_all(&image_prefix(&worker)).await?;
            let mut erased = Erased { pictures, ..Erased::default() };
            let ended = listed_sessions(stored.as_ref())?;
            let mut writes: Vec<Write> = ended.iter().map(|session| self.removal(&session.hash)).collect();
            if let Some(item) = self.store.get(table, application_key(&worker)).await? {
                let Application { resume, .. } = application_from_item(&self.keyring, item)?;
                // A code that was sent to the phone.
                if let Some(phone) = &resume.phone {
                    let key = keys::code_key(&self.keyring, &platform, phone)?;
                    writes.push(Write::Delete { table: self.tables.credentials.clone(), key, condition: None });
                }
            }
            let mut keys = vec![application_key(&worker), em_id_key(&platform, em_id)];
            if let Some(openid) = stored.as_ref().map(|stored| self.openid_of(stored)).transpose()?.flatten() {
                keys.extend(self.aliases(&worker, &openid).iter().filter_map(Key::of));
                keys.extend(self.former_aliases(&worker, &openid));
            }
            erased.records += 1 + keys.len() as u64;
            writes.extend(keys.into_iter().map(|key| Write::Delete { table: table.clone(), key, condition: None }));
            // A session that a concurrent log-in opens must not outlive the record.
            let version = stored.as_ref().and_then(|stored| stored.get(VERSION).cloned());
            let condition = version.map(|version| Condition::equals(VERSION, version));
            writes.push(Write::Delete { table: table.clone(), key: worker_key(&worker), condition });
            match self.store.transact_by(act, change, writes).await? {
                Outcome::Written => Ok(Some(Some(erased))),
                Outcome::Rejected(_) => Ok(None),
            }
        })
        .await
    }
}

/// The key of the record of a handler.
fn named_handler(object: &Object) -> Option<Key> {
    let (platform, id) = named(object, Handler::KIND)?;
    Some(listed_key(&platform, Handler::KIND, Number::new(i64::try_from(id).ok()?)?))
}

fn named(object: &Object, kind: &str) -> Option<(PlatformCode, u64)> {
    match ids(object, "signing", kind)?[..] {
        [platform, em_id] => Some((PlatformCode::parse(platform).ok()?, em_id.parse().ok()?)),
        _ => None,
    }
}
