//! What becomes of orders: nothing is granted before WeChat says that it was paid, in a notification or when it is asked. Granting
//! is one transaction, conditional on the order's state, so that fifty notifications grant once (jobboard.md, Money).

use jiff::{SignedDuration, Timestamp};

use super::job::{Note, Stored, TopWindow};
use super::orders::{Order, OrderState, Purchase, StoredOrder};
use super::vouchers::{Entry, EntryType};
use super::{Service, missing, row};
use crate::error::{Error, Fault, Result};
use crate::outbound::wechat::pay::{Closing, Proof, Transaction};
use crate::storage::table::{Outcome, Write, retry_conflicts};
use crate::values::Id;
use crate::values::Text;

/// What bought vouchers are recorded as in the ledger.
const TITLE: &str = "充值";

/// A step that an order takes.
enum Step<'a> {
    /// And what was bought is granted. An order that was closed is granted too: the money is there.
    Paid(&'a Transaction),
    /// Nobody has paid it, and nobody can any more.
    Closed,
    /// By an administrator, who has given the money back at WeChat Pay.
    Refunded(&'a Note),
}

impl Step<'_> {
    /// Takes the step; whether it changed anything.
    fn take(&self, order: &mut Order, now: Timestamp) -> Result<bool> {
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
    /// Takes a notification of WeChat's and grants what was paid. What is genuine and was granted before, or tells of no payment, is
    /// taken without effect.
    ///
    /// DynamoDB: two reads, one transaction; for a top or a refresh, one read of the job more.
    pub async fn notified(&self, proof: &Proof, body: &str) -> Result<()> {
        let Some(transaction) = self.pay.notification(proof, body, self.clock.now()).await? else { return Ok(()) };
        let refused = |field: &'static str, reason: &'static str| Error::invalid([Fault::new(field, reason)]);
        let order =
            self.order_numbered(&transaction.out_trade_no).await?.ok_or_else(|| refused("out_trade_no", "is not ours"))?;
        if !transaction.is_of(order.amount.fen()) {
            return Err(refused("amount", "is not that of the order"));
        }
        self.step(order.id, &Step::Paid(&transaction)).await.map(drop)
    }

    /// An order of the user's. While it is pending, WeChat is asked: it is granted if it was paid, and closed when its time is over.
    ///
    /// DynamoDB: one read, and what granting or closing takes.
    pub async fn order_status(&self, user: Id, id: Id) -> Result<Order> {
        let found = self.stored_order(id).await?.filter(|StoredOrder { order, .. }| order.user == user);
        let order = found.ok_or_else(|| missing("order"))?.order;
        if order.state == OrderState::Pending { self.settle(order).await } else { Ok(order) }
    }

    /// Notes that a paid order was refunded at WeChat Pay. What was granted stays: see `adjust_vouchers`.
    pub async fn note_refund(&self, number: &str, reason: &Text<1, 256>, by: &Text<1, 64>) -> Result<Order> {
        let order = self.order_numbered(number).await?.ok_or_else(|| missing("order"))?;
        let note = Note { reason: reason.clone(), by: by.clone(), at: self.clock.now().into() };
        self.step(order.id, &Step::Refunded(&note)).await
    }

    async fn order_numbered(&self, number: &str) -> Result<Option<Order>> {
        let Some(id) = Order::id_in(number) else { return Ok(None) };
        let found = self.stored_order(id).await?.map(|stored| stored.order);
        Ok(found.filter(|order| order.number() == number))
    }

    /// Grants or closes a pending order, as WeChat tells of it.
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
                // In between.
                Closing::Paid => known = self.pay.query(&number, now).await?,
            }
        }
        match known.filter(Transaction::is_paid) {
            Some(transaction) if transaction.is_of(order.amount.fen()) => self.step(order.id, &Step::Paid(&transaction)).await,
            _ => Err(Error::internal("WeChat Pay tells of an order what cannot be")),
        }
    }

    async fn step(&self, id: Id, step: &Step<'_>) -> Result<Order> {
        retry_conflicts(|| async {
            // Of this try: readers of the feed reckon with as long as one write takes.
            let now = self.clock.now();
            let mut stored = self.stored_order(id).await?.ok_or_else(|| missing("order"))?;
            if !step.take(&mut stored.order, now)? {
                return Ok(Some(stored.order));
            }
            let mut writes = vec![stored.put(&self.tables.jobboard)?];
            if matches!(step, Step::Paid(_)) {
                writes.extend(self.grant(&stored.order, now).await?);
            }
            let outcome = self.store.transact(writes).await?;
            self.live.changed();
            match outcome {
                Outcome::Written => Ok(Some(stored.order)),
                // A concurrent step, or our own earlier write: the next attempt reads the order again.
                Outcome::Rejected(_) => Ok(None),
            }
        })
        .await
    }

    /// What was bought, as parts of a transaction.
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
            Some(job) => self.store.get(&self.tables.jobboard, row::job(job)).await?,
            None => None,
        };
        let Some(mut stored) = job.map(Stored::read).transpose()? else { return Ok(Vec::new()) };
        match order.purchase {
            Purchase::Top { hours, .. } => {
                let longer = SignedDuration::from_hours(i64::from(hours));
                stored.job.top = Some(TopWindow::extended(stored.job.top, longer, now));
                stored.job.updated_at = now.into();
            }
            Purchase::Refresh { .. } => stored.job.refreshed_at = Some(now.into()),
            Purchase::Vouchers { .. } => {}
        }
        Ok(stored.writes(&self.tables.jobboard, now)?.into())
    }
}
