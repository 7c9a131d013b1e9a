//! Vouchers that staff add or remove. Support may do so within a daily limit.

use jiff::SignedDuration;

use super::values::Note;
use super::vouchers::{Entry, EntryType};
use super::{Service, keys, missing};
use crate::error::{Error, Fault, Result};
use crate::storage::audit::{Act, Change};
use crate::storage::table::attribute::{number, read_integer};
use crate::storage::table::{Condition, Item, Outcome, Write, expire, retry_conflicts};
use crate::values::{Id, LocalTime, Text};

/// How many vouchers support may add or remove for one user on one day of Shanghai.
pub const SUPPORT_DAILY: u64 = 10;
/// How long the counter of a day is kept.
const COUNTED_FOR: SignedDuration = SignedDuration::from_hours(48);
/// The attribute of a counter.
const ADJUSTED: &str = "adjusted";

/// A change of a balance by staff.
pub struct Adjustment<'a> {
    pub user: Id,
    pub change: i64,
    /// It is made once per reference.
    pub reference: &'a Text<1, 64>,
    pub reason: &'a Text<1, 256>,
    /// How many vouchers may be added and removed for the user a day, together; None without a limit.
    pub daily: Option<u64>,
}

impl Service {
    /// Adds or removes vouchers. A change beyond the daily limit, or of more vouchers than there are, is a conflict.
    ///
    /// DynamoDB: one transaction; one read before it if there is a daily limit, and one more when it is reached.
    pub async fn adjust_vouchers(&self, act: &Act, adjustment: &Adjustment<'_>) -> Result<()> {
        let Adjustment { user, change, reference, reason, daily } = *adjustment;
        let now = self.clock.now();
        let note = Note { reason: reason.clone(), by: act.by()?, at: now.into() };
        let entry = Entry {
            id: self.ids.next(now)?,
            entry_type: EntryType::Adjust,
            title: reason.clone(),
            change,
            created_at: now.into(),
            note: Some(note),
        };
        let table = &self.tables.jobboard;
        let key = keys::adjustment(user, reference.as_str());
        let mut made = key.clone().into_item();
        made.insert("change".into(), number(change));
        let recorded = Change::of(keys::user_object(user)).fields(&["balance"]).because(reason.as_str());
        retry_conflicts(|| async {
            let counted = match daily {
                None => None,
                Some(most) => match self.count_adjustment(user, change, most).await? {
                    Some(counted) => Some(counted),
                    None => {
                        let earlier = self.store.get(table, key.clone()).await?;
                        let earlier = earlier.map(|earlier| is_same(&earlier, change));
                        let over = || format!("is beyond what support may adjust: {most} vouchers a user and day");
                        return earlier.unwrap_or_else(|| Err(Error::conflict(Fault::new("change", over())))).map(Some);
                    }
                },
            };
            let [balance, entry] = self.movement(user, &entry)?;
            let is_counted = counted.is_some();
            let mut writes = vec![
                Write::Check { table: table.clone(), key: keys::user(user), condition: Condition::present() },
                Write::Put { table: table.clone(), item: made.clone(), condition: Condition::absent() },
                balance,
                entry,
            ];
            writes.extend(counted);
            let outcome = self.store.transact_by(act, &recorded, writes).await?;
            let Outcome::Rejected(rejections) = outcome else { return Ok(Some(())) };
            match rejections.as_slice() {
                [user, ..] if user.failed => Err(missing("user")),
                [_, earlier, ..] if earlier.failed => match &earlier.stored {
                    Some(stored) => is_same(stored, change).map(Some),
                    None => Ok(None),
                },
                // Another adjustment was counted meanwhile.
                [_, _, _, _, counter, ..] if is_counted && counter.failed => Ok(None),
                _ => Err(Error::conflict(Fault::new("change", "takes more vouchers than there are"))),
            }
        })
        .await
    }

    /// The write that counts an adjustment of today, on the condition that no other was counted meanwhile. None if it would exceed the limit.
    async fn count_adjustment(&self, user: Id, change: i64, most: u64) -> Result<Option<Write>> {
        let (table, now) = (&self.tables.credentials, self.clock.now());
        let key = keys::adjusted(user, LocalTime::from(now).date().as_str());
        let stored = self.store.get(table, key.clone()).await?;
        let adjusted: u64 = stored.as_ref().map_or(Ok(0), |item| read_integer(item, ADJUSTED))?;
        let next = adjusted.saturating_add(change.unsigned_abs());
        if next > most {
            return Ok(None);
        }
        let mut item = key.into_item();
        item.insert(ADJUSTED.into(), number(next));
        expire(&mut item, now + COUNTED_FOR);
        let condition = match stored {
            Some(_) => Condition::equals(ADJUSTED, number(adjusted)),
            None => Condition::absent(),
        };
        Ok(Some(Write::Put { table: table.clone(), item, condition }))
    }
}

/// Whether the adjustment that was made under a reference is the same.
fn is_same(made: &Item, change: i64) -> Result<()> {
    match read_integer::<i64>(made, "change")? == change {
        true => Ok(()),
        false => Err(Error::conflict(Fault::new("reference", "was used for another adjustment"))),
    }
}
