//! Retention: what the scheduled clean-up erases of companies' data when its period is over (docs/privacy.md, How the clean-up erases).
//!
//! A visit is marked with the time of its announcement, an employee who left with the time of leaving. The mark of an employee is gone once
//! nothing is left to erase, or when the employee returns.

use jiff::Timestamp;

use super::Service;
use super::changes::{Change, Subject, What};
use super::employees::Employee;
use super::entity::Entity as _;
use super::import::unchanged;
use super::item::{from_item, to_copy, to_item};
use super::keys::{self, DISMISSED_SWEEP, VISIT_SWEEP, empno_key, former_mobile_keys};
use super::values::{Status, Uuid};
use crate::error::{Error, Result};
use crate::runtime::caller;
use crate::runtime::sweep::{Swept, Time, sweep};
use crate::storage::audit::Object;
use crate::storage::person::erasure;
use crate::storage::table::attribute::read_integer;
use crate::storage::table::{Key, Outcome, VERSION, Write, due_by, is_due, retry_conflicts};
use crate::values::{LocalTime, Private, Text};

impl Employee {
    /// From when the period counts after which the sensitive fields are erased: the day of leaving, or the import that made the employee
    /// leave. `None` while the employee works there, and if nothing is left to erase.
    pub(super) fn erased_from(&self) -> Option<Timestamp> {
        let day = self.leave_date.as_ref().map(|date| LocalTime::day_bounds(date, date).0);
        let left = day.or(self.left_at)?;
        self.is_to_be_erased().then(|| left.into())
    }

    /// The same; if an earlier version did not store when the employee left, the period counts from `now`.
    pub(super) fn erased_from_or(&self, now: Timestamp) -> Option<Timestamp> {
        self.erased_from().or_else(|| self.is_to_be_erased().then_some(now))
    }

    fn is_to_be_erased(&self) -> bool {
        self.status == Status::Dimission && self.erased() != *self
    }

    /// The employee as payroll needs it: without what identifies and reaches the person, except name and number.
    fn erased(&self) -> Self {
        Self {
            email: Text::default(),
            mobile: None,
            phone_number: None,
            id_number: Private::default(),
            address: Text::default(),
            bank_name: Text::default(),
            bank_card: None,
            photo: Text::default(),
            marriage: Text::default(),
            birthday: None,
            avatar: Text::default(),
            exmail: Text::default(),
            dingtalk_id: None,
            wework_id: None,
            ..self.clone()
        }
    }
}

impl Service {
    /// Removes the visits that were announced at this time or before.
    ///
    /// DynamoDB: the queries of the index, and one transaction for each visit.
    pub async fn sweep_visits(&self, time: &Time, before: Timestamp) -> Swept {
        let table = &self.tables.hris;
        sweep(self.store.due(table, VISIT_SWEEP, before), time, |key| self.erase_visit(key, before)).await
    }

    /// Removes a visit. Returns whether it was overdue.
    async fn erase_visit(&self, key: Key, before: Timestamp) -> Result<bool> {
        let company = key.pk.split('#').next().unwrap_or_default();
        let change = erasure(&Object::new("hris", keys::VISIT, &[company, &key.sk]));
        let delete = Write::Delete { table: self.tables.hris.clone(), key, condition: Some(due_by(before)) };
        let act = caller::act(self.clock.now());
        Ok(matches!(self.store.transact_by(&act, &change, vec![delete]).await?, Outcome::Written))
    }

    /// Erases the sensitive fields of employees who left at this time or before.
    ///
    /// DynamoDB: the queries of the index; for each employee a read, a batch and a transaction.
    pub async fn sweep_dismissed(&self, time: &Time, before: Timestamp) -> Swept {
        let overdue = self.store.due(&self.tables.hris, DISMISSED_SWEEP, before);
        sweep(overdue, time, |key| self.erase_employee(key, before)).await
    }

    /// Erases the sensitive fields in the record and its copies, and removes the copies by phone. Returns whether the record was overdue.
    async fn erase_employee(&self, key: Key, before: Timestamp) -> Result<bool> {
        let (table, keyring) = (&self.tables.hris, &self.keyring);
        keyring.record().await?;
        retry_conflicts(|| async {
            let stored = self.store.get(table, key.clone()).await?;
            let Some(item) = stored.filter(|item| is_due(item, DISMISSED_SWEEP, before)) else { return Ok(Some(false)) };
            let company = key.pk.split('#').next().unwrap_or_default();
            let company = Uuid::parse(company).map_err(Error::internal)?;
            let employee: Employee = from_item(keyring, item.clone())?;
            let (erased, version) = (employee.erased(), 1 + read_integer::<u64>(&item, VERSION)?);
            let put = |item, condition| Write::Put { table: table.clone(), item, condition };
            let mut writes = vec![put(to_item(keyring, &company, &erased, version)?, unchanged(Some(&item))?)];
            let by_number = empno_key(&company, &employee.empno);
            for (alias, copy) in self.own_copies(&company, &employee).await? {
                let condition = unchanged(Some(&copy))?;
                writes.push(match alias == by_number {
                    true => put(to_copy(keyring, &company, &erased, version, &alias)?, condition),
                    false => Write::Delete { table: table.clone(), key: alias, condition: Some(condition) },
                });
            }
            writes.push(self.notice(&company, &Change::of(Subject::Employee, employee.uuid.as_str(), What::Updated))?);
            let object = Object::new("hris", "employee", &[company.as_str(), employee.uuid.as_str()]);
            match self.store.transact_by(&caller::act(self.clock.now()), &erasure(&object), writes).await? {
                Outcome::Written => Ok(Some(true)),
                Outcome::Rejected(_) => Ok(None),
            }
        })
        .await
    }

    /// The keys of the copies of an employee, those by former indexes of phones included.
    pub(super) fn copies_of(&self, company: &Uuid, employee: &Employee) -> Result<Vec<Key>> {
        let mut keys: Vec<Key> = employee.aliases(company, &self.keyring)?.into_iter().map(|alias| alias.key).collect();
        keys.extend(employee.mobile.iter().flat_map(|mobile| former_mobile_keys(company, mobile, &self.keyring)));
        Ok(keys)
    }
}
