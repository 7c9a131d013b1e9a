//! Contact vouchers: a ledger (docs/contract/jobboard.txt, 我的券包; docs/design/jobboard.md, Money). One transaction writes balance and
//! entry. The balance always equals the sum of the entries and is never negative.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::values::Note;
use super::{Service, item, keys};
use crate::error::{Error, Result};
use crate::storage::table::attribute::{number, read_integer};
use crate::storage::table::{Condition, Item, Write};
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
    pub entries: Vec<Entry>,
    /// The number of all entries.
    pub total: u64,
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
    /// DynamoDB: one query, which reads the ledger from the newest entry to the end of the page.
    pub async fn ledger(&self, user: Id, page: u32, size: u32) -> Result<Ledger> {
        let skip = (page - 1) as usize * size as usize;
        // The balance sorts after every entry.
        let most = 1 + skip + size as usize;
        let mut items = self.store.last(&self.tables.jobboard, keys::vouchers(user), most).await?.into_iter();
        let Some(balance) = items.next() else { return Ok(Ledger { balance: 0, entries: Vec::new(), total: 0 }) };
        let entries = items.skip(skip).map(item::read);
        Ok(Ledger {
            balance: read_integer(&balance, "balance")?,
            total: read_integer(&balance, "entries")?,
            entries: entries.collect::<Result<_>>()?,
        })
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
