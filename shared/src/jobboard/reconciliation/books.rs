//! The ledgers of vouchers: the balance of each user is the sum of the entries.

use super::{Difference, DifferenceKind};
use crate::error::Result;
use crate::jobboard::{Service, keys};
use crate::storage::table::attribute::read_integer;
use crate::storage::table::{Item, Key};
use crate::values::Id;

/// The most items of one read of the scan.
const PAGE: i32 = 1000;

#[derive(Default)]
pub(super) struct Books {
    /// Users with a ledger.
    pub users: u64,
    /// The vouchers that all of them have.
    pub vouchers: i64,
    pub differences: Vec<Difference>,
}

/// A ledger while it is read. The scan returns all items of a partition one after the other.
#[derive(Default)]
struct Ledger {
    partition: String,
    balance: i64,
    sum: i64,
}

impl Ledger {
    fn of(partition: String) -> Self {
        Self { partition, ..Self::default() }
    }

    fn add(&mut self, item: &Item, sk: &str) -> Result<()> {
        match sk {
            keys::BALANCE => self.balance = read_integer(item, "balance")?,
            _ => self.sum += read_integer::<i64>(item, "change")?,
        }
        Ok(())
    }
}

impl Service {
    /// Reads all ledgers of the table.
    pub(super) async fn check_ledgers(&self) -> Result<Books> {
        let (mut books, mut ledger, mut after) = (Books::default(), Ledger::default(), None);
        loop {
            let (items, next) = self.store.scan(&self.tables.jobboard, after, PAGE).await?;
            for item in &items {
                let Some(Key { pk, sk }) = Key::of(item).filter(|key| key.pk.starts_with(keys::VOUCHERS)) else { continue };
                if pk != ledger.partition {
                    self.close(std::mem::replace(&mut ledger, Ledger::of(pk)), &mut books).await?;
                }
                ledger.add(item, &sk)?;
            }
            match next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        self.close(ledger, &mut books).await?;
        Ok(books)
    }

    /// Counts a ledger that was read to its end. One that does not balance may have been changed between two reads: it is read once more, whole.
    async fn close(&self, mut ledger: Ledger, books: &mut Books) -> Result<()> {
        if ledger.partition.is_empty() {
            return Ok(());
        }
        if ledger.balance != ledger.sum {
            let mut again = Ledger::of(ledger.partition.clone());
            for item in self.store.partition(&self.tables.jobboard, ledger.partition.clone()).await? {
                let sk = Key::of(&item).map(|key| key.sk).unwrap_or_default();
                again.add(&item, &sk)?;
            }
            ledger = again;
        }
        books.users += 1;
        books.vouchers += ledger.balance;
        if ledger.balance != ledger.sum {
            books.differences.push(Difference {
                kind: DifferenceKind::Ledger,
                user: ledger.partition.strip_prefix(keys::VOUCHERS).and_then(|id| id.parse().ok()).map(Id::from_u64),
                order_no: None,
                transaction_id: None,
                refund_no: None,
                here: Some(ledger.balance),
                there: Some(ledger.sum),
            });
        }
        Ok(())
    }
}
