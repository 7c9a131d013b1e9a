//! The settlement of orders. An order is granted only after WeChat Pay reports the payment, in a notification or in a query. Granting is
//! one transaction on the condition of the order's version, so that fifty notifications grant once (docs/design/jobboard.md, Money).
//! `transition.rs` says what follows from each report.

use jiff::{SignedDuration, Timestamp};
use serde_json::Map;

use super::item::{Record as _, Versioned};
use super::job::{Job, TopWindow};
use super::orders::{Order, OrderState, Purchase};
use super::review::{Reason, Review};
use super::timeline::{self, Cause, Entry, Event, Heard};
use super::transition::{Next, Step, event_of, refunded, reported};
use super::values::Note;
use super::vouchers::EntryType;
use super::{Service, keys, missing, vouchers};
use crate::crypto::random::random_text;
use crate::error::{Error, Fault, Result};
use crate::outbound::wechat::pay::report::{Report, Transaction};
use crate::outbound::wechat::pay::{Closing, Proof};
use crate::runtime::caller::{self, Caller};
use crate::runtime::metrics::Metric;
use crate::storage::audit::{Act, Change, Object};
use crate::storage::table::attribute::text;
use crate::storage::table::{Outcome, STAMP, Write, retry_conflicts};
use crate::values::{Id, Text};

/// The title of bought vouchers in the ledger.
const TITLE: &str = "充值";
/// The attribute of the time line.
const TIMELINE: &str = "timeline";

/// What follows for an order from a report or a command.
enum Finding {
    Step(Step),
    NoEffect(Cause),
    Rejected(Cause),
}

fn of_transaction(event: Event, transaction: &Transaction) -> Heard {
    Heard::new(event, transaction.trade_state.as_str(), transaction.transaction_id.as_deref())
}

impl Service {
    /// Verifies a notification of WeChat Pay, and grants the order or records its refund. A genuine notification has no effect if its order
    /// is settled, or if it reports neither a payment nor a refund. Either way it is added to the time line of its order.
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
        let heard = match &report {
            Report::Payment(transaction) => of_transaction(Event::Notified, transaction),
            Report::Refund(refund) => Heard::new(Event::Notified, &event_of(refund), refund.transaction_id.as_deref()),
        };
        let finding = match &report {
            _ if !amount.is_some_and(|amount| amount.is_of(order.amount.fen())) => Finding::Rejected(Cause::WrongAmount),
            Report::Payment(transaction) => {
                reported(&order, transaction, now).map_or(Finding::NoEffect(Cause::NotPaid), Finding::Step)
            }
            Report::Refund(refund) => Finding::Step(refunded(refund, now)),
        };
        self.advance(&caller::act(now), order.id, &finding, Some(&heard)).await?;
        match finding {
            Finding::Rejected(_) => Err(invalid("amount", "is not that of the order")),
            Finding::Step(_) | Finding::NoEffect(_) => Ok(()),
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
        self.advance(act, order.id, &Finding::Step(Step::RefundNoted(note)), None).await
    }

    pub(super) async fn order_by_number(&self, number: &str) -> Result<Option<Order>> {
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
                Next::Step(step) => {
                    let heard = known.as_ref().map(|transaction| of_transaction(Event::Queried, transaction));
                    return self.advance(&caller::act(now), order.id, &Finding::Step(step), heard.as_ref()).await;
                }
                Next::Wait => return Ok(order),
                Next::Close => match self.pay.close(&number, now).await? {
                    Closing::Closed => {
                        return self.advance(&caller::act(now), order.id, &Finding::Step(Step::Closed), None).await;
                    }
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

    /// Applies to an order what follows from a report or a command, and adds it to the time line. A refund is recorded as an act.
    async fn advance(&self, act: &Act, id: Id, finding: &Finding, heard: Option<&Heard>) -> Result<Order> {
        let stamp = text(random_text()?);
        retry_conflicts(|| async {
            // The time of this attempt: the overlap of the feed allows for one write, not for all attempts.
            let now = self.clock.now();
            let found = self.store.get(&self.tables.jobboard, keys::order(id)).await?.ok_or_else(|| missing("order"))?;
            let is_ours = found.get(STAMP) == Some(&stamp);
            let mut stored = Versioned::<Order>::read(&self.keyring, found)?;
            if is_ours {
                // Our own earlier write, whose response was lost.
                return Ok(Some(stored.record));
            }
            let before = stored.record.clone();
            let (outcome, reason) = match finding {
                Finding::Step(step) => {
                    let is_applied = step.apply(&mut stored.record, now)?;
                    step.outcome(&stored.record, is_applied)
                }
                Finding::NoEffect(cause) => (timeline::Outcome::NoEffect, Some(cause.as_str())),
                Finding::Rejected(cause) => (timeline::Outcome::Rejected, Some(cause.as_str())),
            };
            let has_moved = matches!(outcome, timeline::Outcome::Accepted | timeline::Outcome::ToReview);
            if !has_moved && heard.is_none_or(|heard| heard.event != Event::Notified) {
                return Ok(Some(stored.record));
            }
            if let Some(heard) = heard {
                timeline::add(&mut stored.record.timeline, heard.entry(now.into(), outcome, reason));
            }
            let mut writes = match finding {
                Finding::Step(step) if has_moved => self.carry_out(act, step, &before, &mut stored, now).await?,
                _ => Vec::new(),
            };
            // The payment that the order knows leads to it already.
            if let Some(transaction_id) = heard.and_then(|heard| heard.transaction_id.as_deref())
                && before.transaction_id.as_deref() != Some(transaction_id)
            {
                let item = stored.record.transaction_item(transaction_id);
                writes.push(Write::Set { table: self.tables.jobboard.clone(), item });
            }
            let mut next = stored.next_item(&self.keyring)?;
            next.insert(STAMP.into(), stamp.clone());
            writes.push(stored.replace_by(&self.tables.jobboard, next));
            let outcome = self.store.transact(writes).await?;
            self.live.changed();
            match outcome {
                Outcome::Written => {
                    if let Some(review) = stored.record.review.as_ref().filter(|_| has_moved) {
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

    /// What follows from a step that the order has made: the grant, the record of a refund, and the entry of the time line.
    async fn carry_out(
        &self,
        act: &Act,
        step: &Step,
        before: &Order,
        stored: &mut Versioned<Order>,
        now: Timestamp,
    ) -> Result<Vec<Write>> {
        let mut writes = Vec::new();
        let event = match step {
            Step::Review(_) => return Ok(writes),
            Step::Paid { .. } => match self.grant(&stored.record, now).await? {
                Some(granted) => {
                    writes = granted;
                    Event::Granted
                }
                None => {
                    stored.record.review = Some(Review::new(Reason::RefundDue, "SUCCESS", now));
                    Event::RefundDue
                }
            },
            Step::Closed => Event::Closed,
            Step::Refunded { .. } | Step::RefundNoted(_) => {
                // The time line is no field of its own.
                let (before, after) = (before.item(&self.keyring, stored.version)?, stored.next_item(&self.keyring)?);
                let object = Object::new("jobboard", "order", &[&stored.record.id.to_string()]);
                let mut change = Change::of(object).changed(&before, &after);
                change.fields.retain(|field| field != TIMELINE);
                let reason = stored.record.note.as_ref().map(|note| note.reason.as_str());
                writes.push(self.store.recording(act, &reason.map_or(change.clone(), |reason| change.because(reason)))?);
                Event::Refunded
            }
        };
        let by = match step {
            Step::RefundNoted(note) => Some(note.by.clone()),
            _ => None,
        };
        timeline::add(&mut stored.record.timeline, Entry { by, ..Entry::new(event, now.into()) });
        Ok(writes)
    }

    /// Counts an order that has come to need a review. An alarm watches the metric.
    fn report_review(&self, review: &Review) {
        let reason = Map::from_iter([("reason".to_owned(), review.reason.as_str().into())]);
        self.log.metrics(&self.function, self.clock.now(), reason, &[Metric::count("orders_to_review", 1)]);
    }

    /// The parts of a transaction that grant the purchase. `None` if its job is no longer open: no one would see the top or the refresh.
    async fn grant(&self, order: &Order, now: Timestamp) -> Result<Option<Vec<Write>>> {
        if let Purchase::Vouchers { count } = order.purchase {
            let entry = vouchers::Entry {
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
