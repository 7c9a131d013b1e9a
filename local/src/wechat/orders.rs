//! The merchant's orders at WeChat Pay: unpaid, paid and closed. `refunding.rs` has their refunds.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::crypto::random::random;
use shared::values::LocalTime;

use super::refunds::{Plan, Refund};

/// An error of WeChat Pay: HTTP status, code, message.
pub type Failure = (u16, &'static str, String);

/// How many orders `/simulate/orders` returns.
const LISTED: usize = 100;

#[derive(Default, Serialize, Deserialize)]
pub struct Orders(pub(super) BTreeMap<String, Order>);

#[derive(Serialize, Deserialize)]
pub struct Order {
    /// The merchant's request that placed it.
    pub request: Value,
    placed_at: LocalTime,
    prepay_id: String,
    state: State,
    /// What a test makes WeChat Pay report instead of the state.
    reported: Option<String>,
    /// What a test makes WeChat Pay report as paid, in fen.
    reported_total: Option<Value>,
    /// Further payments of the same order: WeChat Pay's number of each, and when.
    pub(super) again: Vec<(String, LocalTime)>,
    pub(super) refunds: Vec<Refund>,
    /// What becomes of the refunds that are requested from now on.
    pub(super) plan: Plan,
}

#[derive(Serialize, Deserialize)]
pub(super) enum State {
    NotPaid,
    Paid { transaction_id: String, at: LocalTime },
    Closed,
}

impl Orders {
    /// Places an order and returns its `prepay_id`. The same request again returns the same id.
    pub fn place(&mut self, body: &Value, now: Timestamp) -> Result<String, Failure> {
        let number = text(body, "out_trade_no");
        if let Some(order) = self.0.get(&number) {
            return match order.state {
                State::Paid { .. } => Err((400, "ORDERPAID", "该订单已支付".into())),
                State::Closed => Err((400, "ORDER_CLOSED", "该订单已关闭".into())),
                State::NotPaid if order.request == *body => Ok(order.prepay_id.clone()),
                State::NotPaid => Err((400, "INVALID_REQUEST", "商户订单号重复".into())),
            };
        }
        let prepay_id = format!("wx{}", digits(34));
        self.0.insert(number, Order::new(body.clone(), now.into(), prepay_id.clone(), State::NotPaid));
        Ok(prepay_id)
    }

    pub fn find(&self, number: &str) -> Option<&Order> {
        self.0.get(number)
    }

    pub fn find_paid(&self, wanted: &str) -> Option<&Order> {
        self.0.values().find(|order| order.payments().any(|(id, _)| id == wanted))
    }

    /// Summaries of the latest orders, newest first.
    pub fn latest(&self) -> Vec<Value> {
        let mut orders: Vec<&Order> = self.0.values().collect();
        orders.sort_by_key(|order| Reverse(order.placed_at));
        orders.into_iter().take(LISTED).map(Order::summary).collect()
    }

    /// The user pays. A second payment has no effect. `is_late` pays an order that was closed or has expired meanwhile.
    pub fn pay(&mut self, number: &str, is_late: bool, now: Timestamp) -> Result<&Order, Failure> {
        let order = self.0.get_mut(number).ok_or_else(unknown_order)?;
        let until = LocalTime::parse(&text(&order.request, "time_expire")).map_or(Timestamp::MAX, Timestamp::from);
        match order.state {
            State::Paid { .. } => {}
            State::Closed if !is_late => return Err((409, "ORDER_CLOSED", "该订单已关闭".into())),
            State::NotPaid if now >= until && !is_late => return Err((409, "ORDER_CLOSED", "该订单已过期".into())),
            State::NotPaid | State::Closed => order.state = State::Paid { transaction_id: transaction_id(), at: now.into() },
        }
        Ok(order)
    }

    /// Adds paid orders: requests of the merchant, each with the `transaction_id` of its payment and, unless it was now, its `paid_at`.
    pub fn import(&mut self, requests: Vec<Value>, now: Timestamp) {
        for request in requests {
            let paid_at = LocalTime::parse(&text(&request, "paid_at")).unwrap_or_else(|_| now.into());
            let state = State::Paid { transaction_id: text(&request, "transaction_id"), at: paid_at };
            self.0.insert(text(&request, "out_trade_no"), Order::new(request, paid_at, String::new(), state));
        }
    }

    /// The user pays a paid order once more. Returns WeChat Pay's number of this payment.
    pub fn pay_again(&mut self, number: &str, now: Timestamp) -> Result<(&Order, String), Failure> {
        let order = self.0.get_mut(number).ok_or_else(unknown_order)?;
        let id = transaction_id();
        order.again.push((id.clone(), now.into()));
        Ok((order, id))
    }

    /// From now on WeChat Pay reports this state of the order; its own one again if it is empty.
    pub fn report(&mut self, number: &str, state: &str) -> Result<(), Failure> {
        let order = self.0.get_mut(number).ok_or_else(unknown_order)?;
        order.reported = Some(state.to_owned()).filter(|state| !state.is_empty());
        Ok(())
    }

    /// From now on WeChat Pay reports the order as paid with this amount in fen.
    pub fn report_paid(&mut self, number: &str, total: &Value) -> Result<(), Failure> {
        self.report(number, "SUCCESS")?;
        self.0.get_mut(number).ok_or_else(unknown_order)?.reported_total = Some(total.clone());
        Ok(())
    }

    pub fn close(&mut self, number: &str) -> Result<(), Failure> {
        let order = self.0.get_mut(number).ok_or_else(unknown_order)?;
        if let State::Paid { .. } = order.state {
            return Err((400, "ORDERPAID", "该订单已支付".into()));
        }
        order.state = State::Closed;
        Ok(())
    }
}

impl Order {
    fn new(request: Value, placed_at: LocalTime, prepay_id: String, state: State) -> Self {
        Self {
            request,
            placed_at,
            prepay_id,
            state,
            reported: None,
            reported_total: None,
            again: Vec::new(),
            refunds: Vec::new(),
            plan: Plan::default(),
        }
    }

    /// WeChat Pay's numbers of the payments, and when they were made.
    pub fn payments(&self) -> impl Iterator<Item = (&str, LocalTime)> {
        let first = match &self.state {
            State::Paid { transaction_id, at } => Some((transaction_id.as_str(), *at)),
            State::NotPaid | State::Closed => None,
        };
        first.into_iter().chain(self.again.iter().map(|(id, at)| (id.as_str(), *at)))
    }

    /// In fen.
    pub fn total(&self) -> i64 {
        self.request["amount"]["total"].as_i64().unwrap_or_default()
    }

    fn trade_state(&self) -> (&str, &'static str) {
        let (state, described) = match self.state {
            State::NotPaid => ("NOTPAY", "订单未支付"),
            State::Paid { .. } if self.is_refunded() => ("REFUND", "转入退款"),
            State::Paid { .. } => ("SUCCESS", "支付成功"),
            State::Closed => ("CLOSED", "订单已关闭"),
        };
        (self.reported.as_deref().unwrap_or(state), described)
    }

    fn summary(&self) -> Value {
        let (state, described) = self.trade_state();
        json!({
            "out_trade_no": self.request["out_trade_no"], "description": self.request["description"],
            "total": self.request["amount"]["total"], "trade_state": state, "trade_state_desc": described,
            "announced_at": Timestamp::from(self.placed_at).to_string(),
        })
    }

    /// The order as in WeChat Pay's responses and notifications.
    pub fn transaction(&self) -> Value {
        let (state, described) = self.trade_state();
        let total = self.reported_total.as_ref().unwrap_or(&self.request["amount"]["total"]);
        let mut transaction = json!({
            "appid": self.request["appid"], "mchid": self.request["mchid"],
            "out_trade_no": self.request["out_trade_no"], "attach": text(&self.request, "attach"),
            "trade_state": state, "trade_state_desc": described, "payer": self.request["payer"],
            "amount": {"total": total, "currency": "CNY"},
        });
        if let State::Paid { transaction_id, at } = &self.state {
            transaction["transaction_id"] = transaction_id.clone().into();
            transaction["trade_type"] = "JSAPI".into();
            transaction["bank_type"] = "OTHERS".into();
            transaction["success_time"] = at.to_second().into();
            transaction["amount"] = json!({"total": total, "payer_total": total, "currency": "CNY", "payer_currency": "CNY"});
        }
        transaction
    }
}

/// WeChat Pay's number of a payment.
fn transaction_id() -> String {
    format!("42{}", digits(26))
}

pub fn unknown_order() -> Failure {
    (404, "ORDER_NOT_EXIST", "订单不存在".into())
}

/// A text member; empty if it is missing.
pub fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

/// Random digits.
pub(super) fn digits(count: usize) -> String {
    let random: [u8; 32] = random().unwrap_or_default();
    hex::encode(random).chars().map(|digit| char::from(b'0' + (digit as u8) % 10)).take(count).collect()
}
