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
        /// It was paid when its job could no longer be topped or refreshed. Nothing was granted.
        RefundDue = "refund_due",
        /// WeChat Pay reports a state that it does not document.
        UnknownState = "unknown_state",
        /// WeChat Pay reports another amount than that of the order.
        WrongAmount = "wrong_amount",
        /// A part was refunded.
        PartialRefund = "partial_refund",
        /// WeChat Pay could not refund it, or the refund was cancelled.
        FailedRefund = "failed_refund",
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
