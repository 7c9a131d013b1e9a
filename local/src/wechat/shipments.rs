//! What WeChat knows of the deliveries of the mini programs. `shipping.rs` has the calls.

use serde_json::Value;

pub struct Shipments {
    pub is_managed: bool,
    /// The reports that WeChat accepted, oldest first.
    pub accepted: Vec<Value>,
    /// All calls: of is_trade_managed and of upload_shipping_info.
    pub questions: u64,
    pub reports: u64,
}

impl Default for Shipments {
    fn default() -> Self {
        Self { is_managed: true, accepted: Vec::new(), questions: 0, reports: 0 }
    }
}
