//! What WeChat Pay reports about an order, in responses and in notifications.

use serde::Deserialize;

use crate::values::LocalTime;

/// The state of an order at WeChat Pay.
#[derive(Clone, Debug, Deserialize)]
pub struct Transaction {
    pub appid: String,
    pub mchid: String,
    pub out_trade_no: String,
    pub trade_state: TradeState,
    /// The number that WeChat Pay gave the payment.
    #[serde(default)]
    pub transaction_id: Option<String>,
    #[serde(default)]
    pub amount: Option<Amount>,
    /// `2018-06-08T10:34:56+08:00`.
    #[serde(default)]
    success_time: Option<String>,
}

impl Transaction {
    /// When the user paid.
    pub fn paid_at(&self) -> Option<LocalTime> {
        self.success_time.as_deref().and_then(|time| LocalTime::parse(time).ok())
    }

    /// Whether the amount is this number of fen, in the currency CNY.
    pub fn is_of(&self, fen: i64) -> bool {
        self.amount.as_ref().is_some_and(|amount| amount.is_of(fen))
    }
}

/// `trade_state`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum TradeState {
    Success,
    /// Refunded, in whole or in part.
    Refund,
    NotPay,
    Closed,
    /// Revoked by the merchant before the payment.
    Revoked,
    /// The user is entering the password.
    UserPaying,
    /// The payment failed. Until the order is closed, the user may pay again.
    PayError,
    /// A state that WeChat Pay does not document.
    Unknown(String),
}

impl TradeState {
    /// The word of WeChat Pay.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Success => "SUCCESS",
            Self::Refund => "REFUND",
            Self::NotPay => "NOTPAY",
            Self::Closed => "CLOSED",
            Self::Revoked => "REVOKED",
            Self::UserPaying => "USERPAYING",
            Self::PayError => "PAYERROR",
            Self::Unknown(word) => word,
        }
    }
}

impl From<String> for TradeState {
    fn from(word: String) -> Self {
        match &*word {
            "SUCCESS" => Self::Success,
            "REFUND" => Self::Refund,
            "NOTPAY" => Self::NotPay,
            "CLOSED" => Self::Closed,
            "REVOKED" => Self::Revoked,
            "USERPAYING" => Self::UserPaying,
            "PAYERROR" => Self::PayError,
            _ => Self::Unknown(word),
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
pub struct Amount {
    /// In fen.
    pub total: i64,
    /// The refunded part, in fen.
    #[serde(default)]
    pub refund: Option<i64>,
    #[serde(default)]
    pub currency: Option<String>,
}

impl Amount {
    /// Whether the total is this number of fen, in the currency CNY.
    pub fn is_of(&self, fen: i64) -> bool {
        self.total == fen && self.currency.as_deref().is_none_or(|currency| currency == "CNY")
    }
}

/// What WeChat Pay reports of a refund, in responses and in notifications.
#[derive(Clone, Debug)]
pub struct Refund {
    pub out_trade_no: String,
    /// The number that the merchant gave the refund.
    pub out_refund_no: String,
    /// The number that WeChat Pay gave the payment.
    pub transaction_id: Option<String>,
    pub result: RefundResult,
    pub amount: Amount,
}

impl Refund {
    pub fn is_partial(&self) -> bool {
        self.amount.refund.is_some_and(|refund| refund < self.amount.total)
    }
}

/// The status of a refund: `refund_status` in notifications, `status` in responses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundResult {
    Processing,
    Success,
    /// The user's account does not accept the money: the merchant must refund it in another way.
    Abnormal,
    /// The refund was cancelled.
    Closed,
    /// A status that WeChat Pay does not document.
    Unknown(String),
}

impl RefundResult {
    /// The word of WeChat Pay.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Processing => "PROCESSING",
            Self::Success => "SUCCESS",
            Self::Abnormal => "ABNORMAL",
            Self::Closed => "CLOSED",
            Self::Unknown(word) => word,
        }
    }
}

impl From<&str> for RefundResult {
    fn from(word: &str) -> Self {
        match word {
            "PROCESSING" => Self::Processing,
            "SUCCESS" => Self::Success,
            "ABNORMAL" => Self::Abnormal,
            "CLOSED" => Self::Closed,
            _ => Self::Unknown(word.to_owned()),
        }
    }
}

/// The content of a notification.
#[derive(Clone, Debug)]
pub enum Report {
    Payment(Transaction),
    Refund(Refund),
}
