//! Jobs: what their owners do with them (document, 二、商家招聘模块, and 我发布的). Jobs are public and found by their id alone, so the
//! owner is no part of their key: every change asks for it.

use jiff::Timestamp;

use super::contacts::{Found, Other};
use super::job::{Content, Job, Note, State, Stored};
use super::once::Once;
use super::search::feed;
use super::values::BizType;
use super::{Service, missing, row};
use crate::crypto::random::random_token;
use crate::error::{Error, Fault, Result};
use crate::storage::page::{Page, PageRequest};
use crate::storage::table::attribute::text;
use crate::storage::table::{Condition, Key, Outcome, STAMP, Write, retry_conflicts};
use crate::values::Id;
use crate::values::input::Json;
use crate::values::{LocalTime, Text};

impl Service {
    /// Posts a job and gives its id.
    ///
    /// DynamoDB: one transaction; one read before it where the contact person is the owner.
    pub async fn create_job(&self, owner: Id, mut content: Content, once: Option<&Once>) -> Result<Id> {
        content.check()?;
        if content.contact_person.as_str().trim().is_empty() {
            content.contact_person = self.user(owner).await?.name;
        }
        let now = self.clock.now();
        self.ids.claim(now, |id| self.post_job(id, owner, content.clone(), now, once)).await
    }

    /// Posts a job under this id, and gives that or the one that the same request has made before; `None` where another job has it.
    async fn post_job(&self, id: Id, owner: Id, content: Content, now: Timestamp, once: Option<&Once>) -> Result<Option<Id>> {
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
        };
        let item = job.item(1)?;
        let put = Write::Put { table: self.tables.jobboard.clone(), item: item.clone(), condition: Condition::absent() };
        let told = feed::told(&self.tables.jobboard, &job, &item, 1, now);
        let writes = [put].into_iter().chain(once.map(|once| self.remember(once, job.id))).chain([told]).collect();
        let outcome = self.store.transact(writes).await?.unless_stored(&item);
        self.live.changed();
        let Outcome::Rejected(rejections) = outcome else { return Ok(Some(id)) };
        let remembered =
            rejections.into_iter().nth(1).filter(|rejection| rejection.failed).and_then(|rejection| rejection.stored);
        match (once, remembered) {
            (Some(once), Some(remembered)) => once.made(&remembered).map(Some),
            _ => Ok(None),
        }
    }

    /// Changes what its owner says of a job; the members that are left out stay.
    ///
    /// DynamoDB: one read, one transaction.
    pub async fn update_job(&self, owner: Id, id: Id, changes: &Json) -> Result<()> {
        let now = self.clock.now();
        self.change_own(owner, id, |job| {
            job.content = job.content.changed(changes)?;
            job.updated_at = now.into();
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

    /// Puts a job before those that were refreshed earlier; for nothing once a day.
    ///
    /// DynamoDB: one read, one transaction.
    pub async fn refresh_job(&self, owner: Id, id: Id) -> Result<()> {
        let now = self.clock.now();
        self.change_own(owner, id, |job| {
            must_be_open(job)?;
            let next = job.free_refresh_at.map(|last| last.later(self.settings.free_refresh));
            if let Some(next) = next.filter(|next| LocalTime::from(now) < *next) {
                let wait = next.as_millisecond() - now.as_millisecond();
                let used = Fault::new("job_id", "was refreshed for nothing today: use /jobs/refresh/pay, or wait");
                return Err(Error::too_many_requests((wait + 999) / 1000).because(used));
            }
            job.refreshed_at = Some(now.into());
            job.free_refresh_at = Some(now.into());
            Ok(())
        })
        .await
    }

    /// Takes a job down, or deletes it, by an administrator's word.
    pub async fn remove_job(&self, id: Id, state: State, reason: &Text<1, 256>, by: &Text<1, 64>) -> Result<()> {
        let now = self.clock.now();
        self.change_job(id, |job| {
            if job.state == state {
                return Ok(());
            }
            if job.state == State::Deleted {
                return Err(Error::conflict(Fault::new("job_id", "is deleted")));
            }
            job.state = state;
            job.note = Some(Note { reason: reason.clone(), by: by.clone(), at: now.into() });
            Ok(())
        })
        .await
        .map(drop)
    }

    /// Clears a top that has ended; whether it had.
    pub(super) async fn clear_top(&self, id: Id) -> Result<bool> {
        let now = LocalTime::from(self.clock.now());
        self.change_job(id, |job| {
            job.top = job.top.filter(|window| now < window.end);
            Ok(())
        })
        .await
    }

    async fn change_own(&self, owner: Id, id: Id, change: impl Fn(&mut Job) -> Result<()>) -> Result<()> {
        self.change_job(id, |job| {
            is_own(job, owner)?;
            match job.state {
                State::Open | State::Closed => change(job),
                State::TakenDown | State::Deleted => Err(Error::invalid([Fault::new("job_id", "was taken down")])),
            }
        })
        .await
        .map(drop)
    }

    /// Changes a job to what `change` makes of it; whether that is another one. Nobody else's change is lost: one that was overtaken is made anew.
    async fn change_job(&self, id: Id, change: impl Fn(&mut Job) -> Result<()>) -> Result<bool> {
        let stamp = text(random_token()?);
        retry_conflicts(|| async {
            let found = self.store.get(&self.tables.jobboard, row::job(id)).await?;
            let found = found.ok_or_else(|| missing("job"))?;
            if found.get(STAMP) == Some(&stamp) {
                // Our own earlier write, whose response was lost.
                return Ok(Some(true));
            }
            let mut stored = Stored::read(found)?;
            let before = stored.job.clone();
            change(&mut stored.job)?;
            if stored.job == before {
                return Ok(Some(false));
            }
            let mut writes = stored.writes(&self.tables.jobboard, self.clock.now())?;
            if let [Write::Put { item, .. }, _] = &mut writes {
                item.insert(STAMP.into(), stamp.clone());
            }
            let outcome = self.store.transact(writes.into()).await?;
            self.live.changed();
            match outcome {
                Outcome::Written => Ok(Some(true)),
                Outcome::Rejected(_) => Ok(None),
            }
        })
        .await
    }

    /// A job as `viewer` may see it: anybody's open one, one's own in every state but deleted.
    ///
    /// DynamoDB: one read; one more for somebody who is logged in where contacts are masked.
    pub async fn job(&self, id: Id, viewer: Option<Id>) -> Result<Job> {
        let found = self.store.get(&self.tables.jobboard, row::job(id)).await?.map(Job::read).transpose()?;
        let job = found.ok_or_else(|| missing("job"))?;
        let own = viewer == Some(job.owner) && job.state != State::Deleted;
        if job.is_open() || own { Ok(job) } else { Err(missing("job")) }
    }

    /// Which of these jobs hide their contact from `viewer`.
    ///
    /// DynamoDB: one batch where contacts are masked and somebody is logged in.
    pub async fn masked(&self, jobs: &[Job], viewer: Option<Id>) -> Result<Vec<bool>> {
        if !self.settings.mask_contact {
            return Ok(vec![false; jobs.len()]);
        }
        let key = |job: &Job| viewer.map(|viewer| row::contacted(viewer, job.id));
        let keys: Vec<Key> = jobs.iter().filter(|job| viewer != Some(job.owner)).filter_map(key).collect();
        let contacted = self.store.get_map(&self.tables.jobboard, keys).await?;
        let seen = |job: &Job| viewer == Some(job.owner) || key(job).is_some_and(|key| contacted.contains_key(&key));
        Ok(jobs.iter().map(|job| !seen(job)).collect())
    }

    /// The jobs that a user has posted, newest first, and who the user is to others.
    ///
    /// DynamoDB: one query, one batch.
    pub async fn jobs_of(&self, owner: Id, biz_type: Option<BizType>, page: PageRequest) -> Result<(Page<Job>, Other)> {
        let keys = match BizType::is_posted(biz_type) {
            true => self.list("ix1", row::jobs_of(owner)).page_of_keys(page, "cursor").await?,
            false => page.nothing(),
        };
        let wanted = keys.list.iter().cloned().chain([row::user(owner)]).collect();
        let found = Found { items: self.store.get_map(&self.tables.jobboard, wanted).await?, service: self };
        let jobs = keys.list.iter().filter_map(|key| found.items.get(key).cloned()).map(Job::read);
        let Page { total, page, page_size, next_cursor, .. } = keys;
        Ok((Page { list: jobs.collect::<Result<_>>()?, total, page, page_size, next_cursor }, found.user(owner)?))
    }
}

/// Only its owner may do that.
pub(super) fn is_own(job: &Job, owner: Id) -> Result<()> {
    match job.state {
        State::Deleted => Err(missing("job")),
        _ if job.owner == owner => Ok(()),
        _ => Err(Error::forbidden().because(Fault::new("job_id", "is somebody else's"))),
    }
}

pub(super) fn must_be_open(job: &Job) -> Result<()> {
    if job.is_open() { Ok(()) } else { Err(Error::invalid([Fault::new("job_id", "is closed")])) }
}
