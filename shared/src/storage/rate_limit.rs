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

/// Log-ins with a code of WeChat and proofs by a code of a text message, right or wrong, from one address. The limit is loose, because a carrier
/// or a job fair hides thousands of phones behind one address. WeChat's codes cannot be guessed; a code of a text message allows five
/// attempts.
pub const CODES: RateLimit = RateLimit {
    name: "codes",
    most: 1800,
    failure: 1,
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

/// A part of the time in which a counter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its number since 1970.
    pub number: i64,
    /// When the next one begins, in Unix seconds.
    pub ends_at: i64,
}

impl Window {
    /// The window of this length that contains the time. That of a day begins at midnight in Shanghai.
    pub fn at(now: Timestamp, length: SignedDuration) -> Self {
        let number = (now.as_second() + AHEAD).div_euclid(length.as_secs());
        Self { number, ends_at: (number + 1) * length.as_secs() - AHEAD }
    }
}

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
        let Window { number: window, ends_at: next_window } = Window::at(now, self.window);
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
            Counted::Added(_) => Ok(()),
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
        let once = Write::Add { table: table.to_owned(), key: key.clone(), amounts, condition: first, expires_at: None };
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
