//! Login with WeChat, and the sessions of workers (docs/contract/signing.txt, 3.1.1).
//!
//! A keyed digest of the openid identifies a worker. The openid is stored sealed, so that the worker can be found by another index key. The
//! table holds only the hash of a session's token.
//!
//! A worker has a number from the first log-in on, because log lines name workers by it. The application has the same number.
//!
//! A session is a record that every request reads, so removing it ends the session at once. The record of its worker lists the sessions, and
//! each change of the list is one transaction with the sessions that begin and end.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Service;
use super::item::{EM_ID, OPENID, WORKER_SEALED, em_id_item, em_id_of, new_worker_item, open_account, session_item};
use super::keys::{ALIAS_OF, application_key, session_key, worker_key, worker_object};
use super::values::{PlatformCode, Worker};
use crate::crypto::credentials::hash;
use crate::crypto::random::random_secret;
use crate::error::{Error, Result};
use crate::outbound::wechat::CodeError;
use crate::runtime::caller::{self, Caller};
use crate::storage::audit::{Act, Change, Object};
use crate::storage::rate_limit::{Attempt, CODES};
use crate::storage::sealed;
use crate::storage::table::attribute::{number, read_integer, read_text, text};
use crate::storage::table::{Condition, Item, Key, Outcome, VERSION, Write, retry_conflicts};
use crate::values::{Id, Secret, exposed};

/// How long an unused session lasts.
const IDLE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long any session lasts at most.
const LONGEST: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How much of [`IDLE`] passes before a use prolongs the session. At 24 hours, a session causes at most one write a day.
const PROLONG_AFTER: SignedDuration = SignedDuration::from_hours(24);
/// How many sessions a worker can have at the same time.
const MAX_SESSIONS: usize = 5;

/// The result of a login.
pub struct Login {
    pub session_token: Secret<String>,
    /// 0 until the worker has submitted a résumé.
    pub em_id: u64,
}

/// A session in the record of its worker, oldest first.
#[derive(Serialize, Deserialize)]
pub(super) struct SessionEntry {
    #[serde(serialize_with = "exposed")]
    pub(super) hash: Secret<String>,
}

impl Service {
    /// Logs a worker in with the code of `wx.login`. The first login creates the worker. `address` is the IP address of the client.
    ///
    /// DynamoDB: one write, two reads, one transaction.
    pub async fn log_in(&self, platform: &PlatformCode, code: Secret<&str>, address: &str) -> Result<Login, CodeError> {
        CODES.count(&self.counters(), &["login", address], Attempt::Succeeded).await?;
        let session = self.wechat.code_to_session(code, self.clock.now()).await?;
        Ok(self.open_session(platform, &session.openid).await?)
    }

    /// Opens a session of the worker with this openid. A sixth session ends the oldest one. A worker without a number gets that of the
    /// application, or a new one. Opens the account if the worker has closed it.
    async fn open_session(&self, platform: &PlatformCode, openid: &Secret<String>) -> Result<Login> {
        self.keyring.record().await?;
        let now = self.clock.now();
        let token = random_secret()?;
        let hash = hash(token.as_deref());
        let submitted = retry_conflicts(|| async {
            let (worker, stored) = self.worker_of(platform, openid).await?;
            let application = self.store.get(&self.tables.signing, application_key(&worker)).await?;
            let submitted = application.as_ref().map(em_id_of).transpose()?.flatten();
            let mut sessions = listed_sessions(stored.as_ref())?;
            let known = submitted.or(stored.as_ref().map(em_id_of).transpose()?.flatten());
            let em_id = known.map_or_else(|| self.ids.next(now).map(Id::as_u64), Ok)?;
            // Our own earlier write, whose response was lost.
            if sessions.iter().any(|session| session.hash.is_same(&hash)) {
                return Ok(Some(submitted));
            }
            sessions.push(SessionEntry { hash: hash.clone() });
            let ended = sessions.drain(..sessions.len().saturating_sub(MAX_SESSIONS));
            let mut writes: Vec<Write> = ended.map(|session| self.removal(&session.hash)).collect();
            let mut next = stored.clone().unwrap_or_else(|| new_worker_item(&worker, now));
            if self.openid_of(&next)?.is_none() {
                next.insert(OPENID.into(), text(openid.expose()));
                sealed::seal(&self.keyring, &worker_key(&worker), &WORKER_SEALED, &mut next)?;
                let aliases = self.aliases(&worker, openid).into_iter();
                let table = &self.tables.signing;
                writes.extend(aliases.map(|item| Write::Put { table: table.clone(), item, condition: Condition::absent() }));
            }
            next.insert(EM_ID.into(), number(em_id));
            caller::accepted(caller_of(&worker, em_id));
            let was_closed = open_account(&mut next);
            let listing = self.listing(stored.as_ref(), next, &sessions)?;
            if was_closed {
                let change = change_of(worker_object(platform, em_id), stored.as_ref(), &listing);
                writes.push(self.store.recording(&caller::act(now), &change)?);
            }
            writes.push(listing);
            let session = session_item(&hash, &worker, em_id, now, now + IDLE);
            writes.push(Write::Put { table: self.tables.credentials.clone(), item: session, condition: Condition::absent() });
            if known.is_none() {
                let item = em_id_item(&worker, em_id);
                writes.push(Write::Put { table: self.tables.signing.clone(), item, condition: Condition::absent() });
            }
            match self.store.transact(writes).await? {
                Outcome::Written => Ok(Some(submitted)),
                Outcome::Rejected(_) => Ok(None),
            }
        })
        .await?;
        Ok(Login { session_token: token, em_id: submitted.unwrap_or(0) })
    }

    /// The worker with this openid, and the stored record; a new one's id is the index by which look-ups find it. Other indexes are
    /// looked up for a worker that a process with another index key has just created.
    pub(super) async fn worker_of(&self, platform: &PlatformCode, openid: &Secret<String>) -> Result<(Worker, Option<Item>)> {
        let mut new = None;
        for worker in workers(platform, self.keyring.blind_indexes(&openid_parts(platform, openid))) {
            if let Some(stored) = self.store.get(&self.tables.signing, worker_key(&worker)).await? {
                if !stored.contains_key(ALIAS_OF) {
                    return Ok((worker, Some(stored)));
                }
                let worker = Worker { id: read_text(&stored, ALIAS_OF)?, ..worker };
                let stored = self.store.get(&self.tables.signing, worker_key(&worker)).await?;
                return Ok((worker, stored));
            }
            new.get_or_insert(worker);
        }
        new.map(|worker| (worker, None)).ok_or_else(|| Error::internal("no index key"))
    }

    /// The items by which log-ins with other indexes than the worker's own find it.
    pub(super) fn aliases(&self, worker: &Worker, openid: &Secret<String>) -> Vec<Item> {
        let all = workers(&worker.platform, self.keyring.blind_indexes(&openid_parts(&worker.platform, openid)));
        let others = all.filter(|other| other.id != worker.id).map(|other| {
            let mut item = worker_key(&other).into_item();
            item.insert(ALIAS_OF.into(), text(worker.id.as_str()));
            item
        });
        others.collect()
    }

    /// The keys of such items by indexes that are not used any more.
    pub(super) fn former_aliases(&self, worker: &Worker, openid: &Secret<String>) -> Vec<Key> {
        let former = workers(&worker.platform, self.keyring.former_indexes(&openid_parts(&worker.platform, openid)));
        former.filter(|other| other.id != worker.id).map(|other| worker_key(&other)).collect()
    }

    /// The openid of a stored worker, who has one since it logged in with this version of the system.
    pub(super) fn openid_of(&self, stored: &Item) -> Result<Option<Secret<String>>> {
        let key = Key::of(stored).ok_or_else(|| Error::internal("a worker without a key"))?;
        let mut stored = stored.clone();
        sealed::open(&self.keyring, &key, &WORKER_SEALED, &mut stored)?;
        stored.contains_key(OPENID).then(|| read_text(&stored, OPENID).map(Secret::new)).transpose()
    }

    /// Ends the worker's session with this token.
    ///
    /// DynamoDB: one read, one transaction.
    pub async fn log_out(&self, worker: &Worker, token: Secret<&str>) -> Result<()> {
        self.end_sessions(worker, Some(&hash(token)), None).await
    }

    /// Ends all sessions of the worker with this number.
    pub async fn end_worker_sessions(&self, act: &Act, platform: &PlatformCode, em_id: u64) -> Result<()> {
        let worker = self.find_worker(platform, em_id).await?.ok_or_else(|| Error::missing("em_id"))?;
        self.end_sessions(&worker, None, Some((act, worker_object(platform, em_id)))).await
    }

    /// Ends the session with this hash, or all sessions of the worker. `recorded` is the act of an administrator. A concurrent log-in comes
    /// before, and its session ends too, or it comes after.
    pub(super) async fn end_sessions(
        &self,
        worker: &Worker,
        only: Option<&Secret<String>>,
        recorded: Option<(&Act, Object)>,
    ) -> Result<()> {
        retry_conflicts(|| async {
            let stored = self.store.get(&self.tables.signing, worker_key(worker)).await?;
            let ends = |session: &SessionEntry| only.is_none_or(|hash| session.hash.is_same(hash));
            let (ended, kept): (Vec<_>, Vec<_>) = listed_sessions(stored.as_ref())?.into_iter().partition(ends);
            let is_listed = !ended.is_empty();
            let mut writes: Vec<Write> = match only {
                // Also a session that a restored record of its worker does not list.
                Some(hash) => vec![self.removal(hash)],
                None => ended.iter().map(|session| self.removal(&session.hash)).collect(),
            };
            if let Some(stored) = stored.filter(|_| is_listed) {
                let listing = self.listing(Some(&stored), stored.clone(), &kept)?;
                if let Some((act, object)) = &recorded {
                    writes.push(self.store.recording(act, &change_of(object.clone(), Some(&stored), &listing))?);
                }
                writes.push(listing);
            }
            if writes.is_empty() {
                return Ok(Some(()));
            }
            match self.store.transact(writes).await? {
                Outcome::Written => Ok(Some(())),
                Outcome::Rejected(_) => Ok(None),
            }
        })
        .await
    }

    /// The write that ends a session.
    pub(super) fn removal(&self, hash: &Secret<String>) -> Write {
        Write::Delete { table: self.tables.credentials.clone(), key: session_key(hash), condition: None }
    }

    /// The write that puts `item` in place of the record of a worker, which is still the stored one, with these sessions. A pass of `reseal`
    /// changes the sealed openid and not the version.
    pub(super) fn listing(&self, stored: Option<&Item>, mut item: Item, sessions: &[SessionEntry]) -> Result<Write> {
        let (version, condition) = match stored.filter(|stored| stored.contains_key(VERSION)) {
            Some(stored) => {
                let version: u64 = read_integer(stored, VERSION)?;
                (version, Condition::equals(VERSION, number(version)).and(sealed::unchanged(stored)))
            }
            None => (0, Condition::absent()),
        };
        item.insert("sessions".into(), serde_dynamo::to_attribute_value(sessions).map_err(Error::internal)?);
        item.insert(VERSION.into(), number(version + 1));
        Ok(Write::Put { table: self.tables.signing.clone(), item, condition })
    }

    /// The worker of a session on this platform; `None` if the session does not exist or has expired. A use prolongs the session.
    ///
    /// DynamoDB: one read; once a day, one write.
    pub async fn session(&self, platform: &PlatformCode, token: Secret<&str>) -> Result<Option<Worker>> {
        let hash = hash(token);
        let table = &self.tables.credentials;
        let Some(item) = self.store.get(table, session_key(&hash)).await? else { return Ok(None) };
        let now = self.clock.now();
        let expires_at = Timestamp::from_second(read_integer(&item, "expires_at")?).map_err(Error::internal)?;
        let created_at = Timestamp::from_second(read_integer(&item, "created_at")?).map_err(Error::internal)?;
        if expires_at <= now || read_text(&item, "platform")? != platform.as_str() {
            return Ok(None);
        }
        // Sessions that were stored before workers had numbers have ended.
        let Some(em_id) = em_id_of(&item)? else { return Ok(None) };
        let worker = Worker { platform: platform.clone(), id: read_text(&item, "worker")? };
        let until = (now + IDLE).min(created_at + LONGEST);
        if until.duration_since(expires_at) >= PROLONG_AFTER {
            // The condition fails if a login has ended the session since the read; this request still succeeds.
            self.store
                .put(table, session_item(&hash, &worker, em_id, created_at, until), Condition::present())
                .await
                .map(drop)?;
        }
        caller::accepted(caller_of(&worker, em_id));
        Ok(Some(worker))
    }
}

/// What the blind index of an openid is of.
pub(super) fn openid_parts<'a>(platform: &'a PlatformCode, openid: &'a Secret<String>) -> [&'a [u8]; 3] {
    [b"openid", platform.as_str().as_bytes(), openid.expose().as_bytes()]
}

/// The workers whose ids are these blind indexes.
pub(super) fn workers(platform: &PlatformCode, indexes: Vec<Secret<[u8; 32]>>) -> impl Iterator<Item = Worker> + use<'_> {
    let worker = |index: Secret<[u8; 32]>| Worker { platform: platform.clone(), id: hex::encode(&index.expose()[..16]) };
    indexes.into_iter().map(worker)
}

fn caller_of(worker: &Worker, em_id: u64) -> Caller {
    Caller::Worker { platform: worker.platform.to_string(), em_id }
}

/// The change that [`Service::listing`] makes, for its audit record.
pub(super) fn change_of(worker: Object, stored: Option<&Item>, listing: &Write) -> Change {
    let none = Item::new();
    Change::of(worker).changed(stored.unwrap_or(&none), listing.item().unwrap_or(&none))
}

/// The sessions in the record of a worker.
pub(super) fn listed_sessions(worker: Option<&Item>) -> Result<Vec<SessionEntry>> {
    match worker.and_then(|item| item.get("sessions")) {
        Some(sessions) => serde_dynamo::from_attribute_value(sessions.clone()).map_err(Error::internal),
        None => Ok(Vec::new()),
    }
}
