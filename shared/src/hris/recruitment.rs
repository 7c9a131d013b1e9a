//! Recruitment: candidates, their sources, and vacancies (docs/contract/hris.txt, 候选人).

use serde::{Deserialize, Serialize};

use super::Service;
use super::entity::Entity;
use super::item::from_item;
use super::keys::{self, partition, record_key};
use super::values::{Code, Sex, Uuid};
use crate::error::Result;
use crate::storage::list::List;
use crate::storage::page::{Page, PageRequest};
use crate::storage::table::{Key, Order, Query, Range};
use crate::values::{Date, Mobile, Text};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    pub uuid: Uuid,
    pub name: Text<1, 64>,
    pub email: Text<0, 255>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mobile: Option<Mobile>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sex: Option<Sex>,
    pub marriage: Text<0, 64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birthday: Option<Date>,
    pub degree: Text<0, 64>,
    pub status: Text<0, 64>,
    pub source_name: Text<0, 128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_id: Option<Code>,
}

impl Entity for Candidate {
    const KIND: &'static str = keys::CANDIDATE;

    fn id(&self) -> String {
        self.uuid.to_string()
    }

    fn references(&self, company: &Uuid) -> Vec<(&'static str, Key)> {
        let source = self.source_id.as_ref();
        source.map(|id| ("source_id", record_key(company, keys::SOURCE, id.as_str()))).into_iter().collect()
    }

    fn lists(&self, company: &Uuid) -> Option<(Vec<(&'static str, String)>, String)> {
        Some((vec![("ix1", partition(company, Self::KIND))], self.id()))
    }
}

/// 招聘源. The API document names it without describing it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Source {
    pub id: Code,
    pub name: Text<1, 128>,
}

impl Entity for Source {
    const KIND: &'static str = keys::SOURCE;

    fn id(&self) -> String {
        self.id.to_string()
    }
}

/// 职位. The API document names it without describing it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Vacancy {
    pub id: Code,
    pub name: Text<1, 128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department_uuid: Option<Uuid>,
    pub status: Text<0, 64>,
    pub description: Text<0, 4000>,
}

impl Entity for Vacancy {
    const KIND: &'static str = keys::VACANCY;

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn references(&self, company: &Uuid) -> Vec<(&'static str, Key)> {
        let department = self.department_uuid.as_ref();
        department.map(|uuid| ("department_uuid", record_key(company, keys::DEPARTMENT, uuid.as_str()))).into_iter().collect()
    }
}

impl Service {
    /// One page of candidates, sorted by uuid: see [`List::page`].
    pub async fn candidates(&self, company: &Uuid, page: PageRequest) -> Result<Page<Candidate>> {
        let list = List {
            store: &self.store,
            keyring: &self.keyring,
            table: &self.tables.hris,
            scope: format!("{company}/candidates"),
            query: Query {
                index: "ix1",
                partition: partition(company, Candidate::KIND),
                range: Range::All,
                order: Order::Ascending,
                filter: None,
            },
        };
        list.page(page, "pagination.cursor").await?.try_map(|item| from_item(&self.keyring, item))
    }
}
