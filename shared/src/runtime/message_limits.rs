//! Limits of text messages, which cost money: for the phone, for the one who causes the message, for the sender, and for the whole installation.
//! Above a limit no message is sent (docs/security.md, Text messages).
//!
//! Clients without a session can use only half of what the installation may send, so that a script which has many addresses does not
//! keep workers with a session from signing on.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use serde_json::Map;

use super::environment::Environment;
use super::metrics::{Log, Metric};
use crate::crypto::random::random;
use crate::error::{Error, Result};
use crate::storage::rate_limit::{Attempt, Counters, RateLimit, Window};
use crate::storage::table::{Count, Counted, Key};
use crate::values::Mobile;

/// To one phone: one a minute, ten a day.
pub const TO_A_PHONE: RateLimit = limit("phone", 10, SignedDuration::from_hours(24), SignedDuration::from_secs(60));
/// Announced visits to one phone: thirty an hour, because an employee may well have two visitors within a minute.
pub const VISITS_TO_A_PHONE: RateLimit = limit("visits", 30, SignedDuration::from_hours(1), SignedDuration::ZERO);
/// That a webhook is disabled, to one phone: three a day, because a product chooses the phone, and a webhook can fail as soon as it is made.
pub const STOPS_TO_A_PHONE: RateLimit = limit("webhooks", 3, SignedDuration::from_hours(24), SignedDuration::ZERO);
/// Caused by one user who has logged in, in any session: ten an hour.
const OF_A_USER: RateLimit = limit("messages_user", 10, SignedDuration::from_hours(1), SignedDuration::ZERO);
/// Caused by clients without a session at one address: twenty an hour.
const FROM_AN_ADDRESS: RateLimit = limit("messages", 20, SignedDuration::from_hours(1), SignedDuration::ZERO);
/// The same for a network: sixty an hour.
const FROM_A_NETWORK: RateLimit = limit("messages_network", 60, SignedDuration::from_hours(1), SignedDuration::ZERO);

const fn limit(name: &'static str, most: u32, window: SignedDuration, spacing: SignedDuration) -> RateLimit {
    RateLimit { name, most, failure: 1, window, spacing, is_sign_in: false }
}

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// The most counters that share a ceiling. DynamoDB accepts about a thousand writes a second in each.
const SHARDS: u32 = 16;
/// The least share of a counter: a lower ceiling has fewer counters.
const LEAST_SHARE: u32 = 64;

/// Who causes a message.
#[derive(Clone, Copy)]
pub enum Cause<'a> {
    /// A user of this id, who proved it to WeChat.
    User(&'a str),
    /// A client at this IP address. For IPv6 it is the network of 64 bits.
    Address(&'a str),
    /// A signed call of a product, or its receiver that fails.
    Product,
    /// A client at this address who claims to be a member of staff. Only members are sent messages, so the ceilings do not count them: a script
    /// that uses the ceilings up does not lock staff out.
    Staff(&'a str),
}

/// The ceilings of an installation.
pub struct MessageLimits {
    /// `MESSAGES_PER_HOUR`
    hour: u32,
    /// `MESSAGES_PER_DAY`
    day: u32,
    log: Log,
    function: String,
}

impl MessageLimits {
    /// Reads the variables above.
    pub fn of(environment: &Environment) -> Result<Self> {
        let number = |name: &str| {
            let number = environment.required(name)?.parse().ok().filter(|number: &u32| *number > 0);
            number.ok_or_else(|| Error::internal(format!("{name} must be a number of messages")))
        };
        Ok(Self {
            hour: number("MESSAGES_PER_HOUR")?,
            day: number("MESSAGES_PER_DAY")?,
            log: environment.log.clone(),
            function: environment.function().to_owned(),
        })
    }

    /// Counts a message to this phone, or rejects it with the seconds to wait. `sender` is the platform or company that sends it.
    ///
    /// Narrow limits come first: a client over its own limit does not use up those of others.
    ///
    /// DynamoDB: six writes for a user, nine for an address, five for a product, three for staff.
    pub async fn count(
        &self,
        counters: &Counters<'_>,
        cause: Cause<'_>,
        sender: &str,
        (to_a_phone, phone): (&RateLimit, &Mobile),
    ) -> Result<()> {
        let count = async |limit: &RateLimit, who: &str| limit.count(counters, &[who], Attempt::Succeeded).await;
        match cause {
            Cause::User(user) => count(&OF_A_USER, user).await?,
            Cause::Address(address) | Cause::Staff(address) => {
                count(&FROM_AN_ADDRESS, address).await?;
                count(&FROM_A_NETWORK, &network(address)).await?;
            }
            Cause::Product => {}
        }
        count(to_a_phone, phone.index()).await?;
        if matches!(cause, Cause::Staff(_)) {
            return Ok(());
        }
        // One of several senders leaves a quarter to the others.
        let scopes = match cause {
            Cause::Address(_) => &[(sender, 3, 4), ("anonymous", 1, 2), ("all", 1, 1)][..],
            _ => &[(sender, 3, 4), ("all", 1, 1)],
        };
        for (scope, part, of) in scopes {
            for (window, most) in [(HOUR, self.hour), (DAY, self.day)] {
                let most = u32::try_from(u64::from(most) * part / of).unwrap_or(most).max(1);
                if add(counters, scope, window, most).await? {
                    self.warn(scope, counters.now);
                }
            }
        }
        Ok(())
    }

    /// Says that a counter of a ceiling is half full. An alarm watches the metric.
    fn warn(&self, scope: &str, now: Timestamp) {
        let scope = Map::from_iter([("scope".to_owned(), scope.into())]);
        self.log.metrics(&self.function, now, scope, &[Metric::count("half_of_text_messages", 1)]);
    }
}

/// The network of an address: 24 bits of IPv4, 48 bits of IPv6.
fn network(address: &str) -> String {
    match address.parse() {
        Ok(IpAddr::V4(address)) => address.octets()[..3].iter().map(|part| format!("{part}.")).collect(),
        Ok(IpAddr::V6(address)) => address.segments()[..3].iter().map(|part| format!("{part:x}:")).collect(),
        Err(_) => address.to_owned(),
    }
}

/// Adds to a ceiling, or rejects the message with the seconds to wait. The ceiling is the sum of its counters. Returns whether the counter is
/// half full now.
///
/// DynamoDB: one write; near the ceiling one for each counter.
async fn add(counters: &Counters<'_>, scope: &str, window: SignedDuration, most: u32) -> Result<bool> {
    let Window { number, ends_at } = Window::at(counters.now, window);
    let shards = (most / LEAST_SHARE).clamp(1, SHARDS);
    let first = u32::from_be_bytes(random()?) % shards;
    for shard in (0..shards).map(|next| (first + next) % shards) {
        let share = most / shards + u32::from(shard < most % shards);
        let count = Count {
            key: Key::new(format!("all#messages#{scope}#{}#{number}#{shard}", window.as_hours()), "count"),
            attribute: "counted".into(),
            amount: 1,
            most: share,
            expires_at: ends_at,
            spacing: None,
        };
        if let Counted::Added(sum) = counters.store.count(counters.table, count).await? {
            return Ok(sum == i64::from(share.div_ceil(2)));
        }
    }
    Err(Error::too_many_requests(ends_at - counters.now.as_second()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_share_a_network() {
        assert_eq!(network("203.0.113.7"), network("203.0.113.200"));
        assert_ne!(network("203.0.113.7"), network("203.0.114.7"));
        assert_eq!(network("2001:db8:1:2::"), network("2001:db8:1:ffff::"));
        assert_ne!(network("2001:db8:1:2::"), network("2001:db8:2:2::"));
        assert_eq!(network(""), "");
    }
}
