//! Visits: a visitor is announced to an employee (docs/contract/hris.txt, 提醒员工接见访客).
//!
//! A call that the client repeats, even concurrently, sends no second message. A call first claims its visit by a conditional write, then
//! sends the message, then marks it as sent. A repeated call waits for the end of the claim. It takes over a claim that expired or was
//! released.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::employees::Employee;
use super::keys::visit_key;
use super::{Caller, Service};
use crate::crypto::random::random_text;
use crate::error::{Error, Result};
use crate::storage::rate_limit::{Attempt, VISITS_TO_A_PHONE};
use crate::storage::table::attribute::{number, read_integer, text};
use crate::storage::table::{Condition, Item, Outcome, STAMP};
use crate::values::{Mobile, Text};

/// How long a call may take to send its message before a repeated call takes over.
const CLAIM_AGE: SignedDuration = SignedDuration::from_secs(15);
/// How often, and at which interval, a repeated call checks whether the first one has sent the message.
const POLLS: u32 = 20;
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// A time in Unix milliseconds, [`SENT`] or [`RELEASED`].
const CLAIMED_UNTIL: &str = "claimed_until";
/// The message was sent.
const SENT: i64 = 0;
/// The message was not sent: the next call with the same visit sends it.
const RELEASED: i64 = 1;
const EMPLOYEE: &str = "employee_uuid";

pub struct Visit {
    /// The name of the visitor.
    pub name: Text<1, 64>,
    /// Free text from the caller.
    pub time: Text<1, 64>,
}

impl Service {
    /// Records the visit and sends the employee a message. A repeated call does neither again and gets the same response. If the first
    /// call failed before it sent the message, the repeated call sends it.
    ///
    /// DynamoDB: one read and three writes. A repeated call: one read and one rejected write.
    pub async fn announce_visit(&self, caller: &Caller, uuid: &str, visit: &Visit) -> Result<Employee> {
        let employee = self.employee(&caller.company, uuid).await?;
        let now = self.clock.now();
        let mut item = visit_key(&caller.company, &caller.idempotent_uuid()?).into_item();
        item.insert(EMPLOYEE.into(), text(employee.uuid.as_str()));
        item.insert("visitor".into(), text(visit.name.as_str()));
        item.insert("visit_time".into(), text(visit.time.as_str()));
        item.insert(CLAIMED_UNTIL.into(), number((now + CLAIM_AGE).as_millisecond()));
        item.insert("announced_at".into(), number(now.as_millisecond()));
        item.insert(STAMP.into(), text(random_text()?));
        match self.claim_visit(&item, now).await {
            Ok(true) => {}
            Ok(false) => return Ok(employee),
            // The claim may be stored all the same: release it, so that no repeated call waits for it.
            Err(error) => return Err(self.release_claim(item, error).await),
        }
        if let Some(mobile) = &employee.mobile {
            let message = format!("【工桥】访客 {} 将于 {} 到访，请您接见。", visit.name.as_str(), visit.time.as_str());
            if let Err(error) = self.send_visit(mobile, &message).await {
                return Err(self.release_claim(item, error).await);
            }
        }
        // The message is on its way. An error here would make the client repeat the call, and the message.
        if let Err(error) = self.end_claim(item, SENT).await {
            tracing::error!(%error, "the message of a visit was sent, but the visit could not be marked as sent");
        }
        Ok(employee)
    }

    /// Sends the message within the rate limit of the phone.
    async fn send_visit(&self, mobile: &Mobile, message: &str) -> Result<()> {
        VISITS_TO_A_PHONE.count(&self.counters(), &[mobile.index()], Attempt::Succeeded).await?;
        self.sms.send(mobile, message).await
    }

    /// Claims the visit for this call; `false` if its message was sent already. While another call holds the claim, this one polls for its
    /// end; after the last poll the caller gets 429, because a success would say that the message was sent.
    async fn claim_visit(&self, item: &Item, now: Timestamp) -> Result<bool> {
        let mut condition = Condition::absent();
        for _ in 0..POLLS {
            let Outcome::Rejected(rejections) = self.store.put(&self.tables.hris, item.clone(), condition).await? else {
                return Ok(true);
            };
            let stored = rejections.into_iter().find_map(|rejection| rejection.stored);
            let stored = stored.ok_or_else(|| Error::internal("DynamoDB rejected a visit without the stored one"))?;
            // Our own earlier write, whose response was lost (the SDK retried it).
            if stored == *item {
                return Ok(true);
            }
            if stored.get(EMPLOYEE) != item.get(EMPLOYEE) {
                return Err(Error::internal("two visits have the same identity"));
            }
            let claimed_until: i64 = read_integer(&stored, CLAIMED_UNTIL)?;
            condition = if claimed_until == SENT {
                return Ok(false);
            } else if claimed_until > now.as_millisecond() {
                tokio::time::sleep(POLL_INTERVAL).await;
                Condition::absent()
            } else {
                Condition::equals(CLAIMED_UNTIL, number(claimed_until))
            };
        }
        Err(Error::too_many_requests(CLAIM_AGE.as_secs()))
    }

    /// Releases the claim after this error, so that a repeated call can send the message at once.
    async fn release_claim(&self, item: Item, error: Error) -> Error {
        if let Err(second) = self.end_claim(item, RELEASED).await {
            tracing::warn!(%second, "the claim of a visit could not be released: it expires");
        }
        error
    }

    /// Ends this call's own claim, if it was stored. `state` is [`SENT`] or [`RELEASED`].
    async fn end_claim(&self, mut item: Item, state: i64) -> Result<()> {
        let own = item.get(STAMP).cloned().map(|stamp| Condition::equals(STAMP, stamp));
        item.insert(CLAIMED_UNTIL.into(), number(state));
        self.store.put(&self.tables.hris, item, own.unwrap_or_else(Condition::absent)).await.map(drop)
    }
}
