//! Deliveries (小程序发货信息管理服务). A managed mini program reports each one with upload_shipping_info.

use std::sync::{PoisonError, RwLock};

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::json;

use super::{CodeError, WeChat, read};
use crate::error::{Error, Result};
use crate::values::{LocalTime, Secret};

/// How long the response of is_trade_managed is used.
const MANAGED_FOR: SignedDuration = SignedDuration::from_hours(1);
/// `order_number_type`: the order is named by WeChat Pay's number of the payment.
const BY_TRANSACTION: u8 = 2;
/// `logistics_type`: virtual goods.
const VIRTUAL: u8 = 3;
/// `delivery_mode`: all at once.
const AT_ONCE: u8 = 1;
/// The codes that say that WeChat knows of the delivery: it was reported before (10060002), as often as it can be (10060003), or in the same
/// way (10060023).
const KNOWN: [i64; 3] = [10_060_002, 10_060_003, 10_060_023];

/// Whether WeChat manages the trade, and until when the process relies on it.
#[derive(Default)]
pub(super) struct TradeManaged(RwLock<Option<(bool, Timestamp)>>);

/// What was delivered, and for which payment.
pub struct Shipment<'a> {
    pub transaction_id: &'a str,
    pub description: &'a str,
    pub openid: &'a Secret<String>,
    /// The later one of two reports of a payment counts.
    pub at: LocalTime,
}

pub enum Reported {
    /// Now or before.
    Accepted,
    /// WeChat does not manage the trade of the mini program, so it accepts no reports.
    NotManaged,
    /// With this `errcode`.
    Rejected(i64),
}

impl WeChat {
    /// Reports a delivery, if WeChat manages the trade of the mini program.
    pub async fn report_shipping(&self, shipment: &Shipment<'_>, now: Timestamp) -> Result<Reported> {
        match self.is_trade_managed(now).await? {
            Ok(true) => {}
            Ok(false) => return Ok(Reported::NotManaged),
            Err(errcode) => return Ok(Reported::Rejected(errcode)),
        }
        let Shipment { transaction_id, description, openid, at } = shipment;
        let body = json!({
            "order_key": {"order_number_type": BY_TRANSACTION, "transaction_id": transaction_id},
            "logistics_type": VIRTUAL, "delivery_mode": AT_ONCE, "shipping_list": [{"item_desc": description}],
            "upload_time": at.to_precise(), "payer": {"openid": openid.expose()},
        });
        let (errcode, _) = self.call("/wxa/sec/order/upload_shipping_info", &body, now).await.map_err(unanswered)?;
        Ok(if errcode == 0 || KNOWN.contains(&errcode) { Reported::Accepted } else { Reported::Rejected(errcode) })
    }

    /// Whether WeChat manages the trade of the mini program, or the `errcode` of its response.
    async fn is_trade_managed(&self, now: Timestamp) -> Result<Result<bool, i64>> {
        #[derive(Deserialize)]
        struct Answer {
            is_trade_managed: bool,
        }
        let known = *self.trade.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((is_managed, _)) = known.filter(|(_, until)| now < *until) {
            return Ok(Ok(is_managed));
        }
        let body = json!({"appid": self.app.get(now).await?.appid});
        let (errcode, answer) = self.call("/wxa/sec/order/is_trade_managed", &body, now).await.map_err(unanswered)?;
        if errcode != 0 {
            return Ok(Err(errcode));
        }
        let Answer { is_trade_managed } = read(answer)?;
        *self.trade.0.write().unwrap_or_else(PoisonError::into_inner) = Some((is_trade_managed, now + MANAGED_FOR));
        Ok(Ok(is_trade_managed))
    }
}

/// Why WeChat did not answer a call that no user waits for.
fn unanswered(error: CodeError) -> Error {
    match error {
        CodeError::Failed(error) => error,
        error => Error::internal(format!("WeChat issues no access token: {error:?}")),
    }
}
