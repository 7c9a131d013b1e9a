//! Punches of the time clock, and the working hours of a day (docs/contract/hris.txt, 打卡).
//!
//! The key of a punch is the employee's number and the second, so a punch that is sent twice is stored once.

use std::collections::{BTreeMap, HashSet};

use super::employees::Employee;
use super::keys::{empno_key, punches_partition};
use super::replay::{Once, Signer};
use super::values::{Code, Uuid};
use super::{Service, check_period};
use crate::error::{Error, Result};
use crate::storage::table::attribute::read_text;
use crate::storage::table::{Condition, Key, Write};
use crate::values::{Date, LocalTime};

/// The most punches of a request.
pub const MAX_PUNCHES: usize = 1000;
/// The longest period of a request, in days.
const MAX_DAYS: u32 = 366;
/// The most punches that one request reads.
const MAX_READ: usize = 50_000;
/// The most writes and conditions of one transaction, without the record of the call.
const MAX_WRITES: usize = 99;

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
    /// Stores the punches of employees that exist. Returns the numbers that no employee has. The call is remembered if it has no such number
    /// and `is_whole`: it has no invalid row either.
    ///
    /// DynamoDB: one transaction for each 49 punches or more, and a second one for each transaction with an unknown number.
    pub async fn store_punches(&self, signer: &Signer, punches: &[Punch], is_whole: bool) -> Result<HashSet<Code>> {
        // Sorted, so that the punches of one employee share one condition check.
        let once: BTreeMap<_, _> = punches.iter().map(|punch| ((&punch.empno, punch.second()), punch)).collect();
        let mut batches: Vec<Batch<'_>> = Vec::new();
        for punch in once.into_values() {
            match batches.last_mut() {
                Some(batch) if batch.has_room_for(punch) => batch.push(punch),
                _ => batches.push(Batch::of(punch)),
            }
        }
        let (mut unknown, last) = (HashSet::new(), batches.len().saturating_sub(1));
        for (at, batch) in batches.into_iter().enumerate() {
            if self.store_batch(signer, batch, is_whole && at == last, &mut unknown).await? == Sent::Before {
                break;
            }
        }
        Ok(unknown)
    }

    /// `completes` if the call is done with this batch, unless it has unknown numbers.
    async fn store_batch(
        &self,
        signer: &Signer,
        mut batch: Batch<'_>,
        completes: bool,
        unknown: &mut HashSet<Code>,
    ) -> Result<Sent> {
        let (table, company) = (&self.tables.hris, &signer.company);
        while !batch.punches.is_empty() {
            let checks = batch.empnos.iter().map(|empno| Write::Check {
                table: table.clone(),
                key: empno_key(company, empno),
                condition: Condition::present(),
            });
            let puts =
                batch.punches.iter().map(|punch| Write::Set { table: table.clone(), item: punch.key(company).into_item() });
            let writes = checks.chain(puts).collect();
            let outcome = if completes && unknown.is_empty() {
                self.write_once(signer, &(), writes).await?
            } else {
                self.write_part(signer, writes).await?
            };
            let rejections = match outcome {
                Once::Written => break,
                Once::Before(()) => return Ok(Sent::Before),
                Once::Rejected(rejections) => rejections,
            };
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
        Ok(Sent::Now)
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
        let punches = self.store.partition_within(&self.tables.hris, partition, Some((&low, &high)), 0).await?;
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
        let items = self.store.partition_within(&self.tables.hris, partition, Some((&low, &high)), MAX_READ).await?;
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

/// When the punches of a batch were sent.
#[derive(PartialEq)]
enum Sent {
    Now,
    /// The call is a replay of one that stored all its punches.
    Before,
}

/// The content of one transaction: punches, and the employees whose existence it checks.
struct Batch<'a> {
    empnos: Vec<&'a Code>,
    punches: Vec<&'a Punch>,
}

impl<'a> Batch<'a> {
    fn of(punch: &'a Punch) -> Self {
        Self { empnos: vec![&punch.empno], punches: vec![punch] }
    }

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
