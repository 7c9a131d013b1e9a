//! Milestones of a list: the sort key of every 250th record, counted from the first one. DynamoDB has neither an offset nor a count; with
//! milestones a page by number and the exact total read the newest records and those around the page, at any size and depth
//! (docs/adr/0017-milestones.md).
//!
//! Reads store them: one that finds 250 more records behind the last milestone adds it. So a write costs nothing more, and the lists of
//! earlier versions need no migration: the first page by number counts them once. A list has milestones only if new records come last in
//! the order of its sort keys, and records leave it rarely: then [`restart`] removes the milestones.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::error::{Error, Result};
use crate::storage::table::attribute::text;
use crate::storage::table::{Condition, Item, Key, Order, Query, Range, Store, Write};

/// The number of records from one milestone to the next. It bounds what a page reads beside its own records.
pub const STEP: usize = 250;

const MILESTONES: &str = "milestones";
/// The sort key that a new record would have had when a record left the list.
const RESTARTED: &str = "restarted";
/// Beyond this number the item would become too large for DynamoDB.
const MOST: usize = 10_000;

/// Where the milestones of a list are stored.
pub struct Milestones {
    pub key: Key,
    /// No record enters the list below this sort key any more: it is as old as the slowest write and the slowest index.
    pub settled: String,
}

/// A list with milestones. The order of the query is descending.
pub struct Counted<'a> {
    pub store: &'a Store,
    pub table: &'a str,
    pub query: &'a Query,
    pub milestones: &'a Milestones,
}

/// An entry of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub key: Key,
    /// Its sort key.
    pub at: String,
}

/// What is known of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// From the first record.
    milestones: Vec<String>,
    /// The records behind the last milestone, the newest first.
    pub newest: Vec<Entry>,
}

/// The record before a page.
#[derive(Debug, PartialEq, Eq)]
enum Before {
    /// The page is the first one.
    None,
    /// Its sort key.
    At(String),
    /// It is so many records older than this milestone.
    Below(String, usize),
}

impl Known {
    /// The number of all records.
    pub fn total(&self) -> u64 {
        (self.milestones.len() * STEP + self.newest.len()) as u64
    }

    /// Whether the newest records contain the whole page.
    pub fn is_among_newest(&self, skip: usize, size: usize) -> bool {
        self.milestones.is_empty() || skip.saturating_add(size) <= self.newest.len()
    }

    /// The record before the page that leaves out so many of the newest records. They are fewer than all.
    fn before(&self, skip: usize) -> Before {
        let Some(last) = skip.checked_sub(1) else { return Before::None };
        let Some(older) = last.checked_sub(self.newest.len()) else { return Before::At(self.newest[last].at.clone()) };
        // The newest of the milestones is the last one.
        let milestone = &self.milestones[self.milestones.len() - 1 - older / STEP];
        match older % STEP {
            0 => Before::At(milestone.clone()),
            below => Before::Below(milestone.clone(), below),
        }
    }

    /// Adds the milestones that the settled records allow. Returns whether there are any.
    fn grow(&mut self, settled: &str) -> bool {
        let before = self.milestones.len();
        while let Some(place) = self.newest.len().checked_sub(STEP)
            && self.milestones.len() < MOST
            && self.newest[place].at.as_str() < settled
        {
            self.milestones.push(self.newest[place].at.clone());
            self.newest.truncate(place);
        }
        self.milestones.len() > before
    }
}

impl Counted<'_> {
    /// What a page by number needs to know.
    ///
    /// DynamoDB: one query of 250 entries. If there are more, one read of the milestones, and another query if the last milestone is older
    /// than these entries; one write if milestones are missing.
    pub async fn known(&self) -> Result<Known> {
        let first = i32::try_from(STEP).unwrap_or(i32::MAX).saturating_add(1);
        let (items, next) = self.store.query(self.table, self.query, None, Some(first)).await?;
        let mut known = Known { milestones: Vec::new(), newest: self.entries(items) };
        let (Some(_), Some(oldest)) = (next, known.newest.last().map(|entry| entry.at.clone())) else { return Ok(known) };
        let stored = self.store.get(self.table, self.milestones.key.clone()).await?;
        known.milestones = stored.as_ref().map(milestones_in).transpose()?.unwrap_or_default();
        let rest = match known.milestones.last() {
            Some(last) if oldest <= *last => {
                known.newest.retain(|entry| entry.at > *last);
                return Ok(known);
            }
            Some(last) => {
                let above = Query { range: Range::Between(last.clone(), oldest.clone()), ..self.query.clone() };
                above.after(last.clone(), Order::Ascending).after(oldest, Order::Descending)
            }
            None => self.query.after(oldest, Order::Descending),
        };
        let mut from = None;
        loop {
            let (items, next) = self.store.query(self.table, &rest, from, None).await?;
            known.newest.extend(self.entries(items));
            match next {
                Some(next) => from = Some(next),
                None => break,
            }
        }
        let mut grown = known.clone();
        if grown.grow(&self.milestones.settled) {
            self.keep(stored, grown.milestones).await;
        }
        Ok(known)
    }

    /// The sort key of the record before the page that leaves out so many of the newest records. None before the first page.
    ///
    /// DynamoDB: one query of at most 250 entries if the page is not among the newest records.
    pub async fn before(&self, known: &Known, skip: usize) -> Result<Option<String>> {
        let (milestone, below) = match known.before(skip) {
            Before::None => return Ok(None),
            Before::At(at) => return Ok(Some(at)),
            Before::Below(milestone, below) => (milestone, below),
        };
        let query = self.query.after(milestone, Order::Descending);
        let (items, _) = self.store.query(self.table, &query, None, i32::try_from(below).ok()).await?;
        Ok(self.entries(items).pop().map(|entry| entry.at))
    }

    /// Stores the milestones. A failure is logged and changes nothing for the client: the next page counts the same records again.
    async fn keep(&self, stored: Option<Item>, milestones: Vec<String>) {
        let restarted = stored.and_then(|mut item| item.remove(RESTARTED));
        // The index may still show the record that has left.
        if matches!(&restarted, Some(AttributeValue::S(at)) if *at >= self.milestones.settled) {
            return;
        }
        let mut item = self.milestones.key.clone().into_item();
        item.insert(MILESTONES.into(), AttributeValue::L(milestones.into_iter().map(text).collect()));
        // Two processes find the same milestones, unless the list restarts between their reads and their writes.
        let unchanged = match restarted {
            None => Condition::lacks(RESTARTED),
            Some(restarted) => {
                item.insert(RESTARTED.into(), restarted.clone());
                Condition::equals(RESTARTED, restarted)
            }
        };
        if let Err(error) = self.store.put(self.table, item, unchanged).await {
            tracing::warn!(%error, "the milestones of a list could not be stored");
        }
    }

    fn entries(&self, items: Vec<Item>) -> Vec<Entry> {
        let at = |item: &Item| item.get(self.query.sort()).and_then(|at| at.as_s().ok()).cloned();
        items.iter().filter_map(|item| Some(Entry { key: Key::of(item)?, at: at(item)? })).collect()
    }
}

/// The part of a transaction that removes the milestones of a list, because the transaction removes a record from it. `at` is the sort key
/// that a new record would have.
pub fn restart(table: &str, key: Key, at: String) -> Write {
    let mut item = key.into_item();
    item.insert(RESTARTED.into(), text(at));
    Write::Set { table: table.to_owned(), item }
}

fn milestones_in(item: &Item) -> Result<Vec<String>> {
    let Some(AttributeValue::L(milestones)) = item.get(MILESTONES) else { return Ok(Vec::new()) };
    let milestones = milestones.iter().map(|milestone| milestone.as_s().ok().cloned());
    milestones.collect::<Option<_>>().ok_or_else(|| Error::internal("a milestone that is no sort key"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(number: usize) -> String {
        format!("{number:016}")
    }

    fn entry(number: usize) -> Entry {
        Entry { key: Key::new("list", at(number)), at: at(number) }
    }

    /// A list of the records 0 to `total`, whose milestones were stored when it had `counted` records.
    fn known(total: usize, counted: usize) -> Known {
        let milestones: Vec<String> = (1..=counted / STEP).map(|number| at(number * STEP - 1)).collect();
        let newest = (milestones.len() * STEP..total).rev().map(entry).collect();
        Known { milestones, newest }
    }

    proptest! {
        #[test]
        fn every_page_begins_behind_the_record_before_it(total in 1..3000_usize, counted in 0..3000_usize, skip in 0..3000_usize) {
            let known = known(total, counted.min(total));
            prop_assert_eq!(known.total(), total as u64);
            let skip = skip % total;
            let found = match known.before(skip) {
                Before::None => None,
                Before::At(at) => Some(at),
                Before::Below(milestone, below) => {
                    prop_assert!(below < STEP);
                    Some(at(milestone.parse::<usize>().unwrap() - below))
                }
            };
            // The records from the newest: total - 1, total - 2, ...
            prop_assert_eq!(found, skip.checked_sub(1).map(|last| at(total - 1 - last)));
        }

        #[test]
        fn milestones_are_settled_and_do_not_change_the_total(total in 0..3000_usize, counted in 0..3000_usize, settled in 0..3000_usize) {
            let mut grown = known(total, counted.min(total));
            let before = grown.clone();
            let has_grown = grown.grow(&at(settled));
            prop_assert_eq!(grown.total(), before.total());
            prop_assert_eq!(has_grown, grown != before);
            prop_assert!(grown.milestones.starts_with(&before.milestones));
            prop_assert!(grown.milestones[before.milestones.len()..].iter().all(|milestone| *milestone < at(settled)));
            prop_assert!(grown.newest.len() < STEP || grown.newest[grown.newest.len() - STEP].at >= at(settled));
            prop_assert!(grown.newest.iter().all(|entry| grown.milestones.last().is_none_or(|last| entry.at > *last)));
        }
    }

    #[test]
    fn only_a_list_of_texts_is_read_as_milestones() {
        let mut item = Key::new("milestones#1", "out").into_item();
        assert_eq!(milestones_in(&item).unwrap(), [""; 0]);
        item.insert(MILESTONES.into(), AttributeValue::L(vec![text(at(249))]));
        assert_eq!(milestones_in(&item).unwrap(), [at(249)]);
        item.insert(MILESTONES.into(), AttributeValue::L(vec![AttributeValue::Null(true)]));
        assert_eq!(milestones_in(&item).unwrap_err().to_string(), "Internal; a milestone that is no sort key");
    }
}
