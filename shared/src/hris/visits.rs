//! Visits: a visitor is announced to an employee (docs/contract/hris.txt, 提醒员工接见访客).
//!
//! A replay of a call, even a concurrent one, sends no second message. A call first claims its visit, then sends the message, then ends the
//! claim: see [`replay`](super::replay).

use super::Service;
use super::employees::Employee;
use super::keys::{VISIT_SWEEP, visit_key};
use super::replay::{Claim, Signer};
use crate::error::Result;
use crate::storage::rate_limit::{Attempt, VISITS_TO_A_PHONE};
use crate::storage::sealed::{self, Fields};
use crate::storage::table::attribute::{number, text};
use crate::storage::table::mark;
use crate::values::{Mobile, Text};

/// The sealed attributes of a stored visit.
pub(super) const VISITOR: Fields = Fields::of(&["visitor", "visit_time"]);

pub struct Visit {
    /// The name of the visitor.
    pub name: Text<1, 64>,
    /// Free text from the caller.
    pub time: Text<1, 64>,
}

impl Service {
    /// Records the visit and sends the employee a message. A replay does neither again and gets the same response. If the first call failed
    /// before it sent the message, the replay sends it.
    ///
    /// DynamoDB: one read, one transaction and two writes. A replay: one read and one rejected transaction.
    pub async fn announce_visit(&self, signer: &Signer, uuid: &str, visit: &Visit) -> Result<Employee> {
        let employee = self.employee(&signer.company, uuid).await?;
        let key = visit_key(&signer.company, &signer.record_uuid());
        let mut item = key.clone().into_item();
        item.insert("employee_uuid".into(), text(employee.uuid.as_str()));
        item.insert("visitor".into(), text(visit.name.as_str()));
        item.insert("visit_time".into(), text(visit.time.as_str()));
        let now = self.clock.now();
        item.insert("announced_at".into(), number(now.as_millisecond()));
        mark(&mut item, VISIT_SWEEP, now);
        self.keyring.record().await?;
        sealed::seal(&self.keyring, &key, &VISITOR, &mut item)?;
        let claimed = match self.claim(signer, &employee, &item).await? {
            Claim::Claimed(claimed) => claimed,
            Claim::Before(employee) => return Ok(employee),
        };
        if let Some(mobile) = &employee.mobile {
            let message = format!("【工桥】访客 {} 将于 {} 到访，请您接见。", visit.name.as_str(), visit.time.as_str());
            if let Err(error) = self.send_visit(mobile, &message).await {
                return Err(self.release(claimed, error).await);
            }
        }
        // The message is on its way. An error here would make the client repeat the call, and the message.
        if let Err(error) = self.finish(claimed).await {
            tracing::error!(%error, "the message of a visit was sent, but the call could not be marked as done");
        }
        Ok(employee)
    }

    /// Sends the message within the rate limit of the phone.
    async fn send_visit(&self, mobile: &Mobile, message: &str) -> Result<()> {
        VISITS_TO_A_PHONE.count(&self.counters(), &[mobile.index()], Attempt::Succeeded).await?;
        self.sms.send(mobile, message).await
    }
}
