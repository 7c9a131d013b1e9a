//! Visits: a visitor is announced to an employee (document, 提醒员工接见访客).

use jiff::SignedDuration;

use super::employees::Employee;
use super::row;
use super::values::Uuid;
use super::{Caller, Service};
use crate::error::{Error, Result};
use crate::secrets::random_token;
use crate::store::attribute::{number, read_integer, read_text, text};
use crate::store::{Condition, Outcome, STAMP};
use crate::values::Text;

/// How long a call may take to send its message before a replay of it sends the message instead.
const SENDING: SignedDuration = SignedDuration::from_secs(15);

const CLAIMED_UNTIL: &str = "claimed_until";
const EMPLOYEE: &str = "employee_uuid";

pub struct Visit {
    /// The visitor's.
    pub name: Text<1, 64>,
    /// When, in the caller's words.
    pub time: Text<1, 64>,
}

impl Service {
    /// Records the visit and sends the employee a message. A replay of the call does neither again, and is answered as the
    /// first was; where the first broke off, it sends the message.
    ///
    /// DynamoDB: one read and two writes; of a replay, one read and one refused write.
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
        let table = &self.tables.hris;
        if let Outcome::Refused(refusals) = self.store.put(table, item.clone(), Condition::absent()).await? {
            let stored = refusals.into_iter().find_map(|refusal| refusal.stored);
            let stored = stored.ok_or_else(|| Error::internal("a visit was refused for no reason"))?;
            let claimed_until: i64 = read_integer(&stored, CLAIMED_UNTIL)?;
            if read_text(&stored, EMPLOYEE)? != employee.uuid.as_str() {
                return Err(Error::internal("two visits have the same identity"));
            }
            // Equal where it is our own write, whose answer was lost: it was sent again.
            if stored != item {
                // Zero where the message was sent.
                if claimed_until == 0 || claimed_until > now.as_millisecond() {
                    return Ok(employee);
                }
                let claim = Condition::equals(CLAIMED_UNTIL, number(claimed_until));
                match self.store.put(table, item.clone(), claim).await? {
                    Outcome::Refused(refusals) if !refusals.iter().any(|refusal| refusal.stored.as_ref() == Some(&item)) => {
                        return Ok(employee);
                    }
                    Outcome::Written | Outcome::Refused(_) => {}
                }
            }
        }
        if let Some(mobile) = &employee.mobile {
            let message = format!("【工桥】访客 {} 将于 {} 到访，请您接见。", visit.name.as_str(), visit.time.as_str());
            if let Err(error) = self.sms.send(mobile, &message).await {
                // Whoever sends the call again sends the message, and need not wait.
                item.insert(CLAIMED_UNTIL.into(), number(1));
                self.store.put(table, item, Condition::present()).await?;
                return Err(error);
            }
        }
        item.insert(CLAIMED_UNTIL.into(), number(0));
        self.store.put(table, item, Condition::present()).await?;
        Ok(employee)
    }
}
