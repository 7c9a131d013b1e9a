//! The reports of deliveries to WeChat. The transaction that grants an order marks it for this sweep, which reports it and tries again after a
//! failure (docs/design/jobboard.md, Deliveries).

use jiff::Timestamp;

use super::orders::{Order, OrderState};
use super::review::{Reason, Review};
use super::shipping::ShippingState;
use super::sweeps::id_in;
use super::timeline::{self, Entry, Event};
use super::{Service, keys};
use crate::error::{Error, Result};
use crate::outbound::wechat::shipping::{Reported, Shipment};
use crate::runtime::sweep::{Swept, Time, sweep};
use crate::storage::table::{Key, Outcome, retry_conflicts};
use crate::values::{Id, LocalTime};

/// What became of a report.
enum Report {
    Reported,
    NotNeeded,
    /// Without the payment or the payer, no report can succeed.
    Impossible,
    /// WeChat answered with this code.
    Failed(i64),
}

impl Order {
    /// When to report its delivery. Money that goes back is no longer for goods.
    pub(super) fn report_shipping_at(&self) -> Option<LocalTime> {
        let is_kept = matches!(self.state, OrderState::Paid | OrderState::PartlyRefunded);
        self.shipping.as_ref().filter(|_| is_kept)?.report_at
    }

    /// Applies what became of a report. Returns whether a person must act from now on, or `None` if the delivery was settled before.
    fn settle_shipping(&mut self, report: &Report, now: Timestamp) -> Option<bool> {
        let shipping = self.shipping.as_mut().filter(|shipping| shipping.state == ShippingState::ToReport)?;
        match report {
            Report::Reported => shipping.settle(ShippingState::Reported),
            Report::NotNeeded => shipping.settle(ShippingState::NotNeeded),
            Report::Impossible => shipping.settle(ShippingState::Failed),
            Report::Failed(errcode) => shipping.fail(*errcode, now),
        }
        let (state, word) = (shipping.state, shipping.errcode.map(|errcode| errcode.to_string()));
        let event = match state {
            ShippingState::Reported => Event::ShippingReported,
            ShippingState::Failed => Event::ShippingFailed,
            ShippingState::ToReport | ShippingState::NotNeeded => return Some(false),
        };
        let has_failed = state == ShippingState::Failed;
        if has_failed {
            let review = Review::new(Reason::ShippingFailed, word.as_deref().unwrap_or_default(), now);
            self.review.get_or_insert(review);
        }
        let reported = word.filter(|_| has_failed);
        timeline::add(&mut self.timeline, Entry { reported, ..Entry::new(event, now.into()) });
        Some(has_failed)
    }
}

impl Service {
    /// Reports the deliveries of granted orders to WeChat.
    ///
    /// DynamoDB: the queries of the index; for each order, two reads of it, one of its user, and a transaction.
    pub async fn sweep_shipping(&self, time: &Time) -> Swept {
        let overdue = self.store.due(&self.tables.jobboard, keys::SHIPPING_SWEEP, self.clock.now());
        sweep(overdue, time, |key: Key| async move {
            let (stored, now) = (self.stored_order(id_in(&key)?).await?, self.clock.now());
            let order = stored.map(|stored| stored.record);
            let is_due = |order: &Order| order.report_shipping_at().is_some_and(|at| at <= now.into());
            let Some(order) = order.filter(is_due) else { return Ok(false) };
            let report = self.report_shipping(&order, now).await?;
            self.store_report(order.id, &report).await?;
            match report {
                Report::Failed(errcode) => {
                    Err(Error::internal(format!("WeChat does not accept the delivery of an order: errcode {errcode}")))
                }
                Report::Reported | Report::NotNeeded | Report::Impossible => Ok(true),
            }
        })
        .await
    }

    async fn report_shipping(&self, order: &Order, now: Timestamp) -> Result<Report> {
        let buyer = self.store.get(&self.tables.jobboard, keys::user(order.user)).await?;
        let openid = buyer.map(|item| self.read_user(item)).transpose()?.map(|buyer| buyer.openid);
        // A user who was erased has no openid.
        let openid = openid.filter(|openid| !openid.expose().is_empty());
        let (Some(openid), Some(transaction_id), Some(shipping)) = (openid, &order.transaction_id, &order.shipping) else {
            return Ok(Report::Impossible);
        };
        let description = order.purchase.description();
        let shipment = Shipment { transaction_id, description: &description, openid: &openid, at: shipping.granted_at };
        // A call without a response is no attempt: the order stays overdue, and the next run repeats the call.
        Ok(match self.wechat.report_shipping(&shipment, now).await? {
            Reported::Accepted => Report::Reported,
            Reported::NotManaged => Report::NotNeeded,
            Reported::Rejected(errcode) => Report::Failed(errcode),
        })
    }

    async fn store_report(&self, id: Id, report: &Report) -> Result<()> {
        let needs_review = retry_conflicts(|| async {
            let Some(mut stored) = self.stored_order(id).await? else { return Ok(Some(false)) };
            let Some(needs_review) = stored.record.settle_shipping(report, self.clock.now()) else { return Ok(Some(false)) };
            let item = stored.next_item(&self.keyring)?;
            let replace = stored.replace_by(&self.tables.jobboard, item.clone());
            match self.store.transact(vec![replace]).await?.unless_stored(&item) {
                Outcome::Written => Ok(Some(needs_review)),
                Outcome::Rejected(_) => Ok(None),
            }
        });
        if needs_review.await? {
            self.count_review(Reason::ShippingFailed);
        }
        Ok(())
    }
}
