//! The lists of access keys and of apps, which administrators read: of all companies, or of one.

use serde::de::DeserializeOwned;

use super::Service;
use super::keys::partition;
use super::values::Uuid;
use crate::error::{Error, Fault, Result};
use crate::storage::page::Cursor;
use crate::storage::table::attribute::{read_text, text};
use crate::storage::table::{Item, Key, Order, Query, Range};
use crate::values::{Moment, RecordId};

/// A page of a list, oldest first.
pub struct Listed<T> {
    pub list: Vec<T>,
    pub next_cursor: Option<String>,
}

/// Enters an item into the list of all companies and into that of its company.
pub(super) fn enter(item: &mut Item, list: &str, company: &Uuid, created_at: Moment, id: &RecordId) {
    item.insert("ix1".into(), text(list));
    item.insert("ix2".into(), text(partition(company, list)));
    item.insert("ixsk".into(), text(format!("{created_at}#{id}")));
}

impl Service {
    /// Up to `size` entries of a list.
    ///
    /// DynamoDB: one query, one batch read.
    pub(super) async fn listed<T: DeserializeOwned>(
        &self,
        list: &str,
        company: Option<&Uuid>,
        size: u32,
        cursor: Option<&str>,
    ) -> Result<Listed<T>> {
        let (index, partition) = match company {
            None => ("ix1", list.to_owned()),
            Some(company) => ("ix2", partition(company, list)),
        };
        let range = self.position(cursor, &partition)?.map_or(Range::All, Range::After);
        let query = Query { index, partition, range, order: Order::Ascending, filter: None };
        let limit = i32::try_from(size).unwrap_or(i32::MAX);
        let (entries, next) = self.store.query(&self.tables.hris, &query, None, Some(limit)).await?;
        let last = next.map(|last| read_text(&last, "ixsk")).transpose()?;
        let items = self.store.get_all(&self.tables.hris, entries.iter().filter_map(Key::of).collect()).await?;
        Ok(Listed {
            list: items
                .into_iter()
                .map(|item| serde_dynamo::from_item(item).map_err(Error::internal))
                .collect::<Result<_>>()?,
            next_cursor: self.cursor(last, &query.partition)?,
        })
    }

    /// The sort key behind which the page begins.
    pub(super) fn position(&self, cursor: Option<&str>, scope: &str) -> Result<Option<String>> {
        let Some(sealed) = cursor else { return Ok(None) };
        match Cursor::open(sealed, &self.keyring, scope) {
            Some(cursor) => Ok(Some(cursor.position)),
            None => Err(Error::invalid([Fault::new("cursor", "is not a cursor of this list")])),
        }
    }

    /// The cursor of the next page; `last` is the last sort key of this one, if more may follow.
    pub(super) fn cursor(&self, last: Option<String>, scope: &str) -> Result<Option<String>> {
        last.map(|position| Cursor { position, total: 0, page: 0 }.seal(&self.keyring, scope)).transpose()
    }
}
