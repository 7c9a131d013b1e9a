//! The refunds of an order: how much can go back, what is taken back for it, and what each result at WeChat Pay does
//! (docs/design/jobboard.md, Refunds). Nothing here reads or writes; `refunding.rs` does.

use jiff::Timestamp;

use super::orders::{Order, OrderState, Purchase};
use super::refund::{NewRefund, Origin, Refund, RefundState, Settled, Taken};
use super::review::Reason;
use crate::error::{Error, Fault, Result};
use crate::outbound::wechat::pay::report::RefundResult;
use crate::values::{LocalTime, Money};

/// WeChat Pay accepts at most so many refunds of a payment.
const MOST: usize = 50;

fn conflict(field: &'static str, reason: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::conflict(Fault::new(field, reason))
}

impl Order {
    /// How much has gone back of the payment.
    pub fn refunded(&self) -> Money {
        // Orders that an earlier version recorded as refunded have no record of it.
        if self.state == OrderState::Refunded && self.refunds.is_empty() {
            return self.amount;
        }
        self.returned()
    }

    /// What the records of refunds say.
    fn returned(&self) -> Money {
        self.sum(|refund| refund.state == RefundState::Succeeded && refund.second_payment.is_none())
    }

    /// How much can still go back.
    pub fn refundable(&self) -> Money {
        let gone = self.sum(Refund::counts).fen().max(self.refunded().fen());
        Money::from_fen((self.amount.fen() - gone).max(0))
    }

    /// What the user paid. Money that arrived twice is not in it.
    pub fn paid(&self) -> Money {
        let is_paid = !matches!(self.state, OrderState::Pending | OrderState::Closed);
        if is_paid { self.amount } else { Money::from_fen(0) }
    }

    fn sum(&self, is_counted: impl Fn(&Refund) -> bool) -> Money {
        Money::from_fen(self.refunds.iter().filter(|refund| is_counted(refund)).map(|refund| refund.amount.fen()).sum())
    }

    /// Whether something was granted that a refund can take back.
    fn was_granted(&self) -> bool {
        self.paid_at.is_some() && !self.is_without_grant()
    }

    /// Whether it was paid when nothing could be granted for the money.
    fn is_without_grant(&self) -> bool {
        let by_rule = |refund: &Refund| refund.origin == Origin::Rule && refund.second_payment.is_none();
        self.review.as_ref().is_some_and(|review| review.reason == Reason::RefundDue) || self.refunds.iter().any(by_rule)
    }

    /// Whether it was paid, nothing was granted for the money, and the money has not gone back.
    pub fn is_refund_due(&self) -> bool {
        matches!(self.state, OrderState::Paid | OrderState::Refunding) && self.is_without_grant()
    }

    /// When to query WeChat Pay about a refund.
    pub(super) fn query_refunds_at(&self) -> Option<LocalTime> {
        self.refunds.iter().filter_map(|refund| refund.query_at).min()
    }

    /// Whether WeChat Pay may still make a refund.
    pub(super) fn is_processing_refund(&self) -> bool {
        self.refunds.iter().any(|refund| refund.state == RefundState::Processing && refund.second_payment.is_none())
    }

    /// The refunds that WeChat Pay has not settled.
    pub(super) fn open_refunds(&self) -> impl Iterator<Item = &Refund> {
        self.refunds.iter().filter(|refund| refund.is_open())
    }

    /// Begins a refund. Returns its place, or None if the same request began it before.
    pub(super) fn begin_refund(&mut self, new: &NewRefund, now: Timestamp) -> Result<Option<usize>> {
        if self.refunds.iter().any(|refund| new.is_of(refund)) {
            return Ok(None);
        }
        match self.state {
            OrderState::Paid | OrderState::PartlyRefunded => {}
            OrderState::Pending | OrderState::Closed => return Err(conflict("order_no", "was not paid")),
            OrderState::Refunding => return Err(conflict("order_no", "has a refund that is not settled")),
            OrderState::Refunded => return Err(conflict("order_no", "was refunded")),
        }
        let rest = self.refundable();
        let amount = new.amount.unwrap_or(rest);
        if amount.fen() < 1 || amount.fen() > rest.fen() {
            let reason = format!("must be from 0.01 to {rest}, which is what is left of the payment");
            return Err(Error::invalid([Fault::new("amount", reason)]));
        }
        // A rule refunds what was not granted.
        let vouchers = if new.origin == Origin::Rule { 0 } else { self.vouchers_for(amount) };
        let taken = Taken { vouchers, seconds: 0 };
        self.push_refund(new, amount, taken, None, now)
    }

    /// Begins the refund of another payment of the order. Returns its place, or None if it was begun before.
    pub(super) fn begin_second_refund(
        &mut self,
        new: &NewRefund,
        transaction_id: &str,
        now: Timestamp,
    ) -> Result<Option<usize>> {
        if self.refunds.iter().any(|refund| refund.second_payment.as_deref() == Some(transaction_id)) {
            return Ok(None);
        }
        self.push_refund(new, self.amount, Taken::default(), Some(transaction_id.to_owned()), now)
    }

    fn push_refund(
        &mut self,
        new: &NewRefund,
        amount: Money,
        taken: Taken,
        second_payment: Option<String>,
        now: Timestamp,
    ) -> Result<Option<usize>> {
        if self.refunds.len() >= MOST {
            return Err(conflict("order_no", "has 50 refunds, and WeChat Pay accepts no more"));
        }
        let place = self.refunds.len();
        let number = format!("{}R{:02}", self.number(), place + 1);
        let mut refund = Refund { second_payment, taken, ..new.refund(Some(number), amount, RefundState::Processing, now) };
        refund.wait(now);
        self.refunds.push(refund);
        self.follow_refunds();
        Ok(Some(place))
    }

    /// Records money that went back without this system. Nothing is taken back.
    pub(super) fn add_refund(&mut self, new: &NewRefund, number: Option<String>, now: Timestamp) {
        let amount = Money::from_fen(new.amount.unwrap_or(self.amount).fen().min(self.refundable().fen()));
        if amount.is_zero() || self.refunds.len() >= MOST {
            return;
        }
        let refund = Refund { settled_at: Some(now.into()), ..new.refund(number, amount, RefundState::Succeeded, now) };
        self.refunds.push(refund);
        self.follow_refunds();
    }

    /// Applies what WeChat Pay reports of the refund at a place. None if it changes nothing.
    pub(super) fn settle_refund(&mut self, place: usize, result: &RefundResult, now: Timestamp) -> Option<Settled> {
        let refund = self.refunds.get_mut(place)?;
        let settled = match (refund.state, result) {
            (RefundState::Processing | RefundState::Abnormal, RefundResult::Success) => {
                refund.settle(RefundState::Succeeded, now);
                Settled::Succeeded
            }
            (RefundState::Processing | RefundState::Abnormal, RefundResult::Closed) => {
                refund.settle(RefundState::Closed, now);
                Settled::Closed
            }
            (RefundState::Closed, RefundResult::Success) => {
                refund.settle(RefundState::Succeeded, now);
                Settled::Reopened
            }
            (RefundState::Processing, RefundResult::Abnormal) => {
                refund.state = RefundState::Abnormal;
                refund.wait(now);
                Settled::Abnormal
            }
            (RefundState::Processing, RefundResult::Processing) | (RefundState::Abnormal, RefundResult::Abnormal) => {
                refund.wait(now);
                Settled::Waits
            }
            _ => return None,
        };
        self.follow_refunds();
        Some(settled)
    }

    /// Settles what waits for a person: the money went back outside of WeChat Pay.
    pub(super) fn settle_abnormal_refunds(&mut self, now: Timestamp) {
        for refund in self.refunds.iter_mut().filter(|refund| refund.state == RefundState::Abnormal) {
            refund.settle(RefundState::Succeeded, now);
        }
        self.follow_refunds();
    }

    /// The place of the refund with this `out_refund_no`.
    pub(super) fn place_of_refund(&self, number: &str) -> Option<usize> {
        self.refunds.iter().position(|refund| refund.number.as_deref() == Some(number))
    }

    /// The state that follows from the refunds of a paid order.
    fn follow_refunds(&mut self) {
        if matches!(self.state, OrderState::Pending | OrderState::Closed) {
            return;
        }
        let is_open = self.refunds.iter().any(|refund| refund.is_open() && refund.second_payment.is_none());
        self.state = match self.returned().fen() {
            _ if is_open => OrderState::Refunding,
            0 => OrderState::Paid,
            refunded if refunded < self.amount.fen() => OrderState::PartlyRefunded,
            _ => OrderState::Refunded,
        };
    }

    /// How many vouchers a further refund takes back. The house keeps no part of a voucher: the number for all refunds together is rounded up.
    fn vouchers_for(&self, amount: Money) -> u32 {
        let Purchase::Vouchers { count } = self.purchase else { return 0 };
        if !self.was_granted() {
            return 0;
        }
        let taken: u32 = self.refunds.iter().filter(|refund| refund.counts()).map(|refund| refund.taken.vouchers).sum();
        // What went back elsewhere took nothing, and counts for nothing here.
        let here = self.sum(|refund| refund.counts() && refund.origin != Origin::Elsewhere).fen() + amount.fen();
        let part = i128::from(here) * i128::from(count);
        let whole = i128::from(self.amount.fen().max(1));
        let together = u32::try_from((part + whole - 1) / whole).unwrap_or(count).min(count);
        together.saturating_sub(taken)
    }

    /// The largest amount that can go back while the user has `unspent` vouchers.
    pub(super) fn refundable_with(&self, unspent: i64) -> Money {
        let fits = |fen: &i64| i64::from(self.vouchers_for(Money::from_fen(*fen))) <= unspent;
        // `vouchers_for` grows with the amount.
        let (mut low, mut high) = (0, self.refundable().fen());
        while low < high {
            let middle = low + (high - low + 1) / 2;
            if fits(&middle) { low = middle } else { high = middle - 1 }
        }
        Money::from_fen(low)
    }

    /// The seconds of the top that a further refund takes back at most.
    pub(super) fn seconds_for(&self, amount: Money) -> i64 {
        let Purchase::Top { hours, .. } = self.purchase else { return 0 };
        if !self.was_granted() {
            return 0;
        }
        let part = i128::from(hours) * 3600 * i128::from(amount.fen());
        i64::try_from(part / i128::from(self.amount.fen().max(1))).unwrap_or(0)
    }
}
