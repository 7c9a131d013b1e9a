//! The rights of a person in the records of the signing API. The object is `signing/worker/{platform}/{em_id}`: a worker with application,
//! sessions and photos.

use serde_json::json;

use super::item::{EM_ID, application_from_item};
use super::keys::{application_key, em_id_key, image_prefix, worker_key, worker_object};
use super::sessions::{listed_sessions, openid_parts, workers};
use super::states::Application;
use super::values::PlatformCode;
use super::{Service, keys};
use crate::error::Result;
use crate::storage::audit::{Act, Object};
use crate::storage::person::{Erased, Exported, Wanted, erasure, ids, records_of};
use crate::storage::table::attribute::read_integer;
use crate::storage::table::{Condition, Item, Key, Outcome, VERSION, Write, retry_conflicts};

impl Service {
    /// The workers with this phone, identity number or openid. An openid is looked for on the default platform.
    pub async fn find_person(&self, wanted: &Wanted) -> Result<Vec<Object>> {
        let table = &self.tables.signing;
        let mut found = records_of(&self.store, &self.keyring, table, wanted).await?;
        if let Wanted::Openid(openid) = wanted {
            let platform = &self.settings.default_platform;
            for worker in workers(platform, self.keyring.blind_indexes(&openid_parts(platform, openid))) {
                found.extend(self.store.get(table, worker_key(&worker)).await?);
            }
        }
        // A handler with this phone has no number of a worker.
        let named = |item: &Item| {
            let platform = Key::of(item)?.pk.split('#').next()?.to_owned();
            let em_id: u64 = read_integer(item, EM_ID).ok()?;
            Some(worker_object(&PlatformCode::parse(&platform).ok()?, em_id))
        };
        Ok(found.iter().filter_map(named).collect())
    }

    /// `None` if the object is not one of this family, or is gone.
    pub async fn export_person(&self, object: &Object) -> Result<Option<Exported>> {
        let Some((platform, em_id)) = named(object) else { return Ok(None) };
        let Some(worker) = self.find_worker(&platform, em_id).await? else { return Ok(None) };
        let table = &self.tables.signing;
        let mut exported = Exported::default();
        if let Some(stored) = self.store.get(table, worker_key(&worker)).await? {
            let openid = self.openid_of(&stored)?;
            let sessions = listed_sessions(Some(&stored))?.len();
            let openid = openid.as_ref().map(|openid| openid.expose().as_str());
            exported.records.push(("worker", json!({"em_id": em_id, "openid": openid, "sessions": sessions})));
        }
        if let Some(item) = self.store.get(table, application_key(&worker)).await? {
            let Application { resume, signing } = application_from_item(&self.keyring, item)?;
            exported.add("application", &json!({"resume": resume, "signing": signing}))?;
        }
        exported.pictures = self.objects.list(&image_prefix(&worker)).await?;
        Ok(Some(exported))
    }

    /// Removes a worker with application, sessions and photos. `None` as above.
    pub async fn erase_person(&self, act: &Act, object: &Object) -> Result<Option<Erased>> {
        self.erase_worker(act, object, |_| true).await
    }

    /// Removes a worker if `is_wanted` accepts the stored record, which a concurrent log-in may change.
    pub(super) async fn erase_worker(
        &self,
        act: &Act,
        object: &Object,
        is_wanted: impl Fn(&Item) -> bool,
    ) -> Result<Option<Erased>> {
        let Some((platform, em_id)) = named(object) else { return Ok(None) };
        let table = &self.tables.signing;
        retry_conflicts(|| async {
            let Some(worker) = self.find_worker(&platform, em_id).await? else { return Ok(Some(None)) };
            let stored = self.store.get(table, worker_key(&worker)).await?;
            if !stored.as_ref().is_none_or(&is_wanted) {
                return Ok(Some(None));
            }
            let mut erased = Erased::default();
            for key in self.objects.list(&image_prefix(&worker)).await? {
                self.objects.erase(&key).await?;
                erased.pictures += 1;
            }
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
            }
            erased.records += 1 + keys.len() as u64;
            writes.extend(keys.into_iter().map(|key| Write::Delete { table: table.clone(), key, condition: None }));
            // A session that a concurrent log-in opens must not outlive the record.
            let version = stored.as_ref().and_then(|stored| stored.get(VERSION).cloned());
            let condition = version.map(|version| Condition::equals(VERSION, version));
            writes.push(Write::Delete { table: table.clone(), key: worker_key(&worker), condition });
            match self.store.transact_by(act, &erasure(object), writes).await? {
                Outcome::Written => Ok(Some(Some(erased))),
                Outcome::Rejected(_) => Ok(None),
            }
        })
        .await
    }
}

fn named(object: &Object) -> Option<(PlatformCode, u64)> {
    match ids(object, "signing", "worker")?[..] {
        [platform, em_id] => Some((PlatformCode::parse(platform).ok()?, em_id.parse().ok()?)),
        _ => None,
    }
}
