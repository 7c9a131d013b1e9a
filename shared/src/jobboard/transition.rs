//! The transitions of an order, and which of them follows from what WeChat Pay reports (docs/design/jobboard.md, Money).

use jiff::Timestamp;

use super::orders::{Order, OrderState};
use super::refund::{NewRefund, Origin, Settled};
use super::review::{Reason, Review};
use super::timeline::{Cause, Entry, Event, Outcome};
use super::values::Note;
use crate::error::{Error, Fault, Result};
use crate::outbound::wechat::pay::report::{Refund, RefundResult, TradeState, Transaction};
use crate::values::{LocalTime, Money, Text};

/// The reasons of refunds that a rule begins. The user sees them at WeChat Pay.
const PAID_LATE: &str = "订单已关闭";
const PAID_TWICE: &str = "重复支付";
pub(super) const JOB_CLOSED: &str = "招聘信息已关闭";
/// The reason of a refund that was made without this system.
const ELSEWHERE: &str = "微信支付商户平台退款";

/// A transition of an order.
pub(super) enum Step {
    /// Grants the purchase. A payment of a closed order, or a second payment, is refunded.
    Paid { transaction_id: Option<String>, at: Option<LocalTime> },
    /// The order cannot be paid any more.
    Closed,
    /// WeChat Pay calls the order refunded.
    Refunded { transaction_id: Option<String> },
    /// A refund that was not requested here succeeded.
    RefundedElsewhere { number: String, amount: Money, transaction_id: Option<String> },
    /// An administrator records that the rest of the money went back outside of WeChat Pay.
    RefundNoted(Note),
    /// A refund begins.
    RefundBegun(NewRefund),
    /// WeChat Pay reports on a refund that was requested here.
    RefundReported { number: String, result: RefundResult },
    /// WeChat Pay does not accept the request for a refund yet. Holds its code.
    RefundRejected { number: String, code: String },
    /// A member of staff writes a note, and may end the review.
    Noted { note: Note, ends_review: bool },
    /// An administrator must look at the order.
    Review(Review),
}

/// What a step did to an order. What must be granted, taken back or given again follows from it. The numbers are places of refunds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Nothing,
    Paid,
    /// Paid after it was closed.
    PaidLate(usize),
    SecondPayment(usize),
    Closed,
    /// Money went back without this system.
    Refunded,
    RefundBegun(usize),
    RefundSettled(usize, Settled),
    RefundRejected(usize),
    Noted,
    Review,
}

impl Effect {
    /// The refund that must be requested at WeChat Pay.
    pub fn begun(self) -> Option<usize> {
        match self {
            Self::PaidLate(place) | Self::SecondPayment(place) | Self::RefundBegun(place) => Some(place),
            _ => None,
        }
    }
}

impl Step {
    /// Changes the order.
    pub fn apply(&self, order: &mut Order, now: Timestamp) -> Result<Effect> {
        let settled =
            matches!(order.state, OrderState::Paid | OrderState::Refunding | OrderState::PartlyRefunded | OrderState::Refunded);
        Ok(match self {
            Self::Paid { transaction_id, at } if !settled => {
                let is_late = order.state == OrderState::Closed;
                order.state = OrderState::Paid;
                order.paid_at = Some(at.unwrap_or_else(|| now.into()));
                order.transaction_id.clone_from(transaction_id);
                order.review = None;
                match is_late {
                    true => order.begin_refund(&NewRefund::by_rule(PAID_LATE)?, now)?.map_or(Effect::Paid, Effect::PaidLate),
                    false => Effect::Paid,
                }
            }
            Self::Paid { transaction_id, .. } => match (transaction_id.as_deref(), order.transaction_id.as_deref()) {
                (Some(other), Some(known)) if other != known => {
                    let begun = order.begin_second_refund(&NewRefund::by_rule(PAID_TWICE)?, other, now)?;
                    begun.map_or(Effect::Nothing, Effect::SecondPayment)
                }
                _ => Effect::Nothing,
            },
            Self::Closed if order.state == OrderState::Pending => {
                order.state = OrderState::Closed;
                order.review = None;
                Effect::Closed
            }
            Self::Closed => Effect::Nothing,
            // The refunds that the order knows explain it.
            Self::Refunded { .. } if order.refunds.iter().any(|refund| refund.second_payment.is_none()) => Effect::Nothing,
            Self::Refunded { .. } if order.state == OrderState::Refunded && order.review.is_none() => Effect::Nothing,
            Self::Refunded { transaction_id } => {
                order.settle_elsewhere(&elsewhere(None)?, None, transaction_id.as_deref(), now);
                Effect::Refunded
            }
            Self::RefundedElsewhere { number, amount, transaction_id } => {
                if order.place_of_refund(number).is_some() || order.refundable().is_zero() {
                    return Ok(Effect::Nothing);
                }
                order.settle_elsewhere(&elsewhere(Some(*amount))?, Some(number), transaction_id.as_deref(), now);
                Effect::Refunded
            }
            Self::RefundNoted(note) => return order.note_refund(note, now),
            Self::RefundBegun(new) => {
                let begun = order.begin_refund(new, now)?;
                if begun.is_some() {
                    order.review = None;
                }
                begun.map_or(Effect::Nothing, Effect::RefundBegun)
            }
            Self::RefundReported { number, result } => order.report_refund(number, result, now),
            Self::RefundRejected { number, code } => order.reject_refund(number, code, now),
            Self::Noted { note, ends_review } if order.has_note(note) && !(*ends_review && order.review.is_some()) => {
                Effect::Nothing
            }
            Self::Noted { ends_review, .. } => {
                if *ends_review {
                    order.review = None;
                }
                Effect::Noted
            }
            // The first reason stays until the order is settled. That of a delivery says nothing about the money.
            Self::Review(_) if order.review.as_ref().is_some_and(|known| known.reason != Reason::ShippingFailed) => {
                Effect::Nothing
            }
            Self::Review(review) => {
                order.review = Some(review.clone());
                Effect::Review
            }
        })
    }

    /// What a report did that led to this step, and the reason.
    pub fn outcome(&self, order: &Order, effect: Effect) -> (Outcome, Option<&'static str>) {
        let is_applied = effect != Effect::Nothing;
        match self {
            Self::Review(review) if is_applied => (Outcome::ToReview, Some(review.reason.as_str())),
            Self::Review(review) => (Outcome::NoEffect, Some(review.reason.as_str())),
            _ if is_applied => (Outcome::Accepted, None),
            Self::Paid { transaction_id: Some(other), .. }
                if order.transaction_id.as_ref().is_some_and(|known| known != other) =>
            {
                (Outcome::NoEffect, Some(Cause::OtherTransaction.as_str()))
            }
            _ => (Outcome::NoEffect, Some(Cause::AlreadySettled.as_str())),
        }
    }
}

fn elsewhere(amount: Option<Money>) -> Result<NewRefund> {
    let reason = Text::parse(ELSEWHERE).map_err(Error::internal)?;
    Ok(NewRefund { amount, origin: Origin::Elsewhere, reason, by: None, reference: None })
}

impl Order {
    /// Records money that went back without this system. The order counts as paid, because it was.
    fn settle_elsewhere(&mut self, new: &NewRefund, number: Option<&str>, transaction_id: Option<&str>, now: Timestamp) {
        if matches!(self.state, OrderState::Pending | OrderState::Closed) {
            self.state = OrderState::Paid;
        }
        self.transaction_id = self.transaction_id.take().or_else(|| transaction_id.map(str::to_owned));
        self.review = None;
        self.add_refund(new, number.map(str::to_owned), now);
    }

    fn note_refund(&mut self, note: &Note, now: Timestamp) -> Result<Effect> {
        match self.state {
            OrderState::Refunded if self.review.is_none() => return Ok(Effect::Nothing),
            OrderState::Pending | OrderState::Closed if self.review.is_none() => {
                return Err(Error::conflict(Fault::new("order_no", "was not paid")));
            }
            OrderState::Refunding if self.is_processing_refund() => {
                return Err(Error::conflict(Fault::new("order_no", "has a refund that WeChat Pay may still make")));
            }
            _ => {}
        }
        self.settle_abnormal_refunds(now);
        let (reason, by) = (note.reason.clone(), Some(note.by.clone()));
        self.settle_elsewhere(
            &NewRefund { amount: None, origin: Origin::Elsewhere, reason, by, reference: None },
            None,
            None,
            now,
        );
        Ok(Effect::Refunded)
    }

    fn has_note(&self, note: &Note) -> bool {
        let is_same = |entry: &Entry| (entry.by.as_ref(), entry.note.as_ref()) == (Some(&note.by), Some(&note.reason));
        self.timeline.iter().any(|entry| entry.event == Event::Noted && is_same(entry))
    }

    fn report_refund(&mut self, number: &str, result: &RefundResult, now: Timestamp) -> Effect {
        let Some(place) = self.place_of_refund(number) else { return Effect::Nothing };
        let Some(settled) = self.settle_refund(place, result, now) else { return Effect::Nothing };
        let failed = || Some(Review::new(Reason::FailedRefund, &word_of(result), now));
        match settled {
            Settled::Succeeded | Settled::Reopened => self.review = None,
            Settled::Abnormal | Settled::Closed => self.review = failed(),
            Settled::Waits => {}
        }
        Effect::RefundSettled(place, settled)
    }

    fn reject_refund(&mut self, number: &str, code: &str, now: Timestamp) -> Effect {
        let Some(place) = self.place_of_refund(number) else { return Effect::Nothing };
        let Some(settled) = self.settle_refund(place, &RefundResult::Processing, now) else { return Effect::Nothing };
        if self.review.as_ref().is_some_and(|review| review.reason == Reason::RejectedRefund) {
            return Effect::RefundSettled(place, settled);
        }
        self.review = Some(Review::new(Reason::RejectedRefund, code, now));
        Effect::RefundRejected(place)
    }
}

/// What to do with a pending order.
pub(super) enum Next {
    Step(Step),
    /// The user may still pay.
    Wait,
    /// The time to pay is over: close it at WeChat Pay.
    Close,
}

/// How long an unpaid order may wait for its payment.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    UntilExpired,
    /// Its user is banned.
    None,
}

impl Next {
    /// What follows from WeChat Pay's response to a query: `None` if it does not know the order.
    pub fn of(order: &Order, known: Option<&Transaction>, now: Timestamp, patience: Patience) -> Self {
        if let Some(step) = known.and_then(|transaction| reported(order, transaction, now)) {
            return Self::Step(step);
        }
        match known.map(|transaction| &transaction.trade_state) {
            Some(TradeState::Closed | TradeState::Revoked) => Self::Step(Step::Closed),
            Some(TradeState::UserPaying) => Self::Wait,
            _ if patience == Patience::UntilExpired && now < order.expires_at() => Self::Wait,
            _ => Self::Close,
        }
    }
}

/// The transition that a transaction reports, in a response or in a notification. `None` if it reports no payment.
pub(super) fn reported(order: &Order, transaction: &Transaction, now: Timestamp) -> Option<Step> {
    match &transaction.trade_state {
        TradeState::Success if transaction.is_of(order.amount.fen()) => {
            Some(Step::Paid { transaction_id: transaction.transaction_id.clone(), at: transaction.paid_at() })
        }
        TradeState::Success => Some(Step::Review(Review::new(Reason::WrongAmount, "SUCCESS", now))),
        TradeState::Refund => Some(Step::Refunded { transaction_id: transaction.transaction_id.clone() }),
        TradeState::Unknown(word) => Some(Step::Review(Review::new(Reason::UnknownState, word, now))),
        TradeState::NotPay | TradeState::Closed | TradeState::Revoked | TradeState::UserPaying | TradeState::PayError => None,
    }
}

/// What WeChat Pay calls the event of a refund.
pub(super) fn word_of(result: &RefundResult) -> String {
    format!("REFUND.{}", result.as_str())
}

/// The transition that the result of a refund reports.
pub(super) fn refunded(order: &Order, refund: &Refund, now: Timestamp) -> Step {
    let Refund { out_refund_no: number, transaction_id, result, amount, .. } = refund;
    if order.place_of_refund(number).is_some_and(|place| order.refunds[place].origin != Origin::Elsewhere) {
        return match result {
            RefundResult::Unknown(_) => Step::Review(Review::new(Reason::UnknownState, &word_of(result), now)),
            result => Step::RefundReported { number: number.clone(), result: result.clone() },
        };
    }
    let review = |reason| Step::Review(Review::new(reason, &word_of(result), now));
    match result {
        RefundResult::Success if refund.is_partial() && matches!(order.state, OrderState::Pending | OrderState::Closed) => {
            review(Reason::PartialRefund)
        }
        RefundResult::Success => {
            let amount = Money::from_fen(amount.refund.unwrap_or(amount.total).max(0));
            Step::RefundedElsewhere { number: number.clone(), amount, transaction_id: transaction_id.clone() }
        }
        RefundResult::Abnormal | RefundResult::Closed => review(Reason::FailedRefund),
        RefundResult::Processing | RefundResult::Unknown(_) => review(Reason::UnknownState),
    }
}
