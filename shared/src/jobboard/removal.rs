//! The removal of jobs by staff, and its end: a job that was taken down can be restored, a deleted one cannot.

use super::item::Record as _;
use super::job::{Job, State};
use super::jobs::{Beside, Recorded};
use super::values::Note;
use super::{Service, keys, missing};
use crate::error::{Error, Fault, Result};
use crate::storage::audit::{Act, Change, Object};
use crate::storage::table::Condition;
use crate::values::{Id, Text};

/// The attribute of a user who is banned.
const BAN: &str = "ban";

/// The job in audit records.
pub(super) fn job_object(id: Id) -> Object {
    Object::new("jobboard", "job", &[&id.to_string()])
}

/// The owner exists and is not banned.
pub(super) fn not_banned() -> (Condition, &'static str) {
    (Condition::present().and(Condition::lacks(BAN)), "is of a banned user")
}

impl Job {
    /// Takes the job down, or deletes it. It keeps the state that a restoration returns it to.
    pub(super) fn remove(&mut self, state: State, note: Note) {
        if matches!(self.state, State::Open | State::Closed | State::Waiting) {
            self.removed_from = Some(self.state);
        }
        (self.state, self.note, self.removed_with_owner) = (state, Some(note), false);
    }

    /// Returns a job that was taken down to its state before. What an earlier version took down is closed: whether it was open is not stored.
    fn restore(&mut self) {
        self.state = self.removed_from.take().unwrap_or(State::Closed);
        (self.note, self.removed_with_owner) = (None, false);
    }
}

impl Service {
    /// Takes a job down, or deletes it, for an administrator, and closes its reports.
    ///
    /// DynamoDB: one read, one transaction, one query; one transaction for each fifty reports.
    pub async fn remove_job(&self, act: &Act, id: Id, state: State, reason: &Text<1, 256>) -> Result<()> {
        let note = Note { reason: reason.clone(), by: act.by()?, at: self.clock.now().into() };
        let recorded = Recorded { act, change: Change::of(job_object(id)).because(reason.as_str()), owner: None };
        self.change_job(id, Beside::Recorded(&recorded), |job| {
            if job.state == State::Deleted && state != State::Deleted {
                return Err(Error::conflict(Fault::new("job_id", "is deleted")));
            }
            // The end of the ban does not restore a job that has a reason of its own.
            if job.state != state || job.removed_with_owner {
                job.remove(state, note.clone());
            }
            Ok(())
        })
        .await?;
        self.close_reports(act, id, reason).await
    }

    /// Returns a job that was taken down to its state before. Its lists and its place in them are as before. The job of a banned user
    /// is a conflict.
    ///
    /// DynamoDB: two reads, one transaction.
    pub async fn restore_job(&self, act: &Act, id: Id) -> Result<Job> {
        let recorded = Recorded { act, change: Change::of(job_object(id)), owner: Some(not_banned()) };
        self.change_job(id, Beside::Recorded(&recorded), |job| match job.state {
            State::Open | State::Closed | State::Waiting => Ok(()),
            State::TakenDown => {
                job.restore();
                // The member has seen what it shows.
                if job.is_offered() {
                    job.approve();
                }
                Ok(())
            }
            State::Deleted => Err(Error::conflict(Fault::new("job_id", "is deleted"))),
        })
        .await?;
        let found = self.store.get(&self.tables.jobboard, keys::job(id)).await?;
        Job::read(&self.keyring, found.ok_or_else(|| missing("job"))?)
    }

    /// Takes down a job that is open, or waits to be, since its owner is banned.
    pub(super) async fn remove_with_owner(&self, act: &Act, id: Id, note: &Note) -> Result<()> {
        // The ban may have ended meanwhile.
        let owner = Some((Condition::has(BAN), "is of a user whose ban has ended"));
        let recorded = Recorded { act, change: Change::of(job_object(id)).because(note.reason.as_str()), owner };
        let removed = self.change_job(id, Beside::Recorded(&recorded), |job| {
            if job.is_offered() {
                job.remove(State::TakenDown, note.clone());
                job.removed_with_owner = true;
            }
            Ok(())
        });
        removed.await.map(drop)
    }

    /// Restores a job that was taken down since its owner was banned.
    pub(super) async fn restore_with_owner(&self, act: &Act, id: Id) -> Result<()> {
        let recorded = Recorded { act, change: Change::of(job_object(id)), owner: Some(not_banned()) };
        let restored = self.change_job(id, Beside::Recorded(&recorded), |job| {
            if job.state == State::TakenDown && job.removed_with_owner {
                job.restore();
            }
            Ok(())
        });
        restored.await.map(drop)
    }
}
