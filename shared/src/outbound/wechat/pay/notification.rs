//! Notifications of WeChat Pay: signed as responses are, with an encrypted resource.

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::report::{Amount, Refund, Report, Transaction};
use super::{Merchant, Pay, Proof};
use crate::error::{Error, Fault, Result};

#[derive(Deserialize)]
struct Notification {
    event_type: String,
    resource: Resource,
}

#[derive(Deserialize)]
struct Resource {
    algorithm: String,
    ciphertext: String,
    #[serde(default)]
    associated_data: String,
    nonce: String,
}

/// The resource of a refund has no appid.
#[derive(Deserialize)]
struct RefundResource {
    mchid: String,
    out_trade_no: String,
    #[serde(default)]
    out_refund_no: String,
    #[serde(default)]
    transaction_id: Option<String>,
    amount: Amount,
}

fn invalid(field: &'static str, reason: &'static str) -> Error {
    Error::invalid([Fault::new(field, reason)])
}

impl Resource {
    fn open<T: DeserializeOwned>(&self, merchant: &Merchant) -> Result<T> {
        if self.algorithm != "AEAD_AES_256_GCM" {
            return Err(invalid("algorithm", "must be AEAD_AES_256_GCM"));
        }
        let plain = merchant.sealing.open(&self.nonce, &self.associated_data, &self.ciphertext);
        let plain = plain.ok_or_else(|| invalid("ciphertext", "does not open"))?;
        serde_json::from_str(&plain).map_err(|_| invalid("ciphertext", "is no transaction"))
    }
}

impl Pay {
    /// Verifies a notification and returns its content. `None` if the notification is genuine but reports neither a payment nor a refund.
    pub async fn notification(&self, proof: &Proof, body: &str, now: Timestamp) -> Result<Option<Report>> {
        let merchant = self.merchant.get(now).await?;
        if !merchant.is_genuine(proof, body, now) {
            return Err(Error::unauthenticated());
        }
        let notification: Notification = serde_json::from_str(body).map_err(|_| invalid("resource", "is missing"))?;
        let Notification { event_type, resource } = notification;
        if event_type == "TRANSACTION.SUCCESS" {
            let transaction: Transaction = resource.open(&merchant)?;
            return match (transaction.appid == merchant.appid, transaction.mchid == merchant.mchid) {
                (false, _) => Err(invalid("appid", "is not ours")),
                (true, false) => Err(invalid("mchid", "is not ours")),
                (true, true) => Ok(Some(Report::Payment(transaction))),
            };
        }
        let Some(result) = event_type.strip_prefix("REFUND.") else { return Ok(None) };
        let RefundResource { mchid, out_trade_no, out_refund_no, transaction_id, amount } = resource.open(&merchant)?;
        if mchid != merchant.mchid {
            return Err(invalid("mchid", "is not ours"));
        }
        Ok(Some(Report::Refund(Refund { out_trade_no, out_refund_no, transaction_id, result: result.into(), amount })))
    }
}
