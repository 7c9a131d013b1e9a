//! The text messages that are sent after the response: see [`Outbox`]. `ops-outbox` sends them.

use futures::{StreamExt as _, stream};

use super::Service;
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
    /// DynamoDB: for each message one read and two writes.
    pub async fn send_messages(&self, keys: Vec<[String; 2]>, time: &Time) -> Swept {
        let keys = stream::iter(keys.into_iter().map(|[pk, sk]| Ok(Key::new(pk, sk)))).boxed();
        sweep(keys, time, |key| async move { self.outbox().deliver(key).await }).await
    }

    /// Sends the messages that are still there after half a minute, and removes those that are too late.
    ///
    /// DynamoDB: the queries of the index; for each message one read and two writes.
    pub async fn sweep_messages(&self, time: &Time) -> Swept {
        let due = self.outbox().due();
        sweep(due, time, |key| async move { self.outbox().deliver(key).await }).await
    }
}
