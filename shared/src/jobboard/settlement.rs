//! The settlement of orders. An order is granted only after WeChat Pay reports the payment, in a notification or in a query. Granting is
//! one transaction on the condition of the order's version, so that fifty notifications grant once (docs/design/jobboard.md, Money).

use jiff::{SignedDuration, Timestamp};

use super::item::Versioned;
use super::job::{Job, TopWindow};
use super::orders::{Order, OrderState, Purchase};
use super::values::Note;
use super::vouchers::{Entry, EntryType};
use super::{Service, keys, missing};
use crate::error::{Error, Fault, Result};
use crate::outbound::wechat::pay::{Closing, Proof, Transaction};
use crate::storage::table::{Outcome, Write, retry_conflicts};
use crate::values::{Id, Text};

/// The title of bought vouchers in the ledger.
const TITLE: &str = "充值";

/// A transition of an order.
enum Step<'a> {
    /// Grants the purchase. A closed order is granted too, because the money has arrived.
    Paid(&'a Transaction),
    /// The order was not paid in time.
    Closed,
    /// An administrator has refunded the order at WeChat Pay.
    Refunded(&'a Note),
}

impl Step<'_> {
    /// Changes the order. Returns whether it is different now.
    fn apply(&self, order: &mut Order, now: Timestamp) -> Result<bool> {
        match (self, order.state) {
            (Self::Paid(_), OrderState::Paid | OrderState::Refunded)
            | (Self::Closed, OrderState::Closed | OrderState::Paid | OrderState::Refunded)
            | (Self::Refunded(_), OrderState::Refunded) => return Ok(false),
            (Self::Paid(transaction), OrderState::Pending | OrderState::Closed) => {
                order.state = OrderState::Paid;
                order.paid_at = Some(now.into());
                order.transaction_id.clone_from(&transaction.transaction_id);
            }
            (Self::Closed, OrderState::Pending) => order.state = OrderState::Closed,
            (Self::Refunded(note), OrderState::Paid) => {
                order.state = OrderState::Refunded;
                order.note = Some((*note).clone());
            }
            (Self::Refunded(_), OrderState::Pending | OrderState::Closed) => {
                return Err(Error::conflict(Fault::new("order_no", "was not paid")));
            }
        }
        Ok(true)
    }
}

impl Service {
    /// Verifies a notification of WeChat Pay and grants the order. A genuine notification has no effect if the order was granted before,
    /// or if it does not report a payment.
    ///
    /// DynamoDB: two reads, one transaction; one more read of the job for a top or a refresh.
    pub async fn accept_notification(&self, proof: &Proof, body: &str) -> Result<()> {
        let Some(transaction) = self.pay.notification(proof, body, self.clock.now()).await? else { return Ok(()) };
        let invalid = |field: &'static str, reason: &'static str| Error::invalid([Fault::new(field, reason)]);
        let order = self.order_by_number(&transaction.out_trade_no).await?;
        let order = order.ok_or_else(|| invalid("out_trade_no", "is not ours"))?;
        if !transaction.is_of(order.amount.fen()) {
            return Err(invalid("amount", "is not that of the order"));
        }
        self.step(order.id, &Step::Paid(&transaction)).await.map(drop)
    }

    /// An order of the user. While it is pending, this queries WeChat Pay, grants a paid order and closes an expired one.
    ///
    /// DynamoDB: one read, and the calls that grant or close.
    pub async fn order_status(&self, user: Id, id: Id) -> Result<Order> {
        let found = self.stored_order(id).await?.map(|stored| stored.record).filter(|order| order.user == user);
        let order = found.ok_or_else(|| missing("order"))?;
        if order.state == OrderState::Pending { self.settle(order).await } else { Ok(order) }
    }

    /// Records that a paid order was refunded at WeChat Pay. It takes nothing back; `adjust_vouchers` can.
    pub async fn note_refund(&self, number: &str, reason: &Text<1, 256>, by: &Text<1, 64>) -> Result<Order> {
        let order = self.order_by_number(number).await?.ok_or_else(|| missing("order"))?;
        let note = Note { reason: reason.clone(), by: by.clone(), at: self.clock.now().into() };
        self.step(order.id, &Step::Refunded(&note)).await
    }

    async fn order_by_number(&self, number: &str) -> Result<Option<Order>> {
        let Some(id) = Order::id_in(number) else { return Ok(None) };
        let found = self.stored_order(id).await?.map(|stored| stored.record);
        Ok(found.filter(|order| order.number() == number))
    }

    /// Queries WeChat Pay for a pending order, and grants or closes it.
    pub(super) async fn settle(&self, order: Order) -> Result<Order> {
        let now = self.clock.now();
        let number = order.number();
        let mut known = self.pay.query(&number, now).await?;
        if !known.as_ref().is_some_and(Transaction::is_paid) {
            if now < order.expires_at() {
                return Ok(order);
            }
            match self.pay.close(&number, now).await? {
                Closing::Closed => return self.step(order.id, &Step::Closed).await,
                // The user paid between the two calls.
                Closing::Paid => known = self.pay.query(&number, now).await?,
            }
        }
        match known.filter(Transaction::is_paid) {
            Some(transaction) if transaction.is_of(order.amount.fen()) => self.step(order.id, &Step::Paid(&transaction)).await,
            _ => Err(Error::internal("WeChat Pay reports an impossible state of an order")),
        }
    }

    async fn step(&self, id: Id, step: &Step<'_>) -> Result<Order> {
        retry_conflicts(|| async {
            // The time of this attempt: the overlap of the feed allows for one write, not for all attempts.
            let now = self.clock.now();
            let mut stored = self.stored_order(id).await?.ok_or_else(|| missing("order"))?;
            if !step.apply(&mut stored.record, now)? {
                return Ok(Some(stored.record));
            }
            let mut writes = vec![stored.replace_by(&self.tables.jobboard, stored.next_item()?)];
            if matches!(step, Step::Paid(_)) {
                writes.extend(self.grant(&stored.record, now).await?);
            }
            let outcome = self.store.transact(writes).await?;
            self.live.changed();
            match outcome {
                Outcome::Written => Ok(Some(stored.record)),
                // A concurrent step, or our own earlier write: the next attempt reads the order again.
                Outcome::Rejected(_) => Ok(None),
            }
        })
        .await
    }

    /// The parts of a transaction that grant the purchase.
    async fn grant(&self, order: &Order, now: Timestamp) -> Result<Vec<Write>> {
        if let Purchase::Vouchers { count } = order.purchase {
            let entry = Entry {
                id: self.ids.next(now)?,
                entry_type: EntryType::Buy,
                title: Text::parse(TITLE).map_err(Error::internal)?,
                change: i64::from(count),
                created_at: now.into(),
                note: None,
            };
            return Ok(self.movement(order.user, &entry)?.into());
        }
        let job = match order.purchase.job() {
            Some(job) => self.store.get(&self.tables.jobboard, keys::job(job)).await?,
            None => None,
        };
        let Some(mut stored) = job.map(Versioned::<Job>::read).transpose()? else { return Ok(Vec::new()) };
        match order.purchase {
            Purchase::Top { hours, .. } => {
                let longer = SignedDuration::from_hours(i64::from(hours));
                stored.record.top = Some(TopWindow::extended(stored.record.top, longer, now));
                stored.record.updated_at = now.into();
            }
            Purchase::Refresh { .. } => stored.record.refreshed_at = Some(now.into()),
            Purchase::Vouchers { .. } => {}
        }
        let item = stored.next_item()?;
        Ok(stored.update(&self.tables.jobboard, item, now).into())
    }
}
