//! Logging in with WeChat, and sessions (docs/contract/signing.txt, 3.1.1).
//!
//! A worker is identified by the blind index of the openid. A session stores the hash of its token.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Service;
use super::keys::{application_key, session_key, worker_key};
use super::values::{PlatformCode, Worker};
use crate::crypto::credentials::hash;
use crate::crypto::random::random_token;
use crate::error::{Error, Result};
use crate::outbound::wechat::Rejection;
use crate::storage::rate_limit::CODES;
use crate::storage::table::attribute::{number, read_integer, read_text, text};
use crate::storage::table::{Condition, Item, Outcome, VERSION, Write, expire, retry_conflicts};

/// How long an unused session lasts.
const IDLE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long a session lasts at most.
const LONGEST: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How much of [`IDLE`] passes before a use extends the session: one write a day.
const EXTEND_AFTER: SignedDuration = SignedDuration::from_hours(24);
/// How many sessions a worker may have at the same time.
const MAX_SESSIONS: usize = 5;

/// What a worker receives for a login code.
pub struct Login {
    pub session_token: String,
    /// 0 until there is a résumé.
    pub em_id: u64,
}

/// An entry of the worker's list of sessions, oldest first.
#[derive(Serialize, Deserialize)]
struct Listed {
    hash: String,
}

impl Service {
    /// Logs a worker in by the code of `wx.login`; the first login creates the worker. `address` is the client's IP address.
    ///
    /// DynamoDB: one write, two reads, one transaction; for a wrong code, two writes.
    pub async fn log_in(&self, platform: &PlatformCode, code: &str, address: &str) -> Result<Result<Login, Rejection>> {
        let is_wrong = |outcome: &Result<Result<Login, Rejection>>| matches!(outcome, Ok(Err(Rejection::Code)));
        CODES.attempt(&self.counters(), &["login", address], self.log_in_by(platform, code), is_wrong).await
    }

    async fn log_in_by(&self, platform: &PlatformCode, code: &str) -> Result<Result<Login, Rejection>> {
        let session = match self.wechat.code_to_session(code).await? {
            Ok(session) => session,
            Err(rejection) => return Ok(Err(rejection)),
        };
        let openid = self.keyring.blind_index(&[b"openid", platform.as_str().as_bytes(), session.openid.as_bytes()])?;
        let id = hex::encode(&openid[..16]);
        let worker = Worker { platform: platform.clone(), id };
        let session_token = self.open_session(&worker).await?;
        let application = self.store.get(&self.tables.signing, application_key(&worker)).await?;
        let em_id = application.map_or(Ok(0), |item| read_integer(&item, "em_id"))?;
        Ok(Ok(Login { session_token, em_id }))
    }

    /// Adds a session to the worker's sessions; beyond five, the oldest ends.
    async fn open_session(&self, worker: &Worker) -> Result<String> {
        let now = self.clock.now();
        let token = random_token()?;
        let hash = hash(&token);
        let (signing, credentials) = (&self.tables.signing, &self.tables.credentials);
        retry_conflicts(|| async {
            let stored = self.store.get(signing, worker_key(worker)).await?;
            let mut item = match &stored {
                Some(item) => item.clone(),
                None => self.new_worker(worker, now),
            };
            let mut sessions: Vec<Listed> = match item.remove("sessions") {
                Some(sessions) => serde_dynamo::from_attribute_value(sessions).map_err(Error::internal)?,
                None => Vec::new(),
            };
            // Our own earlier write, whose response was lost.
            if sessions.iter().any(|session| session.hash == hash) {
                return Ok(Some(token.clone()));
            }
            sessions.push(Listed { hash: hash.clone() });
            let ended = sessions.drain(..sessions.len().saturating_sub(MAX_SESSIONS));
            let mut writes: Vec<Write> = ended
                .map(|session| Write::Delete { table: credentials.clone(), key: session_key(&session.hash), condition: None })
                .collect();
            let version: u64 = stored.as_ref().map_or(Ok(0), |item| read_integer(item, VERSION))?;
            item.insert("sessions".into(), serde_dynamo::to_attribute_value(sessions).map_err(Error::internal)?);
            item.insert(VERSION.into(), number(version + 1));
            let condition = if stored.is_none() { Condition::absent() } else { Condition::equals(VERSION, number(version)) };
            writes.push(Write::Put { table: signing.clone(), item, condition });
            let session = session_item(&hash, worker, now, now + IDLE);
            writes.push(Write::Put { table: credentials.clone(), item: session, condition: Condition::absent() });
            match self.store.transact(writes).await? {
                Outcome::Written => Ok(Some(token.clone())),
                Outcome::Rejected(_) => Ok(None),
            }
        })
        .await
    }

    fn new_worker(&self, worker: &Worker, now: Timestamp) -> Item {
        let mut item = worker_key(worker).into_item();
        item.insert("created_at".into(), number(now.as_millisecond()));
        item
    }

    /// The worker of a session on this platform; `None` if the session has ended. A use extends the session.
    ///
    /// DynamoDB: one read; once a day, one write.
    pub async fn session(&self, platform: &PlatformCode, token: &str) -> Result<Option<Worker>> {
        let hash = hash(token);
        let table = &self.tables.credentials;
        let Some(item) = self.store.get(table, session_key(&hash)).await? else { return Ok(None) };
        let now = self.clock.now();
        let expires_at = Timestamp::from_second(read_integer(&item, "expires_at")?).map_err(Error::internal)?;
        let created_at = Timestamp::from_second(read_integer(&item, "created_at")?).map_err(Error::internal)?;
        if expires_at <= now || read_text(&item, "platform")? != platform.as_str() {
            return Ok(None);
        }
        let worker = Worker { platform: platform.clone(), id: read_text(&item, "worker")? };
        let until = (now + IDLE).min(created_at + LONGEST);
        if until.duration_since(expires_at) >= EXTEND_AFTER {
            // Rejected if the session has ended in the meantime.
            self.store.put(table, session_item(&hash, &worker, created_at, until), Condition::present()).await?;
        }
        Ok(Some(worker))
    }
}

fn session_item(hash: &str, worker: &Worker, created_at: Timestamp, expires_at: Timestamp) -> Item {
    let mut item = session_key(hash).into_item();
    item.insert("platform".into(), text(worker.platform.as_str()));
    item.insert("worker".into(), text(worker.id.as_str()));
    item.insert("created_at".into(), number(created_at.as_second()));
    expire(&mut item, expires_at);
    item
}
