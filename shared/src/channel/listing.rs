//! Lists of records, newest first.
//!
//! A listed record stands in up to three narrow indexes (keys and the attributes that filters look at): all of its kind in the
//! channel (`ix1`), and those of its two parents (`ix2`, `ix3`). A list is read from the narrowest one that its filter names.

use super::Service;
use super::channels::ChannelId;
use super::record::{Record, Resource};
use super::row;
use crate::error::Result;
use crate::storage::list::List;
use crate::storage::page::{Page, PageRequest};
use crate::storage::table::attribute::{number, text};
use crate::storage::table::{Condition, Order, Query, Range};
use crate::values::{Moment, RecordId};

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

/// The partition of an index: a channel's records of a kind, or those of one parent.
pub(super) fn partition(channel: &ChannelId, kind: &str, parent: Option<&RecordId>) -> String {
    match parent {
        None => format!("{channel}#{kind}"),
        Some(parent) => format!("{channel}#{kind}#{parent}"),
    }
}

impl Service {
    /// One page of a channel's records: see [`List::page`].
    pub async fn list<T: Resource>(
        &self,
        channel: &ChannelId,
        filter: &Filter,
        request: PageRequest,
    ) -> Result<Page<Record<T>>> {
        let list = List {
            store: &self.store,
            keyring: &self.keyring,
            table: &self.tables.channel,
            scope: format!("{channel}/{}/{filter:?}", T::KIND),
            query: filter.query::<T>(channel),
        };
        list.page(request, "cursor").await?.try_map(|item| row::read(&self.keyring, item))
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
            partition: partition(channel, T::KIND, parent),
            range: Range::All,
            order: Order::Descending,
            filter: conditions.into_iter().reduce(Condition::and),
        }
    }
}
