//! Operations on jobs (docs/contract/jobboard.txt, 二、商家招聘模块 and 我发布的). Jobs are public and found by their id alone, so the key
//! does not contain the owner. Every change checks the owner instead.

use jiff::Timestamp;

use super::idempotency::Idempotency;
use super::item::{Record as _, Versioned};
use super::job::{Content, Job, State};
use super::users::Profile;
use super::values::BizType;
use super::{Service, keys, missing};
use crate::crypto::random::random_text;
use crate::error::{Error, Fault, Result};
use crate::storage::audit::{Act, Change};
use crate::storage::page::{Page, PageRequest};
use crate::storage::table::attribute::text;
use crate::storage::table::{Condition, Key, Outcome, STAMP, Write, retry_conflicts};
use crate::values::{Id, LocalTime};

/// How many jobs of a user are changed concurrently.
pub(super) const JOBS_AT_ONCE: usize = 8;

/// The act of an administrator on a job.
pub(super) struct Recorded<'a> {
    pub act: &'a Act,
    /// What the record says beside the fields.
    pub change: Change,
    /// What must hold for the record of the owner, and the fault if it does not.
    pub owner: Option<(Condition, &'static str)>,
}

impl Service {
    /// Posts a job and returns its id.
    ///
    /// DynamoDB: one transaction; one read before it if no contact person is named.
    pub async fn create_job(&self, owner: Id, mut content: Content, idempotency: Option<&Idempotency>) -> Result<Id> {
        content.check()?;
        self.keyring.record().await?;
        if content.contact_person.as_str().trim().is_empty() {
            content.contact_person = self.user(owner).await?.name;
        }
        let now = self.clock.now();
        self.ids.claim(now, |id| self.store_job(id, owner, content.clone(), now, idempotency)).await
    }

    /// Stores a job under this id. Returns the id of the job, or of the one that the same request stored before; None if another job has
    /// this id.
    async fn store_job(
        &self,
        id: Id,
        owner: Id,
        content: Content,
        now: Timestamp,
        idempotency: Option<&Idempotency>,
    ) -> Result<Option<Id>> {
        let job = Job {
            id,
            owner,
            content,
            state: State::Open,
            created_at: now.into(),
            updated_at: now.into(),
            refreshed_at: None,
            free_refresh_at: None,
            top: None,
            note: None,
            removed_from: None,
            removed_with_owner: false,
            pictures_erased_at: None,
        };
        let item = job.item(&self.keyring, 1)?;
        let table = &self.tables.jobboard;
        let put = Write::Put { table: table.clone(), item: item.clone(), condition: Condition::absent() };
        let result = idempotency.map(|idempotency| self.store_result(idempotency, job.id));
        let event = job.feed_event(&item, 1).write(table, now);
        let writes = [put].into_iter().chain(result).chain([event]).collect();
        let outcome = self.store.transact(writes).await?.unless_stored(&item);
        self.live.changed();
        let Outcome::Rejected(rejections) = outcome else { return Ok(Some(id)) };
        let earlier = rejections.into_iter().nth(1).filter(|rejection| rejection.failed).and_then(|rejection| rejection.stored);
        match (idempotency, earlier) {
            (Some(idempotency), Some(earlier)) => idempotency.result_in(&earlier).map(Some),
            _ => Ok(None),
        }
    }

    /// Changes the content of a job. `change` runs again after a conflict.
    ///
    /// DynamoDB: one read, one transaction.
    pub async fn update_job(&self, owner: Id, id: Id, change: impl Fn(&mut Content)) -> Result<()> {
        let now = self.clock.now();
        self.change_own(owner, id, |job| {
            let before = job.content.clone();
            change(&mut job.content);
            job.content.check()?;
            if job.content != before {
                job.updated_at = now.into();
            }
            Ok(())
        })
        .await
    }

    /// Closes a job for good.
    ///
    /// DynamoDB: one read, one transaction.
    pub async fn close_job(&self, owner: Id, id: Id) -> Result<()> {
        let now = self.clock.now();
        self.change_own(owner, id, |job| {
            job.state = State::Closed;
            job.updated_at = now.into();
            Ok(())
        })
        .await
    }

    /// Closes all open jobs of a user.
    ///
    /// DynamoDB: one query, one batch for each hundred jobs; for each open job one read and one transaction.
    pub(super) async fn close_jobs(&self, owner: Id) -> Result<()> {
        let now = self.clock.now();
        let jobs = self.listed_jobs(owner).await?;
        self.each_job(jobs.iter().filter(|job| job.is_open()), |job| async move {
            let closed = self.change_job(job, None, |job| {
                // An administrator may have removed it meanwhile.
                if job.is_open() {
                    job.state = State::Closed;
                    job.updated_at = now.into();
                }
                Ok(())
            });
            closed.await.map(drop)
        })
        .await
    }

    /// Lists a job before those that were refreshed earlier. It is free once per `FREE_REFRESH_HOURS`.
    ///
    /// DynamoDB: one read, one transaction.
    pub async fn refresh_job(&self, owner: Id, id: Id) -> Result<()> {
        let now = self.clock.now();
        self.change_own(owner, id, |job| {
            job.check_open()?;
            let next = job.free_refresh_at.map(|last| last.later(self.settings.free_refresh));
            if let Some(next) = next.filter(|next| LocalTime::from(now) < *next) {
                let wait = next.as_millisecond() - now.as_millisecond();
                let used = Fault::new("job_id", "was refreshed for nothing today: use /jobs/refresh/pay, or wait");
                return Err(Error::too_many_requests((wait + 999) / 1000).with_fault(used));
            }
            job.refreshed_at = Some(now.into());
            job.free_refresh_at = Some(now.into());
            Ok(())
        })
        .await
    }

    /// Clears the top of a job if it has ended. Returns whether it had.
    pub(super) async fn clear_top(&self, id: Id) -> Result<bool> {
        let now = LocalTime::from(self.clock.now());
        self.change_job(id, None, |job| {
            job.top = job.top.filter(|window| now < window.end);
            Ok(())
        })
        .await
    }

    async fn change_own(&self, owner: Id, id: Id, change: impl Fn(&mut Job) -> Result<()>) -> Result<()> {
        self.change_job(id, None, |job| {
            job.check_owner(owner)?;
            match job.state {
                State::Open | State::Closed => change(job),
                State::TakenDown | State::Deleted => Err(Error::invalid([Fault::new("job_id", "was taken down")])),
            }
        })
        .await
        .map(drop)
    }

    /// Applies `change` to a job and returns whether it is different now; `recorded` is the act of an administrator. On a concurrent update the change is re-applied to the new version.
    pub(super) async fn change_job(
        &self,
        id: Id,
        recorded: Option<Recorded<'_>>,
        change: impl Fn(&mut Job) -> Result<()>,
    ) -> Result<bool> {
        self.keyring.record().await?;
        let stamp = text(random_text()?);
        retry_conflicts(|| async {
            let found = self.store.get(&self.tables.jobboard, keys::job(id)).await?;
            let found = found.ok_or_else(|| missing("job"))?;
            if found.get(STAMP) == Some(&stamp) {
                // Our own earlier write, whose response was lost.
                return Ok(Some(true));
            }
            let mut stored = Versioned::<Job>::read(&self.keyring, found.clone())?;
            let before = stored.record.clone();
            change(&mut stored.record)?;
            if stored.record == before {
                return Ok(Some(false));
            }
            let mut item = stored.next_item(&self.keyring)?;
            item.insert(STAMP.into(), stamp.clone());
            let record = recorded.as_ref().map(|recorded| {
                let change = recorded.change.clone().changed(&found, &item);
                self.store.recording(recorded.act, &change)
            });
            let (owner, fault) = recorded.as_ref().and_then(|recorded| recorded.owner.clone()).unzip();
            let table = &self.tables.jobboard;
            let mut writes: Vec<Write> = stored.update(table, item, self.clock.now()).into();
            let key = keys::user(stored.record.owner);
            writes.extend(owner.map(|condition| Write::Check { table: table.clone(), key, condition }));
            writes.extend(record.transpose()?);
            let outcome = self.store.transact(writes).await?;
            self.live.changed();
            match (outcome, fault) {
                (Outcome::Written, _) => Ok(Some(true)),
                // The job itself is as it was read, and its owner is not as demanded.
                (Outcome::Rejected(rejections), Some(fault))
                    if matches!(&rejections[..], [job, _, owner, ..] if !job.failed && owner.failed) =>
                {
                    Err(Error::conflict(Fault::new("job_id", fault)))
                }
                (Outcome::Rejected(_), _) => Ok(None),
            }
        })
        .await
    }

    /// A job, if `viewer` may see it: everyone sees open jobs, and owners see their own jobs in every state but deleted.
    ///
    /// DynamoDB: one read.
    pub async fn job(&self, id: Id, viewer: Option<Id>) -> Result<Job> {
        let found = self.store.get(&self.tables.jobboard, keys::job(id)).await?;
        let job = Job::read(&self.keyring, found.ok_or_else(|| missing("job"))?)?;
        let own = viewer == Some(job.owner) && job.state != State::Deleted;
        if job.is_open() || own { Ok(job) } else { Err(missing("job")) }
    }

    /// Whether the contact of each job is masked for `viewer`.
    ///
    /// DynamoDB: one batch if the installation masks contacts and the viewer is logged in and has not posted all of the jobs.
    pub async fn masked(&self, jobs: &[Job], viewer: Option<Id>) -> Result<Vec<bool>> {
        if !self.settings.mask_contact {
            return Ok(vec![false; jobs.len()]);
        }
        let key = |job: &Job| viewer.map(|viewer| keys::contacted(viewer, job.id));
        let wanted: Vec<Key> = jobs.iter().filter(|job| viewer != Some(job.owner)).filter_map(key).collect();
        let contacted = self.store.get_map(&self.tables.jobboard, wanted).await?;
        let seen = |job: &Job| viewer == Some(job.owner) || key(job).is_some_and(|key| contacted.contains_key(&key));
        Ok(jobs.iter().map(|job| !seen(job)).collect())
    }

    /// The jobs that a user has posted, newest first, and the profile of the user.
    ///
    /// DynamoDB: one query, one batch.
    pub async fn jobs_of(&self, owner: Id, biz_type: Option<BizType>, page: PageRequest) -> Result<(Page<Job>, Profile)> {
        let keys = match BizType::is_posted(biz_type) {
            true => self.list("ix1", keys::jobs_of(owner)).page_of_keys(page, "cursor").await?,
            false => page.nothing(),
        };
        let wanted = keys.list.iter().cloned().chain([keys::user(owner)]).collect();
        let found = self.store.get_map(&self.tables.jobboard, wanted).await?;
        let jobs = keys.list.iter().filter_map(|key| found.get(key).cloned()).map(|item| Job::read(&self.keyring, item));
        let Page { total, page, page_size, next_cursor, .. } = keys;
        Ok((
            Page { list: jobs.collect::<Result<_>>()?, total, page, page_size, next_cursor },
            self.profile_among(&found, owner)?,
        ))
    }
}
