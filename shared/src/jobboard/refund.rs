//! A refund, as its order stores it (docs/design/jobboard.md, Refunds). `refundable.rs` has the rules.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::values::{LocalTime, Money, Text, choices};

/// After a request whose response was lost, and while WeChat Pay processes a refund: the time until the first query.
const FIRST_QUERY: SignedDuration = SignedDuration::from_mins(1);
/// The longest time between two queries.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(12);

choices! {
    /// The state of a refund.
    RefundState {
        /// It is stored, and WeChat Pay has not settled it.
        Processing = "processing",
        Succeeded = "succeeded",
        /// The user's account does not accept the money. A person must choose another account at WeChat Pay; then it succeeds or is closed.
        Abnormal = "abnormal",
        /// No money went back. What was taken back was given again.
        Closed = "closed",
    }
}

choices! {
    /// Who began a refund.
    Origin {
        /// A member of staff, here.
        Staff = "staff",
        /// A rule: the money arrived when nothing could be granted for it.
        Rule = "rule",
        /// The money went back without this system: in the merchant console, or outside of WeChat Pay.
        Elsewhere = "elsewhere",
    }
}

/// What a refund has taken back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    #[serde(default)]
    pub vouchers: u32,
    /// Of a top.
    #[serde(default)]
    pub seconds: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refund {
    /// `out_refund_no`. None if WeChat Pay reported a refund without its number, or the money went back outside of WeChat Pay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// In fen.
    pub amount: Money,
    /// Whether the request was for all that was left.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_rest: bool,
    pub state: RefundState,
    pub origin: Origin,
    pub reason: Text<1, 256>,
    /// The member of staff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Text<1, 64>>,
    /// Distinguishes two equal requests from one that is repeated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Text<1, 64>>,
    /// The payment, if it is not the one that the order was settled with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_payment: Option<String>,
    #[serde(default)]
    pub taken: Taken,
    pub at: LocalTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<LocalTime>,
    /// When to query WeChat Pay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query_at: Option<LocalTime>,
}

/// A request for a refund.
#[derive(Clone, Debug)]
pub struct NewRefund {
    /// None for all that is left.
    pub amount: Option<Money>,
    pub origin: Origin,
    pub reason: Text<1, 256>,
    pub by: Option<Text<1, 64>>,
    pub reference: Option<Text<1, 64>>,
}

impl NewRefund {
    /// A refund that a rule begins. Nothing was granted for the money.
    pub fn by_rule(reason: &'static str) -> Result<Self> {
        let reason = Text::parse(reason).map_err(Error::internal)?;
        Ok(Self { amount: None, origin: Origin::Rule, reason, by: None, reference: None })
    }

    pub(super) fn refund(&self, number: Option<String>, amount: Money, state: RefundState, now: Timestamp) -> Refund {
        Refund {
            number,
            amount,
            is_rest: self.amount.is_none(),
            state,
            origin: self.origin,
            reason: self.reason.clone(),
            by: self.by.clone(),
            reference: self.reference.clone(),
            second_payment: None,
            taken: Taken::default(),
            at: now.into(),
            settled_at: None,
            query_at: None,
        }
    }

    /// Whether the refund came from the same request. A refund that was closed can be requested again.
    pub(super) fn is_of(&self, refund: &Refund) -> bool {
        refund.state != RefundState::Closed
            && refund.second_payment.is_none()
            && (refund.origin, refund.is_rest) == (self.origin, self.amount.is_none())
            && self.amount.is_none_or(|amount| amount == refund.amount)
            && (&refund.reason, &refund.by, &refund.reference) == (&self.reason, &self.by, &self.reference)
    }
}

/// What became of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    Succeeded,
    /// WeChat Pay could not refund it, and a person must act.
    Abnormal,
    /// What was taken back must be given again.
    Closed,
    /// It succeeded although it was closed: what was given again must be taken back.
    Reopened,
    /// WeChat Pay is still processing it.
    Waits,
}

impl Refund {
    /// Whether money has gone back, or may still go back.
    pub(super) fn counts(&self) -> bool {
        self.state != RefundState::Closed && self.second_payment.is_none()
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, RefundState::Processing | RefundState::Abnormal)
    }

    /// Sets when to query WeChat Pay next. The time between two queries grows with the age of the refund.
    pub(super) fn wait(&mut self, now: Timestamp) {
        let age = now.duration_since(self.at.into());
        let pause = if self.state == RefundState::Abnormal { LONGEST_WAIT } else { age.clamp(FIRST_QUERY, LONGEST_WAIT) };
        self.query_at = Some(LocalTime::from(now).later(pause));
    }

    pub(super) fn settle(&mut self, state: RefundState, now: Timestamp) {
        (self.state, self.settled_at, self.query_at) = (state, Some(now.into()), None);
    }
}
