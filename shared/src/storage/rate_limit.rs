//! Rate limits, counted in the credentials table, so that all processes count together.

use jiff::{SignedDuration, Timestamp};

use super::audit::{Act, Change, Object};
use super::table::{Condition, Count, Counted, Key, Spacing, Store, Write};
use crate::crypto::keyring::Keyring;
use crate::error::{Error, Result};
use crate::values::RecordId;

/// A window of a day begins at midnight in Shanghai, which is this many seconds ahead of UTC.
const AHEAD: i64 = 8 * 3600;
/// The attribute of a full counter whose first rejection is recorded for the audit.
const RECORDED: &str = "recorded";

/// What a caller may consume in a window of time.
///
/// An attempt costs one, a failed one more. Once the window's amount is consumed, every attempt is rejected, right or wrong, so that further
/// guesses reveal nothing.
pub struct RateLimit {
    /// Separates the counters of different limits.
    pub name: &'static str,
    pub most: u32,
    /// What a failed attempt costs.
    pub failure: u32,
    pub window: SignedDuration,
    /// The least time between two attempts; zero if any number may come at once.
    pub spacing: SignedDuration,
    /// Whether the attempts are sign-ins. The first rejected one of a window is recorded for the audit.
    pub is_sign_in: bool,
}

/// Text messages that a family sends to one phone: one a minute, ten a day.
pub const MESSAGES_TO_A_PHONE: RateLimit = RateLimit {
    name: "phone",
    most: 10,
    failure: 1,
    window: SignedDuration::from_hours(24),
    spacing: SignedDuration::from_secs(60),
    is_sign_in: false,
};

/// Text messages that one address causes: twenty an hour.
pub const MESSAGES_FROM_AN_ADDRESS: RateLimit = RateLimit {
    name: "messages",
    most: 20,
    failure: 1,
    window: SignedDuration::from_hours(1),
    spacing: SignedDuration::ZERO,
    is_sign_in: false,
};

/// Announced visits to one phone: thirty an hour, because an employee may well have two visitors within a minute.
pub const VISITS_TO_A_PHONE: RateLimit = RateLimit {
    name: "visits",
    most: 30,
    failure: 1,
    window: SignedDuration::from_hours(1),
    spacing: SignedDuration::ZERO,
    is_sign_in: false,
};

/// Proofs by a secret of 256 random bits, counted by the claimed name and the address. Ten failures a minute stop a script that uses an
/// old secret. Six thousand successes let a partner start many processes at once. Failures from another address lock no one out.
pub const PROOFS: RateLimit = RateLimit {
    name: "proofs",
    most: 6000,
    failure: 600,
    window: SignedDuration::from_mins(1),
    spacing: SignedDuration::ZERO,
    is_sign_in: true,
};

/// Proofs by a short code, counted by the address alone: thirty failures a minute, and eighteen hundred successes, because a carrier
/// hides thousands of phones behind one address.
pub const CODES: RateLimit = RateLimit {
    name: "codes",
    most: 1800,
    failure: 60,
    window: SignedDuration::from_mins(1),
    spacing: SignedDuration::ZERO,
    is_sign_in: true,
};

/// Second factors of a member of staff: five in ten minutes, right or wrong. Each is counted before it is compared, so that concurrent guesses are
/// limited, too.
pub const SECOND_FACTORS: RateLimit = RateLimit {
    name: "second_factor",
    most: 5,
    failure: 1,
    window: SignedDuration::from_mins(10),
    spacing: SignedDuration::ZERO,
    is_sign_in: true,
};

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    Succeeded,
    Failed,
}

/// Where a family counts attempts: its part of the credentials table. Keys hold keyed digests: they never contain names, phones or IP addresses.
pub struct Counters<'a> {
    pub family: &'static str,
    pub store: &'a Store,
    pub table: &'a str,
    pub keyring: &'a Keyring,
    pub now: Timestamp,
    /// The act of the request, for the audit record of a burst.
    pub act: fn(Timestamp) -> Act,
}

impl RateLimit {
    /// Counts an attempt of this caller, or rejects it with the seconds to wait. A rejected attempt must not be reported as successful.
    ///
    /// DynamoDB: one write.
    pub async fn count(&self, counters: &Counters<'_>, caller: &[&str], ended: Attempt) -> Result<()> {
        let Counters { family, store, table, keyring, now, act } = *counters;
        let second = now.as_second();
        let window = (second + AHEAD).div_euclid(self.window.as_secs());
        let next_window = (window + 1) * self.window.as_secs() - AHEAD;
        let mut parts = vec![self.name.as_bytes()];
        parts.extend(caller.iter().map(|part| part.as_bytes()));
        let prefix = format!("{family}#{}#{}", self.name, hex::encode(&keyring.blind_index(&parts)?.expose()[..16]));
        let spacing = self.spacing.as_secs();
        // Without spacing each window has a record of its own. With spacing the time of the last attempt must outlive the window.
        let (key, attribute, expires_at) = match spacing {
            0 => (format!("{prefix}#{window}"), "counted".to_owned(), next_window),
            _ => (prefix, format!("counted_{window}"), next_window + self.window.as_secs()),
        };
        let key = Key::new(key, "count");
        let count = Count {
            key: key.clone(),
            attribute,
            amount: match ended {
                Attempt::Succeeded => 1,
                Attempt::Failed => self.failure,
            },
            most: self.most,
            expires_at,
            spacing: (spacing > 0).then(|| Spacing {
                outdated: format!("counted_{}", window - 1),
                now: second,
                last_before: second - spacing,
            }),
        };
        match store.count(table, count).await? {
            Counted::Added => Ok(()),
            Counted::Full(stored) => {
                if self.is_sign_in && !stored.contains_key(RECORDED) {
                    // Names that are ids; never the address.
                    let names =
                        caller.iter().filter(|part| caller.last() != Some(part)).filter(|part| RecordId::parse(part).is_ok());
                    let ids: Vec<&str> = names.copied().chain([key.pk.as_str()]).collect();
                    self.record_burst(store, &act(now), table, &key, &Object::new(family, "sign_in", &ids)).await;
                }
                Err(Error::too_many_requests(next_window - second))
            }
            Counted::TooSoon(last) => Err(Error::too_many_requests(last + spacing - second)),
        }
    }

    /// Records the first rejected sign-in of a window, once however many processes reject some. A failure does not change the rejection.
    async fn record_burst(&self, store: &Store, act: &Act, table: &str, key: &Key, object: &Object) {
        let amounts = vec![(RECORDED, 1)];
        let first = Some(Condition::lacks(RECORDED));
        let once = Write::Add { table: table.to_owned(), key: key.clone(), amounts, condition: first };
        let change = Change::of(object.clone()).because("too many attempts").rejected();
        if let Err(error) = store.transact_by(act, &change, vec![once]).await {
            tracing::warn!(%error, "a burst of rejected sign-ins could not be recorded");
        }
    }

    /// Counts an attempt that cannot be undone before it runs, and again if it failed.
    ///
    /// DynamoDB: one write, and one more after a failure.
    pub async fn attempt<T, E: From<Error>>(
        &self,
        counters: &Counters<'_>,
        caller: &[&str],
        attempt: impl Future<Output = Result<T, E>>,
        has_failed: impl Fn(&Result<T, E>) -> bool,
    ) -> Result<T, E> {
        self.count(counters, caller, Attempt::Succeeded).await?;
        let outcome = attempt.await;
        if has_failed(&outcome) {
            self.count(counters, caller, Attempt::Failed).await?;
        }
        outcome
    }
}
