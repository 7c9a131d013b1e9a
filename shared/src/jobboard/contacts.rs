//! Contacts: a user spends a voucher on calling the owner of a job, and both find it in their history (document, 消费, 我联系的 and
//! 联系我的).

use std::collections::HashMap;

use super::job::{Job, is_open_job_of};
use super::once::Once;
use super::row::{self, ContactKey};
use super::values::BizType;
use super::vouchers::{Entry, EntryType, NotEnough};
use super::{Service, missing};
use crate::error::{Error, Fault, Result};
use crate::storage::list::List;
use crate::storage::page::{Page, PageRequest};
use crate::storage::table::attribute::text;
use crate::storage::table::{Condition, Item, Key, Order, Outcome, Query, Range, Rejection, Write};
use crate::values::Id;
use crate::values::{LocalTime, Mobile, Text};

/// What a call is recorded as in the ledger.
const TITLE: &str = "拨打电话";

/// A call, told to one of the two.
pub struct Contact {
    pub id: Id,
    pub positions: String,
    pub address: String,
    pub other: Other,
    pub at: LocalTime,
}

/// Who is on the other side, as things are now.
pub struct Other {
    pub id: Id,
    pub name: Text<0, 32>,
    pub phone: Option<Mobile>,
}

/// Whose calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Those that the user made.
    Out,
    /// Those that were made to the user.
    In,
}

impl Service {
    /// Spends a voucher on an open job of somebody else's. `named_owner` is whom the caller believes it to belong to.
    ///
    /// DynamoDB: one transaction; one read before it where no owner is named, or the caller.
    pub async fn contact(
        &self,
        caller: Id,
        job: Id,
        named_owner: Option<Id>,
        once: Option<&Once>,
    ) -> Result<Result<(), NotEnough>> {
        let owner = match named_owner.filter(|named| *named != caller) {
            Some(owner) => owner,
            None => self.owner_of(job).await?,
        };
        if owner == caller {
            return Err(Error::invalid([Fault::new("purpose_id", "is your own job")]));
        }
        // Below it is compared with the job's: where the caller names the caller, it differs.
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
        item.insert("ix1".into(), text(row::contacts_by(caller)));
        item.insert("ix2".into(), text(row::contacts_with(owner)));
        item.insert("ixsk".into(), text(contact.id.sortable()));
        let table = &self.tables.jobboard;
        let [balance, entry] = self.movement(caller, &entry)?;
        let mut writes = vec![
            Write::Check { table: table.clone(), key: row::job(job), condition: is_open_job_of(owner) },
            balance,
            Write::Put { table: table.clone(), item, condition: Condition::absent() },
            entry,
            Write::Set { table: table.clone(), item: row::contacted(caller, job).into_item() },
        ];
        writes.extend(once.map(|once| self.remember(once, contact.id)));
        let Outcome::Rejected(rejections) = self.store.transact(writes).await? else { return Ok(Ok(())) };
        match (rejections.as_slice(), once) {
            ([_, _, _, _, _, Rejection { failed: true, stored: Some(stored) }], Some(once)) => {
                once.made(stored)?;
                Ok(Ok(()))
            }
            // Our own transaction, whose answer was lost on the way: it was sent again.
            ([_, _, Rejection { failed: true, .. }, ..], _) => Ok(Ok(())),
            ([Rejection { failed: true, stored }, ..], _) => Err(not_of(stored.clone(), owner)),
            _ => Ok(Err(NotEnough)),
        }
    }

    /// Whose a job is, be it open or not: a call that is sent again is answered as before when its job is closed meanwhile.
    async fn owner_of(&self, id: Id) -> Result<Id> {
        let found = self.store.get(&self.tables.jobboard, row::job(id)).await?.map(Job::read).transpose()?;
        found.map(|job| job.owner).ok_or_else(|| missing("job"))
    }

    /// Who was called, or who called, newest first.
    ///
    /// DynamoDB: one query, one batch.
    pub async fn contacts(
        &self,
        user: Id,
        direction: Direction,
        biz_type: Option<BizType>,
        page: PageRequest,
    ) -> Result<Page<Contact>> {
        if !BizType::is_posted(biz_type) {
            return Ok(page.nothing());
        }
        let (index, partition) = match direction {
            Direction::Out => ("ix1", row::contacts_by(user)),
            Direction::In => ("ix2", row::contacts_with(user)),
        };
        let keys = self.list(index, partition).page_of_keys(page, "cursor").await?;
        let Page { list, total, page, page_size, next_cursor } =
            keys.try_map(|key| ContactKey::parse(&key).ok_or_else(|| Error::internal("a contact without its key")))?;
        let other = |contact: &ContactKey| match direction {
            Direction::Out => contact.owner,
            Direction::In => contact.caller,
        };
        let keys = list.iter().flat_map(|contact| [row::job(contact.job), row::user(other(contact))]).collect();
        let found = Found { items: self.store.get_map(&self.tables.jobboard, keys).await?, service: self };
        let rows = list.iter().map(|contact| {
            let job = found.job(contact.job)?;
            let mut other = found.user(other(contact))?;
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

    /// A list of the family's table, newest first.
    pub(super) fn list(&self, index: &'static str, partition: String) -> List<'_> {
        List {
            store: &self.store,
            keyring: &self.keyring,
            table: &self.tables.jobboard,
            scope: partition.clone(),
            query: Query { index, partition, range: Range::All, order: Order::Descending, filter: None },
        }
    }
}

/// Why a job is not an open one of this owner's.
fn not_of(stored: Option<Item>, owner: Id) -> Error {
    let Some(job) = stored.and_then(|item| Job::read(item).ok()).filter(Job::is_open) else { return missing("job") };
    if job.owner == owner {
        Error::internal("a job was refused that is open and of its owner")
    } else {
        Error::invalid([Fault::new("purpose_user_id", "is not the owner of the job")])
    }
}

/// Records that were read together.
pub(super) struct Found<'a> {
    pub items: HashMap<Key, Item>,
    pub service: &'a Service,
}

impl Found<'_> {
    pub fn job(&self, id: Id) -> Result<Option<Job>> {
        self.items.get(&row::job(id)).cloned().map(Job::read).transpose()
    }

    /// Who a user is to others.
    pub fn user(&self, id: Id) -> Result<Other> {
        match self.items.get(&row::user(id)) {
            Some(item) => {
                let user = self.service.read_user(item.clone())?;
                Ok(Other { id, name: user.name, phone: Some(user.phone) })
            }
            None => Ok(Other { id, name: Text::default(), phone: None }),
        }
    }
}
