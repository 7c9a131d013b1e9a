//! Candidates, their sources, and vacancies.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};

use super::Row;
use crate::hris::recruitment::{Candidate, MokaDetails, MokaOperator, Source, Vacancy};
use crate::hris::values::{Code, MokaEntries, Sex, Uuid};
use crate::values::input::{Faults, Synonyms, text};
use crate::values::{ContactPhone, Date, Int, Mobile, Private, Text, Url, Verbatim};

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct CandidateRow {
    uuid: Uuid,
    name: Text<1, 64>,
    #[deserr(default)]
    email: Text<0, 255>,
    #[deserr(default)]
    mobile: Option<Phone>,
    #[deserr(default)]
    sex: Option<Sex>,
    #[deserr(default)]
    marriage: Text<0, 64>,
    #[deserr(default)]
    birthday: Option<Date>,
    #[deserr(default)]
    degree: Text<0, 64>,
    #[deserr(default)]
    status: Text<0, 64>,
    #[deserr(default)]
    source_name: Text<0, 128>,
    #[deserr(default)]
    source_id: Option<Code>,
    #[deserr(default)]
    moka: Option<MokaRow>,
}

impl Row for CandidateRow {
    type Record = Candidate;
}

impl From<CandidateRow> for Candidate {
    fn from(row: CandidateRow) -> Self {
        let CandidateRow { uuid, name, email, mobile, sex, marriage, birthday, degree, status, source_name, source_id, moka } =
            row;
        let mobile = mobile.map(|Phone { written, mobile }| match mobile {
            Some(mobile) if moka.is_none() => mobile.into(),
            _ => written,
        });
        let moka = moka.map(MokaDetails::from);
        Self { uuid, name, email, mobile, sex, marriage, birthday, degree, status, source_name, source_id, moka }
    }
}

/// A phone as it is written, which Moka pushes, and its normal form if it is a mobile number. [`Candidate`] says which one is valid.
struct Phone {
    written: ContactPhone,
    mobile: Option<Mobile>,
}

impl Deserr<Faults> for Phone {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, at: ValuePointerRef<'_>) -> Result<Self, Faults> {
        let phone = text(&value).ok_or_else(|| Faults::one(at, "must be a string"))?;
        match (ContactPhone::parse(phone), Mobile::parse(phone)) {
            (Ok(written), mobile) => Ok(Self { written, mobile: mobile.ok() }),
            (Err(_), Ok(mobile)) => Ok(Self { written: mobile.clone().into(), mobile: Some(mobile) }),
            (Err(_), Err(reason)) => Err(Faults::one(at, reason)),
        }
    }
}

/// What Moka pushed, under Moka's names.
#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields, rename_all = camelCase)]
struct MokaRow {
    id: Text<1, 128>,
    job_title: Text<1, 128>,
    operator: OperatorRow,
    #[deserr(default)]
    birth_year: Option<Int<1800, 9999>>,
    #[deserr(default)]
    education_info: Option<MokaEntries>,
    #[deserr(default)]
    experience_info: Option<MokaEntries>,
    #[deserr(default)]
    resume_url: Option<Url>,
    #[deserr(default)]
    interview_feedback_url: Option<Url>,
    #[deserr(default)]
    offer_attachment_urls: Option<Verbatim>,
    #[deserr(default)]
    offer_info: Option<Verbatim>,
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
struct OperatorRow {
    name: Text<1, 64>,
    email: Text<0, 255>,
    phone: Private,
}

impl From<MokaRow> for MokaDetails {
    fn from(row: MokaRow) -> Self {
        let OperatorRow { name, email, phone } = row.operator;
        Self {
            id: row.id,
            job_title: row.job_title,
            operator: MokaOperator { name, email, phone },
            birth_year: row.birth_year,
            education_info: row.education_info.map(|MokaEntries(entries)| entries),
            experience_info: row.experience_info.map(|MokaEntries(entries)| entries),
            resume_url: row.resume_url,
            interview_feedback_url: row.interview_feedback_url,
            offer_attachment_urls: row.offer_attachment_urls,
            offer_info: row.offer_info,
        }
    }
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct SourceRow {
    id: Code,
    name: Text<1, 128>,
}

impl Row for SourceRow {
    type Record = Source;
    const SYNONYMS: Synonyms = &[("uuid", "id")];
}

impl From<SourceRow> for Source {
    fn from(row: SourceRow) -> Self {
        let SourceRow { id, name } = row;
        Self { id, name }
    }
}

#[derive(Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct VacancyRow {
    id: Code,
    name: Text<1, 128>,
    #[deserr(default)]
    department_uuid: Option<Uuid>,
    #[deserr(default)]
    department_name: Text<0, 128>,
    #[deserr(default)]
    job_title_uuid: Option<Code>,
    #[deserr(default)]
    head_count: Option<Int<0, 1_000_000>>,
    #[deserr(default)]
    status: Text<0, 64>,
    #[deserr(default)]
    description: Text<0, 4000>,
}

impl Row for VacancyRow {
    type Record = Vacancy;
    const SYNONYMS: Synonyms = &[("uuid", "id"), ("job_title_name", "name")];
}

impl From<VacancyRow> for Vacancy {
    fn from(row: VacancyRow) -> Self {
        let VacancyRow { id, name, department_uuid, department_name, job_title_uuid, head_count, status, description } = row;
        Self { id, name, department_uuid, department_name, job_title_uuid, head_count, status, description }
    }
}
