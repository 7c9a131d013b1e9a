//! The transitions of an order, and which of them follows from what WeChat Pay reports (docs/design/jobboard.md, Money).

use jiff::Timestamp;

use super::orders::{Order, OrderState};
use super::review::{Reason, Review};
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
    Refunded,
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
            (Self::Refunded | Self::RefundNoted(_), OrderState::Refunded) if order.review.is_none() => return Ok(false),
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
            (Self::Refunded, _) => {
                order.state = OrderState::Refunded;
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
        TradeState::Refund => Some(Step::Refunded),
        TradeState::Unknown(word) => Some(Step::Review(Review::new(Reason::UnknownState, word, now))),
        TradeState::NotPay | TradeState::Closed | TradeState::Revoked | TradeState::UserPaying | TradeState::PayError => None,
    }
}

/// The transition that the result of a refund reports.
pub(super) fn refunded(refund: &Refund, now: Timestamp) -> Step {
    let review = |reason, event: &str| Step::Review(Review::new(reason, event, now));
    match &refund.result {
        RefundResult::Success if refund.is_partial() => review(Reason::PartialRefund, "REFUND.SUCCESS"),
        RefundResult::Success => Step::Refunded,
        RefundResult::Abnormal => review(Reason::FailedRefund, "REFUND.ABNORMAL"),
        RefundResult::Closed => review(Reason::FailedRefund, "REFUND.CLOSED"),
        RefundResult::Unknown(word) => review(Reason::UnknownState, &format!("REFUND.{word}")),
    }
}
