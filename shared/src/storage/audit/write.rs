//! Writes by an actor: each takes the act, and records it in the same transaction.

use super::{Act, Change, Object};
use crate::crypto::keyring::Keyring;
use crate::crypto::random::random_text;
use crate::error::{Error, Result};
use crate::storage::sealed::{self, Fields};
use crate::storage::table::attribute::text;
use crate::storage::table::{Condition, Item, Key, Outcome, STAMP, Store, VERSION, Write, retry_conflicts};

/// A stored item that an act changes. Its sealed fields are compared in plain text: each sealing of a value differs.
pub struct Stored<'a> {
    pub table: &'a str,
    pub key: Key,
    pub sealed: Sealed<'a>,
}

/// How the sealed fields of an item open, if it has any.
pub type Sealed<'a> = Option<(&'a Keyring, &'a Fields)>;

impl<'a> Stored<'a> {
    /// An item without sealed fields.
    pub fn plain(table: &'a str, key: Key) -> Self {
        Self { table, key, sealed: None }
    }
}

/// The item with its sealed fields in plain text.
fn opened(key: &Key, sealed: Sealed<'_>, item: &Item) -> Result<Item> {
    let mut item = item.clone();
    if let Some((keyring, fields)) = sealed {
        sealed::open(keyring, key, fields, &mut item)?;
    }
    Ok(item)
}

/// Whether two versions of an item have the same content.
fn is_same(before: &Item, after: &Item) -> bool {
    let content = |item: &Item| {
        let own = item.iter().filter(|(name, _)| ![VERSION, STAMP].contains(&name.as_str()));
        own.map(|(name, value)| (name.clone(), value.clone())).collect::<Item>()
    };
    content(before) == content(after)
}

impl Store {
    /// Executes the writes and records the change, in one transaction. There is room for 99 writes.
    pub async fn transact_by(&self, act: &Act, change: &Change, mut writes: Vec<Write>) -> Result<Outcome> {
        // Last, so that the rejections have the places of their writes.
        writes.push(self.recording(act, change)?);
        self.transact(writes).await
    }

    /// The write that records a change, for the transaction of the change.
    pub fn recording(&self, act: &Act, change: &Change) -> Result<Write> {
        Ok(Write::Put { table: self.audit()?.to_owned(), item: act.record(change)?, condition: Condition::absent() })
    }

    /// Records an act that changes nothing: a reveal of sealed fields, an export, a burst of rejected sign-ins.
    pub async fn record(&self, act: &Act, change: &Change) -> Result<()> {
        self.transact(vec![self.recording(act, change)?]).await.map(drop)
    }

    /// [`Store::change`] by an actor, recorded. A change that leaves the item as it is writes nothing.
    ///
    /// DynamoDB: one read, one transaction.
    pub async fn change_by(
        &self,
        act: &Act,
        object: Change,
        stored: Stored<'_>,
        change: impl Fn(&Item) -> Result<Item>,
    ) -> Result<Option<Item>> {
        self.change_with_by(act, object, stored, |item| Ok((change(item)?, Vec::new()))).await
    }

    /// [`Store::change_by`] with more writes in the transaction.
    pub async fn change_with_by(
        &self,
        act: &Act,
        object: Change,
        Stored { table, key, sealed }: Stored<'_>,
        change: impl Fn(&Item) -> Result<(Item, Vec<Write>)>,
    ) -> Result<Option<Item>> {
        let stamp = text(random_text()?);
        retry_conflicts(|| async {
            let Some(current) = self.get(table, key.clone()).await? else { return Ok(Some(None)) };
            let (mut next, more) = change(&current)?;
            let unchanged = Self::follow(&current, &mut next, &stamp)?;
            let (before, after) = (opened(&key, sealed, &current)?, opened(&key, sealed, &next)?);
            if is_same(&before, &after) || current.get(STAMP) == Some(&stamp) {
                return Ok(Some(Some(current)));
            }
            let recorded = object.clone().changed(&before, &after);
            let put = Write::Put { table: table.to_owned(), item: next.clone(), condition: unchanged };
            let outcome = self.transact_by(act, &recorded, [vec![put], more].concat()).await?;
            match outcome.unless_stored(&next) {
                Outcome::Written => Ok(Some(Some(next))),
                Outcome::Rejected(_) => Ok(None),
            }
        })
        .await
    }

    /// Stores an item in place of any other, recorded, if the checks hold. The same item again writes nothing.
    ///
    /// DynamoDB: one read, one transaction.
    pub async fn set_by(
        &self,
        act: &Act,
        object: Object,
        table: &str,
        item: Item,
        sealed: Sealed<'_>,
        checks: Vec<Write>,
    ) -> Result<Outcome> {
        let key = Key::of(&item).ok_or_else(|| Error::internal("an item without a key"))?;
        let stored = opened(&key, sealed, &self.get(table, key.clone()).await?.unwrap_or_default())?;
        let next = opened(&key, sealed, &item)?;
        if stored == next {
            return Ok(Outcome::Written);
        }
        let change = Change::of(object).changed(&stored, &next);
        let set = Write::Set { table: table.to_owned(), item };
        self.transact_by(act, &change, checks.into_iter().chain([set]).collect()).await
    }
}
