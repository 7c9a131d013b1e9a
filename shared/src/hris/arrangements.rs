//! Arrangements: the shifts of employees (docs/contract/hris.txt, 排班).

use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};

use super::entity::Entity;
use super::item::from_item;
use super::keys::{self, empno_key, owned_partition};
use super::values::{Code, Uuid};
use super::{Service, check_period};
use crate::error::Result;
use crate::storage::table::Key;
use crate::values::{Date, Text};

/// The most employees of a request.
pub const MAX_EMPLOYEES: usize = 100;
/// The longest period of a request, in days.
const MAX_DAYS: u32 = 92;
/// The most shifts of one employee that a request reads.
const MAX_SHIFTS: usize = 1000;
/// How many queries run concurrently.
const CONCURRENCY: usize = 16;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arrangement {
    /// 出勤规则名称. The API document misspells the field.
    pub attendance_rule_name: Text<0, 128>,
    pub workshift_name: Text<1, 128>,
    pub empno: Code,
    pub date: Date,
    /// Such as `09:00-18:00`.
    pub time_range: Text<0, 128>,
}

impl Arrangement {
    /// The id of a shift among those of an employee.
    pub(super) fn id_of(date: &Date, workshift_name: &Text<1, 128>) -> String {
        format!("{}#{}", date.as_str(), workshift_name.as_str())
    }
}

/// An employee may have several shifts a day, each of them once.
impl Entity for Arrangement {
    const KIND: &'static str = keys::ARRANGEMENT;

    fn id(&self) -> String {
        Self::id_of(&self.date, &self.workshift_name)
    }

    fn partition(&self, company: &Uuid) -> String {
        owned_partition(company, Self::KIND, self.empno.as_str())
    }

    fn references(&self, company: &Uuid) -> Vec<(&'static str, Key)> {
        vec![("empno", empno_key(company, &self.empno))]
    }
}

impl Service {
    /// The shifts of these employees in a period, in the order of the requested numbers, then of the days.
    ///
    /// DynamoDB: one query for each employee, up to sixteen concurrently.
    pub async fn arrangements(&self, company: &Uuid, empnos: &[Code], start: &Date, end: &Date) -> Result<Vec<Arrangement>> {
        check_period(start, end, MAX_DAYS)?;
        let (low, high) = (start.as_str().to_owned(), format!("{}$", end.as_str()));
        let queries: Vec<_> = empnos
            .iter()
            .map(|empno| {
                let partition = owned_partition(company, keys::ARRANGEMENT, empno.as_str());
                self.store.partition_within(&self.tables.hris, partition, Some((&low, &high)), MAX_SHIFTS)
            })
            .collect();
        let found: Vec<_> = stream::iter(queries).buffered(CONCURRENCY).try_collect().await?;
        let mut arrangements = Vec::new();
        for items in found {
            for item in items.ok_or_else(super::shorter_period)? {
                arrangements.push(from_item(&self.keyring, item)?);
            }
        }
        Ok(arrangements)
    }
}
