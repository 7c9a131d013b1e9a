//! Random histories of an order: payments, notifications, refunds, lost requests and repeated reports, in any sequence. After each step the
//! books balance, and never more has gone back than was paid.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::orders::{Order, OrderState};
use super::refund::{NewRefund, Origin, Refund as Refunded, RefundState, Settled, Taken};
use super::transition::{Effect, Step, refunded, reported};
use crate::outbound::wechat::pay::report::{Refund, RefundResult, Transaction};
use crate::values::{Id, Money, Text};

const COUNT: u32 = 10;
const TOTAL: i64 = 3000;

/// Something that happens. The numbers choose among what there is, the newest first.
#[derive(Clone, Debug)]
enum Happening {
    Pay,
    PayAgain,
    NotifyPayment(usize),
    Close,
    Spend,
    Refund(Option<i64>),
    /// The request reaches WeChat Pay, or is lost.
    Request(usize, bool),
    Settle(usize, RefundResult),
    NotifyRefund(usize),
    RefundInConsole(i64),
}

fn happening() -> impl Strategy<Value = Happening> {
    let result = prop_oneof![
        4 => Just(RefundResult::Success),
        1 => Just(RefundResult::Abnormal),
        1 => Just(RefundResult::Closed),
    ];
    prop_oneof![
        6 => Just(Happening::Pay),
        1 => Just(Happening::PayAgain),
        8 => (0..3_usize).prop_map(Happening::NotifyPayment),
        1 => Just(Happening::Close),
        4 => Just(Happening::Spend),
        8 => (1..=TOTAL / 4).prop_map(|amount| Happening::Refund(Some(amount))),
        2 => Just(Happening::Refund(None)),
        12 => (few(), any::<bool>()).prop_map(|(refund, is_lost)| Happening::Request(refund, is_lost)),
        12 => (few(), result).prop_map(|(refund, result)| Happening::Settle(refund, result)),
        12 => few().prop_map(Happening::NotifyRefund),
        1 => (1..=TOTAL / 4).prop_map(Happening::RefundInConsole),
    ]
}

/// Mostly the newest.
fn few() -> impl Strategy<Value = usize> {
    prop_oneof![3 => Just(0_usize), 1 => 1..4_usize]
}

/// A refund at WeChat Pay.
struct AtWeChat {
    payment: usize,
    amount: i64,
    result: RefundResult,
}

/// An order of vouchers here, its payments and refunds at WeChat Pay, and the vouchers of its user.
struct World {
    order: Order,
    now: Timestamp,
    payments: usize,
    refunds: BTreeMap<String, AtWeChat>,
    balance: i64,
    granted: i64,
    spent: i64,
    taken: i64,
    /// Whether a refund succeeded after it was closed.
    is_reopened: bool,
}

fn payment(number: usize) -> String {
    format!("42{number}")
}

impl World {
    fn new() -> Self {
        let now: Timestamp = "2024-01-15T10:30:00Z".parse().unwrap();
        let id = Id::of_parts(now, 7).unwrap();
        let order = serde_json::json!({
            "id": id, "user": id, "purchase": {"goods": "vouchers", "count": COUNT}, "amount": TOTAL, "state": "pending",
            "created_at": crate::values::LocalTime::from(now), "nonce": "",
        });
        let order = serde_json::from_value(order).unwrap();
        let refunds = BTreeMap::new();
        Self { order, now, payments: 0, refunds, balance: 0, granted: 0, spent: 0, taken: 0, is_reopened: false }
    }

    /// Applies a step as the service does. A rejected step leaves everything as it was.
    fn step(&mut self, step: &Step) {
        let mut order = self.order.clone();
        let Ok(effect) = step.apply(&mut order, self.now) else { return };
        self.is_reopened |= matches!(effect, Effect::RefundSettled(_, Settled::Reopened));
        let taken = |place: usize| order.refunds.get(place).map_or(0, |refund| i64::from(refund.taken.vouchers));
        match effect {
            Effect::Paid => {
                self.balance += i64::from(COUNT);
                self.granted += i64::from(COUNT);
            }
            Effect::RefundBegun(place) if taken(place) > self.balance => return,
            Effect::RefundBegun(place) => {
                self.balance -= taken(place);
                self.taken += taken(place);
            }
            Effect::RefundSettled(place, Settled::Closed) => {
                self.balance += taken(place);
                self.taken -= taken(place);
            }
            Effect::RefundSettled(place, Settled::Reopened) if taken(place) <= self.balance => {
                self.balance -= taken(place);
                self.taken += taken(place);
            }
            Effect::RefundSettled(place, Settled::Reopened) => order.refunds[place].taken = Taken::default(),
            _ => {}
        }
        self.order = order;
    }

    /// What WeChat Pay has sent back of a payment, or may still send back.
    fn gone(&self, payment: usize) -> i64 {
        let counts = |refund: &&AtWeChat| refund.payment == payment && refund.result != RefundResult::Closed;
        self.refunds.values().filter(counts).map(|refund| refund.amount).sum()
    }

    fn transaction(&self, number: usize) -> Transaction {
        let state = if number == 0 && self.gone(0) > 0 { "REFUND" } else { "SUCCESS" };
        let transaction = serde_json::json!({
            "appid": "wx", "mchid": "19", "out_trade_no": self.order.number(), "trade_state": state,
            "transaction_id": payment(number), "amount": {"total": TOTAL, "currency": "CNY"},
        });
        serde_json::from_value(transaction).unwrap()
    }

    fn report(&self, number: &str) -> Refund {
        let refund = &self.refunds[number];
        let amount = serde_json::json!({"total": TOTAL, "refund": refund.amount});
        Refund {
            out_trade_no: self.order.number(),
            out_refund_no: number.to_owned(),
            transaction_id: Some(payment(refund.payment)),
            result: refund.result.clone(),
            amount: serde_json::from_value(amount).unwrap(),
        }
    }

    /// WeChat Pay accepts a refund once for each number, and never more than was paid.
    fn accept(&mut self, number: String, payment: usize, amount: i64) {
        if !self.refunds.contains_key(&number) && self.gone(payment) + amount <= TOTAL && payment < self.payments {
            self.refunds.insert(number, AtWeChat { payment, amount, result: RefundResult::Processing });
        }
    }

    /// The clean-up: what WeChat Pay knows is applied; what it does not know is requested; what it rejects is closed.
    fn pursue(&mut self, place: usize) {
        let refund = &self.order.refunds[place];
        let (Some(number), amount) = (refund.number.clone(), refund.amount.fen()) else { return };
        let paid =
            refund.second_payment.as_deref().and_then(|id| id.strip_prefix("42")).and_then(|id| id.parse().ok()).unwrap_or(0);
        if !self.refunds.contains_key(&number) {
            self.accept(number.clone(), paid, amount);
        }
        let step = match self.refunds.contains_key(&number) {
            true => refunded(&self.order, &self.report(&number), self.now),
            false => Step::RefundReported { number, result: RefundResult::Closed },
        };
        self.step(&step);
    }

    fn happen(&mut self, happening: Happening) {
        self.now += SignedDuration::from_mins(1);
        match happening {
            Happening::Pay => self.payments = self.payments.max(1),
            Happening::PayAgain if self.payments > 0 => self.payments += 1,
            Happening::NotifyPayment(number) if number < self.payments => {
                if let Some(step) = reported(&self.order, &self.transaction(number), self.now) {
                    self.step(&step);
                }
            }
            Happening::Close => self.step(&Step::Closed),
            Happening::Spend if self.balance > 0 => {
                self.balance -= 1;
                self.spent += 1;
            }
            Happening::Refund(amount) => {
                let reason = Text::parse("用户申请").unwrap();
                let reference = Some(Text::parse(&self.now.to_string()).unwrap());
                let amount = amount.map(Money::from_fen);
                self.step(&Step::RefundBegun(NewRefund { amount, origin: Origin::Staff, reason, by: None, reference }));
            }
            Happening::Request(newest, false) if newest < self.order.refunds.len() => {
                self.pursue(self.order.refunds.len() - 1 - newest);
            }
            Happening::Settle(newest, result) => {
                if let Some(refund) = self.refunds.values_mut().rev().nth(newest)
                    && matches!(refund.result, RefundResult::Processing | RefundResult::Abnormal)
                {
                    refund.result = result;
                }
            }
            Happening::NotifyRefund(newest) => {
                let settled = self.refunds.iter().rev().filter(|(_, refund)| refund.result != RefundResult::Processing);
                if let Some(number) = settled.map(|(number, _)| number.clone()).nth(newest) {
                    self.step(&refunded(&self.order, &self.report(&number), self.now));
                }
            }
            Happening::RefundInConsole(amount) => {
                let number = format!("console-{}", self.now);
                self.accept(number, 0, amount);
            }
            _ => {}
        }
    }

    fn balances(&self) {
        let Self { order, balance, granted, spent, taken, .. } = self;
        assert!(*balance >= 0);
        assert_eq!(granted - spent - taken, *balance);
        let held = order
            .refunds
            .iter()
            .filter(|refund| refund.state != RefundState::Closed)
            .map(|refund| i64::from(refund.taken.vouchers));
        assert_eq!(held.sum::<i64>(), *taken);
        assert!(order.refunded().fen() + order.refundable().fen() <= TOTAL);
        for payment in 0..self.payments {
            assert!(self.gone(payment) <= TOTAL, "more went back than was paid");
        }
        let own = order.refunds.iter().filter(|refund| refund.second_payment.is_none());
        let open = own.clone().any(|refund| matches!(refund.state, RefundState::Processing | RefundState::Abnormal));
        assert_eq!(open, order.state == OrderState::Refunding);
        let committed: i64 = own.filter(|refund| refund.state != RefundState::Closed).map(|refund| refund.amount.fen()).sum();
        // After a late success, WeChat Pay rejects the refund that was begun for the same money.
        assert!(self.is_reopened || committed <= TOTAL, "more is to go back than was paid");
        let here = |refund: &&Refunded| refund.state != RefundState::Closed && refund.origin != Origin::Elsewhere;
        let here = order.refunds.iter().filter(here).filter(|refund| refund.second_payment.is_none());
        let share = here.map(|refund| refund.amount.fen()).sum::<i64>() * i64::from(COUNT);
        assert!(self.is_reopened || taken * TOTAL < share + TOTAL, "more vouchers are taken than the share, rounded up");
        assert!(*taken <= *granted);
    }

    /// Everything is delivered in the end. Then WeChat Pay and the order agree.
    fn settle(&mut self) {
        for _ in 0..3 {
            for place in 0..self.order.refunds.len() {
                if self.order.refunds[place].origin != Origin::Elsewhere {
                    self.pursue(place);
                }
            }
            for refund in self.refunds.values_mut() {
                if matches!(refund.result, RefundResult::Processing | RefundResult::Abnormal) {
                    refund.result = RefundResult::Success;
                }
            }
            for number in self.refunds.keys().cloned().collect::<Vec<_>>() {
                self.step(&refunded(&self.order, &self.report(&number), self.now));
                self.balances();
            }
        }
        assert_eq!(self.order.open_refunds().count(), 0);
        for refund in self.order.refunds.iter().filter(|refund| refund.origin != Origin::Elsewhere) {
            let at_wechat = refund.number.as_ref().and_then(|number| self.refunds.get(number));
            let succeeded = at_wechat.is_some_and(|known| known.result == RefundResult::Success);
            assert_eq!(succeeded, refund.state == RefundState::Succeeded);
        }
    }
}

fn check(history: Vec<Happening>) {
    let mut world = World::new();
    for happening in history {
        world.happen(happening);
        world.balances();
    }
    world.settle();
}

#[test]
fn the_books_balance_after_a_late_success_of_a_closed_refund() {
    check(vec![
        Happening::Pay,
        Happening::NotifyPayment(0),
        Happening::Refund(None),
        // It holds 0.01 of the payment, so that WeChat Pay rejects the refund of the rest.
        Happening::RefundInConsole(1),
        Happening::Request(0, false),
        Happening::Settle(0, RefundResult::Closed),
        Happening::Request(0, false),
        Happening::Settle(1, RefundResult::Success),
        Happening::Refund(Some(1)),
        Happening::NotifyRefund(1),
    ]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn the_books_balance_after_each_step_of_a_random_history(history in proptest::collection::vec(happening(), 1..100)) {
        check(history);
    }
}
