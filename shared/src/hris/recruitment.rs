//! Recruitment: candidates, their sources, and vacancies (docs/contract/hris.txt, 候选人).

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::entity::Entity;
use super::item::from_item;
use super::keys::{self, partition, record_key};
use super::organization::Department;
use super::values::{Code, Sex, Uuid};
use super::{Service, pagination_required};
use crate::error::{Error, Fault, Result};
use crate::storage::list::List;
use crate::storage::page::{Page, PageRequest};
use crate::storage::sealed::Fields;
use crate::storage::table::{Key, Order, Query, Range};
use crate::values::{ContactPhone, Date, Int, Mobile, Private, Text, Url, Verbatim};

/// The most candidates of a list without pagination.
const MAX_CANDIDATES: usize = 10_000;
/// How many candidates are read at once.
const BATCH: usize = 100;
/// The most bytes of the details of a candidate that have no fixed shape, together. Sealed they take up to 8/3 of it, and DynamoDB stores
/// records of at most 400 KB.
const MAX_DETAILS: usize = 128 * 1024;
/// The most bytes of Moka's details in such a list: Lambda cannot return more.
const MAX_BYTES: usize = 8 * 1024 * 1024;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    pub uuid: Uuid,
    pub name: Text<1, 64>,
    pub email: Text<0, 255>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mobile: Option<ContactPhone>,
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
    /// Only of a candidate that Moka pushed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moka: Option<MokaDetails>,
}

/// What Moka pushes about a candidate that other candidates do not have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MokaDetails {
    /// Moka's own id of the candidate.
    pub id: Text<1, 128>,
    pub job_title: Text<1, 128>,
    pub operator: MokaOperator,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birth_year: Option<Int<1800, 9999>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub education_info: Option<Verbatim>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub experience_info: Option<Verbatim>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume_url: Option<Url>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interview_feedback_url: Option<Url>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer_attachment_urls: Option<Verbatim>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer_info: Option<Verbatim>,
}

/// Who pushed the candidate, in Moka.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MokaOperator {
    pub name: Text<1, 64>,
    pub email: Text<0, 255>,
    pub phone: Private,
}

impl MokaDetails {
    /// The uuid of the candidate with this id of Moka: a candidate that is pushed again keeps it.
    pub fn candidate_uuid(&self) -> Uuid {
        Uuid::of_digest(&Sha256::digest(format!("moka {}", self.id.as_str())).into())
    }

    /// The lengths of all that has no fixed shape, in bytes, under Moka's names.
    fn lengths(&self) -> [(&'static str, usize); 4] {
        [
            ("educationInfo", &self.education_info),
            ("experienceInfo", &self.experience_info),
            ("offerAttachmentUrls", &self.offer_attachment_urls),
            ("offerInfo", &self.offer_info),
        ]
        .map(|(name, details)| (name, details.as_ref().map_or(0, Verbatim::len)))
    }

    fn len(&self) -> usize {
        self.lengths().into_iter().map(|(_, length)| length).sum()
    }

    /// The fault of details that are too long to be stored. It names the longest.
    pub(super) fn fault(&self) -> Option<Fault> {
        let (longest, _) = self.lengths().into_iter().max_by_key(|(_, length)| *length)?;
        (self.len() > MAX_DETAILS).then(|| Fault::new(longest, "is longer than 128 KiB together with the other details"))
    }
}

impl Entity for Candidate {
    const KIND: &'static str = keys::CANDIDATE;
    const SEALED: Fields =
        Fields { names: &["mobile", "email", "marriage", "birthday", "moka"], phone: Some("mobile"), id_number: None };

    fn id(&self) -> String {
        self.uuid.to_string()
    }

    fn faults(&self) -> Vec<Fault> {
        let mobile = self.mobile.as_ref().map(|mobile| Mobile::parse(mobile.as_str()));
        match (&self.moka, mobile) {
            (Some(moka), _) if moka.candidate_uuid() != self.uuid => {
                vec![Fault::new("moka.id", "is the id of another candidate")]
            }
            (Some(moka), _) => {
                let fault = moka.fault().map(|Fault { field, reason }| Fault::new(format!("moka.{field}"), reason));
                fault.into_iter().collect()
            }
            (None, Some(Err(reason))) => vec![Fault::new("mobile", reason)],
            _ => Vec::new(),
        }
    }

    fn references(&self, company: &Uuid) -> Vec<(&'static str, Key)> {
        let source = self.source_id.as_ref();
        source.map(|id| ("source_id", record_key(company, keys::SOURCE, id.as_str()))).into_iter().collect()
    }

    fn lists(&self, company: &Uuid) -> Option<(Vec<(&'static str, String)>, String)> {
        Some((vec![("ix1", partition(company, Self::KIND))], self.id()))
    }
}

/// 招聘源. Responses call its id `uuid`.
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

    fn chosen_id(&self) -> Option<(&'static str, &Code)> {
        Some(("id", &self.id))
    }
}

/// 招聘职位. Responses call its id `uuid` and its name `job_title_name`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Vacancy {
    pub id: Code,
    pub name: Text<1, 128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department_uuid: Option<Uuid>,
    /// If empty, responses have the name of that department.
    #[serde(default)]
    pub department_name: Text<0, 128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_title_uuid: Option<Code>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head_count: Option<Int<0, 1_000_000>>,
    pub status: Text<0, 64>,
    pub description: Text<0, 4000>,
}

impl Entity for Vacancy {
    const KIND: &'static str = keys::VACANCY;

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn chosen_id(&self) -> Option<(&'static str, &Code)> {
        Some(("id", &self.id))
    }

    fn references(&self, company: &Uuid) -> Vec<(&'static str, Key)> {
        let department = self.department_uuid.as_ref();
        department.map(|uuid| ("department_uuid", record_key(company, keys::DEPARTMENT, uuid.as_str()))).into_iter().collect()
    }
}

impl Service {
    /// One page of candidates, sorted by uuid: see [`List::page`].
    pub async fn candidates(&self, company: &Uuid, page: PageRequest) -> Result<Page<Candidate>> {
        let page = self.candidate_list(company).page(page, "pagination.cursor").await?;
        page.try_map(|item| from_item(&self.keyring, item))
    }

    /// All candidates, sorted by uuid, or an error if they are too many or too large for a response.
    ///
    /// DynamoDB: one query for each 1 MB of the index, then a batch for each hundred candidates.
    pub async fn all_candidates(&self, company: &Uuid) -> Result<Vec<Candidate>> {
        let keys = self.candidate_list(company).keys(MAX_CANDIDATES).await?.ok_or_else(pagination_required)?;
        let (mut candidates, mut bytes) = (Vec::with_capacity(keys.len()), 0);
        for keys in keys.chunks(BATCH) {
            for item in self.store.get_all(&self.tables.hris, keys.to_vec()).await? {
                let candidate: Candidate = from_item(&self.keyring, item)?;
                bytes += candidate.moka.as_ref().map_or(0, MokaDetails::len);
                candidates.push(candidate);
            }
            if bytes > MAX_BYTES {
                return Err(pagination_required());
            }
        }
        Ok(candidates)
    }

    fn candidate_list(&self, company: &Uuid) -> List<'_> {
        List {
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
            milestones: None,
        }
    }

    /// All vacancies, each with the name of its department.
    ///
    /// DynamoDB: one query for each 1 MB, then a batch for each hundred departments whose names the vacancies lack.
    pub async fn vacancies(&self, company: &Uuid) -> Result<Vec<Vacancy>> {
        let vacancies = self.all(company).await?;
        self.with_departments(company, vacancies).await
    }

    /// One vacancy, with the name of its department.
    ///
    /// DynamoDB: one read, and one batch if the vacancy lacks the name.
    pub async fn vacancy(&self, company: &Uuid, id: &str) -> Result<Vacancy> {
        let vacancy = self.one(company, id, "id").await?;
        self.with_departments(company, vec![vacancy]).await?.pop().ok_or_else(|| Error::internal("a vacancy was lost"))
    }

    async fn with_departments(&self, company: &Uuid, mut vacancies: Vec<Vacancy>) -> Result<Vec<Vacancy>> {
        let nameless = |vacancy: &&Vacancy| vacancy.department_name.as_str().is_empty();
        let names = self.department_names(company, vacancies.iter().filter(nameless)).await?;
        for vacancy in vacancies.iter_mut().filter(|vacancy| nameless(&&**vacancy)) {
            if let Some(name) = vacancy.department_uuid.as_ref().and_then(|uuid| names.get(uuid)) {
                vacancy.department_name = name.clone();
            }
        }
        Ok(vacancies)
    }

    /// Removes the name of the department where it is the department's own: responses show that one anyway, also after it has changed.
    ///
    /// DynamoDB: a batch for each hundred departments whose names the vacancies have.
    pub(super) async fn without_departments(&self, company: &Uuid, mut vacancies: Vec<Vacancy>) -> Result<Vec<Vacancy>> {
        let named = vacancies.iter().filter(|vacancy| !vacancy.department_name.as_str().is_empty());
        let names = self.department_names(company, named).await?;
        for vacancy in &mut vacancies {
            if vacancy.department_uuid.as_ref().and_then(|uuid| names.get(uuid)) == Some(&vacancy.department_name) {
                vacancy.department_name = Text::default();
            }
        }
        Ok(vacancies)
    }

    /// The names of the departments of these vacancies.
    async fn department_names(
        &self,
        company: &Uuid,
        vacancies: impl Iterator<Item = &Vacancy>,
    ) -> Result<HashMap<Uuid, Text<0, 128>>> {
        let key = |uuid: &Uuid| record_key(company, keys::DEPARTMENT, uuid.as_str());
        let named: Vec<Key> = vacancies.filter_map(|vacancy| vacancy.department_uuid.as_ref()).map(key).collect();
        if named.is_empty() {
            return Ok(HashMap::new());
        }
        let departments = self.store.get_map(&self.tables.hris, named).await?.into_values();
        let departments = departments.map(|item| from_item::<Department>(&self.keyring, item));
        departments.map(|department| department.map(|Department { uuid, name, .. }| (uuid, name.into()))).collect()
    }
}
