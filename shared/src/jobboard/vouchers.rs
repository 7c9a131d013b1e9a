//! Contact vouchers: a ledger (docs/contract/jobboard.txt, 我的券包; docs/design/jobboard.md, Money). One transaction writes balance and
//! entry. The balance always equals the sum of the entries and is never negative.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::keys::OwnList;
use super::values::Note;
use super::{Service, item, keys};
use crate::error::{Error, Result};
use crate::storage::list::List;
use crate::storage::milestones::{Counted, STEP};
use crate::storage::page::{Cursor, Page, PageRequest, Window};
use crate::storage::table::attribute::{number, read_integer, read_text};
use crate::storage::table::{Condition, Item, Order, TABLE, Write};
use crate::values::{Id, LocalTime, Text, choices};

choices! {
    /// Why the balance changed.
    EntryType {
        Cost = "cost",
        Buy = "buy",
        Adjust = "adjust",
        /// Taken back for a refund, or given again after a refund that failed.
        Refund = "refund",
    }
}

/// One change of a balance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub id: Id,
    #[serde(rename = "type")]
    pub entry_type: EntryType,
    pub title: Text<1, 256>,
    pub change: i64,
    pub created_at: LocalTime,
    /// Of an adjustment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
}

/// The balance and a page of the ledger, newest first.
pub struct Ledger {
    pub balance: i64,
    pub entries: Page<Entry>,
}

/// Why a balance was not changed.
#[derive(Debug)]
pub enum VoucherError {
    /// The balance would be negative.
    NotEnough,
    Failed(Error),
}

impl From<Error> for VoucherError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl Service {
    /// The balance of a user.
    ///
    /// DynamoDB: one read.
    pub async fn balance(&self, user: Id) -> Result<i64> {
        let balance = self.store.get(&self.tables.jobboard, keys::balance(user)).await?;
        balance.map_or(Ok(0), |balance| read_integer(&balance, "balance"))
    }

    /// The balance and a page of the ledger.
    ///
    /// DynamoDB: one query for a page by number within the newest 250 entries. Else one read of the balance and one query; for a page by
    /// number also what finds its place ([`Counted::known`], [`Counted::before`]).
    pub async fn ledger(&self, user: Id, request: PageRequest) -> Result<Ledger> {
        let list = self.own_list(TABLE, keys::vouchers(user), None, Some(keys::milestones(user, OwnList::Vouchers)));
        let (page_size, size) = (request.size, request.size as usize);
        let (page, (balance, mut entries)) = match request.window(&self.keyring, &list.scope, "cursor")? {
            Window::Numbered { page, .. } => {
                (page, self.numbered_entries(&list, user, (page - 1) as usize * size, size).await?)
            }
            Window::After { cursor, .. } => {
                let entries = self.entries_after(user, Some(&cursor.position), size);
                (cursor.page, tokio::try_join!(self.store.get(&self.tables.jobboard, keys::balance(user)), entries)?)
            }
        };
        let integer = |attribute| balance.as_ref().map_or(Ok(0), |balance| read_integer::<i64>(balance, attribute));
        let (balance, total) = (integer("balance")?, integer("entries")?.unsigned_abs());
        let is_last = entries.len() <= size;
        entries.truncate(size);
        let position = entries.last().filter(|_| !is_last).map(|entry| read_text(entry, "sk")).transpose()?;
        let next = position.map(|position| Cursor { position, total, page: page + 1 });
        let next_cursor = next.map(|cursor| cursor.seal(&self.keyring, &list.scope)).transpose()?;
        let list = entries.into_iter().map(item::read).collect::<Result<_>>()?;
        Ok(Ledger { balance, entries: Page { list, total, page, page_size, next_cursor } })
    }

    /// The balance, and a page by number with one entry more, which shows whether there is a next page.
    async fn numbered_entries(&self, list: &List<'_>, user: Id, skip: usize, size: usize) -> Result<(Option<Item>, Vec<Item>)> {
        let table = &self.tables.jobboard;
        let milestones = match &list.milestones {
            Some(milestones) if skip + size > STEP => milestones,
            _ => {
                // The balance sorts after every entry.
                let mut items = self.store.last(table, keys::vouchers(user), 1 + skip + size + 1).await?.into_iter();
                return Ok((items.next(), items.skip(skip).collect()));
            }
        };
        let counted = Counted { store: &self.store, table, query: &list.query, milestones };
        let (balance, known) = tokio::try_join!(self.store.get(table, keys::balance(user)), counted.known())?;
        if skip as u64 >= known.total() {
            return Ok((balance, Vec::new()));
        }
        let position = counted.before(&known, skip).await?;
        Ok((balance, self.entries_after(user, position.as_deref(), size).await?))
    }

    /// The entries that follow this sort key, with one more than the page.
    async fn entries_after(&self, user: Id, position: Option<&str>, size: usize) -> Result<Vec<Item>> {
        let (between, most) = (Some((keys::FIRST, keys::LAST)), i32::try_from(size).unwrap_or(i32::MAX).saturating_add(1));
        let (table, partition) = (&self.tables.jobboard, keys::vouchers(user));
        let page = self.store.partition_page(table, &partition, between, position, Order::Descending, most).await?;
        Ok(page.0)
    }

    /// The two parts of a transaction that change the balance for an order, now.
    pub(super) fn movement_of(
        &self,
        user: Id,
        (entry_type, title, change): (EntryType, &str, i64),
        now: Timestamp,
    ) -> Result<[Write; 2]> {
        let title = Text::parse(title).map_err(Error::internal)?;
        let entry = Entry { id: self.ids.next(now)?, entry_type, title, change, created_at: now.into(), note: None };
        self.movement(user, &entry)
    }

    /// The two parts of a transaction that change the balance: the balance, on the condition that it stays positive or zero, and the entry.
    pub(super) fn movement(&self, user: Id, entry: &Entry) -> Result<[Write; 2]> {
        let table = &self.tables.jobboard;
        let enough = (entry.change < 0).then(|| Condition::compares("balance", ">=", number(-entry.change)));
        let mut item: Item = serde_dynamo::to_item(entry).map_err(Error::internal)?;
        item.extend(keys::entry(user, entry.id).into_item());
        let amounts = vec![("balance", entry.change), ("entries", 1)];
        Ok([
            Write::Add { table: table.clone(), key: keys::balance(user), amounts, condition: enough, expires_at: None },
            Write::Put { table: table.clone(), item, condition: Condition::absent() },
        ])
    }
}
