//! A job and its states (docs/contract/jobboard.txt, 二、商家招聘模块).

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::item::{self, Record, Versioned};
use super::moderation::Moderation;
use super::search::feed::{self, Event};
use super::search::view::{Entry, Top};
use super::values::{Area, Latitude, Longitude, Note, Photos, Salary, SalaryEnd, Tags};
use super::{keys, missing};
use crate::crypto::keyring::Keyring;
use crate::error::{Error, Fault, Result};
use crate::storage::sealed::{self, Fields};
use crate::storage::table::attribute::{number, text};
use crate::storage::table::{Condition, Item, Key, VERSION, Write, mark};
use crate::values::{ContactPhone, Id, LocalTime, Text, numbered};

/// The fields that the owner writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Content {
    pub positions: Text<1, 64>,
    pub longitude: Longitude,
    pub latitude: Latitude,
    pub address: Text<1, 256>,
    pub contact: ContactPhone,
    /// The default is the owner's name.
    #[serde(rename = "user_name")]
    pub contact_person: Text<0, 32>,
    pub description: Text<0, 5000>,
    pub photo_urls: Photos,
    pub first_area_id: Area,
    pub first_area_des: Text<0, 64>,
    pub second_area_id: Area,
    pub second_area_des: Text<0, 64>,
    pub third_area_id: Area,
    pub third_area_des: Text<0, 64>,
    pub four_area_id: Area,
    pub four_area_des: Text<0, 64>,
    pub salary_min: Salary,
    pub salary_max: SalaryEnd,
    pub basic_protection: Tags,
    pub salary_benefits: Tags,
    pub attendance_leave: Tags,
}

impl Content {
    /// Checks the fields against each other.
    pub fn check(&self) -> Result<()> {
        let (min, max) = (self.salary_min.get(), self.salary_max.get());
        if max != -1 && min > max {
            return Err(Error::invalid([Fault::new("salary_min", "must not be greater than salary_max")]));
        }
        Ok(())
    }
}

numbered! {
    /// Whether a job is listed. All states but the first and the last are final for its owner; an administrator can restore a job that was taken
    /// down.
    State {
        Open = 1,
        /// By its owner.
        Closed = 2,
        /// By an administrator.
        TakenDown = 3,
        /// By an administrator. The owner no longer sees it either.
        Deleted = 4,
        /// Not listed until WeChat or a person has judged its content.
        Waiting = 5,
    }
}

/// The time in which a job is listed first. The end is exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopWindow {
    pub start: LocalTime,
    pub end: LocalTime,
}

impl TopWindow {
    pub fn is_running(&self, now: Timestamp) -> bool {
        let now = LocalTime::from(now);
        self.start <= now && now < self.end
    }

    /// Extends a running window from its end. Otherwise a new window starts now.
    pub fn extended(current: Option<Self>, by: SignedDuration, now: Timestamp) -> Self {
        match current.filter(|window| window.is_running(now)) {
            Some(Self { start, end }) => Self { start, end: end.later(by) },
            None => Self { start: now.into(), end: LocalTime::from(now).later(by) },
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    pub id: Id,
    pub owner: Id,
    pub content: Content,
    pub state: State,
    pub created_at: LocalTime,
    pub updated_at: LocalTime,
    /// The last refresh, free or paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refreshed_at: Option<LocalTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_refresh_at: Option<LocalTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top: Option<TopWindow>,
    /// Why an administrator took it down or deleted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
    /// Its state before an administrator took it down. Jobs that an earlier version took down have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_from: Option<State>,
    /// Whether it was taken down because its owner was banned.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removed_with_owner: bool,
    /// When the clean-up last erased its pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pictures_erased_at: Option<LocalTime>,
    /// What is known of its content. None if the installation did not moderate when it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moderation: Option<Moderation>,
}

impl Job {
    pub fn is_open(&self) -> bool {
        self.state == State::Open
    }

    pub fn is_top(&self, now: Timestamp) -> bool {
        self.top.is_some_and(|window| window.is_running(now))
    }

    /// The time that orders the jobs which are not on top.
    pub fn fresh_at(&self) -> LocalTime {
        self.refreshed_at.unwrap_or(self.created_at)
    }

    /// Rejects users other than the owner.
    pub(super) fn check_owner(&self, user: Id) -> Result<()> {
        match self.state {
            State::Deleted => Err(missing("job")),
            _ if self.owner == user => Ok(()),
            _ => Err(Error::forbidden().with_fault(Fault::new("job_id", "is somebody else's"))), // words:ignore: a text of the API
        }
    }

    pub(super) fn check_open(&self) -> Result<()> {
        match self.state {
            State::Open => Ok(()),
            State::Waiting => Err(Error::invalid([Fault::new("job_id", "waits for the check of its content")])),
            State::Closed | State::TakenDown | State::Deleted => Err(Error::invalid([Fault::new("job_id", "is closed")])),
        }
    }

    /// The job of this id among items that were read together.
    pub(super) fn among(keyring: &Keyring, items: &HashMap<Key, Item>, id: Id) -> Result<Option<Self>> {
        items.get(&keys::job(id)).cloned().map(|item| Self::read(keyring, item)).transpose()
    }

    /// The change that stores `item`, for the feed. The same transaction must write it.
    pub(super) fn feed_event(&self, item: &Item, version: u64) -> Event {
        Event { job: self.id, created_at: self.created_at, version, entry: item.get(feed::ENTRY).cloned() }
    }

    /// What lists need of the job.
    fn entry(&self, version: u64) -> Result<Entry> {
        let content = &self.content;
        let yuan = |salary: i64| i32::try_from(salary).unwrap_or(i32::MAX);
        let texts = |tags: &Tags| tags.iter().map(str::to_owned).collect();
        Ok(Entry {
            id: self.id.as_u64(),
            owner: self.owner.as_u64(),
            version: u32::try_from(version).map_err(Error::internal)?,
            created: self.created_at.as_millisecond(),
            fresh: self.fresh_at().as_millisecond(),
            top: self.top.map(|window| Top { start: window.start.as_millisecond(), end: window.end.as_millisecond() }),
            positions: content.positions.as_str().to_owned(),
            salary_min: yuan(content.salary_min.get()),
            salary_max: if content.salary_max.get() == -1 { i32::MAX } else { yuan(content.salary_max.get()) },
            longitude: content.longitude.get(),
            latitude: content.latitude.get(),
            tags: [texts(&content.basic_protection), texts(&content.salary_benefits), texts(&content.attendance_leave)],
        })
    }
}

const CONTENT: &str = "content";
/// The contact is no part of the stored content, because only attributes of the record itself are sealed.
const CONTACT: &str = "contact";
/// The sealed attributes.
pub(super) const SEALED: Fields = Fields { names: &[CONTACT], phone: Some(CONTACT), id_number: None };

/// Moves the contact out of the content, where earlier versions stored it.
pub(super) fn separate_contact(item: &mut Item) {
    if let Some(AttributeValue::M(content)) = item.get_mut(CONTENT)
        && let Some(contact) = content.remove(CONTACT)
    {
        item.insert(CONTACT.into(), contact);
    }
}

impl Record for Job {
    fn read(keyring: &Keyring, mut item: Item) -> Result<Self> {
        let key = Key::of(&item).ok_or_else(|| Error::internal("a job without a key"))?;
        sealed::open(keyring, &key, &SEALED, &mut item)?;
        if let Some(contact) = item.remove(CONTACT)
            && let Some(AttributeValue::M(content)) = item.get_mut(CONTENT)
        {
            content.insert(CONTACT.into(), contact);
        }
        item::read(item)
    }

    fn item(&self, keyring: &Keyring, version: u64) -> Result<Item> {
        let key = keys::job(self.id);
        let mut item: Item = serde_dynamo::to_item(self).map_err(Error::internal)?;
        separate_contact(&mut item);
        sealed::seal(keyring, &key, &SEALED, &mut item)?;
        item.extend(key.into_item());
        item.insert(VERSION.into(), number(version));
        item.extend(self.lists());
        if self.is_open() {
            item.insert(feed::ENTRY.into(), feed::entry_attribute(&self.entry(version)?)?);
        }
        self.mark(&mut item);
        Ok(item)
    }
}

impl Job {
    /// The lists that contain the job, and its place in them.
    pub(super) fn lists(&self) -> Item {
        let (all, some) = match self.state {
            State::Open => (Some(keys::jobs_of(self.owner)), Some(keys::open_jobs(self.id.as_u64()))),
            State::Closed | State::TakenDown => (Some(keys::jobs_of(self.owner)), None),
            State::Waiting => (Some(keys::jobs_of(self.owner)), Some(keys::WAITING_JOBS.to_owned())),
            State::Deleted => (None, Some(keys::deleted_jobs_of(self.owner))),
        };
        let lists = [("ix1", all), ("ix2", some), ("ixsk", Some(self.id.sortable()))];
        lists.into_iter().filter_map(|(name, value)| Some((name.to_owned(), text(value?)))).collect()
    }

    /// Marks the item of the job for the sweep of pictures, which clears an ended top as well, for that of the moderation, or for that of tops.
    /// An item has one mark; a top that has ended meanwhile no longer counts, and is cleared later.
    pub(super) fn mark(&self, item: &mut Item) {
        if let Some(removed_at) = self.pictures_since() {
            mark(item, keys::PICTURE_SWEEP, removed_at);
        } else if let Some(at) = self.check_again_at() {
            mark(item, keys::MODERATION_SWEEP, at.into());
        } else if let Some(window) = self.top {
            mark(item, keys::TOP_SWEEP, window.end.into());
        }
    }
}

impl Versioned<Job> {
    /// The two parts of a transaction that store `item` and report it in the feed.
    pub fn update(&self, table: &str, item: Item, now: Timestamp) -> [Write; 2] {
        let event = self.record.feed_event(&item, self.version + 1);
        [self.replace_by(table, item), event.write(table, now)]
    }
}

/// The condition that the item is an open job of this owner.
pub(super) fn is_open_job_of(owner: Id) -> Condition {
    Condition::equals("state", number(u8::from(State::Open))).and(Condition::equals("owner", number(owner)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_running_top_is_extended_and_an_ended_one_starts_again() {
        let three_days = SignedDuration::from_hours(72);
        let first = TopWindow::extended(None, three_days, at("2024-01-01T00:00:00Z"));
        assert!(first.is_running(at("2024-01-03T23:59:59.999Z")) && !first.is_running(at("2024-01-04T00:00:00Z")));
        let longer = TopWindow::extended(Some(first), three_days, at("2024-01-02T00:00:00Z"));
        assert_eq!((longer.start, longer.end), (first.start, at("2024-01-07T00:00:00Z").into()));
        let second = TopWindow::extended(Some(first), three_days, at("2024-01-05T00:00:00Z"));
        assert_eq!((second.start, second.end), (at("2024-01-05T00:00:00Z").into(), at("2024-01-08T00:00:00Z").into()));
    }
}
