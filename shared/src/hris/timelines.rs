//! Timelines: when an employee is on leave or away on business (docs/contract/hris.txt, Timeline).

use serde::{Deserialize, Serialize};

use super::entity::Entity;
use super::item::from_item;
use super::keys::{self, employee_key, owned_partition};
use super::values::{DurationUnit, TimelineCategory, Uuid};
use super::{Service, check_period};
use crate::error::{Fault, Result};
use crate::storage::table::Key;
use crate::values::{Date, LocalTime, Span};

/// The longest period of a request, in days.
const MAX_DAYS: u32 = 366;
/// The most entries that one request reads.
const MAX_READ: usize = 10_000;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timeline {
    /// The objects of the API document do not have it: they are listed below an employee.
    pub employee_uuid: Uuid,
    pub date: Date,
    pub category: TimelineCategory,
    pub duration: Span,
    pub duration_unit: DurationUnit,
    pub start_time: LocalTime,
    pub end_time: LocalTime,
}

impl Timeline {
    /// The id of an entry among those of an employee.
    pub(super) fn id_of(date: &Date, category: TimelineCategory, start_time: LocalTime) -> String {
        format!("{}#{}#{}", date.as_str(), category.as_str(), start_time.to_precise())
    }
}

/// Entries of one category that begin at the same time on the same day are the same entry.
impl Entity for Timeline {
    const KIND: &'static str = keys::TIMELINE;

    fn id(&self) -> String {
        Self::id_of(&self.date, self.category, self.start_time)
    }

    /// The employee: the id has the category of a leave.
    fn recorded_id(&self) -> String {
        self.employee_uuid.to_string()
    }

    fn partition(&self, company: &Uuid) -> String {
        owned_partition(company, Self::KIND, self.employee_uuid.as_str())
    }

    fn faults(&self) -> Vec<Fault> {
        if self.end_time < self.start_time {
            return vec![Fault::new("end_time", "must not be before start_time")];
        }
        Vec::new()
    }

    fn references(&self, company: &Uuid) -> Vec<(&'static str, Key)> {
        vec![("employee_uuid", employee_key(company, self.employee_uuid.as_str()))]
    }
}

impl Service {
    /// An employee's entries of a category in a period, sorted by day.
    ///
    /// DynamoDB: one read, one query.
    pub async fn timelines(
        &self,
        company: &Uuid,
        uuid: &str,
        category: TimelineCategory,
        start: &Date,
        end: &Date,
    ) -> Result<Vec<Timeline>> {
        check_period(start, end, MAX_DAYS)?;
        let employee = self.employee(company, uuid).await?;
        let (low, high) = (start.as_str(), format!("{}$", end.as_str()));
        let partition = owned_partition(company, keys::TIMELINE, employee.uuid.as_str());
        let items = self.store.partition_within(&self.tables.hris, partition, Some((low, &high)), MAX_READ).await?;
        let items = items.ok_or_else(super::shorter_period)?.into_iter();
        let mut timelines = items.map(|item| from_item(&self.keyring, item)).collect::<Result<Vec<Timeline>>>()?;
        timelines.retain(|timeline| timeline.category == category);
        Ok(timelines)
    }
}
