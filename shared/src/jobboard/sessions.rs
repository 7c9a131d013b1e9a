//! Tokens of users, and their end (docs/design/jobboard.md, Conventions).
//!
//! A token carries the epoch of its user. All tokens of the user end when the epoch changes. The items that hold the epoch change together:
//! the user's, which requests are compared with, and the one that a log-in finds by the openid, so that a log-in need not read the user.

use jiff::SignedDuration;

use super::{Service, keys, missing};
use crate::crypto::access_token::{AccessTokens, Holder};
use crate::error::{Error, Result};
use crate::runtime::caller::{self, Caller};
use crate::storage::audit::{Act, Change};
use crate::storage::table::Item;
use crate::storage::table::attribute::read_integer;
use crate::values::{Id, Secret};

/// Tokens are valid for seven days (docs/design/jobboard.md, Conventions).
const TOKENS: AccessTokens = AccessTokens { audience: "jobboard", age: SignedDuration::from_hours(7 * 24) };

pub(super) const EPOCH: &str = "epoch";

/// A user who has logged in, with the token for the next requests.
pub struct Login {
    pub user: Id,
    pub token: Secret<String>,
}

/// The user of a token, and the epoch that the token carries.
#[derive(Clone, Copy)]
pub struct Session {
    pub user: Id,
    pub(super) epoch: u64,
}

impl Session {
    /// The user that an openid leads to.
    pub(super) fn of_openid(item: &Item) -> Result<Self> {
        Ok(Self { user: Id::from_u64(read_integer(item, "user")?), epoch: epoch(item)? })
    }
}

impl Service {
    /// A token for the user whose code of WeChat is accepted.
    pub(super) fn login(&self, Session { user, epoch }: Session) -> Result<Login> {
        caller::accepted(Caller::User(user));
        let holder = Holder { subject: user.to_string(), epoch, secret_id: None };
        Ok(Login { user, token: TOKENS.sign(&self.keyring, holder, self.clock.now())? })
    }

    /// The session of a token that is valid. A process caches the epoch of a user for five seconds. `named` is the user that the client
    /// names beside the token; another one than the token's is rejected.
    ///
    /// DynamoDB: one read, unless cached.
    pub async fn authorize(&self, token: Secret<&str>, named: Option<&str>) -> Result<Session> {
        let now = self.clock.now();
        let holder = self.keyring.verify(&TOKENS, token, now).await;
        let Holder { subject, epoch, .. } = holder.ok_or_else(Error::token_rejected)?;
        let user = subject.parse().map(Id::from_u64).map_err(|_| Error::token_rejected())?;
        if self.epochs.get(&user, now) != Some(epoch) {
            // Not cached, or cached before the token was issued: then the epoch of the token may be newer than the cache.
            let found = self.store.get(&self.tables.jobboard, keys::user(user)).await?.ok_or_else(Error::token_rejected)?;
            let current = self::epoch(&found)?;
            self.epochs.put(user, current, now);
            if current != epoch {
                return Err(Error::token_rejected());
            }
        }
        if named.is_some_and(|named| named != user.to_string()) {
            return Err(Error::unauthenticated());
        }
        caller::accepted(Caller::User(user));
        Ok(Session { user, epoch })
    }

    /// Ends all tokens of the session's user. A session that has ended itself ends nothing: the user has logged in again since.
    ///
    /// DynamoDB: one read, one transaction.
    pub async fn log_out(&self, session: Session) -> Result<()> {
        self.end_sessions(session.user, None, |epoch| epoch == session.epoch).await
    }

    /// Ends all tokens of a user.
    pub async fn end_user_sessions(&self, act: &Act, user: Id) -> Result<()> {
        self.end_sessions(user, Some(act), |_| true).await
    }

    /// Gives the user a new epoch if the current one is to end; `act` is that of an administrator.
    async fn end_sessions(&self, id: Id, act: Option<&Act>, ends: impl Fn(u64) -> bool) -> Result<()> {
        let now = self.clock.now();
        // Unlike a counter, an id does not come back after a restore.
        let next = self.ids.next(now)?.as_u64();
        let recorded = act.map(|act| (act, Change::of(keys::user_object(id))));
        let changed = self.change_account(id, recorded, |user| {
            let is_ended = user.epoch != next && ends(user.epoch);
            if is_ended {
                user.epoch = next;
            }
            is_ended
        });
        let user = changed.await?.ok_or_else(|| missing("user"))?;
        self.epochs.put(id, user.epoch, now);
        Ok(())
    }
}

/// The epoch in an item of a user. A user whose tokens were never ended may have none.
fn epoch(item: &Item) -> Result<u64> {
    if item.contains_key(EPOCH) { read_integer(item, EPOCH) } else { Ok(0) }
}
