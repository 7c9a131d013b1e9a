//! The sealed fields that staff reveal one by one. What reads show of them is masked.

use super::Service;
use super::companies::Company;
use super::payments::Payment;
use super::resource::Resource;
use super::users::User;
use crate::error::{Error, Result};
use crate::storage::masked::{check_revealed, field};
use crate::values::RecordId;

/// The kinds of records and their fields.
pub const REVEALED: &[(&str, &[&str])] =
    &[(User::KIND, User::SEALED.names), (Company::KIND, Company::SEALED.names), (Payment::KIND, Payment::SEALED.names)];

impl Service {
    /// A sealed field in full. `id` is `{appkey}/{the partner's id}`.
    ///
    /// DynamoDB: one read.
    pub async fn reveal(&self, kind: &str, id: &str, name: &str) -> Result<String> {
        check_revealed(REVEALED, kind, name)?;
        match kind {
            User::KIND => self.revealed::<User>(id, name).await,
            Company::KIND => self.revealed::<Company>(id, name).await,
            _ => self.revealed::<Payment>(id, name).await,
        }
    }

    async fn revealed<T: Resource>(&self, id: &str, name: &str) -> Result<String> {
        let (channel, id) = id.split_once('/').ok_or_else(|| Error::missing("id"))?;
        let (Ok(channel), Ok(id)) = (RecordId::parse(channel), RecordId::parse(id)) else { return Err(Error::missing("id")) };
        let record = self.find::<T>(&channel, &id).await?.ok_or_else(|| Error::missing("id"))?;
        field(&record.content, name)?.ok_or_else(|| Error::missing("field"))
    }
}
