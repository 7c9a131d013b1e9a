//! The transitions of an order, and which of them follows from what WeChat Pay reports (docs/design/jobboard.md, Money).

use jiff::Timestamp;

use super::orders::{Order, OrderState};
use super::review::{Reason, Review};
use super::timeline::{Cause, Outcome};
use super::values::Note;
use crate::error::{Error, Fault, Result};
use crate::outbound::wechat::pay::report::{Refund, RefundResult, TradeState, Transaction};

/// A transition of an order.
pub(super) enum Step {
    /// Grants the purchase. A closed order is granted too, because the money has arrived.
    Paid { transaction_id: Option<String> },
    /// The order cannot be paid any more.
    Closed,
    /// WeChat Pay reports a refund.
    Refunded { transaction_id: Option<String> },
    /// An administrator has refunded the order at WeChat Pay.
    RefundNoted(Note),
    /// An administrator must look at the order.
    Review(Review),
}

impl Step {
    /// Changes the order. Returns whether it is different now.
    pub fn apply(&self, order: &mut Order, now: Timestamp) -> Result<bool> {
        match (self, order.state) {
            (Self::Paid { .. }, OrderState::Paid | OrderState::Refunded)
            | (Self::Closed, OrderState::Closed | OrderState::Paid | OrderState::Refunded) => return Ok(false),
            (Self::Refunded { .. } | Self::RefundNoted(_), OrderState::Refunded) if order.review.is_none() => return Ok(false),
            // The first reason stays until the order is settled.
            (Self::Review(_), _) if order.review.is_some() => return Ok(false),
            (Self::Paid { transaction_id }, OrderState::Pending | OrderState::Closed) => {
                order.state = OrderState::Paid;
                order.paid_at = Some(now.into());
                order.transaction_id.clone_from(transaction_id);
                order.review = None;
            }
            (Self::Closed, OrderState::Pending) => {
                order.state = OrderState::Closed;
                order.review = None;
            }
            (Self::RefundNoted(_), OrderState::Pending | OrderState::Closed) if order.review.is_none() => {
                return Err(Error::conflict(Fault::new("order_no", "was not paid")));
            }
            (Self::Refunded { transaction_id }, _) => {
                order.state = OrderState::Refunded;
                order.transaction_id = order.transaction_id.take().or_else(|| transaction_id.clone());
                order.review = None;
            }
            (Self::RefundNoted(note), _) => {
                order.state = OrderState::Refunded;
                order.note = Some(note.clone());
                order.review = None;
            }
            (Self::Review(review), _) => order.review = Some(review.clone()),
        }
        Ok(true)
    }

    /// What a report did that led to this step, and the reason.
    pub fn outcome(&self, order: &Order, is_applied: bool) -> (Outcome, Option<&'static str>) {
        match self {
            Self::Review(review) if is_applied => (Outcome::ToReview, Some(review.reason.as_str())),
            Self::Review(review) => (Outcome::NoEffect, Some(review.reason.as_str())),
            _ if is_applied => (Outcome::Accepted, None),
            Self::Paid { transaction_id: Some(other) } if order.transaction_id.as_ref().is_some_and(|known| known != other) => {
                (Outcome::NoEffect, Some(Cause::OtherTransaction.as_str()))
            }
            _ => (Outcome::NoEffect, Some(Cause::AlreadySettled.as_str())),
        }
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

impl Next {
    /// What follows from WeChat Pay's response to a query: `None` if it does not know the order.
    pub fn of(order: &Order, known: Option<&Transaction>, now: Timestamp) -> Self {
        if let Some(step) = known.and_then(|transaction| reported(order, transaction, now)) {
            return Self::Step(step);
        }
        match known.map(|transaction| &transaction.trade_state) {
            Some(TradeState::Closed | TradeState::Revoked) => Self::Step(Step::Closed),
            Some(TradeState::UserPaying) => Self::Wait,
            _ if now < order.expires_at() => Self::Wait,
            _ => Self::Close,
        }
    }
}

/// The transition that a transaction reports, in a response or in a notification. `None` if it reports no payment.
pub(super) fn reported(order: &Order, transaction: &Transaction, now: Timestamp) -> Option<Step> {
    match &transaction.trade_state {
        TradeState::Success if transaction.is_of(order.amount.fen()) => {
            Some(Step::Paid { transaction_id: transaction.transaction_id.clone() })
        }
        TradeState::Success => Some(Step::Review(Review::new(Reason::WrongAmount, "SUCCESS", now))),
        TradeState::Refund => Some(Step::Refunded { transaction_id: transaction.transaction_id.clone() }),
        TradeState::Unknown(word) => Some(Step::Review(Review::new(Reason::UnknownState, word, now))),
        TradeState::NotPay | TradeState::Closed | TradeState::Revoked | TradeState::UserPaying | TradeState::PayError => None,
    }
}

/// What WeChat Pay calls the result of a refund.
pub(super) fn event_of(refund: &Refund) -> String {
    let word = match &refund.result {
        RefundResult::Success => "SUCCESS",
        RefundResult::Abnormal => "ABNORMAL",
        RefundResult::Closed => "CLOSED",
        RefundResult::Unknown(word) => word,
    };
    format!("REFUND.{word}")
}

/// The transition that the result of a refund reports.
pub(super) fn refunded(refund: &Refund, now: Timestamp) -> Step {
    let review = |reason| Step::Review(Review::new(reason, &event_of(refund), now));
    match &refund.result {
        RefundResult::Success if refund.is_partial() => review(Reason::PartialRefund),
        RefundResult::Success => Step::Refunded { transaction_id: refund.transaction_id.clone() },
        RefundResult::Abnormal | RefundResult::Closed => review(Reason::FailedRefund),
        RefundResult::Unknown(_) => review(Reason::UnknownState),
    }
}
