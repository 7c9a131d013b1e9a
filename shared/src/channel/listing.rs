//! Lists of records, newest first.
//!
//! A listed record stands in up to three narrow indexes (keys and the attributes that filters look at): all of its kind in the
//! channel (`ix1`), and those of its two parents (`ix2`, `ix3`). A list is read from the narrowest one that its filter names.

use super::Service;
use super::channels::ChannelId;
use super::record::{Record, Resource};
use super::row;
use super::values::{Moment, RecordId};
use crate::error::{Error, Fault, Result};
use crate::page::{Cursor, Page, Window};
use crate::store::{Condition, Item, Key, Order, Query};
use aws_sdk_dynamodb::types::AttributeValue;

/// What the indexes hold of a record.
pub struct Listing<'a> {
    /// The records that it belongs to: the company of a task; user and task of an application; user and application of a
    /// payment.
    pub parents: [Option<&'a RecordId>; 2],
    /// The instant that `start_date` and `end_date` speak of.
    pub occurred_at: Option<Moment>,
}

/// Which records of a list are asked for. Everything given must hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// As in [`Listing::parents`], each with the attribute that holds it.
    pub parents: [Option<(&'static str, RecordId)>; 2],
    /// Attributes with the value they must have.
    pub equal: Vec<(&'static str, &'static str)>,
    /// Both included.
    pub occurred_from: Option<Moment>,
    pub occurred_to: Option<Moment>,
    /// Included.
    pub updated_from: Option<Moment>,
}

/// A request for a page, as it was sent.
#[derive(Clone, Debug)]
pub struct PageRequest {
    pub page: u32,
    pub size: u32,
    /// Instead of `page`.
    pub cursor: Option<String>,
}

/// The partition of an index: a channel's records of a kind, or those of one parent.
pub(super) fn partition(channel: &ChannelId, kind: &str, parent: Option<&RecordId>) -> String {
    match parent {
        None => format!("{channel}#{kind}"),
        Some(parent) => format!("{channel}#{kind}#{parent}"),
    }
}

impl Service {
    /// One page of a channel's records.
    ///
    /// DynamoDB: a page by number reads the whole index partition to count it (one query for each 1 MB, some 4,000 records),
    /// a page behind a cursor no more than it gives, if no filter passes over entries; then one batch for the rows.
    ///
    /// The indexes follow the records within moments: a row, which is read as it is now, may have ceased to satisfy the filter.
    pub async fn list<T: Resource>(
        &self,
        channel: &ChannelId,
        filter: &Filter,
        request: PageRequest,
    ) -> Result<Page<Record<T>>> {
        let scope = format!("{channel}/{}/{filter:?}", T::KIND);
        let window = self.window(&scope, request)?;
        let query = filter.query::<T>(channel);
        let (keys, total, page, page_size) = match window {
            Window::Numbered { page, size } => {
                let (keys, total) = self.count(&query, page, size).await?;
                (keys, total, page, size)
            }
            Window::After { cursor, size } => {
                let query = Query { after: Some(cursor.position), ..query };
                (self.walk(&query, size).await?, cursor.total, cursor.page, size)
            }
        };
        let Entries { keys, last, more } = keys;
        let next = last.filter(|_| more).map(|position| Cursor { position, total, page: page + 1 });
        let next_cursor = next.map(|cursor| cursor.seal(&self.keyring, &scope)).transpose()?;
        let items = self.store.get_all(&self.tables.channel, keys).await?;
        let list = items.into_iter().map(|item| row::read(&self.keyring, item)).collect::<Result<_>>()?;
        Ok(Page { list, total, page, page_size, next_cursor })
    }

    fn window(&self, scope: &str, request: PageRequest) -> Result<Window> {
        let PageRequest { page, size, cursor } = request;
        match cursor {
            None => Ok(Window::Numbered { page, size }),
            Some(sealed) => match Cursor::open(&sealed, &self.keyring, scope) {
                Some(cursor) => Ok(Window::After { cursor, size }),
                None => Err(Error::invalid([Fault::new("cursor", "is not a cursor of this list and filter")])),
            },
        }
    }

    /// Reads the partition to its end: the entries of one page, and how many there are in all.
    async fn count(&self, query: &Query, page: u32, size: u32) -> Result<(Entries, u64)> {
        let skip = u64::from(page - 1) * u64::from(size);
        let mut entries = Entries::default();
        let (mut total, mut from) = (0, None);
        loop {
            let (items, next) = self.store.query(&self.tables.channel, query, from, None).await?;
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

    /// The next `size` entries. Asks for one more, to know whether there is one; where a filter passes over entries, for ever
    /// greater steps.
    async fn walk(&self, query: &Query, size: u32) -> Result<Entries> {
        let mut entries = Entries::default();
        let (mut from, mut limit) = (None, i32::try_from(size).unwrap_or(i32::MAX).saturating_add(1));
        loop {
            let (items, next) = self.store.query(&self.tables.channel, query, from, Some(limit)).await?;
            for item in items {
                if entries.keys.len() == size as usize {
                    entries.more = true;
                    return Ok(entries);
                }
                entries.push(item);
            }
            match next {
                Some(next) => from = Some(next),
                None => return Ok(entries),
            }
            limit = limit.saturating_mul(4);
        }
    }
}

/// The entries of one page.
#[derive(Default)]
struct Entries {
    keys: Vec<Key>,
    /// The sort key of the last of them.
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

impl Filter {
    fn query<T: Resource>(&self, channel: &ChannelId) -> Query {
        let [first, second] = &self.parents;
        let (index, parent, left) = match (first, second) {
            (Some((_, parent)), second) => ("ix2", Some(parent), second.as_ref()),
            (None, Some((_, parent))) => ("ix3", Some(parent), None),
            (None, None) => ("ix1", None, None),
        };
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let mut conditions: Vec<Condition> =
            self.equal.iter().map(|(attribute, value)| Condition::equals(attribute, text(value))).collect();
        conditions.extend(left.map(|(attribute, id)| Condition::equals(attribute, text(id.as_str()))));
        conditions.extend(match (self.occurred_from, self.occurred_to) {
            (Some(from), Some(to)) => {
                Some(Condition::between("occurred_at", row::number(from.as_second()), row::number(to.as_second())))
            }
            (Some(from), None) => Some(Condition::compares("occurred_at", ">=", row::number(from.as_second()))),
            (None, Some(to)) => Some(Condition::compares("occurred_at", "<=", row::number(to.as_second()))),
            (None, None) => None,
        });
        let milliseconds = |moment: Moment| row::number(moment.as_second() * 1000);
        conditions.extend(self.updated_from.map(|from| Condition::compares("updated_at", ">=", milliseconds(from))));
        Query {
            index,
            partition: partition(channel, T::KIND, parent),
            after: None,
            order: Order::Descending,
            filter: conditions.into_iter().reduce(Condition::and),
        }
    }
}
