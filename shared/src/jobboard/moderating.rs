//! The calls of the moderation: WeChat checks the texts of a job before they are stored, and its pictures afterwards; the clean-up asks again
//! where WeChat gave no result (docs/design/jobboard.md, Moderation). `moderation.rs` decides what follows.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::images::Name;
use super::item::Record as _;
use super::job::{Content, Job, State};
use super::jobs::{Beside, Recorded};
use super::moderation::{CheckedPicture, Moderation, NameVerdict, Verdict, WhileUnjudged, imitates};
use super::removal::{job_object, not_banned};
use super::sweeps::id_in;
use super::users::User;
use super::{Service, keys, missing};
use crate::error::{Error, Fault, Result};
use crate::outbound::wechat::content::{Scene, Texts};
use crate::outbound::wechat::messages::Signed;
use crate::runtime::sweep::{Swept, Time, sweep};
use crate::storage::audit::{Act, Change};
use crate::storage::rate_limit::{Attempt, RateLimit};
use crate::storage::table::attribute::{number, read_integer};
use crate::storage::table::{Condition, Key, Write, expire};
use crate::values::{Id, Text};

/// Contents that one user lets WeChat check. It stops a script that looks for a wording which passes.
const CHECKS: RateLimit = RateLimit {
    name: "content_checks",
    most: 100,
    failure: 1,
    window: SignedDuration::from_hours(1),
    spacing: SignedDuration::ZERO,
    is_sign_in: false,
};

/// How long WeChat can read a picture at its address.
const READABLE_FOR: Duration = Duration::from_secs(3600);
/// How long the result of a picture finds its job.
const TRACE_AGE: SignedDuration = SignedDuration::from_hours(24);

impl Service {
    /// Judges the content of a job before it is stored: `known` is what is known of an earlier content. None if the installation does not
    /// moderate. A risky text is an error.
    ///
    /// DynamoDB: one write and one read, if a text or a picture is new.
    pub(super) async fn judge(
        &self,
        owner: Id,
        content: &Content,
        known: Option<(&Content, &Moderation)>,
    ) -> Result<Option<Moderation>> {
        let now = self.clock.now();
        if self.settings.moderation.is_none() {
            return Ok(None);
        }
        let texts = known.filter(|(before, _)| content.has_texts_of(before)).map(|(_, known)| known.texts);
        let pictures = known_pictures(content, known.map(|(_, known)| known));
        let has_new_pictures = pictures.iter().any(|picture| picture.verdict == Verdict::Unjudged);
        let mut moderation = Moderation { texts: texts.unwrap_or(Verdict::Unjudged), pictures, attempts: 0, retry_at: None };
        if texts.is_none() || has_new_pictures {
            CHECKS.count(&self.counters(), &[&owner.to_string()], Attempt::Succeeded).await?;
            let user = self.user(owner).await?;
            self.judge_open(&user, content, &mut moderation, now).await?;
        }
        if moderation.texts == Verdict::Risky {
            return Err(Error::invalid([Fault::new("content", "does not pass WeChat's content check")]));
        }
        moderation.plan(now);
        Ok(Some(moderation))
    }

    /// Asks WeChat for everything that has no result.
    async fn judge_open(&self, user: &User, content: &Content, moderation: &mut Moderation, now: Timestamp) -> Result<()> {
        if moderation.texts == Verdict::Unjudged {
            moderation.texts = self.judge_texts(user, content, now).await;
        }
        if moderation.texts == Verdict::Risky || !self.wechat.receives_messages(now).await? {
            // Without the message push no result of a picture arrives.
            moderation.pictures.retain(|picture| !picture.verdict.is_open());
            return Ok(());
        }
        for picture in moderation.pictures.iter_mut().filter(|picture| picture.verdict.is_open()) {
            self.submit(user, picture, now).await?;
        }
        Ok(())
    }

    async fn judge_texts(&self, user: &User, content: &Content, now: Timestamp) -> Verdict {
        let text = content.text_to_check();
        let texts = Texts {
            scene: Scene::Forum,
            content: &text,
            title: content.positions.as_str(),
            nickname: content.contact_person.as_str(),
        };
        match Verdict::of(self.wechat.check_texts(&user.openid, &texts, now).await) {
            Verdict::Passed | Verdict::Unjudged if imitates(content.contact_person.as_str()) => Verdict::Review,
            verdict => verdict,
        }
    }

    /// Submits a picture. WeChat reads an uploaded one from S3, since the address of the API only leads there.
    async fn submit(&self, user: &User, picture: &mut CheckedPicture, now: Timestamp) -> Result<()> {
        let url = match Name::in_address(&picture.url).filter(|name| name.is_of(user.id)) {
            Some(name) => self.objects.presign_get(&name.key(), READABLE_FOR).await?.url,
            None => picture.url.clone(),
        };
        match self.wechat.check_picture(&user.openid, Scene::Forum, &url, now).await {
            Ok(trace_id) => (picture.verdict, picture.trace_id) = (Verdict::Submitted, Some(trace_id)),
            Err(unjudged) => (picture.verdict, picture.trace_id) = (Verdict::of(Err(unjudged)), None),
        }
        Ok(())
    }

    /// Judges a new name of a user. A risky one is an error.
    ///
    /// DynamoDB: one write.
    pub(super) async fn judge_name(&self, user: &User, name: &Text<0, 32>) -> Result<NameVerdict> {
        let is_new = !name.as_str().is_empty() && *name != user.name;
        let Some(meanwhile) = self.settings.moderation.filter(|_| is_new) else { return Ok(NameVerdict::Accepted) };
        CHECKS.count(&self.counters(), &[&user.id.to_string()], Attempt::Succeeded).await?;
        let texts = Texts { scene: Scene::Profile, content: name.as_str(), title: "", nickname: name.as_str() };
        match Verdict::of(self.wechat.check_texts(&user.openid, &texts, self.clock.now()).await) {
            Verdict::Risky => Err(Error::invalid([Fault::new("name", "does not pass WeChat's content check")])),
            Verdict::Review => Ok(NameVerdict::Review),
            _ if imitates(name.as_str()) => Ok(NameVerdict::Review),
            Verdict::Unjudged if meanwhile == WhileUnjudged::Hold => Ok(NameVerdict::Review),
            Verdict::Passed | Verdict::Unjudged | Verdict::Submitted => Ok(NameVerdict::Accepted),
        }
    }

    /// The parts of a transaction by which the results of pictures find the job: one for each check that is not in `before`.
    pub(super) fn traces(&self, job: &Job, before: Option<&Job>, now: Timestamp) -> Vec<Write> {
        fn checks(job: &Job) -> impl Iterator<Item = &str> {
            job.moderation.iter().flat_map(|moderation| &moderation.pictures).filter_map(|picture| picture.trace_id.as_deref())
        }
        let is_new = |trace: &&str| before.is_none_or(|before| checks(before).all(|known| known != *trace));
        let write = |trace: &str| {
            let mut item = keys::trace(trace).into_item();
            item.insert("job".into(), number(job.id));
            expire(&mut item, now + TRACE_AGE);
            Write::Put { table: self.tables.credentials.clone(), item, condition: Condition::absent_or_expired(now) }
        };
        checks(job).filter(is_new).map(write).collect()
    }

    /// Verifies the request by which WeChat checks the address of the message push.
    pub async fn verify_message_address(&self, signed: &Signed<'_>) -> Result<()> {
        self.wechat.verify_address(signed, self.clock.now()).await
    }

    /// Takes a message that WeChat pushed. A result of a picture moderates its job; other messages change nothing. A result whose job is not
    /// stored yet is an error, so that WeChat pushes it again.
    ///
    /// DynamoDB: two reads, one transaction.
    pub async fn take_message(&self, signed: &Signed<'_>, body: &str) -> Result<()> {
        let now = self.clock.now();
        let Some(checked) = self.wechat.message(signed, body, now).await? else { return Ok(()) };
        let found = self.store.get(&self.tables.credentials, keys::trace(&checked.trace_id)).await?;
        let job = Id::from_u64(read_integer(&found.ok_or_else(|| missing("trace_id"))?, "job")?);
        let settled = self.change_job(job, Beside::Nothing, |job| job.settle_picture(&checked, self.while_unjudged(), now));
        settled.await.map(drop)
    }

    /// What becomes of contents without a result. Those of an installation that does not moderate any more are public.
    pub(super) fn while_unjudged(&self) -> WhileUnjudged {
        self.settings.moderation.unwrap_or(WhileUnjudged::Publish)
    }

    /// Asks WeChat again about the contents that it has not judged.
    ///
    /// DynamoDB: the queries of the index; for each job, two reads, one of its owner, and a transaction.
    pub async fn sweep_moderation(&self, time: &Time) -> Swept {
        let overdue = self.store.due(&self.tables.jobboard, keys::MODERATION_SWEEP, self.clock.now());
        sweep(overdue, time, |key: Key| async move {
            let (id, now) = (id_in(&key)?, self.clock.now());
            let found = self.store.get(&self.tables.jobboard, keys::job(id)).await?;
            let job = found.map(|item| Job::read(&self.keyring, item)).transpose()?;
            let is_due = |job: &Job| job.check_again_at().is_some_and(|at| at <= now.into());
            let Some(job) = job.filter(is_due) else { return Ok(false) };
            let Some(moderation) = self.judge_again(&job, now).await? else { return Ok(false) };
            self.change_job(id, Beside::Nothing, |stored| {
                if stored.content == job.content && stored.moderation == job.moderation {
                    stored.moderation = Some(moderation.clone());
                    stored.moderate(self.while_unjudged(), now)?;
                }
                Ok(())
            })
            .await
        })
        .await
    }

    async fn judge_again(&self, job: &Job, now: Timestamp) -> Result<Option<Moderation>> {
        let Some(mut moderation) = job.moderation.clone() else { return Ok(None) };
        let owner = self.store.get(&self.tables.jobboard, keys::user(job.owner)).await?;
        let owner = owner.map(|item| self.read_user(item)).transpose()?;
        // A user who is being erased has no openid, and no job that stays.
        if let Some(owner) = owner.filter(|owner| !owner.is_detached()) {
            self.judge_open(&owner, &job.content, &mut moderation, now).await?;
        }
        moderation.plan(now);
        Ok(Some(moderation))
    }

    /// Approves a job as it is: it no longer waits, and no result of WeChat changes it. A job that is open already stays as it is.
    ///
    /// DynamoDB: one read, one transaction.
    pub async fn approve_job(&self, act: &Act, id: Id) -> Result<()> {
        let recorded = Recorded { act, change: Change::of(job_object(id)), owner: Some(not_banned()) };
        let approved = self.change_job(id, Beside::Recorded(&recorded), |job| match job.state {
            State::Open | State::Waiting => {
                job.approve();
                Ok(())
            }
            State::Closed => Err(Error::conflict(Fault::new("job_id", "is closed"))),
            State::TakenDown => Err(Error::conflict(Fault::new("job_id", "was taken down"))),
            State::Deleted => Err(Error::conflict(Fault::new("job_id", "is deleted"))),
        });
        approved.await.map(drop)
    }
}

/// The photos of a content with what is known of them.
fn known_pictures(content: &Content, known: Option<&Moderation>) -> Vec<CheckedPicture> {
    let known = |url: &str| known?.pictures.iter().find(|picture| picture.url == url).cloned();
    let unknown = |url: &str| CheckedPicture { url: url.to_owned(), verdict: Verdict::Unjudged, trace_id: None };
    content.photo_urls.iter().map(|url| known(url).unwrap_or_else(|| unknown(url))).collect()
}
