//! A refund at WeChat Pay. `refunding.rs` makes them.

use serde::{Deserialize, Serialize};
use shared::values::LocalTime;

#[derive(Serialize, Deserialize)]
pub struct Refund {
    /// The merchant's number.
    pub number: String,
    pub id: String,
    /// WeChat Pay's number of the payment.
    pub payment: String,
    /// In fen.
    pub amount: i64,
    pub status: String,
    pub created_at: LocalTime,
    /// Until then it is processed.
    pub settles_at: LocalTime,
    pub notify_url: String,
}

/// What becomes of a refund.
#[derive(Serialize, Deserialize)]
pub struct Plan {
    /// `SUCCESS`, `ABNORMAL` or `CLOSED`.
    pub status: String,
    pub after_seconds: i64,
}

impl Default for Plan {
    fn default() -> Self {
        Self { status: "SUCCESS".into(), after_seconds: 0 }
    }
}

impl Refund {
    pub fn status(&self, now: LocalTime) -> &str {
        if now < self.settles_at { "PROCESSING" } else { &self.status }
    }

    /// Whether money has gone back, or may still go back.
    pub fn counts(&self) -> bool {
        self.status != "CLOSED"
    }
}
