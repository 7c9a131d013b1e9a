//! What selects the records of a list, and the narrowest index that serves the selection.

use jiff::Timestamp;

use super::keys::{self, ChannelId};
use super::resource::Resource;
use crate::error::{Error, Fault, Result};
use crate::storage::table::attribute::{number, text};
use crate::storage::table::{CHANGED, Condition, Order, Query, Range};
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
    /// Inclusive. The list is in the order of changes.
    pub updated_from: Option<Moment>,
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
    /// Whether it selects all records.
    pub(super) fn is_everything(&self) -> bool {
        let Self { parents, equal, occurred_from, occurred_to, updated_from } = self;
        parents.iter().all(Option::is_none)
            && equal.is_empty()
            && occurred_from.is_none()
            && occurred_to.is_none()
            && updated_from.is_none()
    }

    pub(super) fn query<T: Resource>(&self, channel: &ChannelId, until: Timestamp) -> Query {
        let (index, parent, left, range, order) = match (self.updated_from, &self.parents) {
            (Some(from), parents) => {
                let (low, high) = keys::changed_within(from.as_second() * 1000, until.as_millisecond());
                (CHANGED, None, parents.each_ref().map(Option::as_ref), Range::Between(low, high), Order::Ascending)
            }
            (None, [Some((_, parent)), second]) => {
                ("ix2", Some(parent), [second.as_ref(), None], Range::All, Order::Descending)
            }
            (None, [None, Some((_, parent))]) => ("ix3", Some(parent), [None, None], Range::All, Order::Descending),
            (None, [None, None]) => ("ix1", None, [None, None], Range::All, Order::Descending),
        };
        let mut conditions: Vec<Condition> =
            self.equal.iter().map(|(attribute, value)| Condition::equals(attribute, text(*value))).collect();
        conditions.extend(left.into_iter().flatten().map(|(attribute, id)| Condition::equals(attribute, text(id.as_str()))));
        let second = |moment: Moment| number(moment.as_second());
        let (from, to) = (self.occurred_from.map(second), self.occurred_to.map(second));
        conditions.extend(Condition::within("occurred_at", from, to));
        Query {
            index,
            partition: keys::partition(channel, T::KIND, parent),
            range,
            order,
            filter: conditions.into_iter().reduce(Condition::and),
        }
    }
}
