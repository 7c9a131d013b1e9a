//! Accounts that their workers close (`POST /weixin/close`, an addition).
//!
//! A closed account keeps its data. A log-in opens it again, until the clean-up erases it (`retention.rs`).

use super::Service;
use super::item::{close_account, em_id_of};
use super::keys::{session_key, worker_key, worker_object};
use super::sessions::{change_of, listed_sessions};
use super::values::Worker;
use crate::crypto::credentials::hash;
use crate::error::Result;
use crate::runtime::caller;
use crate::storage::table::{Condition, Outcome, Write, retry_conflicts};
use crate::values::Secret;

impl Service {
    /// Closes the account of the worker with this session, and ends all sessions. A session that a concurrent request has ended closes nothing.
    ///
    /// DynamoDB: one read, one transaction.
    pub async fn close_account(&self, worker: &Worker, token: Secret<&str>) -> Result<()> {
        let now = self.clock.now();
        let (act, own) = (caller::act(now), hash(token));
        let table = &self.tables.credentials;
        retry_conflicts(|| async {
            let stored = self.store.get(&self.tables.signing, worker_key(worker)).await?;
            let em_id = stored.as_ref().map(em_id_of).transpose()?.flatten();
            let (Some(stored), Some(em_id)) = (stored, em_id) else {
                // A restore has lost the account: only the session is left.
                return self.end_sessions(worker, Some(&own), None).await.map(Some);
            };
            let sessions = listed_sessions(Some(&stored))?;
            // A restored record of the worker may not list the session.
            let end = Write::Delete { table: table.clone(), key: session_key(&own), condition: Some(Condition::present()) };
            let others = sessions.iter().filter(|session| !session.hash.is_same(&own));
            let mut writes: Vec<Write> = std::iter::once(end).chain(others.map(|other| self.removal(&other.hash))).collect();
            let mut closed = stored.clone();
            close_account(&mut closed, now);
            let listing = self.listing(Some(&stored), closed, &[])?;
            let change = change_of(worker_object(&worker.platform, em_id), Some(&stored), &listing);
            writes.push(listing);
            match self.store.transact_by(&act, &change, writes).await? {
                Outcome::Written => Ok(Some(())),
                Outcome::Rejected(rejections) if rejections.first().is_some_and(|end| end.failed) => Ok(Some(())),
                Outcome::Rejected(_) => Ok(None),
            }
        })
        .await
    }
}
