//! The text messages that are sent after the response: see [`Outbox`]. `ops-outbox` sends them.

use futures::{StreamExt as _, stream};

use super::Service;
use super::values::Uuid;
use crate::error::{Error, Result};
use crate::runtime::outbox::Outbox;
use crate::runtime::sweep::{Swept, Time, sweep};
use crate::storage::table::Key;

impl Service {
    pub(super) fn outbox(&self) -> Outbox<'_> {
        let Self { store, keyring, tables, sms, clock, .. } = self;
        Outbox { family: "hris", store, table: &tables.credentials, keyring, sms, now: clock.now() }
    }

    /// Sends the messages with these keys, each the `pk` and `sk` of an item.
    ///
    /// DynamoDB: for each message two reads and two writes.
    pub async fn send_messages(&self, keys: Vec<[String; 2]>, time: &Time) -> Swept {
        let keys = stream::iter(keys.into_iter().map(|[pk, sk]| Ok(Key::new(pk, sk)))).boxed();
        sweep(keys, time, |key| async move { self.deliver(key).await }).await
    }

    /// Sends the messages that are still there after half a minute, and removes those that are too late.
    ///
    /// DynamoDB: the queries of the index; for each message two reads and two writes.
    pub async fn sweep_messages(&self, time: &Time) -> Swept {
        let due = self.outbox().due();
        sweep(due, time, |key| async move { self.deliver(key).await }).await
    }

    /// Sends a message and removes it. One that is only for an employee who may consent is removed unsent if the phone belongs to none.
    async fn deliver(&self, key: Key) -> Result<bool> {
        let outbox = self.outbox();
        let Some(waiting) = outbox.find(key).await? else { return Ok(false) };
        let is_wanted = match &waiting.only_for {
            None => true,
            Some(company) => {
                let company = Uuid::parse(company).map_err(Error::internal)?;
                self.employee_of_mobile(&company, &waiting.to).await?.is_some_and(|employee| employee.may_consent())
            }
        };
        if is_wanted && !outbox.send(&waiting).await? {
            return Ok(false);
        }
        outbox.remove(waiting).await?;
        Ok(true)
    }
}
