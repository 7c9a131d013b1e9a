//! Bans: a banned user cannot log in, and the open jobs of the user are taken down.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::SignedDuration;

use super::item::Record as _;
use super::job::{Job, State};
use super::jobs::JOBS_AT_ONCE;
use super::orders::{Order, OrderState};
use super::transition::Patience;
use super::users::User;
use super::values::Note;
use super::{Service, keys, missing};
use crate::error::{Error, Result};
use crate::storage::audit::{Act, Change};
use crate::storage::table::Range;
use crate::values::{Id, Text};

/// Orders that are older are no longer pending, or about to be closed by the clean-up.
const LONGEST_PENDING: SignedDuration = SignedDuration::from_hours(2);

/// A user who was banned.
pub struct Banned {
    /// Of the first ban, if the user was banned before.
    pub note: Note,
    /// How many jobs are taken down with the user.
    pub jobs: usize,
}

impl Service {
    /// Bans a user: ends all tokens, rejects log-ins, takes the open jobs down with their reports, and closes the orders that are not paid. A ban
    /// that exists stays as it is.
    ///
    /// DynamoDB: one read, one transaction, two queries; one batch for each hundred jobs or orders; one read, one query and one transaction for
    /// each open job, and one transaction for each fifty reports on it; one read and one transaction for each unpaid order.
    pub async fn ban_user(&self, act: &Act, id: Id, reason: &Text<1, 256>) -> Result<Banned> {
        let now = self.clock.now();
        let epoch = self.ids.next(now)?.as_u64();
        let note = Note { reason: reason.clone(), by: act.by()?, at: now.into() };
        let recorded = Change::of(keys::user_object(id)).because(reason.as_str());
        let user = self.change_account(id, Some((act, recorded)), |user| {
            let is_new = user.ban.is_none() && !user.is_detached();
            if is_new {
                user.ban = Some(note.clone());
                user.epoch = epoch;
            }
            is_new
        });
        let user = existing(user.await?)?;
        self.epochs.put(id, user.epoch, now);
        let note = user.ban.ok_or_else(|| Error::internal("a user was not banned"))?;
        let jobs = self.listed_jobs(id).await?;
        self.each_job(jobs.iter().filter(|job| job.is_offered()), |job| {
            let note = &note;
            async move {
                self.remove_with_owner(act, job, note).await?;
                self.close_reports(act, job, &note.reason).await
            }
        })
        .await?;
        let jobs = jobs.iter().filter(|job| job.is_offered() || is_down_with_owner(job)).count();
        self.close_orders(act, id).await?;
        Ok(Banned { note, jobs })
    }

    /// Closes the orders of a user that are not paid, at WeChat Pay too. One that was paid meanwhile is granted; if it is for a job, that job is
    /// down, so the money goes back.
    async fn close_orders(&self, act: &Act, user: Id) -> Result<()> {
        let now = self.clock.now();
        let mut recent = self.list("ix2", keys::orders_of(user));
        let (first, last) = keys::ids_between((now - LONGEST_PENDING).into(), now.into());
        recent.query.range = Range::Between(first, last);
        let orders = self.store.get_all(&self.tables.jobboard, recent.keys(usize::MAX).await?.unwrap_or_default()).await?;
        for order in orders {
            let order = Order::read(&self.keyring, order)?;
            if order.state == OrderState::Pending {
                self.settle(act, order, Patience::None).await?;
            }
        }
        Ok(())
    }

    /// Ends the ban of a user, who may log in again. `restores` the jobs that were taken down with the user. Returns how many jobs of the user
    /// are open then.
    ///
    /// DynamoDB: one read, one transaction, one query; one batch for each hundred jobs; two reads and one transaction for each job that is
    /// restored.
    pub async fn unban_user(&self, act: &Act, id: Id, restores: bool) -> Result<usize> {
        let recorded = Change::of(keys::user_object(id));
        existing(self.change_account(id, Some((act, recorded)), |user| user.ban.take().is_some()).await?)?;
        let jobs = self.listed_jobs(id).await?;
        let down: Vec<&Job> = jobs.iter().filter(|job| restores && is_down_with_owner(job)).collect();
        self.each_job(down.iter().copied(), |job| self.restore_with_owner(act, job)).await?;
        Ok(jobs.iter().filter(|job| job.is_open()).count() + down.len())
    }

    /// The jobs of a user that are not deleted.
    pub(super) async fn listed_jobs(&self, owner: Id) -> Result<Vec<Job>> {
        let jobs = self.listed_of("ix1", keys::jobs_of(owner)).await?;
        jobs.into_iter().map(|item| Job::read(&self.keyring, item)).collect()
    }

    /// Changes several jobs concurrently.
    pub(super) async fn each_job<'a, F>(&self, jobs: impl Iterator<Item = &'a Job>, change: impl Fn(Id) -> F) -> Result<()>
    where
        F: Future<Output = Result<()>>,
    {
        let changes: Vec<F> = jobs.map(|job| change(job.id)).collect();
        stream::iter(changes).buffer_unordered(JOBS_AT_ONCE).try_collect().await
    }
}

fn existing(user: Option<User>) -> Result<User> {
    user.filter(|user| !user.is_detached()).ok_or_else(|| missing("user"))
}

fn is_down_with_owner(job: &Job) -> bool {
    job.state == State::TakenDown && job.removed_with_owner
}
