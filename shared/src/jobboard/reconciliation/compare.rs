//! The comparison of a day's bill with the orders and refunds of the system. Nothing here reads or writes.

use std::collections::{HashMap, HashSet};

use jiff::SignedDuration;

use super::{Difference, DifferenceKind, Sums};
use crate::jobboard::orders::{Order, OrderState};
use crate::jobboard::refund::{Origin, Refund, RefundState};
use crate::outbound::wechat::pay::bill::{Content, Line};
use crate::values::{Id, LocalTime, Money};

/// WeChat Pay may accept a refund so much later than the system stored it: one of the last minutes of a day may be in the next bill.
const ACCEPTED_WITHIN: SignedDuration = SignedDuration::from_mins(5);

/// The result of a comparison.
#[derive(Default)]
pub(super) struct Compared {
    pub payments: Sums,
    pub refunds: Sums,
    pub differences: Vec<Difference>,
}

/// The day of a bill: its first and its last millisecond in Shanghai.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    pub first: LocalTime,
    pub last: LocalTime,
}

impl Bounds {
    fn contain(self, at: LocalTime) -> bool {
        self.first <= at && at <= self.last
    }
}

/// Compares the lines of a bill with the orders that they name and with those that were paid or refunded on the day.
pub(super) fn compare(lines: &[Line], orders: &HashMap<Id, Order>, day: Bounds) -> Compared {
    let mut compared = Compared::default();
    let mut seen: HashSet<&str> = HashSet::new();
    for line in lines {
        let order = Order::id_in(&line.order_no).and_then(|id| orders.get(&id)).filter(|order| order.number() == line.order_no);
        let (there, here, name) = match &line.content {
            Content::Payment { amount } => {
                compared.payments.there(*amount);
                (*amount, order.and_then(|order| paid_by(order, &line.transaction_id)), &line.transaction_id)
            }
            Content::Refund { refund_no, amount } => {
                compared.refunds.there(*amount);
                (*amount, order.and_then(|order| refunded_by(order, refund_no)), refund_no)
            }
        };
        seen.insert(name);
        let kind = match here {
            None => DifferenceKind::OnlyThere,
            Some(here) if here != there => DifferenceKind::AmountsDiffer,
            Some(_) => continue,
        };
        let refund_no = match &line.content {
            Content::Refund { refund_no, .. } => Some(refund_no.clone()),
            Content::Payment { .. } => None,
        };
        compared.differences.push(Difference {
            kind,
            user: order.map(|order| order.user),
            order_no: Some(line.order_no.clone()),
            transaction_id: Some(line.transaction_id.clone()),
            refund_no,
            here,
            there: Some(there),
        });
    }
    let mut ours: Vec<&Order> = orders.values().collect();
    ours.sort_unstable_by_key(|order| order.id);
    for order in ours {
        check_ours(order, day, &seen, &mut compared);
    }
    compared
}

/// What the system knows to be paid with this payment, in fen.
fn paid_by(order: &Order, transaction_id: &str) -> Option<i64> {
    let is_first = order.transaction_id.as_deref() == Some(transaction_id);
    let is_paid = !matches!(order.state, OrderState::Pending | OrderState::Closed);
    let is_second = || order.refunds.iter().any(|refund| refund.second_payment.as_deref() == Some(transaction_id));
    (is_first && is_paid || is_second()).then_some(order.amount.fen())
}

/// The amount of a refund that the system knows, in fen.
fn refunded_by(order: &Order, refund_no: &str) -> Option<i64> {
    let is_it = |refund: &&Refund| refund.number.as_deref() == Some(refund_no) && refund.state != RefundState::Closed;
    order.refunds.iter().find(is_it).map(|refund| refund.amount.fen())
}

/// The payment and the refunds of an order that must be in the bill of the day.
fn check_ours(order: &Order, day: Bounds, seen: &HashSet<&str>, compared: &mut Compared) {
    let only_here = |refund_no: Option<&String>, amount: Money| Difference {
        kind: DifferenceKind::OnlyHere,
        user: Some(order.user),
        order_no: Some(order.number()),
        transaction_id: order.transaction_id.clone(),
        refund_no: refund_no.cloned(),
        here: Some(amount.fen()),
        there: None,
    };
    if let (Some(id), true) = (&order.transaction_id, order.paid_at.is_some_and(|at| day.contain(at))) {
        compared.payments.here(order.amount.fen());
        if !seen.contains(id.as_str()) {
            compared.differences.push(only_here(None, order.amount));
        }
        if order.is_refund_due() && order.open_refunds().next().is_none() {
            compared.differences.push(Difference { kind: DifferenceKind::NotGranted, ..only_here(None, order.amount) });
        }
    }
    let is_made = |refund: &&Refund| matches!(refund.state, RefundState::Succeeded | RefundState::Abnormal);
    for refund in order.refunds.iter().filter(is_made).filter(|refund| day.contain(refund.at)) {
        let Some(number) = &refund.number else { continue };
        compared.refunds.here(refund.amount.fen());
        // The time of a refund that was made elsewhere is when the system learned of it.
        let is_certain = refund.origin != Origin::Elsewhere && refund.at.later(ACCEPTED_WITHIN) <= day.last;
        if is_certain && !seen.contains(number.as_str()) {
            compared.differences.push(only_here(Some(number), refund.amount));
        }
    }
}
