//! `reseal`: a pass over a family's table that moves what a key made to the keys that are in use.
//!
//! A pass seals each field with the current key, writes the records that are found by blind indexes under each index that the configuration
//! uses, and removes them from the others. When a pass without failures ends, the marker needs no other keys any more.
//!
//! Processes take over a changed secret within five minutes, so that a pass begins only when a configuration is ten minutes old.

use std::sync::Arc;

use futures::{StreamExt as _, stream};
use jiff::SignedDuration;

use crate::error::{Error, Fault, Result};
use crate::runtime::clock::Clock;
use crate::runtime::family_keys::FamilyKeys;
use crate::storage::audit::{Act, Change, Object};
use crate::storage::page::Cursor;
use crate::storage::sealed::{self, Fields, SEALED};
use crate::storage::table::{Condition, Item, Key, Outcome, Store, VERSION, Write};

/// How old a configuration is when every process uses it.
const SETTLED_AFTER: SignedDuration = SignedDuration::from_mins(10);
/// How long one call works.
const TIME: SignedDuration = SignedDuration::from_secs(30);
/// How many items are read at once, and how many are processed concurrently.
const PAGE: i32 = 100;
const AT_ONCE: usize = 8;

/// What a pass did to an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resealed {
    Unchanged,
    Changed,
    /// A concurrent request changed the item: the pass looks at it again.
    Conflict,
    /// The record cannot be found by another index, because it lacks the value that the index is of.
    Unlinked,
}

/// How far a pass came. `done` and `failed` count items since it began.
pub struct Progress {
    pub done: u64,
    pub failed: u64,
    /// What this call changed.
    pub changed: u64,
    /// The cursor of the next call; `None` at the end of the pass.
    pub next: Option<String>,
    /// Whether the pass ended, and records need only the keys that the configuration names.
    pub is_complete: bool,
}

/// A pass over the table of a family.
pub struct Pass<'a> {
    pub mover: Mover<'a>,
    pub clock: &'a Arc<dyn Clock>,
    /// The most items of this call.
    pub limit: u64,
    pub cursor: Option<&'a str>,
}

impl Pass<'_> {
    /// Runs `move_item` for the items after the cursor. An item that fails does not end the pass, but the pass is not complete.
    ///
    /// DynamoDB: one scan for each hundred items, and the calls of `move_item`.
    pub async fn run<F>(&self, move_item: impl Fn(Item) -> F) -> Result<Progress>
    where
        F: Future<Output = Result<Resealed>>,
    {
        let Self { mover: Mover { act, keys, store, table, .. }, clock, limit, cursor } = *self;
        let begun = clock.now();
        let since = keys.configured_since(act, begun).await?;
        let scope = format!("reseal {table} {} {}", keys.keys().configuration(), since.as_millisecond());
        let (mut after, mut done, mut failed) = match cursor {
            None => {
                let settled = since + SETTLED_AFTER;
                if begun < settled {
                    let reason = format!("is too new: other processes may use the old one until {settled:.0}");
                    return Err(Error::conflict(Fault::new("configuration", reason)));
                }
                (None, 0, 0)
            }
            Some(cursor) => {
                let invalid = || Error::invalid([Fault::new("cursor", "is invalid, or of another configuration: begin again")]);
                let cursor = Cursor::open(cursor, keys, &scope).ok_or_else(invalid)?;
                let (pk, sk) = cursor.position.split_once('\n').ok_or_else(invalid)?;
                (Some(Key::new(pk, sk)), cursor.total, u64::from(cursor.page))
            }
        };
        let (mut changed, first) = (0, done);
        loop {
            let (items, next) = store.scan(table, after, PAGE).await?;
            done += items.len() as u64;
            let outcomes: Vec<Result<Resealed>> = stream::iter(items)
                .map(|item| settle(store, table, item, &move_item))
                .buffer_unordered(AT_ONCE)
                .collect()
                .await;
            for outcome in outcomes {
                match outcome {
                    Ok(Resealed::Unchanged) => {}
                    Ok(Resealed::Changed) => changed += 1,
                    Ok(Resealed::Unlinked | Resealed::Conflict) => failed += 1,
                    Err(error) => {
                        tracing::warn!(%error, "an item could not be resealed");
                        failed += 1;
                    }
                }
            }
            let Some(key) = next else { break };
            if done - first >= limit || clock.now().duration_since(begun) >= TIME {
                let position = format!("{}\n{}", key.pk, key.sk);
                let page = u32::try_from(failed).unwrap_or(u32::MAX);
                let next = Some(Cursor { position, total: done, page }.seal(keys, &scope)?);
                return Ok(Progress { done, failed, changed, next, is_complete: false });
            }
            after = Some(key);
        }
        let is_complete = failed == 0 && keys.complete(act, since).await?;
        Ok(Progress { done, failed, changed, next: None, is_complete })
    }
}

/// How often an item is looked at again that requests keep changing.
const LOOKS: u32 = 5;

async fn settle<F>(store: &Store, table: &str, item: Item, move_item: &impl Fn(Item) -> F) -> Result<Resealed>
where
    F: Future<Output = Result<Resealed>>,
{
    let key = Key::of(&item);
    let mut item = Some(item);
    for _ in 0..LOOKS {
        // Removed since: nothing is left to reseal.
        let Some(found) = item else { return Ok(Resealed::Unchanged) };
        match move_item(found).await? {
            Resealed::Conflict => {
                item = match &key {
                    Some(key) => store.get(table, key.clone()).await?,
                    None => None,
                };
            }
            outcome => return Ok(outcome),
        }
    }
    Ok(Resealed::Conflict)
}

/// The object of a record whose key holds no personal data.
pub fn item_object(family: &str, own: &Key) -> Object {
    Object::new(family, "item", &[&own.pk, &own.sk])
}

/// What writes the changes of a pass, each with its audit record.
pub struct Mover<'a> {
    /// The object of a record in audit records, by the record's own key.
    pub object: fn(&Key) -> Object,
    pub act: &'a Act,
    pub keys: &'a FamilyKeys,
    pub store: &'a Store,
    pub table: &'a str,
}

impl Mover<'_> {
    /// Stores `next` in place of `stored`, with these fields sealed together and with the current key. `own` is the key of the record that
    /// they are bound to. `next` is the stored item, with what an earlier version of the system did not store.
    ///
    /// DynamoDB: one transaction if the item changes.
    pub async fn fields(&self, own: &Key, fields: &Fields, stored: &Item, mut next: Item) -> Result<Resealed> {
        if sealed::is_outdated(self.keys, fields, &next) {
            sealed::open(self.keys, own, fields, &mut next)?;
            sealed::seal(self.keys, own, fields, &mut next)?;
        } else if next == *stored {
            return Ok(Resealed::Unchanged);
        }
        self.put(own, stored, next, sealed::unchanged(stored)).await
    }

    /// Stores `next` in place of `stored`, if the condition holds and the version is still the same.
    pub async fn put(&self, own: &Key, stored: &Item, next: Item, condition: Condition) -> Result<Resealed> {
        let condition = match stored.get(VERSION) {
            Some(version) => condition.and(Condition::equals(VERSION, version.clone())),
            None => condition,
        };
        let put = Write::Put { table: self.table.to_owned(), item: next.clone(), condition };
        match self.store.transact_by(self.act, &self.change(own), vec![put]).await?.unless_stored(&next) {
            Outcome::Written => Ok(Resealed::Changed),
            Outcome::Rejected(_) => Ok(Resealed::Conflict),
        }
    }

    /// Executes the writes that move what finds a record.
    pub async fn transact(&self, own: &Key, writes: Vec<Write>) -> Result<Resealed> {
        match self.store.transact_by(self.act, &self.change(own), writes).await? {
            Outcome::Written => Ok(Resealed::Changed),
            Outcome::Rejected(_) => Ok(Resealed::Conflict),
        }
    }

    fn change(&self, own: &Key) -> Change {
        Change::of((self.object)(own)).fields(&[SEALED])
    }
}
