//! Punches of the time clock, and what they tell of a day (document, 打卡).
//!
//! A punch is kept under the employee's number and its second: sent twice, it is stored once.

use std::collections::{BTreeMap, HashSet};

use super::employees::{Employee, empno_key};
use super::values::{Code, Uuid};
use super::{Service, check_period};
use crate::error::{Error, Result};
use crate::storage::table::attribute::read_text;
use crate::storage::table::{Condition, Key, Outcome, Write};
use crate::values::{Date, LocalTime};

/// The most punches of one call.
pub const MAX_PUNCHES: usize = 1000;
/// The longest period that is asked for at once, in days.
const MAX_DAYS: u32 = 366;
/// The most punches that are read at once.
const MAX_READ: usize = 50_000;
/// The most writes and conditions of one transaction.
const MAX_WRITES: usize = 100;

#[derive(Clone, Debug)]
pub struct Punch {
    pub empno: Code,
    pub punched_at: LocalTime,
}

impl Punch {
    fn second(&self) -> String {
        self.punched_at.to_second()
    }
}

/// The first and the last punch of a day.
pub struct Checking {
    pub date: Date,
    pub check_in: LocalTime,
    /// None where there was one punch only.
    pub check_out: Option<LocalTime>,
}

impl Service {
    /// Stores punches of employees that exist; gives the numbers that no employee has.
    ///
    /// DynamoDB: one transaction for each fifty punches or more, and one more for each in which a number is unknown.
    pub async fn store_punches(&self, company: &Uuid, punches: &[Punch]) -> Result<HashSet<Code>> {
        let mut unknown = HashSet::new();
        // Sorted, the punches of one employee share the look at the employee.
        let once: BTreeMap<_, _> = punches.iter().map(|punch| ((&punch.empno, punch.second()), punch)).collect();
        let mut batch = Batch::default();
        for punch in once.into_values() {
            if !batch.takes(punch) {
                self.store_batch(company, std::mem::take(&mut batch), &mut unknown).await?;
            }
            batch.push(punch);
        }
        self.store_batch(company, batch, &mut unknown).await?;
        Ok(unknown)
    }

    async fn store_batch(&self, company: &Uuid, mut batch: Batch<'_>, unknown: &mut HashSet<Code>) -> Result<()> {
        let table = &self.tables.hris;
        while !batch.punches.is_empty() {
            let checks = batch.empnos.iter().map(|empno| Write::Check {
                table: table.clone(),
                key: empno_key(company, empno),
                condition: Condition::present(),
            });
            let puts = batch
                .punches
                .iter()
                .map(|punch| Write::Set { table: table.clone(), item: punch_key(company, punch).into_item() });
            let Outcome::Rejected(rejections) = self.store.transact(checks.chain(puts).collect()).await? else { break };
            let absent: HashSet<&Code> = batch
                .empnos
                .iter()
                .zip(&rejections)
                .filter(|(_, rejection)| rejection.failed)
                .map(|(empno, _)| *empno)
                .collect();
            if absent.is_empty() {
                return Err(Error::internal("punches were refused for no reason"));
            }
            batch.empnos.retain(|empno| !absent.contains(empno));
            batch.punches.retain(|punch| !absent.contains(&punch.empno));
            unknown.extend(absent.into_iter().cloned());
        }
        Ok(())
    }

    /// The employee, and whether there is any punch today.
    ///
    /// DynamoDB: one read, one query.
    pub async fn check_attendance(&self, company: &Uuid, uuid: &str) -> Result<(Employee, bool)> {
        let employee = self.employee(company, uuid).await?;
        let today = LocalTime::from(self.clock.now()).date();
        let (partition, low, high) = punched_between(company, &employee.empno, &today, &today);
        let none = self.store.partition(&self.tables.hris, partition, Some((&low, &high)), 0).await?;
        Ok((employee, none.is_none()))
    }

    /// The days of a period on which the employee punched.
    ///
    /// DynamoDB: one read, and one query for each 1 MB of punches.
    pub async fn checkings(&self, company: &Uuid, uuid: &str, start: &Date, end: &Date) -> Result<Vec<Checking>> {
        check_period(start, end, MAX_DAYS)?;
        let employee = self.employee(company, uuid).await?;
        let (partition, low, high) = punched_between(company, &employee.empno, start, end);
        let items = self.store.partition(&self.tables.hris, partition, Some((&low, &high)), MAX_READ).await?;
        let mut days: Vec<Checking> = Vec::new();
        for item in items.ok_or_else(super::shorter_period)? {
            let at = LocalTime::parse(&read_text(&item, "sk")?).map_err(Error::internal)?;
            match days.last_mut() {
                Some(day) if day.date == at.date() => day.check_out = Some(at),
                _ => days.push(Checking { date: at.date(), check_in: at, check_out: None }),
            }
        }
        Ok(days)
    }
}

/// What fits into one transaction: the punches, and the look at each employee.
#[derive(Default)]
struct Batch<'a> {
    empnos: Vec<&'a Code>,
    punches: Vec<&'a Punch>,
}

impl<'a> Batch<'a> {
    fn is_new(&self, punch: &Punch) -> bool {
        self.empnos.last().is_none_or(|empno| **empno != punch.empno)
    }

    fn takes(&self, punch: &Punch) -> bool {
        self.empnos.len() + self.punches.len() + 1 + usize::from(self.is_new(punch)) <= MAX_WRITES
    }

    fn push(&mut self, punch: &'a Punch) {
        if self.is_new(punch) {
            self.empnos.push(&punch.empno);
        }
        self.punches.push(punch);
    }
}

fn partition(company: &Uuid, empno: &Code) -> String {
    format!("{company}#punch#{empno}")
}

fn punch_key(company: &Uuid, punch: &Punch) -> Key {
    Key::new(partition(company, &punch.empno), punch.second())
}

fn punched_between(company: &Uuid, empno: &Code, start: &Date, end: &Date) -> (String, String, String) {
    (partition(company, empno), start.as_str().to_owned(), format!("{}U", end.as_str()))
}
