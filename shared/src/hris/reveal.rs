//! The sealed fields that staff reveal one by one. What reads show of them is masked.

use serde::Serialize;

use super::Service;
use super::employees::Employee;
use super::entity::Entity as _;
use super::keys::{self, visit_key};
use super::recruitment::Candidate;
use super::values::Uuid;
use super::visits::VISITOR;
use crate::error::{Error, Result};
use crate::storage::masked::{check_revealed, field};
use crate::storage::sealed::Fields;

/// The kinds of records and their fields.
pub const REVEALED: &[(&str, &[&str])] =
    &[(keys::EMPLOYEE, Employee::SEALED.names), (keys::CANDIDATE, Candidate::SEALED.names), (keys::VISIT, VISITOR.names)];

/// The fields of a visit that reads mask.
pub const VISIT_FIELDS: &Fields = &VISITOR;

impl Service {
    /// A sealed field in full. `id` is `{company}/{uuid}`: the audit record of a reveal names no employee number.
    ///
    /// DynamoDB: one read.
    pub async fn reveal(&self, kind: &str, id: &str, name: &str) -> Result<String> {
        check_revealed(REVEALED, kind, name)?;
        let (company, id) = id.split_once('/').ok_or_else(|| Error::missing("id"))?;
        let company = Uuid::parse(company).map_err(|_| Error::missing("id"))?;
        let uuid = Uuid::parse(id).map_err(|_| Error::missing("id"))?;
        match kind {
            keys::EMPLOYEE => revealed(&self.show_employee(&company, id).await?, name),
            keys::CANDIDATE => revealed(&self.one::<Candidate>(&company, id, "id").await?, name),
            _ => {
                let found = self.store.get(&self.tables.hris, visit_key(&company, &uuid)).await?;
                revealed(&self.read_visit(found.ok_or_else(|| Error::missing("id"))?)?, name)
            }
        }
    }
}

fn revealed(record: &impl Serialize, name: &str) -> Result<String> {
    field(record, name)?.ok_or_else(|| Error::missing("field"))
}
