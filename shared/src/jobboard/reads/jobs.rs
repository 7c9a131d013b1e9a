//! Jobs.

use serde::Serialize;

use super::{COUNTED, Entry, Lists, ShownNote, shown};
use crate::error::{Error, Fault, Result};
use crate::jobboard::item::Record as _;
use crate::jobboard::job::{Job, State};
use crate::jobboard::moderation::{Moderation, Verdict};
use crate::jobboard::values::{Area, Tags};
use crate::jobboard::{Service, keys};
use crate::storage::listing::{Listed, PageOf};
use crate::storage::table::Range;
use crate::values::{Id, Text, mask};

/// How many jobs are read at once, and how many times for a page.
const STEP: usize = 100;
const STEPS: usize = 5;

/// The conditions on jobs. All of them must hold.
#[derive(Default)]
pub struct JobFilter {
    pub owner: Option<Id>,
    /// A province, city, district or street.
    pub area: Option<Area>,
    pub state: Option<State>,
    /// A part of the positions, the description or the address. Case is ignored.
    pub text: Option<String>,
}

/// A job, as staff see it.
#[derive(Debug, Serialize)]
pub struct ShownJob {
    pub job_id: Id,
    pub owner_id: Id,
    /// 1 open, 2 closed, 3 taken down, 4 deleted, 5 waiting.
    pub status: u8,
    pub positions: Text<1, 64>,
    pub description: Text<0, 5000>,
    pub address: Text<1, 256>,
    pub longitude: f64,
    pub latitude: f64,
    /// Masked.
    pub contact: String,
    pub contact_person_name: Text<0, 32>,
    pub photo_urls: Vec<String>,
    /// Province, city, district and street: each id and name.
    pub areas: [(i64, Text<0, 64>); 4],
    pub salary_min: i64,
    /// -1 is open-ended.
    pub salary_max: i64,
    pub basic_protection: Vec<String>,
    pub salary_benefits: Vec<String>,
    pub attendance_leave: Vec<String>,
    pub created_at: String,
    pub updated_at: String,
    pub refreshed_at: Option<String>,
    pub top_start: Option<String>,
    pub top_end: Option<String>,
    /// Why it was removed.
    pub removal: Option<ShownNote>,
    /// The status to which a restoration returns it, if it is stored.
    pub removed_from: Option<u8>,
    pub removed_with_owner: bool,
    /// When the clean-up erased its pictures after a removal.
    pub pictures_erased_at: Option<String>,
    pub moderation: Option<ShownModeration>,
}

/// What is known of the content of a job.
#[derive(Debug, Serialize)]
pub struct ShownModeration {
    pub texts: Verdict,
    /// Of the photos, in their order.
    pub pictures: Vec<Verdict>,
    /// When WeChat is asked again.
    pub retry_at: Option<String>,
}

impl From<&Moderation> for ShownModeration {
    fn from(Moderation { texts, pictures, retry_at, .. }: &Moderation) -> Self {
        let pictures = pictures.iter().map(|picture| picture.verdict).collect();
        Self { texts: *texts, pictures, retry_at: shown(*retry_at) }
    }
}

impl From<&Job> for ShownJob {
    fn from(job: &Job) -> Self {
        let content = &job.content;
        let texts = |tags: &Tags| tags.iter().map(str::to_owned).collect();
        Self {
            job_id: job.id,
            owner_id: job.owner,
            status: job.state.into(),
            positions: content.positions.clone(),
            description: content.description.clone(),
            address: content.address.clone(),
            longitude: content.longitude.get(),
            latitude: content.latitude.get(),
            contact: mask::phone(content.contact.as_str()),
            contact_person_name: content.contact_person.clone(),
            photo_urls: content.photo_urls.iter().map(str::to_owned).collect(),
            areas: [
                (content.first_area_id.get(), content.first_area_des.clone()),
                (content.second_area_id.get(), content.second_area_des.clone()),
                (content.third_area_id.get(), content.third_area_des.clone()),
                (content.four_area_id.get(), content.four_area_des.clone()),
            ],
            salary_min: content.salary_min.get(),
            salary_max: content.salary_max.get(),
            basic_protection: texts(&content.basic_protection),
            salary_benefits: texts(&content.salary_benefits),
            attendance_leave: texts(&content.attendance_leave),
            created_at: job.created_at.to_second(),
            updated_at: job.updated_at.to_second(),
            refreshed_at: shown(job.refreshed_at),
            top_start: shown(job.top.map(|window| window.start)),
            top_end: shown(job.top.map(|window| window.end)),
            removal: job.note.as_ref().map(ShownNote::from),
            removed_from: job.removed_from.map(u8::from),
            removed_with_owner: job.removed_with_owner,
            pictures_erased_at: shown(job.pictures_erased_at),
            moderation: job.moderation.as_ref().map(ShownModeration::from),
        }
    }
}

impl JobFilter {
    fn accepts(&self, job: &Job) -> bool {
        let content = &job.content;
        let areas = [content.first_area_id, content.second_area_id, content.third_area_id, content.four_area_id];
        let texts = [content.positions.as_str(), content.description.as_str(), content.address.as_str()];
        let has = |part: &String| {
            let part = part.to_lowercase();
            texts.iter().any(|text| text.to_lowercase().contains(&part))
        };
        self.state.is_none_or(|state| job.state == state)
            && self.area.is_none_or(|area| areas.iter().any(|id| id.get() == area.get()))
            && self.text.as_ref().is_none_or(has)
    }

    /// The lists that are searched: those of the owner, or the open or the waiting jobs of all users.
    fn lists(&self) -> Result<Lists> {
        match (self.owner, self.state) {
            (Some(owner), _) => Ok(Lists::of(vec![("ix1", keys::jobs_of(owner)), ("ix2", keys::deleted_jobs_of(owner))])),
            (None, None | Some(State::Open)) => {
                Ok(Lists::of((0..keys::OPEN_SHARDS).map(|shard| ("ix2", keys::open_jobs(shard))).collect()))
            }
            (None, Some(State::Waiting)) => Ok(Lists::of(vec![("ix2", keys::WAITING_JOBS.to_owned())])),
            (None, Some(State::Closed | State::TakenDown | State::Deleted)) => {
                Err(Error::invalid([Fault::new("owner_id", "is required for jobs that are not open")]))
            }
        }
    }
}

impl Service {
    /// Jobs of one owner in every state, or the open jobs of all users, by age. At most 500 jobs are read for a page, so a page may be short or
    /// even empty; its cursor continues behind the jobs that were read.
    ///
    /// DynamoDB: up to five times a batch of at most a hundred jobs and the queries of their lists: two for an owner, eight for all.
    pub async fn list_jobs(&self, filter: &JobFilter, page: &PageOf<'_>) -> Result<Listed<ShownJob>> {
        let mut lists = filter.lists()?;
        let scope = lists.scope();
        if let Some(at) = page.position(&self.keyring, &scope)? {
            lists.continue_behind(&at, page.order);
        }
        let mut list = Vec::new();
        let mut last = None;
        for _ in 0..STEPS {
            let (entries, more) = self.entries(&lists, page.order, STEP).await?;
            let count = entries.len();
            let mut found =
                self.store.get_map(&self.tables.jobboard, entries.iter().map(|entry| entry.key.clone()).collect()).await?;
            for (read, Entry { key, at, .. }) in entries.into_iter().enumerate() {
                lists.continue_behind(&at, page.order);
                last = Some(at).filter(|_| more || read + 1 < count);
                let job = found.remove(&key).map(|item| Job::read(&self.keyring, item)).transpose()?;
                list.extend(job.filter(|job| filter.accepts(job)).as_ref().map(ShownJob::from));
                if list.len() == page.size as usize {
                    return page.listed(&self.keyring, &scope, list, last);
                }
            }
            if !more {
                last = None;
                break;
            }
        }
        page.listed(&self.keyring, &scope, list, last)
    }

    /// How many jobs, and how many names of users wait for a decision, at most 1,000 each.
    ///
    /// DynamoDB: two queries.
    pub async fn count_waiting(&self) -> Result<(i64, i64)> {
        let count = |index, partition: &str| {
            self.store.index_count(&self.tables.jobboard, index, partition.to_owned(), Range::All, COUNTED)
        };
        tokio::try_join!(count("ix2", keys::WAITING_JOBS), count("ix1", keys::NAMES_IN_REVIEW))
    }

    /// A job in any state, and how many other jobs of its owner are not deleted, at most 1,000.
    ///
    /// DynamoDB: one read, one query.
    pub async fn show_job(&self, id: Id) -> Result<(ShownJob, i64)> {
        let table = &self.tables.jobboard;
        let found = self.store.get(table, keys::job(id)).await?;
        let job = Job::read(&self.keyring, found.ok_or_else(|| Error::missing("job_id"))?)?;
        let listed = self.store.index_count(table, "ix1", keys::jobs_of(job.owner), Range::All, COUNTED).await?;
        let own = i64::from(job.state != State::Deleted);
        Ok((ShownJob::from(&job), (listed - own).max(0)))
    }
}
