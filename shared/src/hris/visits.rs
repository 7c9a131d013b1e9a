//! Visits: a visitor is announced to an employee (document, 提醒员工接见访客).

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::employees::Employee;
use super::row;
use super::values::Uuid;
use super::{Caller, Service};
use crate::crypto::random::random_token;
use crate::error::{Error, Result};
use crate::storage::rate_limit::{Attempt, VISITS_TO_A_PHONE};
use crate::storage::table::attribute::{number, read_integer, text};
use crate::storage::table::{Condition, Item, Outcome, STAMP};
use crate::values::{Mobile, Text};

/// How long a call may take to send its message before a replay of it sends the message instead.
const SENDING: SignedDuration = SignedDuration::from_secs(15);

const CLAIMED_UNTIL: &str = "claimed_until";
/// In the place of a time: the message was sent; it was not, and whoever comes next sends it.
const SENT: i64 = 0;
const BROKEN_OFF: i64 = 1;
const EMPLOYEE: &str = "employee_uuid";

pub struct Visit {
    /// The visitor's.
    pub name: Text<1, 64>,
    /// When, in the caller's words.
    pub time: Text<1, 64>,
}

/// How often, and after how long, a replay looks whether the message was sent that another one is sending.
const LOOKS: u32 = 20;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

impl Service {
    /// Records the visit and sends the employee a message. A replay of the call does neither again, and is answered as the
    /// first was; where the first broke off, it sends the message.
    ///
    /// DynamoDB: one read and three writes; of a replay, one read and one refused write.
    pub async fn announce_visit(&self, caller: &Caller, uuid: &str, visit: &Visit) -> Result<Employee> {
        let employee = self.employee(&caller.company, uuid).await?;
        let call = caller.call.ok_or_else(|| Error::internal("a visit is announced by a signed call"))?;
        let now = self.clock.now();
        let mut item = row::key(&caller.company, "visit", Uuid::of_digest(call).as_str()).into_item();
        item.insert(EMPLOYEE.into(), text(employee.uuid.as_str()));
        item.insert("visitor".into(), text(visit.name.as_str()));
        item.insert("visit_time".into(), text(visit.time.as_str()));
        item.insert(CLAIMED_UNTIL.into(), number((now + SENDING).as_millisecond()));
        item.insert("announced_at".into(), number(now.as_millisecond()));
        item.insert(STAMP.into(), text(random_token()?));
        match self.claim_visit(&item, now).await {
            Ok(true) => {}
            Ok(false) => return Ok(employee),
            // What became of the claim is not known: nobody shall wait for it.
            Err(error) => return Err(self.broken_off(item, error).await),
        }
        if let Some(mobile) = &employee.mobile {
            let message = format!("【工桥】访客 {} 将于 {} 到访，请您接见。", visit.name.as_str(), visit.time.as_str());
            if let Err(error) = self.send_visit(mobile, &message).await {
                return Err(self.broken_off(item, error).await);
            }
        }
        // The message is on its way: that this could not be noted is no reason to have it sent again.
        if let Err(error) = self.end_claim(item, SENT).await {
            tracing::error!(%error, "a visit was announced, and that could not be noted");
        }
        Ok(employee)
    }

    /// Sends the message, unless the phone has had too many.
    async fn send_visit(&self, mobile: &Mobile, message: &str) -> Result<()> {
        VISITS_TO_A_PHONE.count(&self.counters(), &[mobile.national()], Attempt::Succeeded).await?;
        self.sms.send(mobile, message).await
    }

    /// Claims the visit for this call; `false` where its message was sent already. Whoever finds it claimed waits for a moment, and is
    /// told to come back where nothing comes of it: to be answered as if the message was sent would be untrue.
    async fn claim_visit(&self, item: &Item, now: Timestamp) -> Result<bool> {
        let mut condition = Condition::absent();
        for _ in 0..LOOKS {
            let Outcome::Rejected(rejections) = self.store.put(&self.tables.hris, item.clone(), condition).await? else {
                return Ok(true);
            };
            let stored = rejections.into_iter().find_map(|rejection| rejection.stored);
            let stored = stored.ok_or_else(|| Error::internal("a visit was refused for no reason"))?;
            // Our own write, whose answer was lost: it was sent again.
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
                tokio::time::sleep(BETWEEN_LOOKS).await;
                Condition::absent()
            } else {
                Condition::equals(CLAIMED_UNTIL, number(claimed_until))
            };
        }
        Err(Error::too_many_requests(SENDING.as_secs()))
    }

    /// Whoever sends the call again sends the message, and need not wait.
    async fn broken_off(&self, item: Item, error: Error) -> Error {
        if let Err(second) = self.end_claim(item, BROKEN_OFF).await {
            tracing::warn!(%second, "a visit stays claimed for a moment");
        }
        error
    }

    /// Ends our own claim, if it was stored.
    async fn end_claim(&self, mut item: Item, how: i64) -> Result<()> {
        let ours = item.get(STAMP).cloned().map(|stamp| Condition::equals(STAMP, stamp));
        item.insert(CLAIMED_UNTIL.into(), number(how));
        self.store.put(&self.tables.hris, item, ours.unwrap_or_else(Condition::absent)).await.map(drop)
    }
}
