//! Punches of the time clock, and the working hours of a day (docs/contract/hris.txt, 打卡).
//!
//! The key of a punch is the employee's number and the second, so a punch that is sent twice is stored once.

use std::collections::{BTreeMap, HashSet};

use super::employees::Employee;
use super::keys::{empno_key, punches_partition};
use super::values::{Code, Uuid};
use super::{Service, check_period};
use crate::error::{Error, Result};
use crate::storage::table::attribute::read_text;
use crate::storage::table::{Condition, Key, Outcome, Write};
use crate::values::{Date, LocalTime};

/// The most punches of a request.
pub const MAX_PUNCHES: usize = 1000;
/// The longest period of a request, in days.
const MAX_DAYS: u32 = 366;
/// The most punches that one request reads.
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

    fn key(&self, company: &Uuid) -> Key {
        Key::new(punches_partition(company, &self.empno), self.second())
    }
}

/// The first and the last punch of a day.
pub struct Checking {
    pub date: Date,
    pub check_in: LocalTime,
    /// None if the day has only one punch.
    pub check_out: Option<LocalTime>,
}

impl Service {
    /// Stores the punches of employees that exist. Returns the numbers that no employee has.
    ///
    /// DynamoDB: one transaction for each fifty punches or more, and a second one for each transaction with an unknown number.
    pub async fn store_punches(&self, company: &Uuid, punches: &[Punch]) -> Result<HashSet<Code>> {
        let mut unknown = HashSet::new();
        // Sorted, so that the punches of one employee share one condition check.
        let once: BTreeMap<_, _> = punches.iter().map(|punch| ((&punch.empno, punch.second()), punch)).collect();
        let mut batch = Batch::default();
        for punch in once.into_values() {
            if !batch.has_room_for(punch) {
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
            let puts =
                batch.punches.iter().map(|punch| Write::Set { table: table.clone(), item: punch.key(company).into_item() });
            let Outcome::Rejected(rejections) = self.store.transact(checks.chain(puts).collect()).await? else { break };
            let absent: HashSet<&Code> = batch
                .empnos
                .iter()
                .zip(&rejections)
                .filter(|(_, rejection)| rejection.failed)
                .map(|(empno, _)| *empno)
                .collect();
            if absent.is_empty() {
                return Err(Error::internal("DynamoDB rejected punches without naming an employee"));
            }
            batch.empnos.retain(|empno| !absent.contains(empno));
            batch.punches.retain(|punch| !absent.contains(&punch.empno));
            unknown.extend(absent.into_iter().cloned());
        }
        Ok(())
    }

    /// The employee, and whether the employee punched today.
    ///
    /// DynamoDB: one read, one query.
    pub async fn check_attendance(&self, company: &Uuid, uuid: &str) -> Result<(Employee, bool)> {
        let employee = self.employee(company, uuid).await?;
        let today = LocalTime::from(self.clock.now()).date();
        let (low, high) = period(&today, &today);
        let partition = punches_partition(company, &employee.empno);
        // With a limit of zero, `None` means that the period has a punch.
        let punches = self.store.partition(&self.tables.hris, partition, Some((&low, &high)), 0).await?;
        Ok((employee, punches.is_none()))
    }

    /// The days of a period on which the employee punched.
    ///
    /// DynamoDB: one read, and one query for each 1 MB of punches.
    pub async fn checkings(&self, company: &Uuid, uuid: &str, start: &Date, end: &Date) -> Result<Vec<Checking>> {
        check_period(start, end, MAX_DAYS)?;
        let employee = self.employee(company, uuid).await?;
        let (low, high) = period(start, end);
        let partition = punches_partition(company, &employee.empno);
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

/// The content of one transaction: punches, and the employees whose existence it checks.
#[derive(Default)]
struct Batch<'a> {
    empnos: Vec<&'a Code>,
    punches: Vec<&'a Punch>,
}

impl<'a> Batch<'a> {
    fn is_new(&self, punch: &Punch) -> bool {
        self.empnos.last().is_none_or(|empno| **empno != punch.empno)
    }

    fn has_room_for(&self, punch: &Punch) -> bool {
        self.empnos.len() + self.punches.len() + 1 + usize::from(self.is_new(punch)) <= MAX_WRITES
    }

    fn push(&mut self, punch: &'a Punch) {
        if self.is_new(punch) {
            self.empnos.push(&punch.empno);
        }
        self.punches.push(punch);
    }
}

/// The bounds of the sort keys of a period: a day is a prefix of its punches, and `U` sorts after the `T` that follows it.
fn period(start: &Date, end: &Date) -> (String, String) {
    (start.as_str().to_owned(), format!("{}U", end.as_str()))
}
