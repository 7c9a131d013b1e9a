//! Sealed fields that staff may see whole, one by one.

use crate::error::{Error, Result};
use crate::jobboard::item::Record as _;
use crate::jobboard::job::Job;
use crate::jobboard::{Service, keys};
use crate::storage::masked::check_revealed;
use crate::values::Id;

/// What can be revealed: kinds of records, and the fields of each.
pub const REVEALED: &[(&str, &[&str])] = &[("user", &["phone", "openid", "address"]), ("job", &["contact"])];

impl Service {
    /// A sealed field of a user or a job. The caller records who sees it, and why.
    ///
    /// DynamoDB: one read.
    pub async fn reveal(&self, kind: &str, id: &str, field: &str) -> Result<String> {
        check_revealed(REVEALED, kind, field)?;
        let id = id.parse().map(Id::from_u64).map_err(|_| Error::missing("id"))?;
        let key = if kind == "job" { keys::job(id) } else { keys::user(id) };
        let found = self.store.get(&self.tables.jobboard, key).await?.ok_or_else(|| Error::missing("id"))?;
        let value = match field {
            "contact" => Some(Job::read(&self.keyring, found)?.content.contact.as_str().to_owned()),
            "phone" => Some(self.read_user(found)?.phone.as_str().to_owned()),
            "openid" => Some(self.read_user(found)?.openid.expose().clone()),
            _ => self.read_user(found)?.place.map(|place| place.address.as_str().to_owned()),
        };
        value.ok_or_else(|| Error::missing("field"))
    }
}
