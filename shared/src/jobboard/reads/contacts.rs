//! Contacts of a user, in both directions.

use serde::Serialize;

use super::{Entry, Lists};
use crate::error::{Error, Result};
use crate::jobboard::job::Job;
use crate::jobboard::keys::ContactKey;
use crate::jobboard::{Service, keys};
use crate::storage::listing::{Listed, PageOf};
use crate::values::mask::Sight;
use crate::values::{Id, LocalTime, Text};

/// A contact, as staff see it from the side of one user.
#[derive(Debug, Serialize)]
pub struct ShownContact {
    pub contact_id: Id,
    /// `out` if the user called, `in` if the user was called.
    pub direction: &'static str,
    pub job_id: Id,
    /// None if the job is erased.
    pub positions: Option<Text<1, 64>>,
    pub other_user_id: Id,
    pub other_name: Text<0, 32>,
    /// Masked unless it is seen whole; none if the other user is erased.
    pub other_phone: Option<String>,
    pub at: String,
}

impl Service {
    /// The contacts of a user: the calls that the user made and received, by age.
    ///
    /// DynamoDB: two queries, one batch; a second batch for more than fifty contacts.
    pub async fn list_contacts(&self, user: Id, page: &PageOf<'_>, sight: Sight) -> Result<Listed<ShownContact>> {
        let lists = Lists::of(vec![("ix1", keys::contacts_by(user)), ("ix2", keys::contacts_with(user))]);
        let contacts = self.page(lists, page).await?.try_map(|Entry { list, key, .. }| {
            let contact = ContactKey::parse(&key).ok_or_else(|| Error::internal("a contact without its key"))?;
            Ok((list == 0, contact))
        })?;
        let other = |(is_out, contact): &(bool, ContactKey)| if *is_out { contact.owner } else { contact.caller };
        let wanted = contacts.list.iter().flat_map(|entry| [keys::job(entry.1.job), keys::user(other(entry))]).collect();
        let found = self.store.get_map(&self.tables.jobboard, wanted).await?;
        contacts.try_map(|entry| {
            let (is_out, contact) = entry;
            let job = Job::among(&self.keyring, &found, contact.job)?;
            let other = self.profile_among(&found, other(&entry))?;
            Ok(ShownContact {
                contact_id: contact.id,
                direction: if is_out { "out" } else { "in" },
                job_id: contact.job,
                positions: job.map(|job| job.content.positions),
                other_user_id: other.id,
                other_name: other.name,
                other_phone: other.phone.map(|phone| sight.phone(phone.as_str())),
                at: LocalTime::from(contact.id.made_at()).to_second(),
            })
        })
    }
}
