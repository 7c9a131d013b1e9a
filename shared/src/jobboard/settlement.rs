//! The settlement of orders. An order is granted only after WeChat Pay reports the payment, in a notification or in a query. Granting is
//! one transaction on the condition of the order's version, so that fifty notifications grant once (docs/design/jobboard.md, Money).
//! `transition.rs` says what follows from each report.

use jiff::{SignedDuration, Timestamp};
use serde_json::Map;

use super::item::Versioned;
use super::job::{Job, TopWindow};
use super::orders::{Order, OrderState, Purchase, UNPAID};
use super::refund::{NewRefund, Settled};
use super::review::{Reason, Review};
use super::shipping::Shipping;
use super::timeline::{self, Cause, Entry, Event, Heard};
use super::transition::{Effect, JOB_CLOSED, Next, Patience, Step, refunded, reported, word_of};
use super::vouchers::EntryType;
use super::{Service, keys, missing};
use crate::crypto::random::random_text;
use crate::error::{Error, Fault, Result};
use crate::outbound::wechat::pay::report::{Report, Transaction};
use crate::outbound::wechat::pay::{Closing, Proof};
use crate::runtime::caller::{self, Caller};
use crate::runtime::metrics::Metric;
use crate::storage::audit::Act;
use crate::storage::table::attribute::text;
use crate::storage::table::{Outcome, STAMP, Write, retry_conflicts};
use crate::values::Id;

/// The title of bought vouchers in the ledger.
const TITLE: &str = "充值";

/// What follows for an order from a report or a command.
pub(super) enum Finding {
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
            Report::Refund(refund) => Heard::new(Event::Notified, &word_of(&refund.result), refund.transaction_id.as_deref()),
        };
        let finding = match &report {
            _ if !amount.is_some_and(|amount| amount.is_of(order.amount.fen())) => Finding::Rejected(Cause::WrongAmount),
            Report::Payment(transaction) => {
                reported(&order, transaction, now).map_or(Finding::NoEffect(Cause::NotPaid), Finding::Step)
            }
            Report::Refund(refund) => Finding::Step(refunded(&order, refund, now)),
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
        if order.state == OrderState::Pending {
            self.settle(&caller::act(self.clock.now()), order, Patience::UntilExpired).await
        } else {
            Ok(order)
        }
    }

    pub(super) async fn order_by_number(&self, number: &str) -> Result<Option<Order>> {
        let Some(id) = Order::id_in(number) else { return Ok(None) };
        let found = self.stored_order(id).await?.map(|stored| stored.record);
        Ok(found.filter(|order| order.number() == number))
    }

    /// Queries WeChat Pay for a pending order, and settles it by the response.
    pub(super) async fn settle(&self, act: &Act, order: Order, patience: Patience) -> Result<Order> {
        let number = order.number();
        let mut rejected = None;
        // If WeChat Pay does not close the order, its state has just changed: the second query returns it.
        for _ in 0..2 {
            let now = self.clock.now();
            let known = self.pay.query(&number, now).await?;
            match Next::of(&order, known.as_ref(), now, patience) {
                Next::Step(step) => {
                    let heard = known.as_ref().map(|transaction| of_transaction(Event::Queried, transaction));
                    return self.advance(act, order.id, &Finding::Step(step), heard.as_ref()).await;
                }
                Next::Wait => return Ok(order),
                Next::Close => match self.pay.close(&number, now).await? {
                    Closing::Closed => {
                        return self.advance(act, order.id, &Finding::Step(Step::Closed), None).await;
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

    /// Applies to an order what follows from a report or a command. If a refund begins, requests it at WeChat Pay.
    pub(super) async fn advance(&self, act: &Act, id: Id, finding: &Finding, heard: Option<&Heard>) -> Result<Order> {
        let (order, effect) = self.step(act, id, finding, heard).await?;
        match effect.begun() {
            Some(place) => Ok(self.try_refund(act, order, place).await),
            None => Ok(order),
        }
    }

    /// Applies to an order what follows from a report or a command, and adds it to the time line. A refund is recorded as an act.
    pub(super) async fn step(&self, act: &Act, id: Id, finding: &Finding, heard: Option<&Heard>) -> Result<(Order, Effect)> {
        let stamp = text(random_text()?);
        retry_conflicts(|| async {
            // The time of this attempt: the overlap of the feed allows for one write, not for all attempts.
            let now = self.clock.now();
            let found = self.store.get(&self.tables.jobboard, keys::order(id)).await?.ok_or_else(|| missing("order"))?;
            let is_ours = found.get(STAMP) == Some(&stamp);
            let mut stored = Versioned::<Order>::read(&self.keyring, found)?;
            if is_ours {
                // Our own earlier write, whose response was lost. The clean-up requests a refund that it began.
                return Ok(Some((stored.record, Effect::Nothing)));
            }
            let before = stored.record.clone();
            let (effect, outcome, reason) = match finding {
                Finding::Step(step) => {
                    let effect = step.apply(&mut stored.record, now)?;
                    let (outcome, reason) = step.outcome(&stored.record, effect);
                    (effect, outcome, reason)
                }
                Finding::NoEffect(cause) => (Effect::Nothing, timeline::Outcome::NoEffect, Some(cause.as_str())),
                Finding::Rejected(cause) => (Effect::Nothing, timeline::Outcome::Rejected, Some(cause.as_str())),
            };
            if effect == Effect::Nothing && heard.is_none_or(|heard| heard.event != Event::Notified) {
                return Ok(Some((stored.record, effect)));
            }
            let waits = matches!(effect, Effect::RefundSettled(_, Settled::Waits));
            if let Some(heard) = heard.filter(|_| !waits) {
                timeline::add(&mut stored.record.timeline, heard.entry(now.into(), outcome, reason));
            }
            let (effect, mut writes) = match finding {
                Finding::Step(step) => self.carry_out(act, step, effect, &before, &mut stored, now).await?,
                _ => (effect, Vec::new()),
            };
            if before.state == OrderState::Pending && matches!(effect, Effect::Paid | Effect::PaidLate(_)) {
                writes.push(self.uncount(before.user, UNPAID, before.created_at.into()));
            }
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
                    self.report(&before, &stored.record, effect);
                    Ok(Some((stored.record, effect)))
                }
                // A concurrent step, or our own earlier write: the next attempt reads the order again.
                Outcome::Rejected(rejections) if rejections.last().is_some_and(|order| order.failed) => Ok(None),
                Outcome::Rejected(_) => self.check_unspent(&before, &stored.record, effect).await.map(|()| None),
            }
        })
        .await
    }

    /// What follows from the effect of a step: the grant, what a refund takes back, its record, and the entries of the time line. A payment for
    /// which nothing can be granted begins a refund, so the effect may be another one.
    async fn carry_out(
        &self,
        act: &Act,
        step: &Step,
        effect: Effect,
        before: &Order,
        stored: &mut Versioned<Order>,
        now: Timestamp,
    ) -> Result<(Effect, Vec<Write>)> {
        let effect = match effect {
            Effect::Paid => {
                if let Some(granted) = self.grant(&stored.record, now).await? {
                    stored.record.shipping = Some(Shipping::of_grant(now));
                    timeline::add(&mut stored.record.timeline, Entry::new(Event::Granted, now.into()));
                    return Ok((effect, granted));
                }
                let begun = stored.record.begin_refund(&NewRefund::by_rule(JOB_CLOSED)?, now)?;
                begun.map_or(effect, Effect::PaidLate)
            }
            effect => effect,
        };
        let writes = match effect {
            Effect::Nothing | Effect::Paid | Effect::Review => Vec::new(),
            Effect::Closed => {
                timeline::add(&mut stored.record.timeline, Entry::new(Event::Closed, now.into()));
                match before.is_counted {
                    true => Vec::from_iter(self.uncount_order(before.user, before.purchase.priced_as()).await?),
                    false => Vec::new(),
                }
            }
            _ => self.carry_out_refund(act, step, effect, before, stored, now).await?,
        };
        Ok((effect, writes))
    }

    /// Counts an order that has come to need a review, and a second payment.
    fn report(&self, before: &Order, after: &Order, effect: Effect) {
        let is_new = |review: &&Review| before.review.as_ref().is_none_or(|known| known.reason != review.reason);
        let second = matches!(effect, Effect::SecondPayment(_)).then_some(Reason::SecondPayment);
        if let Some(reason) = after.review.as_ref().filter(is_new).map(|review| review.reason).or(second) {
            self.count_review(reason);
        }
    }

    /// An alarm watches the metric.
    pub(super) fn count_review(&self, reason: Reason) {
        let reason = Map::from_iter([("reason".to_owned(), reason.as_str().into())]);
        self.log.metrics(&self.function, self.clock.now(), reason, &[Metric::count("orders_to_review", 1)]);
    }

    /// The parts of a transaction that grant the purchase. `None` if its job is no longer open: no one would see the top or the refresh.
    async fn grant(&self, order: &Order, now: Timestamp) -> Result<Option<Vec<Write>>> {
        if let Purchase::Vouchers { count } = order.purchase {
            let bought = (EntryType::Buy, TITLE, i64::from(count));
            return Ok(Some(self.movement_of(order.user, bought, now)?.into()));
        }
        let job = self.job_of(order).await?;
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
        self.job_update(&stored, now).await.map(Some)
    }

    /// The parts of a transaction that store a changed job.
    pub(super) async fn job_update(&self, job: &Versioned<Job>, now: Timestamp) -> Result<Vec<Write>> {
        self.keyring.record().await?;
        let item = job.next_item(&self.keyring)?;
        Ok(job.update(&self.tables.jobboard, item, now).into())
    }

    /// The job that an order is for.
    pub(super) async fn job_of(&self, order: &Order) -> Result<Option<Versioned<Job>>> {
        let job = match order.purchase.job() {
            Some(job) => self.store.get(&self.tables.jobboard, keys::job(job)).await?,
            None => None,
        };
        job.map(|item| Versioned::<Job>::read(&self.keyring, item)).transpose()
    }
}
