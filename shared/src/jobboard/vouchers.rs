//! Contact vouchers: a ledger (document, 我的券包; jobboard.md, Money). Balance and entry move in one transaction, and the balance
//! never falls below zero: it is the sum of the entries at every moment.

use serde::{Deserialize, Serialize};

use super::job::Note;
use super::{Service, row};
use crate::error::{Error, Fault, Result};
use crate::storage::table::attribute::{number, read_integer};
use crate::storage::table::{Condition, Item, Outcome, Write};
use crate::values::Id;
use crate::values::{LocalTime, Text, choices};

choices! {
    /// Why the balance moved.
    EntryType {
        Cost = "cost",
        Buy = "buy",
        Adjust = "adjust",
    }
}

/// One movement of a balance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub id: Id,
    #[serde(rename = "type")]
    pub entry_type: EntryType,
    pub title: Text<1, 256>,
    pub change: i64,
    pub created_at: LocalTime,
    /// Who adjusted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
}

/// A page of the ledger, newest first, beside the balance.
pub struct Ledger {
    pub balance: i64,
    pub entries: Vec<Entry>,
    /// How many entries there are in all.
    pub total: u64,
}

/// There are fewer vouchers than that.
#[derive(Debug, PartialEq, Eq)]
pub struct NotEnough;

impl Service {
    /// DynamoDB: one query, which reads the ledger down to the end of the page.
    pub async fn ledger(&self, user: Id, page: u32, size: u32) -> Result<Ledger> {
        let skip = (page - 1) as usize * size as usize;
        // The balance sorts behind every entry.
        let most = 1 + skip + size as usize;
        let mut items = self.store.last(&self.tables.jobboard, row::vouchers(user), most).await?.into_iter();
        let Some(balance) = items.next() else { return Ok(Ledger { balance: 0, entries: Vec::new(), total: 0 }) };
        let entries = items.skip(skip).map(|item| serde_dynamo::from_item(item).map_err(Error::internal));
        Ok(Ledger {
            balance: read_integer(&balance, "balance")?,
            total: read_integer(&balance, "entries")?,
            entries: entries.collect::<Result<_>>()?,
        })
    }

    /// The two parts of a transaction that move the balance: the balance, refused where it would fall below zero, and the entry.
    pub(super) fn movement(&self, user: Id, entry: &Entry) -> Result<[Write; 2]> {
        let table = &self.tables.jobboard;
        let enough = (entry.change < 0).then(|| Condition::compares("balance", ">=", number(-entry.change)));
        let mut item: Item = serde_dynamo::to_item(entry).map_err(Error::internal)?;
        item.extend(row::entry(user, entry.id).into_item());
        let amounts = vec![("balance", entry.change), ("entries", 1)];
        Ok([
            Write::Add { table: table.clone(), key: row::balance(user), amounts, condition: enough },
            Write::Put { table: table.clone(), item, condition: Condition::absent() },
        ])
    }

    /// Gives a user vouchers, or takes them away, by an administrator's word. `reference` makes it count once.
    ///
    /// DynamoDB: one transaction.
    pub async fn adjust_vouchers(
        &self,
        user: Id,
        change: i64,
        reference: &Text<1, 64>,
        reason: &Text<1, 256>,
        by: &Text<1, 64>,
    ) -> Result<Result<(), NotEnough>> {
        let now = self.clock.now();
        let note = Note { reason: reason.clone(), by: by.clone(), at: now.into() };
        let entry = Entry {
            id: self.ids.next(now)?,
            entry_type: EntryType::Adjust,
            title: reason.clone(),
            change,
            created_at: now.into(),
            note: Some(note),
        };
        let table = &self.tables.jobboard;
        let mut adjustment = row::adjustment(user, reference.as_str()).into_item();
        adjustment.insert("change".into(), number(change));
        let [balance, entry] = self.movement(user, &entry)?;
        let writes = vec![
            Write::Check { table: table.clone(), key: row::user(user), condition: Condition::present() },
            Write::Put { table: table.clone(), item: adjustment, condition: Condition::absent() },
            balance,
            entry,
        ];
        let Outcome::Rejected(rejections) = self.store.transact(writes).await? else { return Ok(Ok(())) };
        match rejections.as_slice() {
            [user, ..] if user.failed => Err(super::missing("user")),
            [_, before, ..] if before.failed => match &before.stored {
                Some(stored) if read_integer::<i64>(stored, "change")? == change => Ok(Ok(())),
                _ => Err(Error::conflict(Fault::new("reference", "was used for another adjustment"))),
            },
            _ => Ok(Err(NotEnough)),
        }
    }
}
