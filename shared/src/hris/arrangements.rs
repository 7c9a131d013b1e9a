//! Arrangements: who works when (document, 排班).

use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};

use super::employees::empno_key;
use super::row::{self, Entity};
use super::values::{Code, Uuid};
use super::{Service, check_period};
use crate::error::Result;
use crate::storage::table::Key;
use crate::values::input::Faults;
use crate::values::{Date, Text};

/// The most employees that are asked for at once.
pub const MAX_EMPLOYEES: usize = 100;
/// The longest period that is asked for at once, in days.
const MAX_DAYS: u32 = 92;
/// The most shifts of one employee that are read.
const MAX_SHIFTS: usize = 1000;
/// How many employees are read side by side.
const AT_ONCE: usize = 16;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, deserr::Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct Arrangement {
    /// 出勤规则名称: the document's misspelling is the field's name.
    #[deserr(rename = "attenance_rule_name", default)]
    pub attendance_rule_name: Text<0, 128>,
    pub workshift_name: Text<1, 128>,
    pub empno: Code,
    pub date: Date,
    /// Such as `09:00-18:00`.
    #[deserr(default)]
    pub time_range: Text<0, 128>,
}

/// An employee may have several shifts a day, each once.
impl Entity for Arrangement {
    const KIND: &'static str = "arrangement";

    fn id(&self) -> String {
        format!("{}#{}", self.date.as_str(), self.workshift_name.as_str())
    }

    fn partition(&self, company: &Uuid) -> String {
        partition(company, &self.empno)
    }

    fn references(&self, company: &Uuid) -> Vec<(&'static str, Key)> {
        vec![("empno", empno_key(company, &self.empno))]
    }
}

fn partition(company: &Uuid, empno: &Code) -> String {
    format!("{company}#arrangement#{empno}")
}

impl Service {
    /// The shifts of these employees in a period, in the order of the numbers asked for, then of the days.
    ///
    /// DynamoDB: one query for each employee, sixteen of them side by side.
    pub async fn arrangements(&self, company: &Uuid, empnos: &[Code], start: &Date, end: &Date) -> Result<Vec<Arrangement>> {
        check_period(start, end, MAX_DAYS)?;
        let (low, high) = (start.as_str().to_owned(), format!("{}$", end.as_str()));
        let queries: Vec<_> = empnos
            .iter()
            .map(|empno| self.store.partition(&self.tables.hris, partition(company, empno), Some((&low, &high)), MAX_SHIFTS))
            .collect();
        let found: Vec<_> = stream::iter(queries).buffered(AT_ONCE).try_collect().await?;
        let mut arrangements = Vec::new();
        for items in found {
            for item in items.ok_or_else(super::shorter_period)? {
                arrangements.push(row::read(&self.keyring, item)?);
            }
        }
        Ok(arrangements)
    }
}
