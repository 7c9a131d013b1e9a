//! Approvals: the requests of employees and their outcomes (docs/contract/hris.txt, 审批对象).

use serde::{Deserialize, Serialize};

use super::changes::Subject;
use super::entity::Entity;
use super::item::from_item;
use super::keys::{self, partition};
use super::values::{ApprovalCategory, ApprovalStatus, Code, Uuid};
use super::{Service, check_period};
use crate::error::{Fault, Result};
use crate::storage::list::List;
use crate::storage::sealed::Fields;
use crate::storage::table::attribute::text;
use crate::storage::table::{Condition, Order, Query, Range};
use crate::values::{Date, LocalTime, Text, Verbatim};

/// The longest period of a request, in days.
const MAX_DAYS: u32 = 366;
/// The most approvals of a response.
const MAX_APPROVALS: usize = 5000;
/// How many items are in memory at once.
const BATCH: usize = 100;
/// The most bytes of all forms of a response together: Lambda cannot return more.
const MAX_BYTES: usize = 8 * 1024 * 1024;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    pub number_series: Code,
    pub creator: Text<0, 64>,
    pub created_at: LocalTime,
    pub status: ApprovalStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<LocalTime>,
    pub category: ApprovalCategory,
    pub workflow_name: Text<0, 128>,
    /// An array of sections, each an object.
    pub form_values: Verbatim,
}

impl Entity for Approval {
    const KIND: &'static str = keys::APPROVAL;
    const SEALED: Fields = Fields::of(&["form_values"]);
    const SUBJECT: Option<Subject> = Some(Subject::Approval);

    fn id(&self) -> String {
        self.number_series.to_string()
    }

    fn chosen_id(&self) -> Option<(&'static str, &Code)> {
        Some(("number_series", &self.number_series))
    }

    fn faults(&self) -> Vec<Fault> {
        let sections = self.form_values.to_value();
        let are_objects = sections.as_array().is_some_and(|sections| sections.iter().all(serde_json::Value::is_object));
        if are_objects { Vec::new() } else { vec![Fault::new("form_values", "must be an array of objects")] }
    }

    fn lists(&self, company: &Uuid) -> Option<(Vec<(&'static str, String)>, String)> {
        let sort_key = format!("{}#{}", sortable(self.created_at), self.number_series);
        Some((vec![("ix1", partition(company, Self::KIND))], sort_key))
    }
}

/// Text that sorts like the instants.
fn sortable(time: LocalTime) -> String {
    format!("{:016}", time.as_millisecond().max(0))
}

impl Service {
    /// The approvals that employees requested in a period, oldest first.
    ///
    /// DynamoDB: one query for each 1 MB of the index, then a batch for each hundred items.
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
                range: Range::Between(sortable(first), format!("{}$", sortable(last))),
                order: Order::Ascending,
                filter: conditions.into_iter().flatten().reduce(Condition::and),
            },
            milestones: None,
        };
        let keys = list.keys(MAX_APPROVALS).await?.ok_or_else(super::shorter_period)?;
        let (mut approvals, mut bytes) = (Vec::<Approval>::with_capacity(keys.len()), 0);
        for keys in keys.chunks(BATCH) {
            for item in self.store.get_all(&self.tables.hris, keys.to_vec()).await? {
                let approval: Approval = from_item(&self.keyring, item)?;
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
