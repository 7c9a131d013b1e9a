//! Operations on jobs (docs/contract/jobboard.txt, 二、商家招聘模块 and 我发布的). Jobs are public and found by their id alone, so the key
//! does not contain the owner. Every change checks the owner instead.

use jiff::Timestamp;

use super::idempotency::Idempotency;
use super::images::Name;
use super::item::{Record as _, Versioned};
use super::job::{Content, Job, State};
use super::keys::OwnList;
use super::moderation::{Moderation, Verdict};
use super::quotas::{Quota, Use};
use super::users::Profile;
use super::values::BizType;
use super::{Service, keys, missing};
use crate::crypto::random::random_text;
use crate::error::{Error, Fault, Result};
use crate::storage::audit::{Act, Change};
use crate::storage::milestones::restart;
use crate::storage::page::{Page, PageRequest};
use crate::storage::table::attribute::text;
use crate::storage::table::{Condition, Key, Outcome, Rejection, STAMP, Write, retry_conflicts};
use crate::values::{Id, LocalTime};

const ONE_JOB: &[Use] = &[(Quota::Jobs, 1)];
const ONE_REFRESH: &[Use] = &[(Quota::Refreshes, 1)];

/// How many jobs of a user are changed concurrently.
pub(super) const JOBS_AT_ONCE: usize = 8;

/// What a user posts.
#[derive(Clone)]
struct Posted {
    owner: Id,
    content: Content,
    moderation: Option<Moderation>,
}

/// What a change of a job stores beside it.
pub(super) enum Beside<'a> {
    Nothing,
    /// The record of an act of an administrator.
    Recorded(&'a Recorded<'a>),
    /// What the owner uses of a quota.
    Used(&'a [Use]),
}

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
    /// DynamoDB: one transaction; one read before it if no contact person is named. With moderation one write and one read more, and a
    /// read with an idempotency key.
    pub async fn create_job(&self, owner: Id, mut content: Content, idempotency: Option<&Idempotency>) -> Result<Id> {
        content.check()?;
        self.keyring.record().await?;
        // WeChat is not asked again for a repeated request.
        if self.settings.moderation.is_some()
            && let Some(earlier) = self.earlier_result(idempotency).await?
        {
            return Ok(earlier);
        }
        if content.contact_person.as_str().trim().is_empty() {
            content.contact_person = self.user(owner).await?.name;
        }
        let moderation = self.judge(owner, &content, None).await?;
        let now = self.clock.now();
        let posted = Posted { owner, content, moderation };
        self.ids.claim(now, |id| self.store_job(id, posted.clone(), now, idempotency)).await
    }

    /// Stores a job under this id. Returns the id of the job, or of the one that the same request stored before; None if another job has
    /// this id.
    async fn store_job(
        &self,
        id: Id,
        Posted { owner, content, moderation }: Posted,
        now: Timestamp,
        idempotency: Option<&Idempotency>,
    ) -> Result<Option<Id>> {
        let mut job = Job {
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
            moderation,
        };
        job.moderate(self.while_unjudged(), now)?;
        let item = job.item(&self.keyring, 1)?;
        let table = &self.tables.jobboard;
        let put = Write::Put { table: table.clone(), item: item.clone(), condition: Condition::absent() };
        let result = idempotency.map(|idempotency| self.store_result(idempotency, job.id));
        let event = job.feed_event(&item, 1).write(table, now);
        let quota = self.count_today(owner, ONE_JOB, now);
        let writes = [put, quota].into_iter().chain(result).chain([event]).chain(self.traces(&job, None, now)).collect();
        let outcome = self.store.transact(writes).await?.unless_stored(&item);
        self.live.changed();
        let Outcome::Rejected(rejections) = outcome else { return Ok(Some(id)) };
        match (rejections.as_slice(), idempotency) {
            ([_, _, Rejection { failed: true, stored: Some(earlier) }, ..], Some(idempotency)) => {
                idempotency.result_in(earlier).map(Some)
            }
            ([_, Rejection { failed: true, stored }, ..], _) => Err(self.used_up(ONE_JOB, stored.as_ref(), now)),
            _ => Ok(None),
        }
    }

    /// Changes the content of a job. `change` runs again after a conflict.
    ///
    /// DynamoDB: one read, one transaction. With moderation another read, and one write and one read more if a text or a picture is new.
    pub async fn update_job(&self, owner: Id, id: Id, change: impl Fn(&mut Content)) -> Result<()> {
        let judged = self.judge_change(owner, id, &change).await?;
        let now = self.clock.now();
        self.change_own(owner, id, Beside::Nothing, |job| {
            let before = job.content.clone();
            change(&mut job.content);
            job.content.check()?;
            if job.content == before {
                return Ok(());
            }
            job.updated_at = now.into();
            if let Some((content, moderation)) = &judged {
                let mut moderation = moderation.clone();
                // Another update came between: WeChat has not seen the content that is stored now.
                if job.content != *content {
                    moderation.texts = Verdict::Unjudged;
                    moderation.plan(now);
                }
                job.moderation = Some(moderation);
                job.moderate(self.while_unjudged(), now)?;
            }
            Ok(())
        })
        .await
    }

    /// The content that a change leads to, with what WeChat says of it. None if the installation does not moderate, or the change is rejected
    /// later.
    async fn judge_change(&self, owner: Id, id: Id, change: impl Fn(&mut Content)) -> Result<Option<(Content, Moderation)>> {
        if self.settings.moderation.is_none() {
            return Ok(None);
        }
        let found = self.store.get(&self.tables.jobboard, keys::job(id)).await?;
        let Some(job) = found.map(|item| Job::read(&self.keyring, item)).transpose()? else { return Ok(None) };
        let mut content = job.content.clone();
        change(&mut content);
        let is_accepted = job.check_owner(owner).is_ok() && !job.is_removed() && content.check().is_ok();
        if !is_accepted || content == job.content {
            return Ok(None);
        }
        let known = job.moderation.as_ref().map(|moderation| (&job.content, moderation));
        let moderation = self.judge(owner, &content, known).await?;
        Ok(moderation.map(|moderation| (content, moderation)))
    }

    /// Closes a job for good.
    ///
    /// DynamoDB: one read, one transaction.
    pub async fn close_job(&self, owner: Id, id: Id) -> Result<()> {
        let now = self.clock.now();
        self.change_own(owner, id, Beside::Nothing, |job| {
            job.state = State::Closed;
            job.updated_at = now.into();
            Ok(())
        })
        .await
    }

    /// Closes all jobs of a user that are open, or wait to be.
    ///
    /// DynamoDB: one query, one batch for each hundred jobs; for each such job one read and one transaction.
    pub(super) async fn close_jobs(&self, owner: Id) -> Result<()> {
        let now = self.clock.now();
        let jobs = self.listed_jobs(owner).await?;
        self.each_job(jobs.iter().filter(|job| job.is_offered()), |job| async move {
            let closed = self.change_job(job, Beside::Nothing, |job| {
                // An administrator may have removed it meanwhile.
                if job.is_offered() {
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
        self.change_own(owner, id, Beside::Used(ONE_REFRESH), |job| {
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
        self.change_job(id, Beside::Nothing, |job| {
            job.top = job.top.filter(|window| now < window.end);
            Ok(())
        })
        .await
    }

    async fn change_own(&self, owner: Id, id: Id, beside: Beside<'_>, change: impl Fn(&mut Job) -> Result<()>) -> Result<()> {
        self.change_job(id, beside, |job| {
            job.check_owner(owner)?;
            match job.state {
                State::Open | State::Closed | State::Waiting => change(job),
                State::TakenDown | State::Deleted => Err(Error::invalid([Fault::new("job_id", "was taken down")])),
            }
        })
        .await
        .map(drop)
    }

    /// Applies `change` to a job and returns whether it is different now. On a concurrent update the change is re-applied to the new version.
    pub(super) async fn change_job(&self, id: Id, beside: Beside<'_>, change: impl Fn(&mut Job) -> Result<()>) -> Result<bool> {
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
            let (table, now) = (&self.tables.jobboard, self.clock.now());
            let owner = stored.record.owner;
            let mut writes: Vec<Write> = stored.update(table, item.clone(), now).into();
            let is_dropped = |name: &Name| !stored.record.is_removed() && stored.record.pictures().all(|kept| kept != *name);
            let dropped = before.pictures().filter(is_dropped);
            let unused: Vec<Write> = dropped.map(|name| self.mark_unused(&name, now)).collect();
            match &beside {
                Beside::Nothing => {}
                Beside::Recorded(Recorded { act, change, owner: demanded }) => {
                    let check = |(condition, _): &(Condition, _)| Write::Check {
                        table: table.clone(),
                        key: keys::user(owner),
                        condition: condition.clone(),
                    };
                    writes.extend(demanded.as_ref().map(check));
                    writes.push(self.store.recording(act, &change.clone().changed(&found, &item))?);
                }
                Beside::Used(uses) => writes.push(self.count_today(owner, uses, now)),
            }
            writes.extend(unused);
            writes.extend(self.traces(&stored.record, Some(&before), now));
            if stored.record.state == State::Deleted && before.state != State::Deleted {
                writes.push(restart(table, keys::milestones(owner, OwnList::Jobs), keys::first_at(now)));
            }
            let outcome = self.store.transact(writes).await?;
            self.live.changed();
            let Outcome::Rejected(rejections) = outcome else { return Ok(Some(true)) };
            match (&rejections[..], &beside) {
                // The job itself is as it was read, and its owner is not as demanded.
                ([job, _, owner, ..], Beside::Recorded(Recorded { owner: Some((_, fault)), .. }))
                    if !job.failed && owner.failed =>
                {
                    Err(Error::conflict(Fault::new("job_id", *fault)))
                }
                ([job, _, counter, ..], Beside::Used(uses)) if !job.failed && counter.failed => {
                    Err(self.used_up(uses, counter.stored.as_ref(), now))
                }
                _ => Ok(None),
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
    /// DynamoDB: one query, one batch. A page by number of more than 250 jobs reads their milestones ([`Counted::known`]).
    ///
    /// [`Counted::known`]: crate::storage::milestones::Counted::known
    pub async fn jobs_of(&self, owner: Id, biz_type: Option<BizType>, page: PageRequest) -> Result<(Page<Job>, Profile)> {
        let milestones = Some(keys::milestones(owner, OwnList::Jobs));
        let keys = match BizType::is_posted(biz_type) {
            true => self.own_list("ix1", keys::jobs_of(owner), biz_type, milestones).page_of_keys(page, "cursor").await?,
            false => page.nothing("cursor")?,
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
