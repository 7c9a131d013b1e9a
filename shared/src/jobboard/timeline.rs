//! The time line of an order: what happened to it, stored with the order. A transaction that changes the order adds the entry. A genuine
//! notification of WeChat Pay adds one even if it changes nothing, with the reason; a forged one adds none.

use serde::{Deserialize, Serialize};

use crate::values::{LocalTime, Text, choices};

/// The most entries of an order. The newest stay.
const MOST: usize = 50;
/// The longest word of WeChat Pay that is stored.
const LONGEST_WORD: usize = 64;

choices! {
    /// What happened.
    Event {
        /// The user placed the order.
        Created = "created",
        /// WeChat Pay learned of the order.
        Prepaid = "prepaid",
        /// A genuine notification of WeChat Pay came.
        Notified = "notified",
        /// A query of WeChat Pay returned something new.
        Queried = "queried",
        /// The user got what was bought.
        Granted = "granted",
        /// WeChat learned that it was delivered.
        ShippingReported = "shipping_reported",
        /// WeChat did not accept that it was delivered. A person must report it.
        ShippingFailed = "shipping_failed",
        /// It was paid, and could not be granted.
        RefundDue = "refund_due",
        /// Another payment arrived.
        SecondPayment = "second_payment",
        /// A refund began.
        Refunding = "refunding",
        /// Money went back: all of it, or a part.
        Refunded = "refunded",
        /// The user's account does not accept the money.
        RefundAbnormal = "refund_abnormal",
        /// WeChat Pay does not accept the request for a refund yet.
        RefundRejected = "refund_rejected",
        /// No money went back. What was taken back was given again.
        RefundClosed = "refund_closed",
        /// A member of staff wrote a note.
        Noted = "noted",
        Closed = "closed",
    }
}

choices! {
    /// What a report of WeChat Pay did.
    Outcome {
        /// It changed the state of the order.
        Accepted = "accepted",
        /// An administrator must look at the order.
        ToReview = "to_review",
        NoEffect = "no_effect",
        /// The response to WeChat Pay is an error.
        Rejected = "rejected",
    }
}

choices! {
    /// Why a report did not change the state of the order, beside the reasons of a review.
    Cause {
        /// It is about another amount than that of the order.
        WrongAmount = "wrong_amount",
        /// The order is settled by another payment.
        OtherTransaction = "other_transaction",
        AlreadySettled = "already_settled",
        /// It reports neither a payment nor a refund.
        NotPaid = "not_paid",
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub at: LocalTime,
    pub event: Event,
    /// The state or the event that WeChat Pay reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// A [`Cause`] or a [`Reason`](super::review::Reason).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The payment that a report is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<String>,
    /// The number of the refund.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund_no: Option<String>,
    /// The member of staff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Text<1, 64>>,
    /// What the member of staff wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Text<1, 256>>,
}

impl Entry {
    pub(super) fn new(event: Event, at: LocalTime) -> Self {
        Self {
            at,
            event,
            reported: None,
            outcome: None,
            reason: None,
            transaction_id: None,
            refund_no: None,
            by: None,
            note: None,
        }
    }
}

/// What WeChat Pay reported of an order, in a notification or in the response to a query.
pub(super) struct Heard {
    pub event: Event,
    pub word: String,
    pub transaction_id: Option<String>,
}

impl Heard {
    pub fn new(event: Event, word: &str, transaction_id: Option<&str>) -> Self {
        let cut = |text: &str| text.chars().take(LONGEST_WORD).collect();
        Self { event, word: cut(word), transaction_id: transaction_id.filter(|id| !id.is_empty()).map(cut) }
    }

    pub fn entry(&self, at: LocalTime, outcome: Outcome, reason: Option<&str>) -> Entry {
        Entry {
            reported: Some(self.word.clone()),
            outcome: Some(outcome),
            reason: reason.map(str::to_owned),
            transaction_id: self.transaction_id.clone(),
            ..Entry::new(self.event, at)
        }
    }
}

/// Adds an entry, and drops the oldest one of too many.
pub(super) fn add(timeline: &mut Vec<Entry>, entry: Entry) {
    timeline.push(entry);
    let excess = timeline.len().saturating_sub(MOST);
    timeline.drain(..excess);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_entries_stay() {
        let mut timeline = Vec::new();
        for millisecond in 0..120 {
            let at = jiff::Timestamp::from_millisecond(millisecond).unwrap().into();
            add(&mut timeline, Entry::new(Event::Notified, at));
        }
        let times: Vec<i64> = timeline.iter().map(|entry| entry.at.as_millisecond()).collect();
        assert_eq!(times, (70..120).collect::<Vec<_>>());
    }
}
