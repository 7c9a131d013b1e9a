//! A job as it is posted, and the states that it goes through (document, 二、商家招聘模块).

use deserr::Deserr;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::row;
use super::search::feed;
use super::sweeps::TOP;
use super::values::{Area, Latitude, Longitude, Photos, Salary, SalaryEnd, Tags};
use crate::error::{Error, Fault, Result};
use crate::storage::table::attribute::{number, read_integer, text};
use crate::storage::table::{Condition, Item, VERSION, Write, mark};
use crate::values::Id;
use crate::values::input::{Faults, Json};
use crate::values::{ContactPhone, LocalTime, Text, numbered};

/// What its owner says of a job. It is stored under the names that it comes by, so that an update can be laid over it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Deserr)]
#[deserr(error = Faults)]
pub struct Content {
    pub positions: Text<1, 64>,
    pub longitude: Longitude,
    pub latitude: Latitude,
    pub address: Text<1, 256>,
    pub contact: ContactPhone,
    /// The name of its owner where none is given.
    #[deserr(rename = "user_name", default)]
    #[serde(rename = "user_name")]
    pub contact_person: Text<0, 32>,
    #[deserr(default)]
    pub description: Text<0, 5000>,
    #[deserr(default)]
    pub photo_urls: Photos,
    #[deserr(default)]
    pub first_area_id: Area,
    #[deserr(default)]
    pub first_area_des: Text<0, 64>,
    #[deserr(default)]
    pub second_area_id: Area,
    #[deserr(default)]
    pub second_area_des: Text<0, 64>,
    #[deserr(default)]
    pub third_area_id: Area,
    #[deserr(default)]
    pub third_area_des: Text<0, 64>,
    #[deserr(default)]
    pub four_area_id: Area,
    #[deserr(default)]
    pub four_area_des: Text<0, 64>,
    pub salary_min: Salary,
    pub salary_max: SalaryEnd,
    #[deserr(default)]
    pub basic_protection: Tags,
    #[deserr(default)]
    pub salary_benefits: Tags,
    #[deserr(default)]
    pub attendance_leave: Tags,
}

impl Content {
    /// What its fields say together.
    pub fn check(&self) -> Result<()> {
        let (min, max) = (self.salary_min.get(), self.salary_max.get());
        if max != -1 && min > max {
            return Err(Error::invalid([Fault::new("salary_min", "must not be greater than salary_max")]));
        }
        Ok(())
    }

    /// With the members of `changes` in the place of its own.
    pub fn changed(&self, changes: &Json) -> Result<Self> {
        let mut content = serde_json::to_value(self).map_err(Error::internal)?;
        if let (Some(members), Some(changes)) = (content.as_object_mut(), changes.members()) {
            members.extend(changes.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        let content: Self = Json::from_value(content).read()?;
        content.check()?;
        Ok(content)
    }
}

numbered! {
    /// Whether a job is shown. All states but the first are final.
    State {
        Open = 1,
        /// By its owner.
        Closed = 2,
        /// By an administrator.
        TakenDown = 3,
        /// By an administrator; its owner does not see it any more.
        Deleted = 4,
    }
}

/// When a job stands above the others: from the first instant until before the second.
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

    /// So much longer, from the later of now and its end. What runs keeps its start.
    pub fn extended(current: Option<Self>, by: SignedDuration, now: Timestamp) -> Self {
        match current.filter(|window| window.is_running(now)) {
            Some(Self { start, end }) => Self { start, end: end.later(by) },
            None => Self { start: now.into(), end: LocalTime::from(now).later(by) },
        }
    }
}

/// Why an administrator did something, and who.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Note {
    pub reason: Text<1, 256>,
    pub by: Text<1, 64>,
    pub at: LocalTime,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    pub id: Id,
    pub owner: Id,
    pub content: Content,
    pub state: State,
    pub created_at: LocalTime,
    pub updated_at: LocalTime,
    /// For nothing or for money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refreshed_at: Option<LocalTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_refresh_at: Option<LocalTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top: Option<TopWindow>,
    /// Why it was taken down or deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
}

impl Job {
    pub fn is_open(&self) -> bool {
        self.state == State::Open
    }

    pub fn is_top(&self, now: Timestamp) -> bool {
        self.top.is_some_and(|window| window.is_running(now))
    }

    /// Where it stands among those that are not on top.
    pub fn fresh_at(&self) -> LocalTime {
        self.refreshed_at.unwrap_or(self.created_at)
    }

    pub(super) fn read(item: Item) -> Result<Self> {
        serde_dynamo::from_item(item).map_err(Error::internal)
    }

    pub(super) fn item(&self, version: u64) -> Result<Item> {
        let mut item: Item = serde_dynamo::to_item(self).map_err(Error::internal)?;
        item.extend(row::job(self.id).into_item());
        item.insert(VERSION.into(), number(version));
        item.insert("ixsk".into(), text(self.id.sortable()));
        if self.state != State::Deleted {
            item.insert("ix1".into(), text(row::jobs_of(self.owner)));
        }
        if self.is_open() {
            item.insert("ix2".into(), text(row::open_jobs(self.id.as_u64())));
            item.insert(feed::ENTRY.into(), feed::entry(self, version)?);
        }
        if let Some(window) = self.top {
            mark(&mut item, TOP, window.end.into());
        }
        Ok(item)
    }
}

/// A job as it was read, with the version that a change of it must still meet.
pub(super) struct Stored {
    pub job: Job,
    version: u64,
}

impl Stored {
    pub fn read(item: Item) -> Result<Self> {
        Ok(Self { version: read_integer(&item, VERSION)?, job: Job::read(item)? })
    }

    /// Writes the job in the place of what was read, and tells of it.
    pub fn writes(&self, table: &str, now: Timestamp) -> Result<[Write; 2]> {
        let (version, condition) = (self.version + 1, Condition::equals(VERSION, number(self.version)));
        let item = self.job.item(version)?;
        let told = feed::told(table, &self.job, &item, version, now);
        Ok([Write::Put { table: table.to_owned(), item, condition }, told])
    }
}

/// The condition that an open job of this owner stands there.
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
    fn topping_again_extends_what_runs_and_begins_anew_what_has_ended() {
        let three_days = SignedDuration::from_hours(72);
        let first = TopWindow::extended(None, three_days, at("2024-01-01T00:00:00Z"));
        assert!(first.is_running(at("2024-01-03T23:59:59.999Z")) && !first.is_running(at("2024-01-04T00:00:00Z")));
        let longer = TopWindow::extended(Some(first), three_days, at("2024-01-02T00:00:00Z"));
        assert_eq!((longer.start, longer.end), (first.start, at("2024-01-07T00:00:00Z").into()));
        let anew = TopWindow::extended(Some(first), three_days, at("2024-01-05T00:00:00Z"));
        assert_eq!((anew.start, anew.end), (at("2024-01-05T00:00:00Z").into(), at("2024-01-08T00:00:00Z").into()));
    }
}
