//! Access and refresh tokens (docs/contract/channel.txt, POST /auth/token and /auth/refresh).
//!
//! An access token is verified without a read. A refresh token is opaque: `family . secret . appkey` in base64url. A family is stored
//! with the hashes of its current token and of those that were just used. The secret of a successor is an HMAC of the token, so that a
//! client whose response was lost receives the current token, although the server does not store it.
//!
//! Access tokens and families carry their [`Origin`]. A family is not removed when its origin ends: the transaction of each refresh checks
//! the origin, so that a refresh that races with the end of the origin leaves nothing that can be refreshed again.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use super::Service;
use super::keys::{self, ChannelId};
use super::origin::Origin;
use crate::crypto::access_token::AccessTokens;
use crate::crypto::keyring::Purpose;
use crate::crypto::random::random;
use crate::error::{Error, Kind, Result};
use crate::runtime::caller::{self, Caller};
use crate::storage::rate_limit::{Attempt, PROOFS};
use crate::storage::table::attribute::{read_integer, text};
use crate::storage::table::{Condition, Item, Key, Outcome, Rejection, Write, expire};
use crate::values::Secret;

/// How long an access token is valid.
pub const ACCESS_TOKEN_AGE: SignedDuration = SignedDuration::from_hours(2);
/// How long an unused refresh token is valid.
const REFRESH_TOKEN_AGE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How long a used token still returns the current one: a lost response must not lock a partner out, and two processes of a partner may
/// share a token.
const REUSE_WINDOW: SignedDuration = SignedDuration::from_secs(30);
/// The most tokens used within this time that a family remembers.
const MAX_USED: usize = 20;
const ACCESS_TOKENS: AccessTokens = AccessTokens { audience: "channel", age: ACCESS_TOKEN_AGE };

const FAMILY: usize = 16;
const SECRET: usize = 32;

/// The tokens that a channel gets for its credentials.
pub struct Tokens {
    pub access_token: Secret<String>,
    pub refresh_token: Secret<String>,
}

impl Service {
    /// Issues tokens for an appkey and its secret. A wrong secret and an unknown appkey are the same error. `address` is the client's
    /// IP address.
    ///
    /// DynamoDB: one read, two writes; with a wrong secret, one write less.
    pub async fn issue_tokens(&self, appkey: &ChannelId, secret: Secret<&str>, address: &str) -> Result<Tokens> {
        let channel = self.authenticate(appkey, secret).await?;
        let ended = if channel.is_some() { Attempt::Succeeded } else { Attempt::Failed };
        PROOFS.count(&self.counters(), &["token", appkey.as_str(), address], ended).await?;
        let (channel, origin) = channel.ok_or_else(Error::unauthenticated)?;
        if !channel.enabled {
            return Err(Error::forbidden());
        }
        let now = self.clock.now();
        let token = RefreshToken { family: random()?, secret: Secret::new(random()?), channel: channel.appkey };
        let item = family_item(&token, &Used::default(), &origin, now);
        // The family is 128 random bits: a conflict here can only be our own earlier write, whose response was lost.
        self.store.put(&self.tables.credentials, item, Condition::absent()).await.map(drop)?;
        self.tokens(&token, &origin, now)
    }

    /// Issues the next tokens for a refresh token. A reuse within 30 seconds returns the current token of the family; a later reuse revokes
    /// the family.
    ///
    /// `address` is the client's IP address. A malformed token is rejected without a write, so it does not count against the rate limit.
    ///
    /// DynamoDB: one read, one write, one transaction; on reuse, one write more instead of the transaction.
    pub async fn refresh_tokens(&self, presented: Secret<&str>, address: &str) -> Result<Tokens> {
        let token = RefreshToken::parse(presented).ok_or_else(Error::token_rejected)?;
        let caller = ["refresh", token.channel.as_str(), address];
        let is_wrong = |outcome: &Result<Tokens>| outcome.as_ref().is_err_and(|error| error.kind() == Kind::TokenRejected);
        PROOFS.attempt(&self.counters(), &caller, self.rotate(&token), is_wrong).await
    }

    async fn rotate(&self, token: &RefreshToken) -> Result<Tokens> {
        let now = self.clock.now();
        let table = &self.tables.credentials;
        let mut stored = self.store.get(table, token.key()).await?.ok_or_else(Error::token_rejected)?;
        // Families that were stored before there were origins have ended.
        let origin = Origin::stored(&stored)?.ok_or_else(Error::token_rejected)?;
        loop {
            let used = match self.verdict(&stored, token, now)? {
                Verdict::Current { used } => used,
                Verdict::JustUsed(newest) => {
                    self.admit(&token.channel, &origin).await?;
                    return self.tokens(&newest, &origin, now);
                }
                Verdict::Expired => return Err(Error::token_rejected()),
                Verdict::Reused => {
                    self.revoke_family(token, &origin, now).await?;
                    return Err(Error::token_rejected());
                }
            };
            let next = token.successor(self.keyring.mac(Purpose::RefreshToken, &[token.to_text().expose().as_bytes()])?);
            let current = Condition::equals("current", text(token.hash().expose()));
            let put = Write::Put { table: table.clone(), item: family_item(&next, &used, &origin, now), condition: current };
            let outcome = self.store.transact(vec![origin.check(&self.tables.channel, &token.channel), put]).await?;
            let Outcome::Rejected(rejections) = outcome else { return self.tokens(&next, &origin, now) };
            let [channel, family] =
                <[Rejection; 2]>::try_from(rejections).map_err(|_| Error::internal("a rejection without reasons"))?;
            if channel.failed {
                return Err(Origin::rejection(channel.stored.as_ref()));
            }
            // A concurrent call used the token, or revoked the family: the token is not the current one any more.
            stored = family.stored.ok_or_else(Error::token_rejected)?;
        }
    }

    /// The channel of an access token, if the channel is enabled and has not ended the token.
    ///
    /// DynamoDB: one read; none while the channel is cached, for five seconds.
    pub async fn authorize(&self, access_token: Secret<&str>) -> Result<ChannelId> {
        let holder = self.keyring.verify(&ACCESS_TOKENS, access_token, self.clock.now()).await;
        let holder = holder.ok_or_else(Error::token_rejected)?;
        let channel = ChannelId::parse(&holder.subject).map_err(|_| Error::token_rejected())?;
        let origin = Origin::of_holder(&holder).ok_or_else(Error::token_rejected)?;
        self.admit(&channel, &origin).await?;
        caller::accepted(Caller::Channel(channel.clone()));
        Ok(channel)
    }

    /// The tokens of a channel whose credential is accepted.
    fn tokens(&self, token: &RefreshToken, origin: &Origin, now: Timestamp) -> Result<Tokens> {
        caller::accepted(Caller::Channel(token.channel.clone()));
        Ok(Tokens {
            access_token: ACCESS_TOKENS.sign(&self.keyring, origin.holder(&token.channel), now)?,
            refresh_token: token.to_text(),
        })
    }

    fn verdict(&self, stored: &Item, token: &RefreshToken, now: Timestamp) -> Result<Verdict> {
        let attribute = |name: &str| stored.get(name).and_then(|value| value.as_s().ok());
        let Some(current) = attribute("current").map(Secret::new) else { return Ok(Verdict::Expired) };
        if read_integer::<i64>(stored, "expires_at")? <= now.as_second() {
            return Ok(Verdict::Expired);
        }
        let mut used = Used::parse(attribute("previous").map_or("", String::as_str));
        used.forget(now);
        if current.is_same(&token.hash()) {
            used.add(token, now);
            return Ok(Verdict::Current { used });
        }
        let newest = if used.contains(&token.hash()) { self.newest(token, &current, &used) } else { None };
        Ok(newest.map_or(Verdict::Reused, Verdict::JustUsed))
    }

    /// The current token of the family, whose hash is `current`, by the successors of a token that was just used.
    fn newest(&self, token: &RefreshToken, current: &Secret<&String>, used: &Used) -> Option<RefreshToken> {
        let mut last = token.clone();
        for _ in 0..MAX_USED {
            let secrets = self.keyring.macs(Purpose::RefreshToken, &[last.to_text().expose().as_bytes()]);
            let mut successors = secrets.into_iter().map(|secret| last.successor(secret));
            last = successors.find(|next| current.is_same(&next.hash()) || used.contains(&next.hash()))?;
            if current.is_same(&last.hash()) {
                return Some(last);
            }
        }
        None
    }

    /// Revokes a family: without a current token, all its tokens are rejected.
    async fn revoke_family(&self, token: &RefreshToken, origin: &Origin, now: Timestamp) -> Result<()> {
        let mut item = family_item(token, &Used::default(), origin, now);
        item.remove("current");
        self.store.put(&self.tables.credentials, item, Condition::present()).await.map(drop)
    }
}

/// What a refresh token means.
enum Verdict {
    /// With the used tokens that the family must remember after the use of this one.
    Current {
        used: Used,
    },
    /// With the current token.
    JustUsed(RefreshToken),
    Expired,
    Reused,
}

/// The tokens of a family that were used within [`REUSE_WINDOW`], the last one first: the hash of each, and when it was used in Unix
/// seconds. Stored as text, `hash@second hash@second`.
#[derive(Default)]
struct Used(Vec<(Secret<String>, i64)>);

impl Used {
    fn parse(text: &str) -> Self {
        let tokens = text.split(' ').filter_map(|token| token.split_once('@'));
        Self(tokens.filter_map(|(hash, at)| Some((Secret::new(hash.to_owned()), at.parse().ok()?))).collect())
    }

    fn contains(&self, hash: &Secret<String>) -> bool {
        self.0.iter().any(|(used, _)| used.is_same(hash))
    }

    fn add(&mut self, token: &RefreshToken, now: Timestamp) {
        self.0.insert(0, (token.hash(), now.as_second()));
        self.0.truncate(MAX_USED);
    }

    fn forget(&mut self, now: Timestamp) {
        self.0.retain(|(_, at)| now.as_second() - at <= REUSE_WINDOW.as_secs());
    }

    fn to_text(&self) -> String {
        let tokens: Vec<String> = self.0.iter().map(|(hash, at)| format!("{}@{at}", hash.expose())).collect();
        tokens.join(" ")
    }
}

#[derive(Clone)]
struct RefreshToken {
    family: [u8; FAMILY],
    secret: Secret<[u8; SECRET]>,
    channel: ChannelId,
}

impl RefreshToken {
    fn parse(presented: Secret<&str>) -> Option<Self> {
        let bytes = BASE64.decode(presented.expose()).ok()?;
        let (family, rest) = bytes.split_first_chunk()?;
        let (secret, channel) = rest.split_first_chunk()?;
        let channel = ChannelId::parse(std::str::from_utf8(channel).ok()?).ok()?;
        Some(Self { family: *family, secret: Secret::new(*secret), channel })
    }

    fn successor(&self, secret: Secret<[u8; SECRET]>) -> Self {
        Self { family: self.family, secret, channel: self.channel.clone() }
    }

    /// The key of its family.
    fn key(&self) -> Key {
        keys::refresh_tokens(&self.channel, &BASE64.encode(self.family))
    }

    fn hash(&self) -> Secret<String> {
        self.secret.map(|secret| BASE64.encode(Sha256::digest(secret)))
    }

    fn to_text(&self) -> Secret<String> {
        self.secret.map(|secret| BASE64.encode([&self.family[..], &secret, self.channel.as_str().as_bytes()].concat()))
    }
}

/// The stored form of a family with this current token.
fn family_item(current: &RefreshToken, used: &Used, origin: &Origin, now: Timestamp) -> Item {
    let mut item = current.key().into_item();
    item.insert("current".into(), text(current.hash().expose()));
    item.insert("previous".into(), text(used.to_text()));
    origin.store(&mut item);
    expire(&mut item, now + REFRESH_TOKEN_AGE);
    item
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_refresh_token_reads_back(family: [u8; FAMILY], secret: [u8; SECRET], channel in "[A-Za-z0-9_-]{1,32}") {
            let token = RefreshToken { family, secret: Secret::new(secret), channel: ChannelId::parse(&channel).unwrap() };
            let read = RefreshToken::parse(token.to_text().as_deref()).unwrap();
            prop_assert_eq!((read.family, *read.secret.expose(), read.channel), (family, secret, token.channel));
        }

        #[test]
        fn other_text_is_no_refresh_token(text in any::<String>(), bytes in proptest::collection::vec(any::<u8>(), 0..FAMILY + SECRET + 1)) {
            prop_assert!(RefreshToken::parse(Secret::new(&text)).is_none());
            prop_assert!(RefreshToken::parse(Secret::new(&BASE64.encode(bytes))).is_none());
        }
    }
}
