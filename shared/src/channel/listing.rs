//! Lists of records, newest first for partners, in either direction for staff.
//!
//! A listed record has entries in up to three narrow indexes, which contain the keys and the attributes of filters: `ix1` lists all
//! records of its kind in the channel, `ix2` and `ix3` those of its two parents. A list is read from the narrowest partition that its
//! filter names.
//!
//! The index `changed` has the same records in the order of their last change. It lists what has changed since a time, the first change
//! first. A writer takes the time before it writes, and the index follows later, so that a change can appear behind a later one. The list
//! therefore ends [`SETTLED_AFTER`] ago: a client that follows its cursors misses no change, and sees a record twice only if it changes again.
//!
//! Partners also get a page by number and the total, from memory. Staff get pages by cursor alone.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use super::Service;
use super::filter::Filter;
use super::item::from_item;
use super::keys::{self, ChannelId, SETTLED_AFTER};
use super::resource::{Record, Resource};
use super::view::Found;
use crate::error::Result;
use crate::storage::list::List;
use crate::storage::listing::{Listed, PageOf};
use crate::storage::page::{Cursor, Page, PageRequest};
use crate::storage::table::CHANGED;

impl Service {
    /// One page of a channel's records. A page by number, and its total, come from memory ([`view`](super::view)); a page by cursor, and
    /// what has changed since a time, from an index ([`List::page`]).
    ///
    /// DynamoDB: one query of the last changes for a page by number, or one for each 1 MB of the list when the process reads it for the
    /// first time; then one batch read.
    pub async fn list<T: Resource>(
        &self,
        channel: &ChannelId,
        filter: &Filter,
        request: PageRequest,
    ) -> Result<Page<Record<T>>> {
        if request.cursor.is_none()
            && filter.updated_from.is_none()
            && let Some(page) = self.numbered(channel, filter, &request).await?
        {
            return Ok(page);
        }
        let settled = self.clock.now() - SETTLED_AFTER;
        let mut page = self.record_list::<T>(channel, filter, settled).page(request, "cursor").await?;
        if filter.updated_from.is_some() {
            // A record that has changed since the index was read is listed when this change has settled.
            let (_, last) = keys::changed_within(0, settled.as_millisecond());
            page.list.retain(|item| matches!(item.get(CHANGED), Some(AttributeValue::S(changed)) if *changed <= last));
        }
        page.try_map(|item| from_item(&self.keyring, item))
    }

    /// A page by number. `None` if the list needs too much memory.
    async fn numbered<T: Resource>(
        &self,
        channel: &ChannelId,
        filter: &Filter,
        request: &PageRequest,
    ) -> Result<Option<Page<Record<T>>>> {
        let PageRequest { page, size, .. } = *request;
        let skip = u64::from(page.max(1) - 1) * u64::from(size);
        let partition = keys::partition(channel, T::KIND, None);
        let Some(found) = self.with_rows(&partition, |rows| rows.page(filter, skip, size)).await? else { return Ok(None) };
        let Found { records, total } = found;
        let last = records.last().filter(|_| total > skip + u64::from(size));
        let next = last.map(|(server_id, id)| Cursor { position: keys::position(*server_id, id), total, page: page + 1 });
        let scope = scope::<T>(channel, filter);
        let next_cursor = next.map(|cursor| cursor.seal(&self.keyring, &scope)).transpose()?;
        let keys = records.iter().map(|(_, id)| keys::record(channel, T::KIND, id)).collect();
        let list = self.store.get_all(&self.tables.channel, keys).await?;
        Page { list, total, page, page_size: size, next_cursor }.try_map(|item| from_item(&self.keyring, item)).map(Some)
    }

    /// A page of a channel's records by age, or by the time of their last change, as staff list them.
    ///
    /// DynamoDB: up to four queries, for up to 85 entries for each record of the page if the filter rejects entries, and one batch read.
    pub async fn list_records<T: Resource>(
        &self,
        channel: &ChannelId,
        filter: &Filter,
        page: &PageOf<'_>,
    ) -> Result<Listed<Record<T>>> {
        let listed = self.record_list::<T>(channel, filter, Timestamp::MAX).listed(page).await?;
        listed.try_map(|item| from_item(&self.keyring, item))
    }

    /// `until` is the end of a list in the order of changes.
    fn record_list<T: Resource>(&self, channel: &ChannelId, filter: &Filter, until: Timestamp) -> List<'_> {
        List {
            store: &self.store,
            keyring: &self.keyring,
            table: &self.tables.channel,
            scope: scope::<T>(channel, filter),
            query: filter.query::<T>(channel, until),
            milestones: None,
        }
    }
}

/// The name of a list in its cursors.
fn scope<T: Resource>(channel: &ChannelId, filter: &Filter) -> String {
    format!("{channel}/{}/{filter:?}", T::KIND)
}
