//! Companies, their sub-companies and departments (docs/contract/hris.txt, 公司, 分公司, 部门).

use serde::{Deserialize, Serialize};

use super::changes::Subject;
use super::employees::Employee;
use super::entity::Entity;
use super::item::from_item;
use super::keys::{self, company_key, employee_key, partition, record_key};
use super::values::Uuid;
use super::{Service, pagination_required};
use crate::error::{Error, Result};
use crate::storage::listing::{Listed, PageOf, next_cursor, position};
use crate::storage::table::{Key, Order};
use crate::values::Text;

/// The most records that [`Service::all`] returns.
const MAX_RECORDS: usize = 10_000;
/// The longest id of a record, in bytes: 64 characters.
const MAX_ID: usize = 256;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Company {
    pub uuid: Uuid,
    pub name: Text<1, 128>,
    pub full_name: Text<0, 128>,
    pub logo: Text<0, 2048>,
}

impl Entity for Company {
    const KIND: &'static str = keys::COMPANY;

    fn id(&self) -> String {
        self.uuid.to_string()
    }

    fn lists(&self, _company: &Uuid) -> Option<(Vec<(&'static str, String)>, String)> {
        Some((vec![("ix1", keys::COMPANIES.to_owned())], self.id()))
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SubCompany {
    pub uuid: Uuid,
    pub name: Text<1, 128>,
    pub short_name: Text<0, 128>,
    pub registered_address: Text<0, 255>,
    pub boss: Text<0, 64>,
}

impl Entity for SubCompany {
    const KIND: &'static str = keys::SUB_COMPANY;

    fn id(&self) -> String {
        self.uuid.to_string()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Department {
    pub name: Text<1, 128>,
    pub uuid: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub superior_uuid: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charger_uuid: Option<Uuid>,
}

impl Entity for Department {
    const KIND: &'static str = keys::DEPARTMENT;
    const SUBJECT: Option<Subject> = Some(Subject::Department);

    fn id(&self) -> String {
        self.uuid.to_string()
    }

    fn references(&self, company: &Uuid) -> Vec<(&'static str, Key)> {
        let superior = self.superior_uuid.as_ref();
        let superior = superior.map(|uuid| ("superior_uuid", record_key(company, Self::KIND, uuid.as_str())));
        let charger = self.charger_uuid.as_ref().map(|uuid| ("charger_uuid", employee_key(company, uuid.as_str())));
        superior.into_iter().chain(charger).collect()
    }
}

impl Service {
    /// DynamoDB: one read.
    pub async fn company(&self, uuid: &Uuid) -> Result<Option<Company>> {
        let found = self.store.get(&self.tables.hris, company_key(uuid)).await?;
        found.map(|item| from_item(&self.keyring, item)).transpose()
    }

    /// A page of the companies by uuid.
    ///
    /// DynamoDB: one query, one batch read.
    pub async fn list_companies(&self, page: &PageOf<'_>) -> Result<Listed<Company>> {
        self.listed(keys::COMPANIES, None, page).await
    }

    /// Up to `size` departments of a company, by uuid, each with the employee who heads it.
    ///
    /// DynamoDB: one query; one batch read, if any of them has a head.
    pub async fn list_departments(
        &self,
        company: &Uuid,
        size: u32,
        cursor: Option<&str>,
    ) -> Result<Listed<(Department, Option<Employee>)>> {
        let (table, partition) = (&self.tables.hris, partition(company, Department::KIND));
        let after = position(&self.keyring, cursor, &partition)?;
        let limit = i32::try_from(size).unwrap_or(i32::MAX);
        let (items, last) =
            self.store.partition_page(table, &partition, None, after.as_deref(), Order::Ascending, limit).await?;
        let read = |item| from_item::<Department>(&self.keyring, item);
        let departments: Vec<Department> = items.into_iter().map(read).collect::<Result<_>>()?;
        let head = |department: &Department| Some(employee_key(company, department.charger_uuid.as_ref()?.as_str()));
        let heads = self.store.get_map(table, departments.iter().filter_map(head).collect()).await?;
        let with_head = |department: Department| {
            let found = head(&department).and_then(|key| heads.get(&key)).cloned();
            Ok((department, found.map(|item| self.read_employee(item)).transpose()?))
        };
        let list = departments.into_iter().map(with_head).collect::<Result<_>>()?;
        Ok(Listed { list, next_cursor: next_cursor(&self.keyring, last, &partition)? })
    }

    /// All of a company's records of a kind, sorted by id. Only for kinds of which a company has few records.
    ///
    /// DynamoDB: one query for each 1 MB.
    pub async fn all<T: Entity>(&self, company: &Uuid) -> Result<Vec<T>> {
        let found = self.store.partition_within(&self.tables.hris, partition(company, T::KIND), None, MAX_RECORDS).await?;
        let items = found.ok_or_else(pagination_required)?;
        items.into_iter().map(|item| from_item(&self.keyring, item)).collect()
    }

    /// A company's record of a kind. `field` names the id in the error if the record does not exist.
    ///
    /// DynamoDB: one read.
    pub async fn one<T: Entity>(&self, company: &Uuid, id: &str, field: &'static str) -> Result<T> {
        // DynamoDB rejects longer keys with an error, but such a record just does not exist.
        if id.is_empty() || id.len() > MAX_ID {
            return Err(Error::missing(field));
        }
        let found = self.store.get(&self.tables.hris, record_key(company, T::KIND, id)).await?;
        from_item(&self.keyring, found.ok_or_else(|| Error::missing(field))?)
    }
}
