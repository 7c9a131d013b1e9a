//! Orders at WeChat Pay: what is to be paid, what was, and what can be no longer.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};
use shared::crypto::random::random;
use shared::values::LocalTime;

/// What WeChat Pay says instead: HTTP status, code, message.
pub type Refusal = (u16, &'static str, String);

/// How many orders are listed.
const LISTED: usize = 100;

#[derive(Default)]
pub struct Orders(BTreeMap<String, Order>);

pub struct Order {
    /// As the merchant announced it.
    pub announced: Value,
    announced_at: Timestamp,
    prepay_id: String,
    state: State,
}

enum State {
    NotPaid,
    Paid { transaction_id: String, at: Timestamp },
    Closed,
}

impl Orders {
    /// Announces an order, or the same one again, and gives its `prepay_id`.
    pub fn announce(&mut self, body: &Value, now: Timestamp) -> Result<String, Refusal> {
        let number = text(body, "out_trade_no");
        if let Some(order) = self.0.get(&number) {
            return match order.state {
                State::Paid { .. } => Err((400, "ORDERPAID", "该订单已支付".into())),
                State::Closed => Err((400, "ORDER_CLOSED", "该订单已关闭".into())),
                State::NotPaid if order.announced == *body => Ok(order.prepay_id.clone()),
                State::NotPaid => Err((400, "INVALID_REQUEST", "商户订单号重复".into())),
            };
        }
        let prepay_id = format!("wx{}", digits(34));
        let order = Order { announced: body.clone(), announced_at: now, prepay_id: prepay_id.clone(), state: State::NotPaid };
        self.0.insert(number, order);
        Ok(prepay_id)
    }

    pub fn find(&self, number: &str) -> Option<&Order> {
        self.0.get(number)
    }

    pub fn find_paid(&self, wanted: &str) -> Option<&Order> {
        self.0.values().find(|order| matches!(&order.state, State::Paid { transaction_id, .. } if transaction_id == wanted))
    }

    /// The latest ones, newest first, as the list of a user would show them.
    pub fn latest(&self) -> Vec<Value> {
        let mut orders: Vec<&Order> = self.0.values().collect();
        orders.sort_by_key(|order| Reverse(order.announced_at));
        orders.into_iter().take(LISTED).map(Order::summary).collect()
    }

    /// The user pays. What was paid stays so.
    pub fn pay(&mut self, number: &str, now: Timestamp) -> Result<&Order, Refusal> {
        let order = self.0.get_mut(number).ok_or_else(unknown)?;
        let until = LocalTime::parse(&text(&order.announced, "time_expire")).map_or(Timestamp::MAX, Timestamp::from);
        match order.state {
            State::Paid { .. } => {}
            State::Closed => return Err((409, "ORDER_CLOSED", "该订单已关闭".into())),
            State::NotPaid if now >= until => return Err((409, "ORDER_CLOSED", "该订单已过期".into())),
            State::NotPaid => order.state = State::Paid { transaction_id: format!("42{}", digits(26)), at: now },
        }
        Ok(order)
    }

    pub fn close(&mut self, number: &str) -> Result<(), Refusal> {
        let order = self.0.get_mut(number).ok_or_else(unknown)?;
        if let State::Paid { .. } = order.state {
            return Err((400, "ORDERPAID", "该订单已支付".into()));
        }
        order.state = State::Closed;
        Ok(())
    }
}

impl Order {
    fn trade_state(&self) -> (&'static str, &'static str) {
        match self.state {
            State::NotPaid => ("NOTPAY", "订单未支付"),
            State::Paid { .. } => ("SUCCESS", "支付成功"),
            State::Closed => ("CLOSED", "订单已关闭"),
        }
    }

    fn summary(&self) -> Value {
        let (state, described) = self.trade_state();
        json!({
            "out_trade_no": self.announced["out_trade_no"], "description": self.announced["description"],
            "total": self.announced["amount"]["total"], "trade_state": state, "trade_state_desc": described,
            "announced_at": self.announced_at.to_string(),
        })
    }

    /// As WeChat Pay tells of it, in answers and notifications.
    pub fn transaction(&self) -> Value {
        let (state, described) = self.trade_state();
        let total = &self.announced["amount"]["total"];
        let mut transaction = json!({
            "appid": self.announced["appid"], "mchid": self.announced["mchid"],
            "out_trade_no": self.announced["out_trade_no"], "attach": text(&self.announced, "attach"),
            "trade_state": state, "trade_state_desc": described, "payer": self.announced["payer"],
            "amount": {"total": total, "currency": "CNY"},
        });
        if let State::Paid { transaction_id, at } = &self.state {
            transaction["transaction_id"] = transaction_id.clone().into();
            transaction["trade_type"] = "JSAPI".into();
            transaction["bank_type"] = "OTHERS".into();
            transaction["success_time"] = LocalTime::from(*at).to_second().into();
            transaction["amount"] = json!({"total": total, "payer_total": total, "currency": "CNY", "payer_currency": "CNY"});
        }
        transaction
    }
}

pub fn unknown() -> Refusal {
    (404, "ORDER_NOT_EXIST", "订单不存在".into())
}

/// A member that is a text; empty where there is none.
pub fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

/// Random digits.
fn digits(count: usize) -> String {
    let random: [u8; 32] = random().unwrap_or_default();
    hex::encode(&random).chars().map(|digit| char::from(b'0' + (digit as u8) % 10)).take(count).collect()
}
