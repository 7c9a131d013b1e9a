//! The rights of a person in the records of the HR API.
//!
//! | object | what it stands for |
//! |---|---|
//! | `hris/employee/{company}/{uuid}` | an employee with attendance, salaries, consents and approvals |
//! | `hris/candidate/{company}/{uuid}` | a candidate |

use std::collections::HashMap;
use std::pin::pin;

use futures::TryStreamExt as _;
use serde_json::json;

use super::Service;
use super::approvals::Approval;
use super::changes::{Change, Subject, What};
use super::employees::{Employee, Filter, Group};
use super::entity::Entity as _;
use super::grants::Basis;
use super::import::unchanged;
use super::item::{RECORD, from_item, to_item};
use super::keys::{
    self, employee_key, empno_key, grants_partition, owned_partition, punches_partition, record_key, salary_partition,
};
use super::recruitment::Candidate;
use super::salary::SALARY_VALUE;
use super::values::{Code, Uuid};
use crate::crypto::random::random_text;
use crate::error::{Error, Result};
use crate::storage::audit::{Act, Object, Stored};
use crate::storage::person::{Erased, Exported, Kept, Wanted, erasure, ids, records_of, remove};
use crate::storage::sealed;
use crate::storage::table::attribute::read_text;
use crate::storage::table::{Condition, Item, Key, Outcome, Write, retry_conflicts};
use crate::values::{Text, Verbatim};

const SALARIES: Kept = Kept {
    what: "values of salary subjects, under a random pseudonym",
    why: "工资支付暂行规定 第六条 (2 years), 税收征收管理法实施细则 第二十九条 (10 years)",
};
const NAMESAKES: Kept =
    Kept { what: "approvals with the name of the creator", why: "another employee of the company has the same name" };
/// The creator of an approval whose creator was erased.
const ERASED: &str = "已删除";

impl Service {
    /// The employees and candidates with this phone or identity number, or the employee with this number.
    pub async fn find_person(&self, wanted: &Wanted) -> Result<Vec<Object>> {
        let table = &self.tables.hris;
        let mut found = records_of(&self.store, &self.keyring, table, wanted).await?;
        if let Wanted::Empno { company, empno } = wanted {
            let company = Uuid::parse(company).map_err(Error::internal)?;
            let empno = Code::parse(empno).map_err(Error::internal)?;
            if let Some(copy) = self.store.get(table, empno_key(&company, &empno)).await? {
                found.extend(self.store.get(table, employee_key(&company, &read_text(&copy, RECORD)?)).await?);
            }
        }
        let object = |item: &Item| {
            let key = Key::of(item)?;
            let (company, kind) = key.pk.split_once('#')?;
            Some(Object::new("hris", kind, &[company, &key.sk]))
        };
        Ok(found.iter().filter_map(object).collect())
    }

    /// `None` if the object is not one of this family, or is gone.
    pub async fn export_person(&self, object: &Object) -> Result<Option<Exported>> {
        let mut exported = Exported::default();
        if let Some((company, uuid)) = named(object, keys::CANDIDATE) {
            let key = record_key(&company, keys::CANDIDATE, uuid.as_str());
            let Some(item) = self.store.get(&self.tables.hris, key).await? else { return Ok(None) };
            exported.add(keys::CANDIDATE, &from_item::<Candidate>(&self.keyring, item)?)?;
            return Ok(Some(exported));
        }
        let Some((company, uuid)) = named(object, keys::EMPLOYEE) else { return Ok(None) };
        let Some(employee) = self.stored_employee(&company, uuid.as_str()).await? else { return Ok(None) };
        exported.add(keys::EMPLOYEE, &employee)?;
        for (kind, partition) in attendance(&company, &employee) {
            for item in self.store.partition(&self.tables.hris, partition).await? {
                exported.records.push((kind, serde_dynamo::from_item(item).map_err(Error::internal)?));
            }
        }
        for mut item in self.store.partition(&self.tables.hris, salary_partition(&company, &employee.empno)).await? {
            let key = Key::of(&item).ok_or_else(|| Error::internal("a salary without a key"))?;
            sealed::open(&self.keyring, &key, &SALARY_VALUE, &mut item)?;
            exported.records.push((keys::SALARY, serde_dynamo::from_item(item).map_err(Error::internal)?));
        }
        for (key, basis) in self.grants_by(&company, &employee).await? {
            let Basis { app_id, product_id, scopes, .. } = basis;
            let grant = json!({"grant": key.sk, "app_id": app_id, "product_id": product_id, "scopes": scopes});
            exported.records.push(("grant", grant));
        }
        if let Ok(approvals) = self.approvals_by(&company, &employee).await? {
            for approval in approvals {
                exported.add(keys::APPROVAL, &approval)?;
            }
        }
        Ok(Some(exported))
    }

    /// Removes an employee with attendance and consents, or a candidate. Salaries stay under a pseudonym. `None` as above.
    pub async fn erase_person(&self, act: &Act, object: &Object) -> Result<Option<Erased>> {
        let table = &self.tables.hris;
        let mut erased = Erased::default();
        if let Some((company, uuid)) = named(object, keys::CANDIDATE) {
            let key = record_key(&company, keys::CANDIDATE, uuid.as_str());
            if self.store.get(table, key.clone()).await?.is_none() {
                return Ok(None);
            }
            erased.records += remove(&self.store, act, object, table, vec![key]).await?;
            return Ok(Some(erased));
        }
        let Some((company, uuid)) = named(object, keys::EMPLOYEE) else { return Ok(None) };
        let Some(employee) = self.stored_employee(&company, uuid.as_str()).await? else { return Ok(None) };
        self.keyring.record().await?;
        // The copies first, so that no one consents and no product adds punches or salaries of the number any more.
        let copies = self.own_copies(&company, &employee).await?;
        erased.records += remove(&self.store, act, object, table, copies.into_keys().collect()).await?;
        let grants = self.grants_by(&company, &employee).await?.into_iter().map(|(key, _)| key).collect();
        erased.records += remove(&self.store, act, object, &self.tables.credentials, grants).await?;
        for (_, partition) in attendance(&company, &employee) {
            let items = self.store.partition(table, partition).await?;
            erased.records += remove(&self.store, act, object, table, items.iter().filter_map(Key::of).collect()).await?;
        }
        let events = self.events_about(&company, &uuid, &employee.empno).await?;
        erased.records += remove(&self.store, act, object, &self.tables.credentials, events).await?;
        match self.approvals_by(&company, &employee).await? {
            Ok(approvals) => {
                for approval in approvals {
                    self.blank_approval(act, object, &company, &approval).await?;
                    erased.records += 1;
                }
            }
            Err(kept) => erased.kept.push(kept),
        }
        if self.move_salaries(act, object, &company, &employee).await? > 0 {
            erased.kept.push(SALARIES);
        }
        // Last, so that a repetition after a failure still finds the employee.
        self.remove_employee(act, object, &company, &uuid).await?;
        erased.records += 1;
        Ok(Some(erased))
    }

    /// Removes the record of an employee, with the copies that a concurrent import may have stored again.
    async fn remove_employee(&self, act: &Act, object: &Object, company: &Uuid, uuid: &Uuid) -> Result<()> {
        let table = &self.tables.hris;
        retry_conflicts(|| async {
            let key = employee_key(company, uuid.as_str());
            let Some(item) = self.store.get(table, key.clone()).await? else { return Ok(Some(())) };
            let employee: Employee = from_item(&self.keyring, item.clone())?;
            let mut own = self.own_copies(company, &employee).await?;
            own.insert(key, item);
            let delete = |(key, item): (Key, Item)| {
                Ok(Write::Delete { table: table.clone(), key, condition: Some(unchanged(Some(&item))?) })
            };
            let mut writes = own.into_iter().map(delete).collect::<Result<Vec<_>>>()?;
            writes.push(self.notice(company, &Change::of(Subject::Employee, uuid.as_str(), What::Deleted))?);
            match self.store.transact_by(act, &erasure(object), writes).await? {
                Outcome::Written => Ok(Some(())),
                Outcome::Rejected(_) => Ok(None),
            }
        })
        .await
    }

    /// The stored copies of an employee, except those that another employee has taken over.
    pub(super) async fn own_copies(&self, company: &Uuid, employee: &Employee) -> Result<HashMap<Key, Item>> {
        let mut copies = self.store.get_map(&self.tables.hris, self.copies_of(company, employee)?).await?;
        copies.retain(|_, copy| read_text(copy, RECORD).is_ok_and(|record| record == employee.uuid.as_str()));
        Ok(copies)
    }

    /// The consents of an employee.
    async fn grants_by(&self, company: &Uuid, employee: &Employee) -> Result<Vec<(Key, Basis)>> {
        let items = self.store.partition(&self.tables.credentials, grants_partition(company)).await?;
        let of_employee = |item: Item| Some((Key::of(&item)?, Basis::stored(&item)?));
        Ok(items.into_iter().filter_map(of_employee).filter(|(_, basis)| basis.employee == employee.uuid).collect())
    }

    /// The approvals that the employee created. An approval has only the name of its creator, which must be the name of no one else.
    async fn approvals_by(&self, company: &Uuid, employee: &Employee) -> Result<Result<Vec<Approval>, Kept>> {
        let by_name = |item: &Item| read_text(item, "creator").is_ok_and(|creator| creator == employee.name.as_str());
        let partition = keys::partition(company, keys::APPROVAL);
        let mut pages = pin!(self.store.partition_pages(&self.tables.hris, partition, String::new()));
        let mut approvals = Vec::new();
        while let Some(page) = pages.try_next().await? {
            for item in page.into_iter().filter(by_name) {
                approvals.push(from_item(&self.keyring, item)?);
            }
        }
        if approvals.is_empty() {
            return Ok(Ok(approvals));
        }
        let filter = Filter { name: Some(employee.name.clone()), ..Filter::default() };
        let named = self.all_employees(company, &Group::Company, &filter).await?;
        if named.iter().any(|other| other.name == employee.name && other.uuid != employee.uuid) {
            return Ok(Err(NAMESAKES));
        }
        Ok(Ok(approvals))
    }

    async fn blank_approval(&self, act: &Act, object: &Object, company: &Uuid, approval: &Approval) -> Result<()> {
        let stored = Stored {
            table: &self.tables.hris,
            key: record_key(company, keys::APPROVAL, approval.id()),
            sealed: Some((&self.keyring, &Approval::SEALED)),
        };
        let blanked = self.store.change_by(act, erasure(object), stored, |item| {
            let mut approval: Approval = from_item(&self.keyring, item.clone())?;
            approval.creator = Text::parse(ERASED).map_err(Error::internal)?;
            approval.form_values = Verbatim::empty_list();
            to_item(&self.keyring, company, &approval, 0)
        });
        blanked.await.map(drop)
    }

    /// Moves the salaries of an employee to a random pseudonym. Returns how many there were.
    async fn move_salaries(&self, act: &Act, object: &Object, company: &Uuid, employee: &Employee) -> Result<usize> {
        let salaries = self.store.partition(&self.tables.hris, salary_partition(company, &employee.empno)).await?;
        let pseudonym = Code::parse(&format!("erased-{}", random_text()?)).map_err(Error::internal)?;
        for key in salaries.iter().filter_map(Key::of) {
            let next = Key::new(salary_partition(company, &pseudonym), key.sk.clone());
            self.move_salary(act, object, &key, &next).await?;
        }
        Ok(salaries.len())
    }

    /// Moves a salary to another key, with the value that a product may have stored meanwhile.
    async fn move_salary(&self, act: &Act, object: &Object, key: &Key, next: &Key) -> Result<()> {
        let table = &self.tables.hris;
        retry_conflicts(|| async {
            let Some(stored) = self.store.get(table, key.clone()).await? else { return Ok(Some(())) };
            let mut item = stored.clone();
            sealed::open(&self.keyring, key, &SALARY_VALUE, &mut item)?;
            item.extend(next.clone().into_item());
            sealed::seal(&self.keyring, next, &SALARY_VALUE, &mut item)?;
            let unchanged = Some(sealed::unchanged(&stored));
            let writes = vec![
                Write::Put { table: table.clone(), item, condition: Condition::absent() },
                Write::Delete { table: table.clone(), key: key.clone(), condition: unchanged },
            ];
            match self.store.transact_by(act, &erasure(object), writes).await? {
                Outcome::Written => Ok(Some(())),
                Outcome::Rejected(_) => Ok(None),
            }
        })
        .await
    }
}

/// The partitions of the attendance of an employee.
fn attendance(company: &Uuid, employee: &Employee) -> [(&'static str, String); 3] {
    [
        ("punch", punches_partition(company, &employee.empno)),
        (keys::TIMELINE, owned_partition(company, keys::TIMELINE, employee.uuid.as_str())),
        (keys::ARRANGEMENT, owned_partition(company, keys::ARRANGEMENT, employee.empno.as_str())),
    ]
}

fn named(object: &Object, kind: &str) -> Option<(Uuid, Uuid)> {
    match ids(object, "hris", kind)?[..] {
        [company, uuid] => Some((Uuid::parse(company).ok()?, Uuid::parse(uuid).ok()?)),
        _ => None,
    }
}
