//! The settlement of orders. An order is granted only after WeChat Pay reports the payment, in a notification or in a query. Granting is
//! one transaction on the condition of the order's version, so that fifty notifications grant once (docs/design/jobboard.md, Money).
//! `transition.rs` says what follows from each report.

use jiff::{SignedDuration, Timestamp};
use serde_json::Map;

use super::item::{Record as _, Versioned};
use super::job::{Job, TopWindow};
use super::orders::{Order, OrderState, Purchase};
use super::review::{Reason, Review};
use super::transition::{Next, Step, refunded, reported};
use super::values::Note;
use super::vouchers::{Entry, EntryType};
use super::{Service, keys, missing};
use crate::error::{Error, Fault, Result};
use crate::outbound::wechat::pay::report::Report;
use crate::outbound::wechat::pay::{Closing, Proof};
use crate::runtime::caller::{self, Caller};
use crate::runtime::metrics::Metric;
use crate::storage::audit::{Act, Change, Object};
use crate::storage::table::{Outcome, Write, retry_conflicts};
use crate::values::{Id, Text};

/// The title of bought vouchers in the ledger.
const TITLE: &str = "充值";

impl Service {
    /// Verifies a notification of WeChat Pay, and grants the order or records its refund. A genuine notification has no effect if its order
    /// is settled, or if it reports neither a payment nor a refund.
    ///
    /// DynamoDB: two reads, one transaction; one more read of the job for a top or a refresh.
    pub async fn accept_notification(&self, proof: &Proof, body: &str) -> Result<()> {
        let now = self.clock.now();
        let Some(report) = self.pay.notification(proof, body, now).await? else { return Ok(()) };
        caller::accepted(Caller::WechatPay);
        let invalid = |field: &'static str, reason: &'static str| Error::invalid([Fault::new(field, reason)]);
        let (number, amount) = match &report {
            Report::Payment(transaction) => (&transaction.out_trade_no, transaction.amount.as_ref()),
            Report::Refund(refund) => (&refund.out_trade_no, Some(&refund.amount)),
        };
        let order = self.order_by_number(number).await?.ok_or_else(|| invalid("out_trade_no", "is not ours"))?;
        if !amount.is_some_and(|amount| amount.is_of(order.amount.fen())) {
            return Err(invalid("amount", "is not that of the order"));
        }
        let step = match &report {
            Report::Payment(transaction) => reported(&order, transaction, now),
            Report::Refund(refund) => Some(refunded(refund, now)),
        };
        match step {
            Some(step) => self.step(&caller::act(now), order.id, &step).await.map(drop),
            None => Ok(()),
        }
    }

    /// An order of the user. While it is pending, this queries WeChat Pay, grants a paid order and closes an expired one.
    ///
    /// DynamoDB: one read, and the calls that grant or close.
    pub async fn order_status(&self, user: Id, id: Id) -> Result<Order> {
        let found = self.stored_order(id).await?.map(|stored| stored.record).filter(|order| order.user == user);
        let order = found.ok_or_else(|| missing("order"))?;
        if order.state == OrderState::Pending { self.settle(order).await } else { Ok(order) }
    }

    /// Records that an order was refunded at WeChat Pay: one that is paid or to review. It takes nothing back; `adjust_vouchers` can.
    pub async fn note_refund(&self, act: &Act, number: &str, reason: &Text<1, 256>) -> Result<Order> {
        let order = self.order_by_number(number).await?.ok_or_else(|| missing("order"))?;
        let note = Note { reason: reason.clone(), by: act.by()?, at: self.clock.now().into() };
        self.step(act, order.id, &Step::RefundNoted(note)).await
    }

    async fn order_by_number(&self, number: &str) -> Result<Option<Order>> {
        let Some(id) = Order::id_in(number) else { return Ok(None) };
        let found = self.stored_order(id).await?.map(|stored| stored.record);
        Ok(found.filter(|order| order.number() == number))
    }

    /// Queries WeChat Pay for a pending order, and settles it by the response.
    pub(super) async fn settle(&self, order: Order) -> Result<Order> {
        let number = order.number();
        let mut rejected = None;
        // If WeChat Pay does not close the order, its state has just changed: the second query returns it.
        for _ in 0..2 {
            let now = self.clock.now();
            let known = self.pay.query(&number, now).await?;
            match Next::of(&order, known.as_ref(), now) {
                Next::Step(step) => return self.step(&caller::act(now), order.id, &step).await,
                Next::Wait => return Ok(order),
                Next::Close => match self.pay.close(&number, now).await? {
                    Closing::Closed => return self.step(&caller::act(now), order.id, &Step::Closed).await,
                    Closing::Rejected(code) => rejected = Some(code),
                },
            }
        }
        match rejected.as_deref() {
            // The user is entering the password.
            Some("USERPAYING" | "USER_PAYING") => Ok(order),
            code => Err(Error::internal(format!("WeChat Pay does not close an unpaid order: {}", code.unwrap_or_default()))),
        }
    }

    /// Makes a step of an order. A refund is recorded as an act.
    async fn step(&self, act: &Act, id: Id, step: &Step) -> Result<Order> {
        retry_conflicts(|| async {
            // The time of this attempt: the overlap of the feed allows for one write, not for all attempts.
            let now = self.clock.now();
            let mut stored = self.stored_order(id).await?.ok_or_else(|| missing("order"))?;
            let before = stored.record.item(&self.keyring, stored.version)?;
            if !step.apply(&mut stored.record, now)? {
                return Ok(Some(stored.record));
            }
            let mut writes = Vec::new();
            if matches!(step, Step::Paid { .. }) {
                match self.grant(&stored.record, now).await? {
                    Some(granted) => writes = granted,
                    None => stored.record.review = Some(Review::new(Reason::RefundDue, "SUCCESS", now)),
                }
            }
            let next = stored.next_item(&self.keyring)?;
            if matches!(step, Step::Refunded | Step::RefundNoted(_)) {
                let change = Change::of(Object::new("jobboard", "order", &[&id.to_string()])).changed(&before, &next);
                let reason = stored.record.note.as_ref().map(|note| note.reason.as_str());
                writes.push(self.store.recording(act, &reason.map_or(change.clone(), |reason| change.because(reason)))?);
            }
            writes.push(stored.replace_by(&self.tables.jobboard, next));
            let outcome = self.store.transact(writes).await?;
            self.live.changed();
            match outcome {
                Outcome::Written => {
                    if let Some(review) = &stored.record.review {
                        self.report_review(review);
                    }
                    Ok(Some(stored.record))
                }
                // A concurrent step, or our own earlier write: the next attempt reads the order again.
                Outcome::Rejected(_) => Ok(None),
            }
        })
        .await
    }

    /// Counts an order that has come to need a review. An alarm watches the metric.
    fn report_review(&self, review: &Review) {
        let reason = Map::from_iter([("reason".to_owned(), review.reason.as_str().into())]);
        self.log.metrics(&self.function, self.clock.now(), reason, &[Metric::count("orders_to_review", 1)]);
    }

    /// The parts of a transaction that grant the purchase. `None` if its job is no longer open: no one would see the top or the refresh.
    async fn grant(&self, order: &Order, now: Timestamp) -> Result<Option<Vec<Write>>> {
        if let Purchase::Vouchers { count } = order.purchase {
            let entry = Entry {
                id: self.ids.next(now)?,
                entry_type: EntryType::Buy,
                title: Text::parse(TITLE).map_err(Error::internal)?,
                change: i64::from(count),
                created_at: now.into(),
                note: None,
            };
            return Ok(Some(self.movement(order.user, &entry)?.into()));
        }
        let job = match order.purchase.job() {
            Some(job) => self.store.get(&self.tables.jobboard, keys::job(job)).await?,
            None => None,
        };
        let job = job.map(|item| Versioned::<Job>::read(&self.keyring, item)).transpose()?;
        let Some(mut stored) = job.filter(|stored| stored.record.is_open()) else { return Ok(None) };
        match order.purchase {
            Purchase::Top { hours, .. } => {
                let longer = SignedDuration::from_hours(i64::from(hours));
                stored.record.top = Some(TopWindow::extended(stored.record.top, longer, now));
                stored.record.updated_at = now.into();
            }
            Purchase::Refresh { .. } => stored.record.refreshed_at = Some(now.into()),
            Purchase::Vouchers { .. } => {}
        }
        self.keyring.record().await?;
        let item = stored.next_item(&self.keyring)?;
        Ok(Some(stored.update(&self.tables.jobboard, item, now).into()))
    }
}
