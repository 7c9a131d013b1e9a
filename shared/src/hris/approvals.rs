//! Approvals: what employees asked for and what became of it (document, 审批对象).

use serde::{Deserialize, Serialize};

use super::row::{self, Entity, partition};
use super::values::{ApprovalCategory, ApprovalStatus, Code, Uuid};
use super::{Service, check_period};
use crate::error::{Fault, Result};
use crate::storage::list::List;
use crate::storage::table::attribute::text;
use crate::storage::table::{Condition, Order, Query, Range};
use crate::values::input::Faults;
use crate::values::{Date, LocalTime, Text, Verbatim};

/// The longest period that is asked for at once, in days.
const MAX_DAYS: u32 = 366;
/// The most approvals that are given at once.
const MAX_WHOLE: usize = 5000;
/// How many are held in their stored form at once.
const ROWS_AT_ONCE: usize = 100;
/// The most that their forms may be together, in bytes: more could not be carried.
const MAX_BYTES: usize = 8 * 1024 * 1024;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, deserr::Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct Approval {
    pub number_series: Code,
    #[deserr(default)]
    pub creator: Text<0, 64>,
    pub created_at: LocalTime,
    pub status: ApprovalStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[deserr(default)]
    pub updated_at: Option<LocalTime>,
    pub category: ApprovalCategory,
    #[deserr(default)]
    pub workflow_name: Text<0, 128>,
    /// An array of sections.
    pub form_values: Verbatim,
}

impl Entity for Approval {
    const KIND: &'static str = "approval";

    fn id(&self) -> String {
        self.number_series.to_string()
    }

    fn faults(&self) -> Vec<Fault> {
        let sections = self.form_values.to_value();
        let are_objects = sections.as_array().is_some_and(|sections| sections.iter().all(serde_json::Value::is_object));
        if are_objects { Vec::new() } else { vec![Fault::new("form_values", "must be an array of objects")] }
    }

    fn lists(&self, company: &Uuid) -> Option<(Vec<(&'static str, String)>, String)> {
        let place = format!("{}#{}", place(self.created_at), self.number_series);
        Some((vec![("ix1", partition(company, Self::KIND))], place))
    }
}

/// Text that sorts as the instants do.
fn place(time: LocalTime) -> String {
    format!("{:016}", time.as_millisecond().max(0))
}

impl Service {
    /// The approvals asked for in a period, oldest first.
    ///
    /// DynamoDB: one query for each 1 MB of the index, then a batch for each hundred.
    pub async fn approvals(
        &self,
        company: &Uuid,
        start: &Date,
        end: &Date,
        category: Option<ApprovalCategory>,
        status: Option<ApprovalStatus>,
    ) -> Result<Vec<Approval>> {
        check_period(start, end, MAX_DAYS)?;
        let (first, last) = LocalTime::day_bounds(start, end);
        let conditions = [
            category.map(|category| Condition::equals("category", text(category.as_str()))),
            status.map(|status| Condition::equals("status", text(status.as_str()))),
        ];
        let list = List {
            store: &self.store,
            keyring: &self.keyring,
            table: &self.tables.hris,
            scope: String::new(),
            query: Query {
                index: "ix1",
                partition: partition(company, Approval::KIND),
                range: Range::Between(place(first), format!("{}$", place(last))),
                order: Order::Ascending,
                filter: conditions.into_iter().flatten().reduce(Condition::and),
            },
        };
        let keys = list.keys(MAX_WHOLE).await?.ok_or_else(super::shorter_period)?;
        let (mut approvals, mut bytes) = (Vec::<Approval>::with_capacity(keys.len()), 0);
        for keys in keys.chunks(ROWS_AT_ONCE) {
            for item in self.store.get_all(&self.tables.hris, keys.to_vec()).await? {
                let approval: Approval = row::read(&self.keyring, item)?;
                bytes += approval.form_values.len();
                approvals.push(approval);
            }
            if bytes > MAX_BYTES {
                return Err(super::shorter_period());
            }
        }
        Ok(approvals)
    }
}
