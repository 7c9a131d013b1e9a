//! Lists that are read from an index with few attributes: a page by number with an exact total, or the page after a cursor.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::crypto::keyring::Keyring;
use crate::error::Result;
use crate::storage::listing::{Listed, PageOf};
use crate::storage::milestones::{Counted, Milestones};
use crate::storage::page::{Cursor, Page, PageRequest, Window};
use crate::storage::table::{Item, Key, Query, Store};

/// Upper bound of the entries read for a page by cursor, query by query until the page is full, in multiples of the page size. If the
/// filter leaves too few entries, the page is short or even empty, and its cursor continues after the entries that were read. So the cost
/// of a page does not grow with the number of records.
const STEPS: [i32; 4] = [1, 4, 16, 64];

/// The records in one partition of an index that satisfy a filter.
pub struct List<'a> {
    pub store: &'a Store,
    pub keyring: &'a Keyring,
    pub table: &'a str,
    /// The name of the list in its cursors: tenant, kind, filter.
    pub scope: String,
    pub query: Query,
    /// How a page by number finds its place. Without milestones it reads the whole partition.
    pub milestones: Option<Milestones>,
}

impl List<'_> {
    /// One page of the records in their current state. `cursor_field` names the cursor in a fault.
    ///
    /// DynamoDB: a page by number reads the whole index partition to count it (one query for each 1 MB, about 4,000 records), or what its
    /// milestones leave ([`Counted::known`]). A page by cursor reads the entries that it returns, or up to 85 times as many if the filter
    /// rejects entries. Then one batch reads the records.
    ///
    /// The indexes are eventually consistent and the records are not, so a returned record may no longer satisfy the filter.
    pub async fn page(&self, request: PageRequest, cursor_field: &'static str) -> Result<Page<Item>> {
        let Page { list, total, page, page_size, next_cursor } = self.page_of_keys(request, cursor_field).await?;
        let list = self.store.get_all(self.table, list).await?;
        Ok(Page { list, total, page, page_size, next_cursor })
    }

    /// One page of the records' keys.
    pub async fn page_of_keys(&self, request: PageRequest, cursor_field: &'static str) -> Result<Page<Key>> {
        let (entries, total, page, page_size) = match request.window(self.keyring, &self.scope, cursor_field)? {
            Window::Numbered { page, size } => {
                let skip = u64::from(page - 1) * u64::from(size);
                let (entries, total) = match &self.milestones {
                    None => self.count(skip, size).await?,
                    // Other lists do not carry its future.
                    Some(milestones) => Box::pin(self.numbered(milestones, skip, size)).await?,
                };
                (entries, total, page, size)
            }
            Window::After { cursor, size } => {
                let query = self.query.after(cursor.position, self.query.order);
                (self.walk(&query, size as usize).await?, cursor.total, cursor.page, size)
            }
        };
        let Entries { keys, last, more } = entries;
        let next = last.filter(|_| more).map(|position| Cursor { position, total, page: page + 1 });
        let next_cursor = next.map(|cursor| cursor.seal(self.keyring, &self.scope)).transpose()?;
        Ok(Page { list: keys, total, page, page_size, next_cursor })
    }

    /// A page of the records in their current state, without a total, in the order of the page.
    ///
    /// DynamoDB: like a page by cursor.
    pub async fn listed(&self, page: &PageOf<'_>) -> Result<Listed<Item>> {
        let query = match page.position(self.keyring, &self.scope)? {
            Some(position) => self.query.after(position, page.order),
            None => Query { order: page.order, ..self.query.clone() },
        };
        let Entries { keys, last, more } = self.walk(&query, page.size as usize).await?;
        let list = self.store.get_all(self.table, keys).await?;
        page.listed(self.keyring, &self.scope, list, last.filter(|_| more))
    }

    /// The keys of all records in the order of the index. `None` if there are more than `most`; then the query stops early.
    pub async fn keys(&self, most: usize) -> Result<Option<Vec<Key>>> {
        let mut entries = Entries::default();
        let mut from = None;
        loop {
            let (items, next) = self.store.query(self.table, &self.query, from, None).await?;
            items.into_iter().for_each(|item| entries.push(item, self.query.sort()));
            match next {
                _ if entries.keys.len() > most => return Ok(None),
                Some(next) => from = Some(next),
                None => return Ok(Some(entries.keys)),
            }
        }
    }

    /// Reads the whole partition: the entries of one page, and the number of all entries.
    async fn count(&self, skip: u64, size: u32) -> Result<(Entries, u64)> {
        let mut entries = Entries::default();
        let (mut total, mut from) = (0, None);
        loop {
            let (items, next) = self.store.query(self.table, &self.query, from, None).await?;
            for item in items {
                if total >= skip && total < skip + u64::from(size) {
                    entries.push(item, self.query.sort());
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

    /// Reads the entries of one page, and finds the number of all entries by the milestones.
    async fn numbered(&self, milestones: &Milestones, skip: u64, size: u32) -> Result<(Entries, u64)> {
        let counted = Counted { store: self.store, table: self.table, query: &self.query, milestones };
        let known = counted.known().await?;
        let total = known.total();
        if skip >= total {
            return Ok((Entries::default(), total));
        }
        let (skip, size) = (usize::try_from(skip).unwrap_or(usize::MAX), size as usize);
        if !known.is_among_newest(skip, size) {
            let query = match counted.before(&known, skip).await? {
                Some(position) => self.query.after(position, self.query.order),
                None => self.query.clone(),
            };
            return Ok((self.walk(&query, size).await?, total));
        }
        let page = &known.newest[skip..known.newest.len().min(skip + size)];
        let keys = page.iter().map(|entry| entry.key.clone()).collect();
        let last = page.last().map(|entry| entry.at.clone());
        Ok((Entries { keys, last, more: total > (skip + size) as u64 }, total))
    }

    /// The next entries: `size` of them, or fewer if the filter rejects the others that [`STEPS`] allow to read.
    async fn walk(&self, query: &Query, size: usize) -> Result<Entries> {
        let mut entries = Entries::default();
        let mut from = None;
        // One entry more than the page, which shows whether there is a next page.
        let first = i32::try_from(size).unwrap_or(i32::MAX).saturating_add(1);
        for step in STEPS {
            let (items, next) = self.store.query(self.table, query, from, Some(first.saturating_mul(step))).await?;
            for item in items {
                if entries.keys.len() == size {
                    entries.more = true;
                    return Ok(entries);
                }
                entries.push(item, query.sort());
            }
            if next.is_none() {
                return Ok(entries);
            }
            from = next;
        }
        entries.more = true;
        if let Some(AttributeValue::S(place)) = from.and_then(|mut position| position.remove(query.sort())) {
            entries.last = Some(place);
        }
        Ok(entries)
    }
}

/// The entries of one page.
#[derive(Default)]
struct Entries {
    keys: Vec<Key>,
    /// The sort key of the last entry that was returned or filtered out.
    last: Option<String>,
    /// Whether there are entries after it.
    more: bool,
}

impl Entries {
    fn push(&mut self, mut entry: Item, sort: &str) {
        if let (Some(AttributeValue::S(pk)), Some(AttributeValue::S(sk)), Some(AttributeValue::S(place))) =
            (entry.remove("pk"), entry.remove("sk"), entry.remove(sort))
        {
            self.keys.push(Key { pk, sk });
            self.last = Some(place);
        }
    }
}
