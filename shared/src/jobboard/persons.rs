//! The rights of a person in the records of the job board. The object is `jobboard/user/{id}`: a user with jobs, contacts, ledger, orders and
//! pictures.

use serde_json::json;

use super::item::{Record as _, Versioned};
use super::job::Job;
use super::orders::Order;
use super::reports::Report;
use super::search::feed::Event;
use super::vouchers::Entry;
use super::{Service, item, keys};
use crate::error::Result;
use crate::storage::audit::{Act, Object};
use crate::storage::person::{Erased, Exported, Kept, Wanted, erasure, ids, records_of, remove};
use crate::storage::table::attribute::{number, read_integer, text};
use crate::storage::table::{Condition, Item, Key, Outcome, VERSION, Write, retry_conflicts};
use crate::values::Id;

const LEDGER: Kept = Kept {
    what: "orders, refunds, contacts and the voucher ledger, under the number of the user",
    why: "电子商务法 第三十一条 (3 years), 会计档案管理办法 第十四条 (30 years)",
};

impl Service {
    /// The users with this phone or openid, and the owners of jobs with this phone.
    pub async fn find_person(&self, wanted: &Wanted) -> Result<Vec<Object>> {
        let mut users = Vec::new();
        if let Wanted::Openid(openid) = wanted {
            for code in self.keyring.blind_indexes(&super::users::openid_parts(openid)) {
                let found = self.store.get(&self.tables.jobboard, keys::openid(&hex::encode(code.expose()))).await?;
                users.extend(found.map(|item| read_integer::<u64>(&item, "user")).transpose()?);
            }
        }
        // The job board stores no identity numbers: its table has no index of them.
        if let Wanted::Phone(_) = wanted {
            for found in records_of(&self.store, &self.keyring, &self.tables.jobboard, wanted).await? {
                let field = if found.get("sk") == Some(&text("job")) { "owner" } else { "id" };
                users.push(read_integer(&found, field)?);
            }
        }
        users.sort_unstable();
        users.dedup();
        Ok(users.into_iter().map(|user| keys::user_object(Id::from_u64(user))).collect())
    }

    /// `None` if the object is not one of this family, or is gone.
    pub async fn export_person(&self, object: &Object) -> Result<Option<Exported>> {
        let Some(id) = named(object) else { return Ok(None) };
        let table = &self.tables.jobboard;
        let Some(user) = self.store.get(table, keys::user(id)).await? else { return Ok(None) };
        let mut exported = Exported::default();
        exported.add("user", &self.read_user(user)?)?;
        for job in self.all_jobs_of(id).await? {
            exported.add("job", &job)?;
        }
        for order in self.listed_of("ix2", keys::orders_of(id)).await? {
            exported.add("order", &Order::read(&self.keyring, order)?)?;
        }
        for report in self.listed_of("ix2", keys::reports_by(id)).await? {
            exported.add("report", &item::read::<Report>(report)?)?;
        }
        for (kind, index, list) in
            [("contact_out", "ix1", keys::contacts_by(id)), ("contact_in", "ix2", keys::contacts_with(id))]
        {
            let contacts = self.listed_of(index, list).await?;
            let contact = |item: &Item| keys::ContactKey::parse(&Key::of(item)?);
            let view = |contact: keys::ContactKey| json!({"user_id": contact.caller, "job_id": contact.job, "owner_id": contact.owner, "at": contact.id.made_at().to_string()});
            exported.records.extend(contacts.iter().filter_map(contact).map(|contact| (kind, view(contact))));
        }
        for entry in self.store.partition(table, keys::vouchers(id)).await? {
            if entry.get("sk") != Some(&text("balance")) {
                exported.add("voucher_entry", &item::read::<Entry>(entry)?)?;
            }
        }
        for collected in self.store.partition(table, keys::collections(id)).await? {
            let job = Key::of(&collected).map(|key| key.sk).filter(|job| job != "count");
            exported.records.extend(job.map(|job| ("collected_job", json!({"job_id": job.trim_start_matches('0')}))));
        }
        exported.pictures = self.objects.list(&picture_prefix("", id)).await?;
        Ok(Some(exported))
    }

    /// Ends the log-ins and tokens of a user, then removes the user with jobs, collections and pictures. Orders, contacts and the ledger keep
    /// the number of the user. `None` as above.
    pub async fn erase_person(&self, act: &Act, object: &Object) -> Result<Option<Erased>> {
        let Some(id) = named(object) else { return Ok(None) };
        let table = &self.tables.jobboard;
        let mut erased = Erased::default();
        let is_stored = self.detach(act, &erasure(object), id, |_| true).await?;
        let mut reports: Vec<Key> = self.listed_of("ix2", keys::reports_by(id)).await?.iter().filter_map(Key::of).collect();
        for job in self.all_jobs_of(id).await? {
            reports.extend(self.report_keys(job.id).await?);
            self.remove_job_item(act, object, job.id).await?;
            erased.records += 1;
        }
        erased.records += remove(&self.store, act, object, table, reports).await?;
        let partitions =
            [keys::collections(id), keys::all_ordered(id), keys::uploads(&id.to_string()), keys::all_milestones(id)];
        for partition in partitions {
            let found = self.store.partition(table, partition).await?;
            let found = found.iter().filter_map(Key::of).collect();
            erased.records += remove(&self.store, act, object, table, found).await?;
        }
        for prefix in ["", "incoming/", "rejected/"] {
            erased.pictures += self.objects.erase_all(&picture_prefix(prefix, id)).await?;
        }
        // Last, so that a repetition after a failure still finds the user.
        if is_stored {
            erased.records += remove(&self.store, act, object, table, vec![keys::user(id)]).await?;
            erased.kept.push(LEDGER);
        }
        self.live.changed();
        Ok((erased.records + erased.pictures > 0).then_some(erased))
    }

    /// Removes a job, and reports it in the feed as the version after the stored one, which readers of the feed compare.
    async fn remove_job_item(&self, act: &Act, object: &Object, id: Id) -> Result<()> {
        let table = &self.tables.jobboard;
        retry_conflicts(|| async {
            let Some(item) = self.store.get(table, keys::job(id)).await? else { return Ok(Some(())) };
            let Versioned { record: job, version } = Versioned::<Job>::read(&self.keyring, item)?;
            let event = Event { job: id, created_at: job.created_at, version: version + 1, entry: None };
            let unchanged = Some(Condition::equals(VERSION, number(version)));
            let delete = Write::Delete { table: table.clone(), key: keys::job(id), condition: unchanged };
            let writes = vec![delete, event.write(table, self.clock.now())];
            match self.store.transact_by(act, &erasure(object), writes).await? {
                Outcome::Written => Ok(Some(())),
                Outcome::Rejected(_) => Ok(None),
            }
        })
        .await
    }

    /// The jobs of a user in every state.
    async fn all_jobs_of(&self, owner: Id) -> Result<Vec<Job>> {
        let mut jobs = self.listed_of("ix1", keys::jobs_of(owner)).await?;
        jobs.extend(self.listed_of("ix2", keys::deleted_jobs_of(owner)).await?);
        jobs.into_iter().map(|job| Job::read(&self.keyring, job)).collect()
    }

    /// The records of an index partition.
    pub(super) async fn listed_of(&self, index: &'static str, partition: String) -> Result<Vec<Item>> {
        let table = &self.tables.jobboard;
        let keys = self.store.index_keys(table, index, Condition::equals(index, text(partition))).await?;
        self.store.get_all(table, keys).await
    }
}

fn named(object: &Object) -> Option<Id> {
    match ids(object, "jobboard", "user")?[..] {
        [id] => id.parse().ok().map(Id::from_u64),
        _ => None,
    }
}

/// The beginning of the keys of a user's pictures.
fn picture_prefix(prefix: &str, user: Id) -> String {
    format!("{prefix}img/{user}_")
}
