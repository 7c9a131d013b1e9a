//! Contacts: a user spends a voucher to call the owner of a job, and both find the contact in their history
//! (docs/contract/jobboard.txt, 消费, 我联系的 and 联系我的).

use super::idempotency::Idempotency;
use super::item::Record as _;
use super::job::{Job, is_open_job_of};
use super::keys::{self, ContactKey, OwnList};
use super::quotas::{Quota, Use};
use super::users::Profile;
use super::values::BizType;
use super::vouchers::{Entry, EntryType, VoucherError};
use super::{Service, missing};
use crate::error::{Error, Fault, Result};
use crate::storage::page::{Page, PageRequest};
use crate::storage::table::attribute::text;
use crate::storage::table::{Condition, Item, Outcome, Rejection, Write};
use crate::values::{Id, LocalTime, Text};

/// The title of a contact in the ledger.
const TITLE: &str = "拨打电话";
const ONE: &[Use] = &[(Quota::Contacts, 1)];

/// A contact, as one of the two users sees it.
pub struct Contact {
    pub id: Id,
    pub positions: String,
    pub address: String,
    /// The other user, as they are now.
    pub other: Profile,
    pub at: LocalTime,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The calls that the user made.
    Out,
    /// The calls that the user received.
    In,
}

impl Service {
    /// Spends a voucher on another user's open job. `named_owner` is the owner according to the caller.
    ///
    /// DynamoDB: one transaction; one read before it if no owner or the caller is named.
    pub async fn spend_voucher(
        &self,
        caller: Id,
        job: Id,
        named_owner: Option<Id>,
        idempotency: Option<&Idempotency>,
    ) -> Result<(), VoucherError> {
        let owner = match named_owner.filter(|named| *named != caller) {
            Some(owner) => owner,
            None => self.owner_of(job).await?,
        };
        if owner == caller {
            return Err(Error::invalid([Fault::new("purpose_id", "is your own job")]).into());
        }
        // The transaction compares the named owner with the job's. If the caller is named, they differ.
        let owner = named_owner.unwrap_or(owner);
        let now = self.clock.now();
        let contact = ContactKey { id: self.ids.next(now)?, caller, job, owner };
        let entry = Entry {
            id: contact.id,
            entry_type: EntryType::Cost,
            title: Text::parse(TITLE).map_err(Error::internal)?,
            change: -1,
            created_at: now.into(),
            note: None,
        };
        let mut item = contact.key().into_item();
        item.insert("ix1".into(), text(keys::contacts_by(caller)));
        item.insert("ix2".into(), text(keys::contacts_with(owner)));
        item.insert("ixsk".into(), text(contact.id.sortable()));
        let table = &self.tables.jobboard;
        let [balance, entry] = self.movement(caller, &entry)?;
        let mut writes = vec![
            Write::Check { table: table.clone(), key: keys::job(job), condition: is_open_job_of(owner) },
            balance,
            Write::Put { table: table.clone(), item, condition: Condition::absent() },
            entry,
            Write::Set { table: table.clone(), item: keys::contacted(caller, job).into_item() },
            self.count_today(caller, ONE, now),
        ];
        writes.extend(idempotency.map(|idempotency| self.store_result(idempotency, contact.id)));
        let Outcome::Rejected(rejections) = self.store.transact(writes).await? else { return Ok(()) };
        match (rejections.as_slice(), idempotency) {
            ([_, _, _, _, _, _, Rejection { failed: true, stored: Some(stored) }], Some(idempotency)) => {
                idempotency.result_in(stored)?;
                Ok(())
            }
            // Our own earlier write, whose response was lost (the SDK retried it).
            ([_, _, Rejection { failed: true, .. }, ..], _) => Ok(()),
            ([Rejection { failed: true, stored }, ..], _) => Err(self.why_not(stored.clone(), owner).into()),
            ([_, _, _, _, _, Rejection { failed: true, stored }, ..], _) => Err(self.used_up(ONE, stored.as_ref(), now).into()),
            _ => Err(VoucherError::NotEnough),
        }
    }

    /// The owner of an open or closed job: a retry succeeds even if the job was closed since.
    async fn owner_of(&self, id: Id) -> Result<Id> {
        let found = self.store.get(&self.tables.jobboard, keys::job(id)).await?;
        Job::read(&self.keyring, found.ok_or_else(|| missing("job"))?).map(|job| job.owner)
    }

    /// The user's contacts in one direction, newest first.
    ///
    /// DynamoDB: one query, one batch; a second batch for more than fifty contacts. A page by number of more than 250 contacts reads their
    /// milestones ([`Counted::known`]).
    ///
    /// [`Counted::known`]: crate::storage::milestones::Counted::known
    pub async fn contacts(
        &self,
        user: Id,
        direction: Direction,
        biz_type: Option<BizType>,
        page: PageRequest,
    ) -> Result<Page<Contact>> {
        if !BizType::is_posted(biz_type) {
            return page.nothing("cursor");
        }
        let (index, partition, list) = match direction {
            Direction::Out => ("ix1", keys::contacts_by(user), OwnList::ContactsOut),
            Direction::In => ("ix2", keys::contacts_with(user), OwnList::ContactsIn),
        };
        let milestones = Some(keys::milestones(user, list));
        let keys = self.own_list(index, partition, biz_type, milestones).page_of_keys(page, "cursor").await?;
        let Page { list, total, page, page_size, next_cursor } =
            keys.try_map(|key| ContactKey::parse(&key).ok_or_else(|| Error::internal("a contact without its key")))?;
        let other = |contact: &ContactKey| match direction {
            Direction::Out => contact.owner,
            Direction::In => contact.caller,
        };
        let wanted = list.iter().flat_map(|contact| [keys::job(contact.job), keys::user(other(contact))]).collect();
        let found = self.store.get_map(&self.tables.jobboard, wanted).await?;
        let rows = list.iter().map(|contact| {
            let job = Job::among(&self.keyring, &found, contact.job)?;
            let mut other = self.profile_among(&found, other(contact))?;
            if let (Direction::Out, Some(job), true) = (direction, &job, other.name.as_str().is_empty()) {
                other.name = job.content.contact_person.clone();
            }
            let (positions, address) = job.map_or_else(Default::default, |job| {
                (job.content.positions.as_str().to_owned(), job.content.address.as_str().to_owned())
            });
            Ok(Contact { id: contact.id, positions, address, other, at: contact.id.made_at().into() })
        });
        Ok(Page { list: rows.collect::<Result<_>>()?, total, page, page_size, next_cursor })
    }

    /// Why the stored item is not an open job of this owner.
    fn why_not(&self, stored: Option<Item>, owner: Id) -> Error {
        let job = stored.and_then(|item| Job::read(&self.keyring, item).ok()).filter(Job::is_open);
        match job {
            None => missing("job"),
            Some(job) if job.owner == owner => Error::internal("an open job of this owner failed the condition"),
            Some(_) => Error::invalid([Fault::new("purpose_user_id", "is not the owner of the job")]),
        }
    }
}
