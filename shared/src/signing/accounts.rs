//! Accounts that their workers close (`POST /weixin/close`, an addition).
//!
//! A closed account keeps its data. A log-in opens it again, until the clean-up erases it (`retention.rs`).

use jiff::Timestamp;

use super::Service;
use super::item::em_id_of;
use super::keys::{session_key, worker_key};
use super::persons::object;
use super::retention::CLOSED;
use super::sessions::listed_sessions;
use super::values::Worker;
use crate::crypto::credentials::hash;
use crate::error::{Error, Result};
use crate::runtime::caller;
use crate::storage::audit::Change;
use crate::storage::table::attribute::number;
use crate::storage::table::{Condition, Item, Outcome, Write, mark, retry_conflicts, unmark};
use crate::values::Secret;

/// When the worker closed the account, in Unix milliseconds.
pub(super) const CLOSED_AT: &str = "closed_at";

fn close(worker: &mut Item, now: Timestamp) {
    worker.insert(CLOSED_AT.into(), number(now.as_millisecond()));
    mark(worker, CLOSED, now);
}

/// Opens the account in the record of a worker. Returns whether it was closed.
pub(super) fn open(worker: &mut Item) -> bool {
    let was_closed = worker.remove(CLOSED_AT).is_some();
    if was_closed {
        unmark(worker);
    }
    was_closed
}

impl Service {
    /// Closes the account of the worker with this session, and ends all sessions. A session that has ended meanwhile closes nothing.
    ///
    /// DynamoDB: one read, one transaction.
    pub async fn close_account(&self, worker: &Worker, token: Secret<&str>) -> Result<()> {
        let now = self.clock.now();
        let (act, own) = (caller::act(now), hash(token));
        let table = &self.tables.credentials;
        retry_conflicts(|| async {
            let stored = self.store.get(&self.tables.signing, worker_key(worker)).await?;
            let mut stored = stored.ok_or_else(|| Error::internal("a session without a worker"))?;
            let em_id = em_id_of(&stored)?.ok_or_else(|| Error::internal("a worker without a number"))?;
            let sessions = listed_sessions(Some(&stored))?;
            // A restored record of the worker may not list the session.
            let end = Write::Delete { table: table.clone(), key: session_key(&own), condition: Some(Condition::present()) };
            let others = sessions.iter().filter(|session| !session.hash.is_same(&own));
            let mut writes: Vec<Write> = std::iter::once(end).chain(others.map(|other| self.removal(&other.hash))).collect();
            close(&mut stored, now);
            writes.push(self.listing(stored, &[])?);
            let change = Change::of(object(&worker.platform, em_id)).fields(&[CLOSED_AT, "sessions"]);
            match self.store.transact_by(&act, &change, writes).await? {
                Outcome::Written => Ok(Some(())),
                Outcome::Rejected(rejections) if rejections.first().is_some_and(|end| end.failed) => Ok(Some(())),
                Outcome::Rejected(_) => Ok(None),
            }
        })
        .await
    }
}
