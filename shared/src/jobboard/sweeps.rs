//! The scheduled clean-up: expired orders, ended tops, and uploads whose S3 event was lost (docs/design/jobboard.md, Money and Images).

use futures::stream;
use jiff::SignedDuration;

use super::orders::OrderState;
use super::transition::Patience;
use super::{Service, keys};
use crate::error::{Error, Kind, Result};
use crate::runtime::caller;
use crate::runtime::sweep::{Swept, Time, sweep};
use crate::storage::table::Key;
use crate::values::Id;

/// S3 notifies `ops-uploads` of an upload within moments. After this time the event counts as lost.
const EVENT_LOST_AFTER: SignedDuration = SignedDuration::from_mins(15);

impl Service {
    /// Queries WeChat Pay for each expired order, and grants or closes it; and for each refund that is not settled.
    ///
    /// DynamoDB: the queries of the index; for each order, a read and the calls that grant or close, or that settle a refund.
    pub async fn sweep_orders(&self, time: &Time) -> Swept {
        let overdue = self.store.due(&self.tables.jobboard, keys::ORDER_SWEEP, self.clock.now());
        sweep(overdue, time, |key: Key| async move {
            let stored = self.stored_order(id_in(&key)?).await?;
            let (order, now) = (stored.map(|stored| stored.record), self.clock.now());
            let act = caller::act(now);
            match order {
                Some(order) if order.state == OrderState::Pending => {
                    Ok(self.settle(&act, order, Patience::UntilExpired).await?.state != OrderState::Pending)
                }
                Some(order) if order.query_refunds_at().is_some_and(|at| at <= now.into()) => {
                    Ok(self.pursue_refunds(&act, order).await?.query_refunds_at().is_none())
                }
                _ => Ok(false),
            }
        })
        .await
    }

    /// Clears each top that has ended.
    ///
    /// DynamoDB: the queries of the index; for each job, a read and a transaction.
    pub async fn sweep_tops(&self, time: &Time) -> Swept {
        let overdue = self.store.due(&self.tables.jobboard, keys::TOP_SWEEP, self.clock.now());
        sweep(overdue, time, |key: Key| async move { self.clear_top(id_in(&key)?).await }).await
    }

    /// Verifies the uploads whose S3 event was lost. Images become public; anything else is deleted.
    pub async fn sweep_arrivals(&self, time: &Time) -> Swept {
        let overdue = match self.arrived_before(self.clock.now() - EVENT_LOST_AFTER).await {
            Ok(keys) => keys.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error)],
        };
        sweep(stream::iter(overdue), time, |key: String| async move {
            match self.check_arrival(&key).await {
                Ok(_) => Ok(true),
                // The key is not that of an image: no one can request it.
                Err(error) if error.kind() == Kind::Invalid => self.objects.delete(&key).await.map(|()| true),
                Err(error) => Err(error),
            }
        })
        .await
    }
}

/// The id in the key of an order or a job.
pub(super) fn id_in(key: &Key) -> Result<Id> {
    let id = key.pk.split_once('#').and_then(|(_, id)| id.parse().ok());
    id.map(Id::from_u64).ok_or_else(|| Error::internal("a key without an id"))
}
