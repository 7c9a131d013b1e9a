//! Retention: what the scheduled clean-up erases of applications that ended, and closed accounts (docs/privacy.md, How the clean-up erases).
//!
//! An application that was rejected or cancelled is marked with the time of that move. The mark is gone once the résumé is erased, or when
//! the worker submits again. A worker who closed the account is marked with the time of closing.

use jiff::Timestamp;

use super::Service;
use super::applications::object;
use super::images::is_image_name;
use super::item::{application_from_item, application_item, em_id_of};
use super::keys::{CLOSED_SWEEP, ENDED_SWEEP, image_key, worker_object};
use super::resume::Resume;
use super::states::{Application, Origin};
use super::values::{Entries, PlatformCode, Worker};
use crate::error::{Error, Result};
use crate::runtime::caller;
use crate::runtime::sweep::{Swept, Time, sweep};
use crate::storage::person::{CLOSED_ACCOUNT, erasure, ordered};
use crate::storage::table::attribute::{number, read_integer};
use crate::storage::table::{Condition, Key, Outcome, VERSION, Write, is_due, retry_conflicts};
use crate::values::Text;

impl Resume {
    /// What remains: the company, the handler and the position.
    fn erased(&self) -> Self {
        Self {
            real_name: Text::default(),
            phone: None,
            id_number: None,
            age: None,
            gender: None,
            nation: Text::default(),
            marital_sts: None,
            political_sts: None,
            acct_type: None,
            acct_prc_id: None,
            acct_prc_name: Text::default(),
            acct_city_id: None,
            acct_city_name: Text::default(),
            acct_coy_id: None,
            acct_coy_name: Text::default(),
            acct_addr: Text::default(),
            province_id: None,
            province_name: Text::default(),
            city_id: None,
            city_name: Text::default(),
            county_id: None,
            county_name: Text::default(),
            addr: Text::default(),
            em_contact_name: Text::default(),
            em_contact_phone: Text::default(),
            em_contact_relationship: Text::default(),
            id_card_front: Text::default(),
            id_card_back: Text::default(),
            work_exp: Entries::default(),
            employee_edu: Entries::default(),
            company_id: self.company_id,
            work_pos: self.work_pos.clone(),
            ad_user_id: self.ad_user_id,
        }
    }
}

impl Service {
    /// Erases the résumés of applications that ended at this time or before.
    ///
    /// DynamoDB: the queries of the index; for each application a read and a write. S3: for each photo a list, and a removal for each version.
    pub async fn sweep_resumes(&self, time: &Time, before: Timestamp) -> Swept {
        let overdue = self.store.due(&self.tables.signing, ENDED_SWEEP, before);
        sweep(overdue, time, |key| self.erase_resume(key, before)).await
    }

    /// Erases the workers who closed their accounts at this time or before. A log-in opens an account that is not erased yet.
    ///
    /// DynamoDB: the queries of the index; for each worker a read, and the calls of [`Service::erase_person`].
    pub async fn sweep_closed(&self, time: &Time, before: Timestamp) -> Swept {
        let overdue = self.store.due(&self.tables.signing, CLOSED_SWEEP, before);
        sweep(overdue, time, |key| self.erase_closed(key, before)).await
    }

    /// Erases a worker. Returns whether the record was overdue.
    async fn erase_closed(&self, key: Key, before: Timestamp) -> Result<bool> {
        let stored = self.store.get(&self.tables.signing, key.clone()).await?;
        let Some(item) = stored.filter(|item| is_due(item, CLOSED_SWEEP, before)) else { return Ok(false) };
        let em_id = em_id_of(&item)?.ok_or_else(|| Error::internal("a worker without a number"))?;
        let (act, object) = (caller::act(self.clock.now()), worker_object(&worker_in(&key)?.platform, em_id));
        self.store.record(&act, &ordered(std::slice::from_ref(&object), CLOSED_ACCOUNT)).await?;
        Ok(self.erase_worker(&act, &object, |item| is_due(item, CLOSED_SWEEP, before)).await?.is_some())
    }

    /// Erases a résumé, and the photos that it names. Returns whether it was overdue.
    async fn erase_resume(&self, key: Key, before: Timestamp) -> Result<bool> {
        let table = &self.tables.signing;
        let worker = worker_in(&key)?;
        self.keyring.record().await?;
        retry_conflicts(|| async {
            let stored = self.store.get(table, key.clone()).await?;
            let Some(item) = stored.filter(|item| is_due(item, ENDED_SWEEP, before)) else { return Ok(Some(false)) };
            let version: u64 = read_integer(&item, VERSION)?;
            let Application { resume, mut signing } = application_from_item(&self.keyring, item)?;
            // The photos first: the record names them until they are gone.
            for photo in [&resume.id_card_front, &resume.id_card_back] {
                if let Some(name) = photo.as_str().rsplit('/').next().filter(|name| is_image_name(name)) {
                    self.objects.erase(&image_key(&worker, name)).await?;
                }
            }
            (signing.origin, signing.terms, signing.erased_at) = (Origin::default(), None, Some(self.clock.now().into()));
            let erased = Application { resume: resume.erased(), signing };
            let mut next = application_item(&self.keyring, &worker, &erased)?;
            next.insert(VERSION.into(), number(version + 1));
            let change = erasure(&object(&worker.platform, erased.signing.em_id));
            let condition = Condition::equals(VERSION, number(version));
            let put = Write::Put { table: table.clone(), item: next.clone(), condition };
            let act = caller::act(self.clock.now());
            match self.store.transact_by(&act, &change, vec![put]).await?.unless_stored(&next) {
                Outcome::Written => Ok(Some(true)),
                Outcome::Rejected(_) => Ok(None),
            }
        })
        .await
    }
}

/// The worker in the key of a worker or an application.
fn worker_in(key: &Key) -> Result<Worker> {
    let (platform, id) = key.pk.split_once("#worker#").ok_or_else(|| Error::internal("a key without a worker"))?;
    Ok(Worker { platform: PlatformCode::parse(platform).map_err(Error::internal)?, id: id.to_owned() })
}
