//! The refunds of the merchant's orders at WeChat Pay: requested by the API, or made in the merchant console.

use jiff::SignedDuration;
use serde_json::{Value, json};
use shared::values::LocalTime;

use super::orders::{Failure, Order, Orders, digits, text, unknown_order};
use super::refunds::{Plan, Refund};

impl Orders {
    /// `POST /v3/refund/domestic/refunds`. A refund that is requested again is returned as it is. A new one is being processed.
    pub fn request_refund(&mut self, body: &Value, now: LocalTime) -> Result<Value, Failure> {
        let invalid = |message: &str| (400, "INVALID_REQUEST", message.to_owned());
        let number = text(body, "out_refund_no");
        let (transaction, trade) = (text(body, "transaction_id"), text(body, "out_trade_no"));
        let names_it = |order: &&mut Order| match transaction.is_empty() {
            true => order.request["out_trade_no"] == trade.as_str(),
            false => order.payments().any(|(id, _)| id == transaction),
        };
        let order = self.0.values_mut().find(names_it).ok_or((404, "RESOURCE_NOT_EXISTS", "订单不存在".to_owned()))?;
        let (refund, total) = (body["amount"]["refund"].as_i64().unwrap_or_default(), body["amount"]["total"].as_i64());
        if let Some(known) = order.refunds.iter().find(|known| known.number == number) {
            return match known.amount == refund {
                true => Ok(order.refund_view(known, known.status(now), now)),
                false => Err(invalid("商户退款单号重复, 退款金额不一致")),
            };
        }
        let payment = order.payments().map(|(id, _)| id.to_owned()).find(|id| transaction.is_empty() || *id == transaction);
        let payment = payment.ok_or_else(|| invalid("订单未支付"))?;
        let gone: i64 =
            order.refunds.iter().filter(|known| known.counts() && known.payment == payment).map(|known| known.amount).sum();
        if total != Some(order.total()) || refund < 1 || gone + refund > order.total() {
            return Err(invalid("订单金额或退款金额有误"));
        }
        let refund = Refund {
            number,
            id: format!("50{}", digits(26)),
            payment,
            amount: refund,
            status: order.plan.status.clone(),
            created_at: now,
            settles_at: now.later(SignedDuration::from_secs(order.plan.after_seconds)),
            notify_url: text(body, "notify_url"),
        };
        let view = order.refund_view(&refund, "PROCESSING", now);
        order.refunds.push(refund);
        Ok(view)
    }

    /// `GET /v3/refund/domestic/refunds/{out_refund_no}`.
    pub fn find_refund(&self, number: &str, now: LocalTime) -> Result<Value, Failure> {
        let (order, refund) = self.refund(number).ok_or((404, "RESOURCE_NOT_EXISTS", "退款单不存在".to_owned()))?;
        Ok(order.refund_view(refund, refund.status(now), now))
    }

    pub fn refund(&self, number: &str) -> Option<(&Order, &Refund)> {
        self.0.values().find_map(|order| Some((order, order.refunds.iter().find(|refund| refund.number == number)?)))
    }

    /// What becomes of the refunds of an order that are requested from now on.
    pub fn plan_refunds(&mut self, number: &str, plan: Plan) -> Result<(), Failure> {
        self.0.get_mut(number).ok_or_else(unknown_order)?.plan = plan;
        Ok(())
    }

    /// Settles a refund now.
    pub fn settle_refund(&mut self, number: &str, status: &str, now: LocalTime) -> Result<(), Failure> {
        let refunds = self.0.values_mut().flat_map(|order| order.refunds.iter_mut());
        let refund = refunds.into_iter().find(|refund| refund.number == number).ok_or_else(unknown_order)?;
        (refund.status, refund.settles_at) = (status.to_owned(), now);
        Ok(())
    }

    /// The merchant refunds a paid order in the console; all of it without `amount`. Only a success changes the order. Returns the refund as in
    /// notifications. The same refund again has the same number.
    pub fn refund_in_console(
        &mut self,
        number: &str,
        status: &str,
        amount: Option<i64>,
        now: LocalTime,
    ) -> Result<(&Order, Value), Failure> {
        let order = self.0.get_mut(number).ok_or_else(unknown_order)?;
        let payment = order.payments().next().map(|(id, _)| id.to_owned());
        let payment = match status {
            "SUCCESS" => payment.ok_or((400, "INVALID_REQUEST", "订单未支付".to_owned()))?,
            _ => payment.unwrap_or_else(|| format!("42{}", digits(26))),
        };
        let amount = amount.unwrap_or(order.total());
        let refund = Refund {
            number: format!("console-{number}-{amount}"),
            id: format!("50{}", digits(26)),
            payment,
            amount,
            status: status.to_owned(),
            created_at: now,
            settles_at: now,
            notify_url: String::new(),
        };
        let view = order.refund_notice(&refund, now);
        if status == "SUCCESS" && order.refunds.iter().all(|known| known.number != refund.number) {
            order.refunds.push(refund);
        }
        Ok((order, view))
    }
}

impl Order {
    /// Whether WeChat Pay has begun to give money back.
    pub(super) fn is_refunded(&self) -> bool {
        self.refunds.iter().any(Refund::counts)
    }

    /// A refund as in responses.
    fn refund_view(&self, refund: &Refund, status: &str, now: LocalTime) -> Value {
        let mut view = json!({
            "refund_id": refund.id, "out_refund_no": refund.number, "transaction_id": refund.payment,
            "out_trade_no": self.request["out_trade_no"], "channel": "ORIGINAL", "user_received_account": "支付用户零钱",
            "create_time": refund.created_at.to_second(), "status": status, "funds_account": "AVAILABLE",
            "amount": {
                "total": self.total(), "refund": refund.amount, "payer_total": self.total(), "payer_refund": refund.amount,
                "settlement_refund": refund.amount, "settlement_total": self.total(), "discount_refund": 0, "currency": "CNY",
            },
        });
        if status == "SUCCESS" {
            view["success_time"] = refund.settles_at.min(now).to_second().into();
        }
        view
    }

    /// A refund as in notifications.
    pub fn refund_notice(&self, refund: &Refund, now: LocalTime) -> Value {
        let mut notice = json!({
            "mchid": self.request["mchid"], "out_trade_no": self.request["out_trade_no"], "refund_status": refund.status(now),
            "transaction_id": refund.payment, "out_refund_no": refund.number, "refund_id": refund.id,
            "user_received_account": "支付用户零钱",
            "amount": {
                "total": self.total(), "refund": refund.amount, "payer_total": self.total(), "payer_refund": refund.amount,
            },
        });
        if refund.status(now) == "SUCCESS" {
            notice["success_time"] = refund.settles_at.to_second().into();
        }
        notice
    }
}
