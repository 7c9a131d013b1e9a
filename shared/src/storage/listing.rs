//! The lists that staff read: pages of a partition behind a cursor, in either direction of its sort keys, without a total.

use serde::de::DeserializeOwned;

use crate::crypto::keyring::Keyring;
use crate::error::{Error, Fault, Result};
use crate::storage::page::Cursor;
pub use crate::storage::table::Order;
use crate::storage::table::attribute::read_text;
use crate::storage::table::{Item, Key, Query, Range, Store};

/// A request for a page of a list.
#[derive(Clone, Copy, Debug)]
pub struct PageOf<'a> {
    pub size: u32,
    /// The `next_cursor` of the page before, which belongs to its direction.
    pub cursor: Option<&'a str>,
    /// The direction, by the key by which the list is sorted.
    pub order: Order,
}

impl PageOf<'_> {
    pub fn limit(&self) -> i32 {
        i32::try_from(self.size).unwrap_or(i32::MAX)
    }

    /// The name of a list in its cursors: those of the other direction do not open.
    pub fn scope(&self, list: &str) -> String {
        format!("{list} {:?}", self.order)
    }

    /// The sort key behind which the page begins.
    pub fn position(&self, keyring: &Keyring, list: &str) -> Result<Option<String>> {
        position(keyring, self.cursor, &self.scope(list))
    }

    /// The page; `last` is its last sort key, if more may follow.
    pub fn listed<T>(&self, keyring: &Keyring, list: &str, page: Vec<T>, last: Option<String>) -> Result<Listed<T>> {
        Ok(Listed { list: page, next_cursor: next_cursor(keyring, last, &self.scope(list))? })
    }
}

/// A page of a list.
pub struct Listed<T> {
    pub list: Vec<T>,
    pub next_cursor: Option<String>,
}

impl<T> Listed<T> {
    pub fn try_map<U>(self, map: impl FnMut(T) -> Result<U>) -> Result<Listed<U>> {
        let Self { list, next_cursor } = self;
        Ok(Listed { list: list.into_iter().map(map).collect::<Result<_>>()?, next_cursor })
    }
}

/// A page of the items of an index partition, which is also the scope of its cursors.
///
/// DynamoDB: one query, one batch read.
pub async fn listed_items(
    store: &Store,
    keyring: &Keyring,
    table: &str,
    index: &'static str,
    partition: String,
    page: &PageOf<'_>,
) -> Result<Listed<Item>> {
    let range = page.position(keyring, &partition)?.map_or(Range::All, Range::After);
    let query = Query { index, partition, range, order: page.order, filter: None };
    let (entries, next) = store.query(table, &query, None, Some(page.limit())).await?;
    let last = next.map(|last| read_text(&last, "ixsk")).transpose()?;
    let list = store.get_all(table, entries.iter().filter_map(Key::of).collect()).await?;
    page.listed(keyring, &query.partition, list, last)
}

/// The same of records without sealed fields.
pub async fn listed<T: DeserializeOwned>(
    store: &Store,
    keyring: &Keyring,
    table: &str,
    index: &'static str,
    partition: String,
    page: &PageOf<'_>,
) -> Result<Listed<T>> {
    let items = listed_items(store, keyring, table, index, partition, page).await?;
    items.try_map(|item| serde_dynamo::from_item(item).map_err(Error::internal))
}

/// The sort key behind which the page begins.
pub fn position(keyring: &Keyring, cursor: Option<&str>, scope: &str) -> Result<Option<String>> {
    let Some(sealed) = cursor else { return Ok(None) };
    match Cursor::open(sealed, keyring, scope) {
        Some(cursor) => Ok(Some(cursor.position)),
        None => Err(Error::invalid([Fault::new("cursor", "is not a cursor of this list")])),
    }
}

/// The cursor of the next page; `last` is the last sort key of this one, if more may follow.
pub fn next_cursor(keyring: &Keyring, last: Option<String>, scope: &str) -> Result<Option<String>> {
    last.map(|position| Cursor { position, total: 0, page: 0 }.seal(keyring, scope)).transpose()
}
