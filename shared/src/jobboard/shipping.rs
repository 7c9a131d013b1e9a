//! Reports of deliveries to WeChat (小程序发货信息管理服务): WeChat keeps the money of a managed mini program until it knows that the goods were
//! delivered (docs/design/jobboard.md, Deliveries). `deliveries.rs` reports them.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::values::{LocalTime, choices};

/// WeChat answers that a payment does not exist until about a minute after it was made.
const FIRST: SignedDuration = SignedDuration::from_mins(1);
/// The pause after the first failure. Each one is twice as long as the one before.
const SHORTEST_PAUSE: SignedDuration = SignedDuration::from_mins(10);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(24);
/// After so many failures a person must report the delivery.
const MOST_ATTEMPTS: u32 = 20;

choices! {
    /// Whether WeChat knows that an order was delivered.
    ShippingState {
        ToReport = "to_report",
        Reported = "reported",
        /// WeChat does not manage the trade of the mini program.
        NotNeeded = "not_needed",
        /// A person must report it in WeChat's console.
        Failed = "failed",
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shipping {
    pub state: ShippingState,
    /// When the goods were granted. WeChat takes a repeated report with the same time for the same report.
    pub granted_at: LocalTime,
    /// How many reports WeChat did not accept.
    #[serde(default)]
    pub attempts: u32,
    /// When to report it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report_at: Option<LocalTime>,
    /// WeChat's code of the last failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errcode: Option<i64>,
}

impl Shipping {
    /// Of an order that is granted now.
    pub(super) fn of_grant(now: Timestamp) -> Self {
        let granted_at = LocalTime::from(now);
        let report_at = Some(granted_at.later(FIRST));
        Self { state: ShippingState::ToReport, granted_at, attempts: 0, report_at, errcode: None }
    }

    pub(super) fn settle(&mut self, state: ShippingState) {
        (self.state, self.report_at) = (state, None);
    }

    pub(super) fn fail(&mut self, errcode: i64, now: Timestamp) {
        (self.attempts, self.errcode) = (self.attempts + 1, Some(errcode));
        if self.attempts >= MOST_ATTEMPTS {
            return self.settle(ShippingState::Failed);
        }
        // Eight doublings are longer than the longest pause.
        let doubled = SHORTEST_PAUSE * (1 << (self.attempts - 1).min(8));
        self.report_at = Some(LocalTime::from(now).later(doubled.min(LONGEST_PAUSE)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pauses_grow_to_a_day_and_end_after_twenty_attempts() {
        let start: Timestamp = "2024-01-15T10:30:00Z".parse().unwrap();
        let (mut shipping, mut now, mut pauses) = (Shipping::of_grant(start), start, Vec::new());
        while let Some(at) = shipping.report_at {
            pauses.push(Timestamp::from(at).duration_since(now).as_mins());
            now = at.into();
            shipping.fail(-1, now);
        }
        assert_eq!(pauses[..9], [1, 10, 20, 40, 80, 160, 320, 640, 1280]);
        assert_eq!(pauses[9..], [1440; 11]);
        assert_eq!((shipping.state, shipping.attempts), (ShippingState::Failed, MOST_ATTEMPTS));
    }
}
