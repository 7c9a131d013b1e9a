//! Refunds: `POST /v3/refund/domestic/refunds`, and their state, `GET /v3/refund/domestic/refunds/{out_refund_no}`.

use jiff::Timestamp;
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::report::{Amount, Refund};
use super::{CallError, Pay, read};
use crate::error::{Error, Result};

/// The most bytes of a reason that WeChat Pay accepts.
const MOST_OF_REASON: usize = 80;

/// The payment of which money goes back.
#[derive(Clone, Copy, Debug)]
pub enum Payment<'a> {
    /// WeChat Pay's number of the payment.
    Transaction(&'a str),
    /// `out_trade_no`, for a payment whose number is not known.
    Order(&'a str),
}

/// The request for a refund.
pub struct RefundRequest<'a> {
    pub payment: Payment<'a>,
    /// `out_refund_no`. WeChat Pay refunds once for each number, whatever is repeated.
    pub number: &'a str,
    /// The user sees it.
    pub reason: &'a str,
    /// In fen.
    pub amount: i64,
    /// All of the payment, in fen.
    pub total: i64,
    pub notify_url: Option<&'a str>,
}

/// The response to a request for a refund.
#[derive(Debug)]
pub enum Requested {
    Accepted(Refund),
    /// Holds the code of WeChat Pay: `NOT_ENOUGH`, `INVALID_REQUEST`, ...
    Rejected(String),
}

/// The members of a response. It has no appid and no mchid.
#[derive(Deserialize)]
struct Stored {
    out_trade_no: String,
    out_refund_no: String,
    #[serde(default)]
    transaction_id: Option<String>,
    status: String,
    amount: Amount,
}

impl Stored {
    fn refund(self, number: &str) -> Result<Refund> {
        let Self { out_trade_no, out_refund_no, transaction_id, status, amount } = self;
        if out_refund_no != number {
            return Err(Error::internal("WeChat Pay returns another refund"));
        }
        Ok(Refund { out_trade_no, out_refund_no, transaction_id, result: status.as_str().into(), amount })
    }
}

impl Pay {
    /// Requests a refund. A request that is repeated does not refund again.
    pub async fn refund(&self, request: &RefundRequest<'_>, now: Timestamp) -> Result<Requested> {
        let mut body = json!({
            "out_refund_no": request.number, "reason": cut(request.reason),
            "amount": {"refund": request.amount, "total": request.total, "currency": "CNY"},
        });
        match request.payment {
            Payment::Transaction(id) => body["transaction_id"] = id.into(),
            Payment::Order(number) => body["out_trade_no"] = number.into(),
        }
        if let Some(url) = request.notify_url {
            body["notify_url"] = url.into();
        }
        match self.call(Method::POST, "/v3/refund/domestic/refunds", &body.to_string(), now).await {
            Ok(answer) => read::<Stored>(&answer)?.refund(request.number).map(Requested::Accepted),
            Err(CallError::Rejected { status, code }) if is_definite(status) => Ok(Requested::Rejected(code)),
            Err(error) => Err(error.into()),
        }
    }

    /// The state of a refund. `None` if WeChat Pay does not know it.
    pub async fn query_refund(&self, number: &str, now: Timestamp) -> Result<Option<Refund>> {
        match self.call(Method::GET, &format!("/v3/refund/domestic/refunds/{number}"), "", now).await {
            Ok(answer) => read::<Stored>(&answer)?.refund(number).map(Some),
            Err(CallError::Rejected { status: StatusCode::NOT_FOUND, .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// Whether the same request would be rejected again: it is neither too early nor an error of WeChat Pay or of the signature.
fn is_definite(status: StatusCode) -> bool {
    status.is_client_error() && !matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::UNAUTHORIZED)
}

/// As much of the reason as WeChat Pay accepts.
fn cut(reason: &str) -> &str {
    let mut end = reason.len().min(MOST_OF_REASON);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    &reason[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_cut_between_characters() {
        assert_eq!(cut("用户申请"), "用户申请");
        let long = "退".repeat(40);
        assert_eq!(cut(&long), "退".repeat(26));
    }
}
