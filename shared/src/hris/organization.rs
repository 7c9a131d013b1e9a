//! Companies, their sub-companies and departments (document, 公司, 分公司, 部门).

use serde::{Deserialize, Serialize};

use super::row::{self, Entity, partition};
use super::values::Uuid;
use super::{Service, missing};
use crate::error::Result;
use crate::storage::table::Key;
use crate::values::Text;
use crate::values::input::Faults;

/// The most sub-companies or departments of a company that are given.
const MAX_UNITS: usize = 10_000;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, deserr::Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct Company {
    pub uuid: Uuid,
    pub name: Text<1, 128>,
    #[deserr(default)]
    pub full_name: Text<0, 128>,
    #[deserr(default)]
    pub logo: Text<0, 2048>,
}

impl Entity for Company {
    const KIND: &'static str = "company";

    fn id(&self) -> String {
        self.uuid.to_string()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, deserr::Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct SubCompany {
    pub uuid: Uuid,
    pub name: Text<1, 128>,
    #[deserr(default)]
    pub short_name: Text<0, 128>,
    #[deserr(default)]
    pub registered_address: Text<0, 255>,
    #[deserr(default)]
    pub boss: Text<0, 64>,
}

impl Entity for SubCompany {
    const KIND: &'static str = "sub_company";

    fn id(&self) -> String {
        self.uuid.to_string()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, deserr::Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct Department {
    pub name: Text<1, 128>,
    pub uuid: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[deserr(default)]
    pub superior_uuid: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[deserr(default)]
    pub charger_uuid: Option<Uuid>,
}

impl Entity for Department {
    const KIND: &'static str = "department";

    fn id(&self) -> String {
        self.uuid.to_string()
    }

    fn references(&self, company: &Uuid) -> Vec<(&'static str, Key)> {
        let named = [("superior_uuid", Self::KIND, &self.superior_uuid), ("charger_uuid", "employee", &self.charger_uuid)];
        named
            .into_iter()
            .filter_map(|(field, kind, uuid)| Some((field, row::key(company, kind, uuid.as_ref()?.as_str()))))
            .collect()
    }
}

impl Service {
    /// DynamoDB: one read.
    pub async fn company(&self, uuid: &Uuid) -> Result<Option<Company>> {
        let found = self.store.get(&self.tables.hris, company_key(uuid)).await?;
        found.map(|item| row::read(&self.keyring, item)).transpose()
    }

    /// All of a company's records of a kind, by their ids. Meant for kinds of which a company has few.
    ///
    /// DynamoDB: one query for each 1 MB.
    pub async fn all<T: Entity>(&self, company: &Uuid) -> Result<Vec<T>> {
        let found = self.store.partition(&self.tables.hris, partition(company, T::KIND), None, MAX_UNITS).await?;
        let items = found.ok_or_else(super::employees::too_many)?;
        items.into_iter().map(|item| row::read(&self.keyring, item)).collect()
    }

    /// A company's record of a kind; `field` names it in the error where there is none.
    ///
    /// DynamoDB: one read.
    pub async fn one<T: Entity>(&self, company: &Uuid, id: &str, field: &'static str) -> Result<T> {
        // A longer key than DynamoDB takes finds as little as any other unknown one.
        if id.is_empty() || id.len() > MAX_ID {
            return Err(missing(field));
        }
        let found = self.store.get(&self.tables.hris, row::key(company, T::KIND, id)).await?;
        row::read(&self.keyring, found.ok_or_else(|| missing(field))?)
    }
}

/// The longest id of a record, in bytes: 64 characters.
const MAX_ID: usize = 256;

pub(super) fn company_key(uuid: &Uuid) -> Key {
    row::key(uuid, Company::KIND, uuid.as_str())
}
