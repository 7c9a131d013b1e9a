//! Refunds (docs/design/jobboard.md, Refunds). One transaction moves the order, takes back what can be taken back, and records the refund and
//! the act. Then WeChat Pay is requested to refund. Its notification settles the refund, or a query of the clean-up does.

use jiff::{SignedDuration, Timestamp};

use super::item::{Record as _, Versioned};
use super::job::{State, TopWindow};
use super::orders::{Order, OrderState};
use super::refund::{NewRefund, Origin, Refund, Settled, Taken};
use super::review::{Reason, Review};
use super::settlement::Finding;
use super::timeline::{self, Entry, Event, Heard};
use super::transition::{Effect, Patience, Step, refunded, reported, word_of};
use super::values::Note;
use super::vouchers::EntryType;
use super::{Service, keys, missing};
use crate::error::{Error, Fault, Result};
use crate::outbound::wechat::pay::refund::{Payment, RefundRequest, Requested};
use crate::outbound::wechat::pay::report::{Refund as Reported, RefundResult};
use crate::storage::audit::{Act, Change, Object};
use crate::storage::table::attribute::{number, text};
use crate::storage::table::{Item, Write};
use crate::values::{LocalTime, Money, Text};

/// The titles of refunds in the ledger.
const TAKEN: &str = "退款";
const GIVEN_AGAIN: &str = "退款未成功";
/// The attribute of the time line, which is no field of its own in audit records.
const TIMELINE: &str = "timeline";
/// WeChat Pay's code for a merchant whose balance is too low. The same request is accepted later.
const NOT_ENOUGH: &str = "NOT_ENOUGH";

/// What a member of staff requests.
pub struct RefundFields {
    /// None for all that is left.
    pub amount: Option<Money>,
    pub reason: Text<1, 256>,
    pub reference: Option<Text<1, 64>>,
}

impl Service {
    /// Refunds an order, whole or in part. The same request again changes nothing.
    ///
    /// DynamoDB: two reads and a transaction, and those of the result that WeChat Pay reports at once; one read more for a top.
    pub async fn refund_order(&self, act: &Act, number: &str, fields: RefundFields) -> Result<Order> {
        let order = self.order_by_number(number).await?.ok_or_else(|| missing("order"))?;
        let RefundFields { amount, reason, reference } = fields;
        let new = NewRefund { amount, origin: Origin::Staff, reason, by: Some(act.by()?), reference };
        self.advance(act, order.id, &Finding::Step(Step::RefundBegun(new)), None).await
    }

    /// Records that the rest of the money went back outside of WeChat Pay. It takes nothing back; `adjust_vouchers` can.
    pub async fn note_refund(&self, act: &Act, number: &str, reason: &Text<1, 256>) -> Result<Order> {
        self.note(act, number, reason, Step::RefundNoted).await
    }

    /// Adds a note to the time line of an order, and ends its review if `ends_review`.
    pub async fn note_order(&self, act: &Act, number: &str, text: &Text<1, 256>, ends_review: bool) -> Result<Order> {
        self.note(act, number, text, |note| Step::Noted { note, ends_review }).await
    }

    async fn note(&self, act: &Act, number: &str, reason: &Text<1, 256>, step: impl FnOnce(Note) -> Step) -> Result<Order> {
        let order = self.order_by_number(number).await?.ok_or_else(|| missing("order"))?;
        let note = Note { reason: reason.clone(), by: act.by()?, at: self.clock.now().into() };
        self.advance(act, order.id, &Finding::Step(step(note)), None).await
    }

    /// Queries WeChat Pay about an order and its refunds, and applies what it reports.
    pub async fn query_order(&self, act: &Act, number: &str) -> Result<Order> {
        let order = self.order_by_number(number).await?.ok_or_else(|| missing("order"))?;
        if order.state == OrderState::Pending {
            return self.settle(act, order, Patience::UntilExpired).await;
        }
        let now = self.clock.now();
        let known = self.pay.query(&order.number(), now).await?;
        let step = known.as_ref().and_then(|transaction| Some((reported(&order, transaction, now)?, transaction)));
        let order = match step {
            Some((step, transaction)) => {
                let word = transaction.trade_state.as_str();
                let heard = Heard::new(Event::Queried, word, transaction.transaction_id.as_deref());
                self.advance(act, order.id, &Finding::Step(step), Some(&heard)).await?
            }
            None => order,
        };
        self.pursue_refunds(act, order).await
    }

    /// Queries WeChat Pay about each refund that is not settled. One that WeChat Pay does not know is requested again.
    pub(super) async fn pursue_refunds(&self, act: &Act, mut order: Order) -> Result<Order> {
        let open: Vec<Refund> = order.open_refunds().cloned().collect();
        for refund in open {
            let Some(number) = refund.number.as_deref() else { continue };
            order = match self.pay.query_refund(number, self.clock.now()).await? {
                Some(reported) => self.hear(act, order, &reported).await?,
                None => self.request_refund(act, order, &refund).await?,
            };
        }
        Ok(order)
    }

    /// Requests a refund that has begun. The clean-up repeats a request that fails.
    pub(super) async fn try_refund(&self, act: &Act, order: Order, place: usize) -> Order {
        let Some(refund) = order.refunds.get(place).cloned() else { return order };
        match self.request_refund(act, order.clone(), &refund).await {
            Ok(order) => order,
            Err(error) => {
                tracing::warn!(%error, "WeChat Pay did not accept the request for a refund");
                order
            }
        }
    }

    async fn request_refund(&self, act: &Act, order: Order, refund: &Refund) -> Result<Order> {
        let (Some(number), order_no, now) = (refund.number.as_deref(), order.number(), self.clock.now()) else {
            return Ok(order);
        };
        let known = refund.second_payment.as_deref().or(order.transaction_id.as_deref());
        let request = RefundRequest {
            payment: known.map_or(Payment::Order(&order_no), Payment::Transaction),
            number,
            reason: refund.reason.as_str(),
            amount: refund.amount.fen(),
            total: order.amount.fen(),
            notify_url: order.notify_url.as_deref(),
        };
        match self.pay.refund(&request, now).await? {
            Requested::Accepted(reported) => self.hear(act, order, &reported).await,
            Requested::Rejected(code) => match self.pay.query_refund(number, now).await? {
                // An earlier request was accepted.
                Some(reported) => self.hear(act, order, &reported).await,
                None => {
                    let heard = Heard::new(Event::Queried, &code, known);
                    let step = match &*code {
                        NOT_ENOUGH => Step::RefundRejected { number: number.to_owned(), code },
                        _ => Step::RefundReported { number: number.to_owned(), result: RefundResult::Closed },
                    };
                    Ok(self.step(act, order.id, &Finding::Step(step), Some(&heard)).await?.0)
                }
            },
        }
    }

    /// Applies what WeChat Pay returns about a refund.
    async fn hear(&self, act: &Act, order: Order, reported: &Reported) -> Result<Order> {
        let now = self.clock.now();
        let known = order.place_of_refund(&reported.out_refund_no).and_then(|place| order.refunds.get(place));
        // The clean-up queries again in any case, at a time that is stored.
        if reported.result == RefundResult::Processing && known.is_some_and(|refund| refund.query_at > Some(now.into())) {
            return Ok(order);
        }
        let is_same = known.is_some_and(|refund| reported.amount.refund.is_none_or(|fen| fen == refund.amount.fen()));
        let step = match is_same {
            true => refunded(&order, reported, now),
            false => Step::Review(Review::new(Reason::WrongAmount, &word_of(&reported.result), now)),
        };
        let heard = Heard::new(Event::Queried, &word_of(&reported.result), reported.transaction_id.as_deref());
        Ok(self.step(act, order.id, &Finding::Step(step), Some(&heard)).await?.0)
    }

    /// The writes that follow from the effect of a step on a refund.
    pub(super) async fn carry_out_refund(
        &self,
        act: &Act,
        step: &Step,
        effect: Effect,
        before: &Order,
        stored: &mut Versioned<Order>,
        now: Timestamp,
    ) -> Result<Vec<Write>> {
        let (mut writes, at) = (Vec::new(), LocalTime::from(now));
        let (events, place): (&[Event], Option<usize>) = match effect {
            Effect::PaidLate(place) => (&[Event::RefundDue, Event::Refunding], Some(place)),
            Effect::SecondPayment(place) => (&[Event::SecondPayment, Event::Refunding], Some(place)),
            Effect::RefundBegun(place) => (&[Event::Refunding], Some(place)),
            Effect::Refunded => (&[Event::Refunded], stored.record.refunds.len().checked_sub(1)),
            Effect::RefundSettled(place, Settled::Succeeded | Settled::Reopened) => (&[Event::Refunded], Some(place)),
            Effect::RefundSettled(place, Settled::Abnormal) => (&[Event::RefundAbnormal], Some(place)),
            Effect::RefundSettled(place, Settled::Closed) => (&[Event::RefundClosed], Some(place)),
            Effect::RefundRejected(place) => (&[Event::RefundRejected], Some(place)),
            Effect::Noted => (&[Event::Noted], None),
            _ => return Ok(writes),
        };
        match effect {
            Effect::RefundBegun(place) => writes.extend(self.take_back(before, stored, place, now).await?),
            Effect::RefundSettled(place, Settled::Closed) => writes.extend(self.give_again(stored, place, now).await?),
            Effect::RefundSettled(place, Settled::Reopened) => writes.extend(self.take_again(stored, place, now).await?),
            _ => {}
        }
        let refund = place.and_then(|place| stored.record.refunds.get(place)).cloned();
        let is_new = effect.begun().is_some() || effect == Effect::Refunded;
        if let Some(number) = refund.as_ref().and_then(|refund| refund.number.as_deref()).filter(|_| is_new) {
            writes
                .push(Write::Set { table: self.tables.jobboard.clone(), item: self.refund_item(&stored.record, number, now)? });
        }
        let (by, note) = match step {
            Step::RefundNoted(note) | Step::Noted { note, .. } => (Some(note.by.clone()), Some(note.reason.clone())),
            Step::RefundBegun(new) => (new.by.clone(), Some(new.reason.clone())),
            _ => (None, None),
        };
        for event in events {
            let refund_no = refund.as_ref().and_then(|refund| refund.number.clone()).filter(|_| *event != Event::RefundDue);
            let entry = Entry { by: by.clone(), note: note.clone(), refund_no, ..Entry::new(*event, at) };
            timeline::add(&mut stored.record.timeline, entry);
        }
        let object = Object::new("jobboard", "order", &[&stored.record.id.to_string()]);
        let mut change =
            Change::of(object).changed(&before.item(&self.keyring, stored.version)?, &stored.next_item(&self.keyring)?);
        change.fields.retain(|field| field != TIMELINE);
        if let Some(reason) = note.or_else(|| refund.map(|refund| refund.reason)) {
            change = change.because(reason.as_str());
        }
        writes.push(self.store.recording(act, &change)?);
        Ok(writes)
    }

    /// The record by which a refund is found, and its place in the list of all refunds.
    fn refund_item(&self, order: &Order, out_refund_no: &str, now: Timestamp) -> Result<Item> {
        let mut item = keys::refund(out_refund_no).into_item();
        item.insert("order".into(), number(order.id));
        item.insert("ix1".into(), text(keys::REFUNDS));
        item.insert("ixsk".into(), text(self.ids.next(now)?.sortable()));
        Ok(item)
    }

    /// Takes back what a refund takes: vouchers, on the condition that they are unspent, or the rest of a top's time.
    async fn take_back(
        &self,
        before: &Order,
        stored: &mut Versioned<Order>,
        place: usize,
        now: Timestamp,
    ) -> Result<Vec<Write>> {
        let Some(refund) = stored.record.refunds.get(place) else { return Ok(Vec::new()) };
        let (vouchers, seconds) = (refund.taken.vouchers, before.seconds_for(refund.amount));
        if vouchers > 0 {
            return self.refund_vouchers(&stored.record, -i64::from(vouchers), TAKEN, now);
        }
        let job = if seconds > 0 { self.job_of(before).await? } else { None };
        let Some(mut job) = job.filter(|job| job.record.is_top(now) && job.record.state != State::Deleted) else {
            return Ok(Vec::new());
        };
        let Some(TopWindow { start, end }) = job.record.top else { return Ok(Vec::new()) };
        let taken = seconds.min(Timestamp::from(end).duration_since(now).as_secs());
        job.record.top = Some(TopWindow { start, end: end.later(SignedDuration::from_secs(-taken)) });
        job.record.updated_at = now.into();
        stored.record.refunds[place].taken.seconds = taken;
        self.job_update(&job, now).await
    }

    /// Gives again what a refund took that is closed. The time of a top whose job is closed is lost: a person decides.
    async fn give_again(&self, stored: &Versioned<Order>, place: usize, now: Timestamp) -> Result<Vec<Write>> {
        let Some(refund) = stored.record.refunds.get(place) else { return Ok(Vec::new()) };
        let taken = refund.taken;
        if taken.vouchers > 0 {
            return self.refund_vouchers(&stored.record, i64::from(taken.vouchers), GIVEN_AGAIN, now);
        }
        let job = if taken.seconds > 0 { self.job_of(&stored.record).await? } else { None };
        let Some(mut job) = job.filter(|job| job.record.is_open()) else { return Ok(Vec::new()) };
        job.record.top = Some(TopWindow::extended(job.record.top, SignedDuration::from_secs(taken.seconds), now));
        job.record.updated_at = now.into();
        self.job_update(&job, now).await
    }

    /// Takes vouchers back once more, for a refund that succeeded after it was closed. If they are spent, a person must look at the order.
    async fn take_again(&self, stored: &mut Versioned<Order>, place: usize, now: Timestamp) -> Result<Vec<Write>> {
        let Some(vouchers) = stored.record.refunds.get(place).map(|refund| i64::from(refund.taken.vouchers)) else {
            return Ok(Vec::new());
        };
        let balance = if vouchers > 0 { self.balance(stored.record.user).await? } else { 0 };
        if vouchers > 0 && vouchers <= balance {
            return self.refund_vouchers(&stored.record, -vouchers, TAKEN, now);
        }
        let was_granted = stored.record.refunds[place].taken != Taken::default();
        stored.record.refunds[place].taken = Taken::default();
        if was_granted {
            stored.record.review = Some(Review::new(Reason::LateRefund, &word_of(&RefundResult::Success), now));
        }
        Ok(Vec::new())
    }

    fn refund_vouchers(&self, order: &Order, change: i64, title: &str, now: Timestamp) -> Result<Vec<Write>> {
        self.movement_of(order.user, (EntryType::Refund, title, change), now).map(Vec::from)
    }

    /// After a rejected transaction: whether it was rejected because the vouchers that a refund takes back are spent.
    pub(super) async fn check_unspent(&self, before: &Order, after: &Order, effect: Effect) -> Result<()> {
        let Effect::RefundBegun(place) = effect else { return Ok(()) };
        let wanted = after.refunds.get(place).map_or(0, |refund| i64::from(refund.taken.vouchers));
        if wanted == 0 {
            return Ok(());
        }
        let unspent = self.balance(before.user).await?;
        if wanted <= unspent {
            return Ok(());
        }
        let most = before.refundable_with(unspent);
        let reason = format!("is more than the unspent share: at most {most}, because {unspent} of {wanted} vouchers are left");
        Err(Error::conflict(Fault::new("amount", reason)))
    }
}
