//! Retention: what the scheduled clean-up erases of applications that ended, and closed accounts (docs/privacy.md, How the clean-up erases).
//!
//! An application that was rejected or cancelled is marked with the time of that move. The mark is gone once the résumé is erased, or when
//! the worker submits again. A worker who closed the account is marked with the time of closing.

use jiff::Timestamp;

use super::Service;
use super::applications::object;
use super::images::image_id;
use super::item::{application_from_item, em_id_of, next_application_item};
use super::keys::{CLOSED_SWEEP, ENDED_SWEEP, image_prefix, worker_object};
use super::resume::Resume;
use super::states::{Application, Origin};
use super::values::{Entries, PlatformCode, Worker};
use crate::error::{Error, Result};
use crate::runtime::caller;
use crate::runtime::sweep::{Swept, Time, sweep};
use crate::storage::audit::Change;
use crate::storage::person::{CLOSED_ACCOUNT, erasure};
use crate::storage::table::attribute::{number, read_integer};
use crate::storage::table::{Condition, Key, Outcome, VERSION, Write, is_due, mark, retry_conflicts, unmark};
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
    /// DynamoDB: the queries of the index; for each application two reads, a transaction and a write. S3: a list of the photos;
    /// for each photo a list, and a removal for each version.
    pub async fn sweep_resumes(&self, time: &Time, before: Timestamp) -> Swept {
        let overdue = self.store.due(&self.tables.signing, ENDED_SWEEP, before);
        sweep(overdue, time, |key| self.erase_resume(key, before)).await
    }

    /// Erases the workers who closed their accounts at this time or before. A log-in opens an account that is not erased yet.
    ///
    /// DynamoDB: the queries of the index; for each worker four reads and a transaction. S3: as above, for all photos.
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
        // The record of the order and the erasure are one: there is no order for an account that a log-in opens.
        let order = Change::erasure_of(std::slice::from_ref(&object), CLOSED_ACCOUNT);
        Ok(self.erase_worker(&act, &object, &order, |item| is_due(item, CLOSED_SWEEP, before)).await?.is_some())
    }

    /// Erases a résumé, and the photos that the worker uploaded before the application ended. Returns whether it was overdue.
    async fn erase_resume(&self, key: Key, before: Timestamp) -> Result<bool> {
        let Some(ended_at) = self.blank_resume(&key, before).await? else { return Ok(false) };
        let worker = worker_in(&key)?;
        for photo in self.objects.list(&image_prefix(&worker)).await? {
            let name = photo.rsplit('/').next().unwrap_or_default();
            if image_id(name).is_some_and(|id| id.made_at().as_second() <= ended_at.as_second()) {
                self.objects.erase(&photo).await?;
            }
        }
        // The mark last, so that the next run erases what is left after a failure.
        let unmarked = self.store.change(&self.tables.signing, key, |item| {
            let mut next = item.clone();
            if is_due(item, ENDED_SWEEP, before) {
                unmark(&mut next);
            }
            Ok(next)
        });
        unmarked.await.map(|_| true)
    }

    /// Blanks a résumé that is overdue, and leaves its mark. Returns when the application ended.
    async fn blank_resume(&self, key: &Key, before: Timestamp) -> Result<Option<Timestamp>> {
        let table = &self.tables.signing;
        let worker = worker_in(key)?;
        self.keyring.record().await?;
        retry_conflicts(|| async {
            let stored = self.store.get(table, key.clone()).await?;
            let Some(item) = stored.filter(|item| is_due(item, ENDED_SWEEP, before)) else { return Ok(Some(None)) };
            let version: u64 = read_integer(&item, VERSION)?;
            let Application { resume, mut signing, .. } = application_from_item(&self.keyring, item.clone())?;
            let last = signing.moves.last().ok_or_else(|| Error::internal("an application that ended without a move"))?;
            let ended_at = Timestamp::from_second(last.at.as_second()).map_err(Error::internal)?;
            if signing.erased_at.is_some() {
                return Ok(Some(Some(ended_at)));
            }
            (signing.origin, signing.terms, signing.erased_at) = (Origin::default(), None, Some(self.clock.now().into()));
            let change = erasure(&object(&worker.platform, signing.em_id));
            let erased = Application { resume: resume.erased(), signing, version };
            let act = caller::act(self.clock.now());
            let mut next = next_application_item(&self.keyring, &worker, &item, erased, Some(act.actor()))?;
            mark(&mut next, ENDED_SWEEP, ended_at);
            let condition = Condition::equals(VERSION, number(version));
            let put = Write::Put { table: table.clone(), item: next.clone(), condition };
            match self.store.transact_by(&act, &change, vec![put]).await?.unless_stored(&next) {
                Outcome::Written => Ok(Some(Some(ended_at))),
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
