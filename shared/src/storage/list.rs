//! Lists that are read from a narrow index: page by number with an exact total, or on behind a cursor.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::crypto::keyring::Keyring;
use crate::error::{Error, Fault, Result};
use crate::storage::page::{Cursor, Page, PageRequest, Window};
use crate::storage::table::{Item, Key, Query, Range, Store};

/// How much is read for a page behind a cursor, in pages of its size, query by query, until it is full. Where a filter leaves less of that
/// than a page, the page is short, even empty, and its cursor goes on behind what was read: none costs more the more records there are.
const STEPS: [i32; 4] = [1, 4, 16, 64];

/// The records that stand in one partition of an index and satisfy a filter.
pub struct List<'a> {
    pub store: &'a Store,
    pub keyring: &'a Keyring,
    pub table: &'a str,
    /// Names the list in its cursors: tenant, kind, filter.
    pub scope: String,
    pub query: Query,
}

impl List<'_> {
    /// One page of the records, as they are now. `cursor_field` is what the caller's cursor is called in a fault.
    ///
    /// DynamoDB: a page by number reads the whole index partition to count it (one query for each 1 MB, some 4,000 records),
    /// a page behind a cursor no more than it gives, or 85 times as much where a filter passes over entries; then one batch for the rows.
    ///
    /// The indexes follow the records within moments: a row, which is read as it is now, may have ceased to satisfy the filter.
    pub async fn page(&self, request: PageRequest, cursor_field: &'static str) -> Result<Page<Item>> {
        let Page { list, total, page, page_size, next_cursor } = self.page_of_keys(request, cursor_field).await?;
        let list = self.store.get_all(self.table, list).await?;
        Ok(Page { list, total, page, page_size, next_cursor })
    }

    /// One page of the records' keys, for those who read something else by them.
    pub async fn page_of_keys(&self, request: PageRequest, cursor_field: &'static str) -> Result<Page<Key>> {
        let window = request
            .window(self.keyring, &self.scope)
            .ok_or_else(|| Error::invalid([Fault::new(cursor_field, "is not a cursor of this list and filter")]))?;
        let (entries, total, page, page_size) = match window {
            Window::Numbered { page, size } => {
                let (entries, total) = self.count(page, size).await?;
                (entries, total, page, size)
            }
            Window::After { cursor, size } => {
                let query = Query { range: Range::Behind(cursor.position), ..self.query.clone() };
                (self.walk(&query, size).await?, cursor.total, cursor.page, size)
            }
        };
        let Entries { keys, last, more } = entries;
        let next = last.filter(|_| more).map(|position| Cursor { position, total, page: page + 1 });
        let next_cursor = next.map(|cursor| cursor.seal(self.keyring, &self.scope)).transpose()?;
        Ok(Page { list: keys, total, page, page_size, next_cursor })
    }

    /// The keys of all records in their order, or `None` where there are more than `most`: then no more was read than tells so.
    pub async fn keys(&self, most: usize) -> Result<Option<Vec<Key>>> {
        let mut entries = Entries::default();
        let mut from = None;
        loop {
            let (items, next) = self.store.query(self.table, &self.query, from, None).await?;
            items.into_iter().for_each(|item| entries.push(item));
            match next {
                _ if entries.keys.len() > most => return Ok(None),
                Some(next) => from = Some(next),
                None => return Ok(Some(entries.keys)),
            }
        }
    }

    /// Reads the partition to its end: the entries of one page, and how many there are in all.
    async fn count(&self, page: u32, size: u32) -> Result<(Entries, u64)> {
        let skip = u64::from(page - 1) * u64::from(size);
        let mut entries = Entries::default();
        let (mut total, mut from) = (0, None);
        loop {
            let (items, next) = self.store.query(self.table, &self.query, from, None).await?;
            for item in items {
                if total >= skip && total < skip + u64::from(size) {
                    entries.push(item);
                }
                total += 1;
            }
            match next {
                Some(next) => from = Some(next),
                None => break,
            }
        }
        entries.more = total > skip + u64::from(size);
        Ok((entries, total))
    }

    /// The next entries: `size` of them, or fewer where a filter has passed over all that [`STEPS`] allow to be read.
    async fn walk(&self, query: &Query, size: u32) -> Result<Entries> {
        let mut entries = Entries::default();
        let mut from = None;
        // One more than is given, to know whether there is one.
        let first = i32::try_from(size).unwrap_or(i32::MAX).saturating_add(1);
        for step in STEPS {
            let (items, next) = self.store.query(self.table, query, from, Some(first.saturating_mul(step))).await?;
            for item in items {
                if entries.keys.len() == size as usize {
                    entries.more = true;
                    return Ok(entries);
                }
                entries.push(item);
            }
            if next.is_none() {
                return Ok(entries);
            }
            from = next;
        }
        entries.more = true;
        if let Some(AttributeValue::S(place)) = from.and_then(|mut position| position.remove("ixsk")) {
            entries.last = Some(place);
        }
        Ok(entries)
    }
}

/// The entries of one page.
#[derive(Default)]
struct Entries {
    keys: Vec<Key>,
    /// The sort key of the last of them, or of the last that was passed over.
    last: Option<String>,
    /// Whether there are entries behind it.
    more: bool,
}

impl Entries {
    fn push(&mut self, mut entry: Item) {
        if let (Some(AttributeValue::S(pk)), Some(AttributeValue::S(sk)), Some(AttributeValue::S(place))) =
            (entry.remove("pk"), entry.remove("sk"), entry.remove("ixsk"))
        {
            self.keys.push(Key { pk, sk });
            self.last = Some(place);
        }
    }
}
