//! Retention: the pictures of removed jobs, and closed accounts (docs/privacy.md, How the clean-up erases).
//!
//! A job that an administrator removed is marked with the time of the removal while it has photos. A user who closed the account is marked with
//! the time of closing.

use jiff::Timestamp;

use super::images::Name;
use super::item::Record as _;
use super::job::{Job, State};
use super::jobs::Beside;
use super::sweeps::id_in;
use super::values::Photos;
use super::{Service, keys};
use crate::error::{Error, Result};
use crate::runtime::caller;
use crate::runtime::sweep::{Swept, Time, sweep};
use crate::storage::audit::Change;
use crate::storage::person::CLOSED_ACCOUNT;
use crate::storage::table::{Key, is_due};
use crate::values::{Id, LocalTime};

impl Job {
    pub(super) fn is_removed(&self) -> bool {
        matches!(self.state, State::TakenDown | State::Deleted)
    }

    /// From when the period counts after which the pictures are erased.
    pub(super) fn pictures_since(&self) -> Option<Timestamp> {
        let note = self.note.as_ref().filter(|_| self.is_removed() && self.content.photo_urls.iter().next().is_some());
        note.map(|note| note.at.into())
    }

    /// The pictures of the job that its owner uploaded here.
    pub(super) fn pictures(&self) -> impl Iterator<Item = Name> {
        self.content.photo_urls.iter().filter_map(Name::in_address).filter(|name| name.is_of(self.owner))
    }
}

impl Service {
    /// Erases the pictures of jobs that an administrator removed at this time or before.
    ///
    /// DynamoDB: the queries of the index; for each job the reads of the owner and of the owner's jobs, and a transaction. S3: for each
    /// picture a list, and a removal for each version.
    pub async fn sweep_pictures(&self, time: &Time, before: Timestamp) -> Swept {
        let overdue = self.store.due(&self.tables.jobboard, keys::PICTURE_SWEEP, before);
        sweep(overdue, time, |key| self.erase_pictures(key, before)).await
    }

    /// Erases the uploaded pictures that no job and no profile shows after a day. A picture that a job drops has another day.
    ///
    /// DynamoDB: the queries of the index; for each picture the reads of its user and of the user's jobs, and a write. S3: as above.
    pub async fn sweep_unused(&self, time: &Time) -> Swept {
        let overdue = self.store.due(&self.tables.jobboard, keys::UNUSED_SWEEP, self.clock.now());
        sweep(overdue, time, |key| self.erase_unused(key)).await
    }

    /// Erases the users who closed their accounts at this time or before. A log-in opens an account that is not erased yet.
    ///
    /// DynamoDB: the queries of the index; for each user a read and a transaction, and the calls of [`Service::erase_person`].
    pub async fn sweep_closed(&self, time: &Time, before: Timestamp) -> Swept {
        let overdue = self.store.due(&self.tables.jobboard, keys::CLOSED_SWEEP, before);
        sweep(overdue, time, |key| self.erase_closed(key, before)).await
    }

    /// Erases a user. Returns whether the record was overdue.
    async fn erase_closed(&self, key: Key, before: Timestamp) -> Result<bool> {
        let (act, id) = (caller::act(self.clock.now()), id_in(&key)?);
        let object = keys::user_object(id);
        // From the order on no log-in opens the account.
        let order = Change::erasure_of(std::slice::from_ref(&object), CLOSED_ACCOUNT);
        if !self.detach(&act, &order, id, |item| is_due(item, keys::CLOSED_SWEEP, before)).await? {
            return Ok(false);
        }
        self.erase_person(&act, &object).await.map(|_| true)
    }

    /// Erases a picture unless it is used, and the mark. Returns whether it was marked.
    async fn erase_unused(&self, key: Key) -> Result<bool> {
        let name = Name::parse(&key.sk).map_err(Error::internal)?;
        let user = name.owner().parse().map(Id::from_u64).map_err(Error::internal)?;
        if !self.used_pictures(user, |_| true).await?.contains(&name) {
            for key in [name.key(), name.incoming_key()] {
                self.objects.erase(&key).await?;
            }
        }
        // A job may have dropped the picture meanwhile, which marks it again.
        self.store.remove_due(&self.tables.jobboard, key, self.clock.now()).await
    }

    /// Erases the pictures of a job, except those that an offered job or the profile of the owner shows; then empties the list of photos.
    /// Returns whether it was overdue.
    async fn erase_pictures(&self, key: Key, before: Timestamp) -> Result<bool> {
        let stored = self.store.get(&self.tables.jobboard, key.clone()).await?;
        let Some(stored) = stored.filter(|item| is_due(item, keys::PICTURE_SWEEP, before)) else { return Ok(false) };
        let job = Job::read(&self.keyring, stored)?;
        let used = self.used_pictures(job.owner, Job::is_offered).await?;
        let unused: Vec<Name> = job.pictures().filter(|name| !used.contains(name)).collect();
        for name in &unused {
            self.objects.erase(&name.key()).await?;
        }
        let now = LocalTime::from(self.clock.now());
        self.change_job(id_in(&key)?, Beside::Nothing, |job| {
            let before = job.content.photo_urls.clone();
            if job.is_removed() {
                job.content.photo_urls = Photos::default();
                job.top = job.top.filter(|window| now < window.end);
            } else {
                // It was restored meanwhile: it keeps the photos that are not erased.
                job.content.photo_urls.retain(|url| Name::in_address(url).is_none_or(|name| !unused.contains(&name)));
            }
            if job.content.photo_urls != before {
                job.pictures_erased_at = Some(now);
            }
            Ok(())
        })
        .await
    }

    /// The pictures that the profile and such jobs of a user show.
    async fn used_pictures(&self, user: Id, shows: impl Fn(&Job) -> bool) -> Result<Vec<Name>> {
        let table = &self.tables.jobboard;
        let avatar = self.store.get(table, keys::user(user)).await?.map(|item| self.read_user(item)).transpose()?;
        let mut used: Vec<Name> = avatar.iter().filter_map(|user| Name::in_address(user.avatar.as_str())).collect();
        for item in self.listed_of("ix1", keys::jobs_of(user)).await? {
            let job = Job::read(&self.keyring, item)?;
            used.extend(job.pictures().filter(|_| shows(&job)));
        }
        Ok(used)
    }
}
