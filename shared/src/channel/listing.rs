//! Lists of records, newest first for partners, in either direction for staff.
//!
//! A listed record has entries in up to three narrow indexes, which contain the keys and the attributes of filters: `ix1` lists all
//! records of its kind in the channel, `ix2` and `ix3` those of its two parents. A list is read from the narrowest partition that its
//! filter names.
//!
//! Partners also get a page by number and the total, for which the whole partition is read. Staff get pages by cursor alone.

use super::Service;
use super::item::from_item;
use super::keys::{self, ChannelId};
use super::resource::{Record, Resource};
use crate::error::{Error, Fault, Result};
use crate::storage::list::List;
use crate::storage::listing::{Listed, PageOf};
use crate::storage::page::{Page, PageRequest};
use crate::storage::table::attribute::{number, text};
use crate::storage::table::{Condition, Order, Query, Range};
use crate::values::{Moment, PeriodEnd, PeriodStart, RecordId};

/// Selects the records of a list that satisfy all given conditions. Cursors are bound to its `Debug` form: a change of the fields makes
/// older cursors invalid.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// As in [`Listing::parents`](super::resource::Listing::parents), each with the attribute that holds it.
    pub parents: [Option<(&'static str, RecordId)>; 2],
    /// Attributes and their values.
    pub equal: Vec<(&'static str, &'static str)>,
    /// Inclusive, like `occurred_to`.
    pub occurred_from: Option<Moment>,
    pub occurred_to: Option<Moment>,
    /// Inclusive.
    pub updated_from: Option<Moment>,
}

impl Service {
    /// One page of a channel's records: see [`List::page`].
    pub async fn list<T: Resource>(
        &self,
        channel: &ChannelId,
        filter: &Filter,
        request: PageRequest,
    ) -> Result<Page<Record<T>>> {
        let page = self.record_list::<T>(channel, filter).page(request, "cursor").await?;
        page.try_map(|item| from_item(&self.keyring, item))
    }

    /// A page of a channel's records by age, as staff list them.
    ///
    /// DynamoDB: up to four queries, for up to 85 entries for each record of the page if the filter rejects entries, and one batch read.
    pub async fn list_records<T: Resource>(
        &self,
        channel: &ChannelId,
        filter: &Filter,
        page: &PageOf<'_>,
    ) -> Result<Listed<Record<T>>> {
        let listed = self.record_list::<T>(channel, filter).listed(page).await?;
        listed.try_map(|item| from_item(&self.keyring, item))
    }

    fn record_list<T: Resource>(&self, channel: &ChannelId, filter: &Filter) -> List<'_> {
        List {
            store: &self.store,
            keyring: &self.keyring,
            table: &self.tables.channel,
            scope: format!("{channel}/{}/{filter:?}", T::KIND),
            query: filter.query::<T>(channel),
        }
    }
}

/// The two ends of a period, both included.
pub fn period(start: Option<PeriodStart>, end: Option<PeriodEnd>) -> Result<(Option<Moment>, Option<Moment>)> {
    let (start, end) = (start.map(|PeriodStart(start)| start), end.map(|PeriodEnd(end)| end));
    match (start, end) {
        (Some(start), Some(end)) if end < start => {
            Err(Error::invalid([Fault::new("end_date", "must not be before start_date")]))
        }
        period => Ok(period),
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
        let mut conditions: Vec<Condition> =
            self.equal.iter().map(|(attribute, value)| Condition::equals(attribute, text(*value))).collect();
        conditions.extend(left.map(|(attribute, id)| Condition::equals(attribute, text(id.as_str()))));
        let second = |moment: Moment| number(moment.as_second());
        let (from, to) = (self.occurred_from.map(second), self.occurred_to.map(second));
        conditions.extend(Condition::within("occurred_at", from, to));
        let milliseconds = |moment: Moment| number(moment.as_second() * 1000);
        conditions.extend(self.updated_from.map(|from| Condition::compares("updated_at", ">=", milliseconds(from))));
        Query {
            index,
            partition: keys::partition(channel, T::KIND, parent),
            range: Range::All,
            order: Order::Descending,
            filter: conditions.into_iter().reduce(Condition::and),
        }
    }
}
