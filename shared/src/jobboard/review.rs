//! Orders that an administrator must look at: they must be refunded, or WeChat Pay reports what the system cannot act on
//! (docs/operations.md, Orders to review).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::values::{LocalTime, choices};

/// The longest word of WeChat Pay that is stored.
const LONGEST_WORD: usize = 64;

choices! {
    /// Why an administrator must look at an order.
    Reason {
        /// It was paid when nothing could be granted for it. Earlier versions left the refund to a person.
        RefundDue = "refund_due",
        /// WeChat Pay reports a state that it does not document.
        UnknownState = "unknown_state",
        /// WeChat Pay reports another amount than that of the order.
        WrongAmount = "wrong_amount",
        /// A part was refunded in the merchant console before the payment was known.
        PartialRefund = "partial_refund",
        /// WeChat Pay could not refund it, or the refund was cancelled.
        FailedRefund = "failed_refund",
        /// WeChat Pay does not accept the request for a refund yet: the merchant's balance is too low.
        RejectedRefund = "rejected_refund",
        /// A refund succeeded after it was closed, and what was given again is spent.
        LateRefund = "late_refund",
        /// It was paid twice. The second payment is refunded.
        SecondPayment = "second_payment",
        /// WeChat does not accept the report of its delivery.
        ShippingFailed = "shipping_failed",
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Review {
    pub reason: Reason,
    /// The state or the event that WeChat Pay reported.
    pub reported: String,
    /// When it was reported.
    pub at: LocalTime,
}

impl Review {
    pub(super) fn new(reason: Reason, reported: &str, now: Timestamp) -> Self {
        Self { reason, reported: reported.chars().take(LONGEST_WORD).collect(), at: now.into() }
    }
}
