//! Short lists that administrators read: pages of an index partition behind a cursor, without a total.

use serde::de::DeserializeOwned;

use crate::crypto::keyring::Keyring;
use crate::error::{Error, Fault, Result};
use crate::storage::page::Cursor;
use crate::storage::table::attribute::read_text;
use crate::storage::table::{Item, Key, Order, Query, Range, Store};

/// A page of a list, oldest first.
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

/// Up to `size` items of an index partition, which is also the scope of its cursors.
///
/// DynamoDB: one query, one batch read.
pub async fn listed_items(
    store: &Store,
    keyring: &Keyring,
    table: &str,
    index: &'static str,
    partition: String,
    size: u32,
    cursor: Option<&str>,
) -> Result<Listed<Item>> {
    let range = position(keyring, cursor, &partition)?.map_or(Range::All, Range::After);
    let query = Query { index, partition, range, order: Order::Ascending, filter: None };
    let limit = i32::try_from(size).unwrap_or(i32::MAX);
    let (entries, next) = store.query(table, &query, None, Some(limit)).await?;
    let last = next.map(|last| read_text(&last, "ixsk")).transpose()?;
    let list = store.get_all(table, entries.iter().filter_map(Key::of).collect()).await?;
    Ok(Listed { list, next_cursor: next_cursor(keyring, last, &query.partition)? })
}

/// The same of records without sealed fields.
pub async fn listed<T: DeserializeOwned>(
    store: &Store,
    keyring: &Keyring,
    table: &str,
    index: &'static str,
    partition: String,
    size: u32,
    cursor: Option<&str>,
) -> Result<Listed<T>> {
    let items = listed_items(store, keyring, table, index, partition, size, cursor).await?;
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
