//! Visits: a visitor is announced to an employee (docs/contract/hris.txt, 提醒员工接见访客).
//!
//! A replay of a call, even a concurrent one, sends no second message. A call first claims its visit, then sends the message, then ends the
//! claim: see [`replay`](super::replay).

use jiff::Timestamp;
use serde::Serialize;

use super::Service;
use super::employees::Employee;
use super::keys::{VISIT, VISIT_SWEEP, partition, visit_key};
use super::replay::{Claim, Signer};
use super::values::Uuid;
use crate::error::{Error, Fault, Result};
use crate::outbound::sms::Message;
use crate::runtime::message_limits::{Cause, VISITS_TO_A_PHONE};
use crate::storage::listing::{Listed, PageOf};
use crate::storage::sealed::{self, Fields};
use crate::storage::table::attribute::{number, read_integer, read_text, text};
use crate::storage::table::{Item, Key, Query, Range, mark};
use crate::values::{Date, LocalTime, Mobile, Text};

/// The sealed attributes of a stored visit.
pub(super) const VISITOR: Fields = Fields::of(&["visitor", "visit_time"]);

pub struct Visit {
    /// The name of the visitor.
    pub name: Text<1, 64>,
    /// Free text from the caller.
    pub time: Text<1, 64>,
}

/// A visit as it was recorded.
#[derive(Serialize)]
pub struct RecordedVisit {
    pub visit_uuid: String,
    pub employee_uuid: String,
    #[serde(serialize_with = "LocalTime::as_second")]
    pub announced_at: LocalTime,
    pub visitor: String,
    pub visit_time: String,
}

/// Enters a visit into the list of its company, by the time of the announcement.
pub(super) fn enter(item: &mut Item, company: &str, visit: &str, announced_at: Timestamp) {
    item.insert("ix1".into(), text(format!("{company}#{VISIT}")));
    item.insert("ixsk".into(), text(format!("{}#{visit}", sortable(announced_at.as_millisecond()))));
}

/// The company as a sender of text messages.
pub(super) fn sender(company: &Uuid) -> String {
    format!("hris#{company}")
}

/// Text that sorts like the instants.
fn sortable(milliseconds: i64) -> String {
    format!("{:016}", milliseconds.max(0))
}

impl Service {
    /// A page of the visits that were announced on these days, both included, by that time.
    ///
    /// DynamoDB: one query, one batch read.
    pub async fn list_visits(
        &self,
        company: &Uuid,
        (from, to): (Option<&Date>, Option<&Date>),
        page: &PageOf<'_>,
    ) -> Result<Listed<RecordedVisit>> {
        if let (Some(from), Some(to)) = (from, to)
            && to < from
        {
            return Err(Error::invalid([Fault::new("to", "must not be before from")]));
        }
        let list = partition(company, VISIT);
        // Sort keys begin with digits, and go on behind `#`.
        let low = from.map_or("0".to_owned(), |from| sortable(LocalTime::day_bounds(from, from).0.as_millisecond()));
        let last = |to| format!("{}$", sortable(LocalTime::day_bounds(to, to).1.as_millisecond()));
        let high = to.map_or(":".to_owned(), last);
        let scope = format!("{list}/{low}/{high}");
        let query =
            Query { index: "ix1", partition: list.clone(), range: Range::Between(low, high), order: page.order, filter: None };
        let after = page.position(&self.keyring, &scope)?;
        let after = after.map(|place| -> Result<Item> {
            let visit = place.rsplit_once('#').map_or("", |(_, visit)| visit);
            let mut entry = Key::new(list.as_str(), visit).into_item();
            entry.extend([("ix1".to_owned(), text(list.as_str())), ("ixsk".to_owned(), text(place.as_str()))]);
            Ok(entry)
        });
        let table = &self.tables.hris;
        let (entries, next) = self.store.query(table, &query, after.transpose()?, Some(page.limit())).await?;
        let last = next.map(|last| read_text(&last, "ixsk")).transpose()?;
        let items = self.store.get_all(table, entries.iter().filter_map(Key::of).collect()).await?;
        let list = items.into_iter().map(|item| self.read_visit(item)).collect::<Result<_>>()?;
        page.listed(&self.keyring, &scope, list, last)
    }

    pub(super) fn read_visit(&self, mut item: Item) -> Result<RecordedVisit> {
        let key = Key::of(&item).ok_or_else(|| Error::internal("a visit without a key"))?;
        sealed::open(&self.keyring, &key, &VISITOR, &mut item)?;
        let announced_at = Timestamp::from_millisecond(read_integer(&item, "announced_at")?).map_err(Error::internal)?;
        Ok(RecordedVisit {
            visit_uuid: key.sk,
            employee_uuid: read_text(&item, "employee_uuid")?,
            announced_at: announced_at.into(),
            visitor: read_text(&item, "visitor")?,
            visit_time: read_text(&item, "visit_time")?,
        })
    }

    /// Records the visit and sends the employee a message. A replay does neither again and gets the same response. If the first call failed
    /// before it sent the message, the replay sends it.
    ///
    /// DynamoDB: one read, one transaction and six writes. A replay: one read and one rejected transaction.
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
        enter(&mut item, signer.company.as_str(), &key.sk, now);
        self.keyring.record().await?;
        sealed::seal(&self.keyring, &key, &VISITOR, &mut item)?;
        let claimed = match self.claim(signer, &employee, &item).await? {
            Claim::Claimed(claimed) => claimed,
            Claim::Before(employee) => return Ok(employee),
        };
        if let Some(mobile) = &employee.mobile {
            let message = Message::Visitor { visitor: visit.name.as_str().to_owned(), time: visit.time.as_str().to_owned() };
            if let Err(error) = self.send_visit(&signer.company, mobile, &message).await {
                return Err(self.release(claimed, error).await);
            }
        }
        // The message is on its way. An error here would make the client repeat the call, and the message.
        if let Err(error) = self.finish(claimed).await {
            tracing::error!(%error, "the message of a visit was sent, but the call could not be marked as done");
        }
        Ok(employee)
    }

    /// Sends the message within the limits.
    async fn send_visit(&self, company: &Uuid, mobile: &Mobile, message: &Message) -> Result<()> {
        let to_a_phone = (&VISITS_TO_A_PHONE, mobile);
        self.messages.count(&self.counters(), Cause::Product, &sender(company), to_a_phone).await?;
        self.sms.send(mobile, message, self.clock.now()).await
    }
}
