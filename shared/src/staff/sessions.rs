//! Sessions of staff. A token is `{member}.{256 random bits}`, so that one read finds the member, the roles and the session. The record of the
//! member lists the hashes.

use jiff::{SignedDuration, Timestamp};

use super::member::{Member, Session};
use super::{Service, keys};
use crate::crypto::credentials::hash;
use crate::crypto::random::random_secret;
use crate::error::Result;
use crate::runtime::caller::{self, Caller};
use crate::storage::sealed;
use crate::storage::table::attribute::{number, read_integer};
use crate::storage::table::{Condition, VERSION};
use crate::values::{Id, Secret};

/// How long an unused session lasts.
const IDLE: SignedDuration = SignedDuration::from_mins(30);
/// How long any session lasts at most.
const LONGEST: SignedDuration = SignedDuration::from_hours(8);
/// The time after which a use is written down: a session causes at most one write a minute.
const NOTED_AFTER: SignedDuration = SignedDuration::from_mins(1);
/// How long a proof of the second factor counts for what needs one.
const STEPPED_UP_FOR: SignedDuration = SignedDuration::from_mins(10);
/// How many sessions a member can have at the same time.
const MAX_SESSIONS: usize = 5;

/// A member with the session of a request.
pub struct SignedIn {
    pub member: Member,
    /// Whether the member has proved the second factor within the last ten minutes.
    pub is_stepped_up: bool,
    pub(super) hash: Secret<String>,
}

/// The parts of a token: the member, and the hash of the secret.
pub(super) fn parse(token: Secret<&str>) -> Option<(Id, Secret<String>)> {
    let (id, secret) = token.expose().split_once('.')?;
    let is_plain = (1..=20).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit());
    (is_plain && secret.len() <= 64).then_some(())?;
    Some((Id::from_u64(id.parse().ok()?), hash(Secret::new(secret))))
}

/// A new token of a member, and the hash that is stored.
pub(super) fn new_token(member: Id) -> Result<(Secret<String>, Secret<String>)> {
    let secret = random_secret()?;
    Ok((Secret::new(format!("{member}.{}", secret.expose())), hash(secret.as_deref())))
}

impl Session {
    pub(super) fn new(hash: Secret<String>, now: Timestamp) -> Self {
        Self { hash, created_at: now.into(), used_at: now.into(), proved_at: now.into() }
    }

    pub fn is_running(&self, now: Timestamp) -> bool {
        now < Timestamp::from(self.used_at) + IDLE && now < Timestamp::from(self.created_at) + LONGEST
    }
}

impl Member {
    /// Adds a session. A sixth one ends the oldest.
    pub(super) fn open_session(&mut self, hash: Secret<String>, now: Timestamp) {
        self.sessions.retain(|session| session.is_running(now));
        self.sessions.push(Session::new(hash, now));
        self.sessions.drain(..self.sessions.len().saturating_sub(MAX_SESSIONS));
    }

    pub(super) fn session_mut(&mut self, hash: &Secret<String>, now: Timestamp) -> Option<&mut Session> {
        self.sessions.iter_mut().find(|session| session.hash.is_same(hash) && session.is_running(now))
    }
}

impl Service {
    /// The member of a session; `None` if the session does not exist or has ended. A use prolongs it.
    ///
    /// DynamoDB: one read; once a minute, one write.
    pub async fn session(&self, token: Secret<&str>) -> Result<Option<SignedIn>> {
        let now = self.clock.now();
        let Some((id, hash)) = parse(token) else { return Ok(None) };
        let Some(stored) = self.store.get(&self.tables.staff, keys::member(id)).await? else { return Ok(None) };
        let version: u64 = read_integer(&stored, VERSION)?;
        let unchanged = Condition::equals(VERSION, number(version)).and(sealed::unchanged(&stored));
        let mut member = Member::read(&self.keyring, stored)?;
        if !member.enabled {
            return Ok(None);
        }
        let Some(session) = member.session_mut(&hash, now) else { return Ok(None) };
        let is_stepped_up = now < Timestamp::from(session.proved_at) + STEPPED_UP_FOR;
        if now.duration_since(session.used_at.into()) >= NOTED_AFTER {
            session.used_at = now.into();
            self.keyring.record().await?;
            let mut item = member.item(&self.keyring)?;
            item.insert(VERSION.into(), number(version + 1));
            // A concurrent change of the member comes first: the next use is noted.
            self.store.put(&self.tables.staff, item, unchanged).await.map(drop)?;
        }
        caller::accepted(Caller::Staff(id));
        Ok(Some(SignedIn { member, is_stepped_up, hash }))
    }

    /// Ends this session.
    ///
    /// DynamoDB: one read, one transaction.
    pub async fn sign_out(&self, SignedIn { member, hash, .. }: &SignedIn) -> Result<()> {
        let act = caller::act(self.clock.now());
        let ended = self.update_member(&act, member.id, |member| {
            member.sessions.retain(|session| !session.hash.is_same(hash));
            Ok(())
        });
        ended.await.map(drop)
    }
}
