//! The access tokens that `stable_token` issues to a mini program (WeChat's document of getStableAccessToken).
//!
//! A request returns the valid token with its remaining time. In the last five minutes it returns a new token, and the old one is valid to
//! its end. A forced request ends the current token at once; 20 a day are accepted, and one that follows another within 30 seconds replaces
//! nothing.

use jiff::{SignedDuration, Timestamp};
use shared::values::LocalTime;

const AGE: SignedDuration = SignedDuration::from_secs(7200);
const HANDOVER: SignedDuration = SignedDuration::from_secs(300);
const FORCE_INTERVAL: SignedDuration = SignedDuration::from_secs(30);
const FORCED_PER_DAY: u32 = 20;

#[derive(Default)]
pub struct AccessTokens {
    /// Oldest first. The last one is the current one.
    issued: Vec<Token>,
    last_force: Option<Timestamp>,
    /// A day in Shanghai, and the number of forced requests on it.
    forced_on: (String, u32),
    /// All requests, accepted or not.
    pub unforced: u64,
    pub forced: u64,
}

struct Token {
    expires_at: Timestamp,
    is_rejected: bool,
}

pub struct Issued {
    /// 1 for the first token.
    pub number: usize,
    /// In seconds.
    pub expires_in: i64,
}

/// The day has had its twenty forced requests.
pub struct QuotaReached;

impl AccessTokens {
    pub fn current(&mut self, now: Timestamp) -> Issued {
        self.unforced += 1;
        if self.issued.last().is_none_or(|token| now >= token.expires_at - HANDOVER) {
            self.issue(now);
        }
        self.last(now)
    }

    pub fn force(&mut self, now: Timestamp) -> Result<Issued, QuotaReached> {
        self.forced += 1;
        let today = LocalTime::from(now).to_digits()[..8].to_owned();
        if self.forced_on.0 != today {
            self.forced_on = (today, 0);
        }
        if self.forced_on.1 == FORCED_PER_DAY {
            return Err(QuotaReached);
        }
        if self.last_force.is_none_or(|last| FORCE_INTERVAL <= now.duration_since(last)) || self.issued.is_empty() {
            self.forced_on.1 += 1;
            self.last_force = Some(now);
            self.reject();
            self.issue(now);
        }
        Ok(self.last(now))
    }

    /// WeChat rejects the current token from now on.
    pub fn reject(&mut self) {
        if let Some(token) = self.issued.last_mut() {
            token.is_rejected = true;
        }
    }

    pub fn is_valid(&self, number: usize, now: Timestamp) -> bool {
        let token = number.checked_sub(1).and_then(|index| self.issued.get(index));
        token.is_some_and(|token| !token.is_rejected && now < token.expires_at)
    }

    fn issue(&mut self, now: Timestamp) {
        self.issued.push(Token { expires_at: now + AGE, is_rejected: false });
    }

    fn last(&self, now: Timestamp) -> Issued {
        let expires_in = self.issued.last().map_or(0, |token| token.expires_at.duration_since(now).as_secs());
        Issued { number: self.issued.len(), expires_in }
    }
}
