//! Access and refresh tokens (docs/contract/channel.txt, POST /auth/token and /auth/refresh).
//!
//! An access token is verified without a read. A refresh token is opaque: `family . secret . appkey` in base64url. A family is stored
//! with the hashes of its current and previous token. The secret of a successor is an HMAC of the token, so that a client whose response
//! was lost receives the same successor again, although the server does not store it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use super::Service;
use super::channels::enabled_check;
use super::keys::{self, ChannelId};
use crate::crypto::access_token::AccessTokens;
use crate::crypto::keyring::Purpose;
use crate::crypto::random::random;
use crate::error::{Error, Kind, Result};
use crate::storage::rate_limit::{Attempt, PROOFS};
use crate::storage::table::attribute::{number, text};
use crate::storage::table::{Condition, Item, Outcome, Rejection, Write, expire};
use crate::values::Secret;

/// How long an access token is valid.
pub const ACCESS_TOKEN_AGE: SignedDuration = SignedDuration::from_hours(2);
/// How long an unused refresh token is valid.
const REFRESH_TOKEN_AGE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How long a used token still returns its successor: a lost response must not lock a partner out.
const REUSE_WINDOW: SignedDuration = SignedDuration::from_secs(30);
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
        let channel = channel.ok_or_else(Error::unauthenticated)?;
        if !channel.enabled {
            return Err(Error::forbidden());
        }
        let now = self.clock.now();
        let token = RefreshToken { family: random()?, secret: Secret::new(random()?), channel: channel.appkey };
        let item = family_item(&token, None, now);
        // The family is 128 random bits: a conflict here can only be our own earlier write, whose response was lost.
        self.store.put(&self.tables.credentials, item, Condition::absent()).await?;
        self.tokens(&token, now)
    }

    /// Issues the next tokens for a refresh token. A reuse within 30 seconds returns the same successor; a later reuse revokes the
    /// family.
    ///
    /// `address` is the client's IP address. A malformed token is rejected without a write, so it does not count against the rate limit.
    ///
    /// DynamoDB: one write, one transaction; on failure, one write more; on reuse, another one.
    pub async fn refresh_tokens(&self, presented: Secret<&str>, address: &str) -> Result<Tokens> {
        let token = RefreshToken::parse(presented).ok_or_else(Error::token_rejected)?;
        let caller = ["refresh", token.channel.as_str(), address];
        let is_wrong = |outcome: &Result<Tokens>| outcome.as_ref().is_err_and(|error| error.kind() == Kind::TokenRejected);
        PROOFS.attempt(&self.counters(), &caller, self.rotate(&token, presented), is_wrong).await
    }

    async fn rotate(&self, token: &RefreshToken, presented: Secret<&str>) -> Result<Tokens> {
        let now = self.clock.now();
        let next = token.successor(self.keyring.mac(Purpose::RefreshToken, &[presented.expose().as_bytes()])?);
        let put = Write::Put {
            table: self.tables.credentials.clone(),
            item: family_item(&next, Some(token), now),
            condition: Condition::equals("current", text(token.hash().expose())).and(Condition::compares(
                "expires_at",
                ">",
                number(now.as_second()),
            )),
        };
        let outcome = self.store.transact(vec![enabled_check(&self.tables.channel, &token.channel), put]).await?;
        let Outcome::Rejected(rejections) = outcome else { return self.tokens(&next, now) };
        let [channel, family] =
            <[Rejection; 2]>::try_from(rejections).map_err(|_| Error::internal("a rejection without reasons"))?;
        let next = match family {
            Rejection { failed: false, .. } => return Err(Error::forbidden()),
            Rejection { stored: None, .. } => return Err(Error::token_rejected()),
            Rejection { stored: Some(stored), .. } => match self.verdict(&stored, token, presented, now) {
                Verdict::Repeated(next) => next,
                Verdict::Expired => return Err(Error::token_rejected()),
                Verdict::Reused => {
                    self.revoke_family(token, now).await?;
                    return Err(Error::token_rejected());
                }
            },
        };
        if channel.failed { Err(Error::forbidden()) } else { self.tokens(&next, now) }
    }

    /// The channel of an access token, if the channel is enabled.
    pub async fn authorize(&self, access_token: Secret<&str>) -> Result<ChannelId> {
        let subject = ACCESS_TOKENS.verify(&self.keyring, access_token, self.clock.now()).ok_or_else(Error::token_rejected)?;
        let channel = ChannelId::parse(&subject).map_err(|_| Error::token_rejected())?;
        if self.is_enabled(&channel).await? { Ok(channel) } else { Err(Error::forbidden()) }
    }

    fn tokens(&self, token: &RefreshToken, now: Timestamp) -> Result<Tokens> {
        Ok(Tokens {
            access_token: ACCESS_TOKENS.sign(&self.keyring, token.channel.as_str(), now)?,
            refresh_token: token.to_text(),
        })
    }

    fn verdict(&self, stored: &Item, token: &RefreshToken, presented: Secret<&str>, now: Timestamp) -> Verdict {
        let hash = |attribute: &str| stored.get(attribute).and_then(|value| value.as_s().ok()).map(Secret::new);
        let second = |attribute: &str| stored.get(attribute).and_then(|value| value.as_n().ok()?.parse::<i64>().ok());
        let Some(current) = hash("current") else { return Verdict::Expired };
        if current.is_same(&token.hash()) || second("expires_at").is_none_or(|expires_at| expires_at <= now.as_second()) {
            return Verdict::Expired;
        }
        let just_used = hash("previous").is_some_and(|previous| previous.is_same(&token.hash()))
            && second("rotated_at").is_some_and(|at| now.as_second() - at <= REUSE_WINDOW.as_secs());
        let successors = self.keyring.macs(Purpose::RefreshToken, &[presented.expose().as_bytes()]);
        let next = successors.into_iter().map(|secret| token.successor(secret)).find(|next| current.is_same(&next.hash()));
        match next {
            Some(next) if just_used => Verdict::Repeated(next),
            _ => Verdict::Reused,
        }
    }

    /// Revokes a family: without a current token, all its tokens are rejected.
    async fn revoke_family(&self, token: &RefreshToken, now: Timestamp) -> Result<()> {
        let mut item = family_item(token, None, now);
        item.remove("current");
        self.store.put(&self.tables.credentials, item, Condition::present()).await?;
        Ok(())
    }
}

/// What a refresh token that is not the current one means.
enum Verdict {
    /// Just used: returns its successor again.
    Repeated(RefreshToken),
    Expired,
    Reused,
}

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

    fn hash(&self) -> Secret<String> {
        self.secret.map(|secret| BASE64.encode(Sha256::digest(secret)))
    }

    fn to_text(&self) -> Secret<String> {
        self.secret.map(|secret| BASE64.encode([&self.family[..], &secret, self.channel.as_str().as_bytes()].concat()))
    }
}

/// The stored form of a family with this current token.
fn family_item(current: &RefreshToken, previous: Option<&RefreshToken>, now: Timestamp) -> Item {
    let mut item = keys::refresh_tokens(&current.channel, &BASE64.encode(current.family)).into_item();
    item.insert("current".into(), text(current.hash().expose()));
    expire(&mut item, now + REFRESH_TOKEN_AGE);
    if let Some(previous) = previous {
        item.insert("previous".into(), text(previous.hash().expose()));
        item.insert("rotated_at".into(), number(now.as_second()));
    }
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
