//! Tasks: the work that a company offers (docs/contract/channel.txt, POST /tasks).

use serde::{Deserialize, Serialize};

use super::Settings;
use super::choices::{Currency, SalaryType, SettlementType, TaskStatus, TaskType};
use super::reference::Reference;
use super::resource::{Listing, Resource};
use crate::error::Fault;
use crate::values::{Count, Moment, Money, RecordId, Text};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    pub channel_task_id: RecordId,
    pub channel_company_id: RecordId,
    pub task_name: Text<1, 128>,
    pub task_type: TaskType,
    pub recruit_count: Count,
    pub recruitment_start_time: Moment,
    pub recruitment_end_time: Moment,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_start_time: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_end_time: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wage_description: Option<Text<1, 4000>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recruitment_description: Option<Text<1, 4000>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_location: Option<Text<1, 255>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_requirements: Option<Text<1, 4000>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub salary: Option<Salary>,
    pub status: TaskStatus,
}

/// 薪资信息.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Salary {
    pub salary_type: SalaryType,
    pub amount: Money,
    pub currency: Currency,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settlement_type: Option<SettlementType>,
}

impl Resource for Task {
    const KIND: &'static str = "task";
    const ID_FIELD: &'static str = "channel_task_id";

    fn id(&self) -> &RecordId {
        &self.channel_task_id
    }

    fn faults(&self, _settings: Settings) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.recruitment_end_time < self.recruitment_start_time {
            faults.push(Fault::new("recruitment_end_time", "must not be before recruitment_start_time"));
        }
        if let (Some(start), Some(end)) = (self.work_start_time, self.work_end_time)
            && end < start
        {
            faults.push(Fault::new("work_end_time", "must not be before work_start_time"));
        }
        faults
    }

    fn references(&self) -> Vec<Reference<'_>> {
        vec![Reference { field: "channel_company_id", kind: "company", id: &self.channel_company_id, having: None }]
    }

    fn listing(&self) -> Listing<'_> {
        Listing { parents: [Some(&self.channel_company_id), None], occurred_at: None }
    }
}
