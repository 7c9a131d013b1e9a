//! What is due on the job board: unpaid orders, ended tops, pictures that arrived unheard (jobboard.md, Money and Images).

use futures::stream;
use jiff::SignedDuration;

use super::Service;
use super::orders::OrderState;
use crate::error::{Error, Kind, Result};
use crate::runtime::sweep::{Swept, Time, sweep};
use crate::storage::table::Key;
use crate::values::Id;

/// What orders that can still be paid, and jobs with a top, are marked with.
pub(super) const ORDER: &str = "order";
pub(super) const TOP: &str = "top";
/// Who arrives is checked at once: what lies longer was not heard of.
const UNHEARD: SignedDuration = SignedDuration::from_mins(15);

impl Service {
    /// Asks WeChat for each order whose time is over, and grants or closes it.
    ///
    /// DynamoDB: the queries of the index; for each, a read and what granting or closing takes.
    pub async fn sweep_orders(&self, time: &Time) -> Swept {
        let due = self.store.due(&self.tables.jobboard, ORDER, self.clock.now());
        sweep(due, time, |key: Key| async move {
            let stored = self.stored_order(id_in(&key)?).await?;
            match stored.map(|stored| stored.order).filter(|order| order.state == OrderState::Pending) {
                Some(order) => Ok(self.settle(order).await?.state != OrderState::Pending),
                None => Ok(false),
            }
        })
        .await
    }

    /// Clears each top that has ended.
    ///
    /// DynamoDB: the queries of the index; for each, a read and a transaction.
    pub async fn sweep_tops(&self, time: &Time) -> Swept {
        let due = self.store.due(&self.tables.jobboard, TOP, self.clock.now());
        sweep(due, time, |key: Key| async move { self.clear_top(id_in(&key)?).await }).await
    }

    /// Checks the pictures that lie where they arrived: each goes where it is shown, or is removed.
    pub async fn sweep_arrivals(&self, time: &Time) -> Swept {
        let due = match self.arrived_before(self.clock.now() - UNHEARD).await {
            Ok(keys) => keys.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error)],
        };
        sweep(stream::iter(due), time, |key: String| async move {
            match self.check_arrival(&key).await {
                Ok(_) => Ok(true),
                // No name of a picture's: nobody will ask for it.
                Err(error) if error.kind() == Kind::Invalid => self.objects.delete(&key).await.map(|()| true),
                Err(error) => Err(error),
            }
        })
        .await
    }
}

/// The id in the key of an order or a job.
fn id_in(key: &Key) -> Result<Id> {
    let id = key.pk.split_once('#').and_then(|(_, id)| id.parse().ok());
    id.map(Id::from_u64).ok_or_else(|| Error::internal("a key without an id"))
}
