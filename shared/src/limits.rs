//! How often something may be done: counted in the credentials table, so that every process counts together.

use jiff::{SignedDuration, Timestamp};

use crate::error::{Error, Result};
use crate::hex::hex;
use crate::keyring::Keyring;
use crate::secrets::random_token;
use crate::store::attribute::{number, read_integer, text};
use crate::store::{Condition, Key, Outcome, STAMP, Store, TRIES, expire, pause};

/// Days are Shanghai's, so many seconds ahead of UTC.
const AHEAD: i64 = 8 * 3600;

pub struct Limit {
    /// How far apart two are.
    pub apart: SignedDuration,
    /// How many there are in one window of time.
    pub most: u32,
    pub window: SignedDuration,
}

/// What one phone is sent by a family: a message a minute, ten a day.
pub const MESSAGES_TO_A_PHONE: Limit =
    Limit { apart: SignedDuration::from_secs(60), most: 10, window: SignedDuration::from_hours(24) };

/// What one address has sent to phones: twenty messages an hour.
pub const MESSAGES_FROM_AN_ADDRESS: Allowance =
    Allowance { name: "messages", most: 20, failed: 1, window: SignedDuration::from_hours(1) };

/// What one phone is told of visitors: thirty messages an hour, for somebody may well have two visitors in a minute.
pub const VISITS_TO_A_PHONE: Allowance =
    Allowance { name: "visits", most: 30, failed: 1, window: SignedDuration::from_hours(1) };

/// Who proves itself with a secret of 256 random bits, told by the name it claims and its address: ten failures a minute, so that a
/// script with an old secret is noticed, and six thousand successes, because a partner may start many processes at once. Nobody
/// else's failures lock it out: they have another address.
pub const PROOFS: Allowance = Allowance { name: "proofs", most: 6000, failed: 600, window: SignedDuration::from_mins(1) };

/// Who proves itself with a code, told by its address alone: thirty failures a minute, and eighteen hundred successes, because a
/// carrier hides thousands of phones behind one address.
pub const CODES: Allowance = Allowance { name: "codes", most: 1800, failed: 60, window: SignedDuration::from_mins(1) };

/// What one caller may spend in a window of time. A good try costs one, a failed one more; once all is spent every try is refused, right
/// or wrong, so that guessing on tells nothing.
pub struct Allowance {
    /// Counts apart from other allowances.
    name: &'static str,
    most: u32,
    /// What a failed try costs.
    failed: u32,
    window: SignedDuration,
}

/// How a try went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Try {
    Good,
    Failed,
}

/// Where a family counts: in the credentials table, under codes, because names and addresses of callers stand in no key.
pub struct Counters<'a> {
    pub family: &'static str,
    pub store: &'a Store,
    pub table: &'a str,
    pub keyring: &'a Keyring,
    pub now: Timestamp,
}

impl Allowance {
    /// Counts a try of this caller, or refuses it and tells how long to wait. What is refused here must not be told to have succeeded.
    ///
    /// DynamoDB: one write.
    pub async fn count(&self, counters: &Counters<'_>, caller: &[&str], went: Try) -> Result<()> {
        let Counters { family, store, table, keyring, now } = *counters;
        let second = now.as_second();
        let window = second.div_euclid(self.window.as_secs());
        let next_window = (window + 1) * self.window.as_secs();
        let mut parts = vec![self.name.as_bytes()];
        parts.extend(caller.iter().map(|part| part.as_bytes()));
        let code = hex(&keyring.blind_index(&parts)?[..16]);
        let key = Key::new(format!("{family}#{}#{code}#{window}", self.name), "count");
        let amount = match went {
            Try::Good => 1,
            Try::Failed => self.failed,
        };
        let until = Timestamp::from_second(next_window).map_err(Error::internal)?;
        if store.count(table, key, amount, self.most, until).await? {
            Ok(())
        } else {
            Err(Error::too_many_requests(next_window - second))
        }
    }

    /// Lets something be tried that cannot be undone: counts it before, and once more where it failed.
    ///
    /// DynamoDB: one write, and one more of a failure.
    pub async fn attempt<T>(
        &self,
        counters: &Counters<'_>,
        caller: &[&str],
        attempt: impl Future<Output = Result<T>>,
        has_failed: impl Fn(&Result<T>) -> bool,
    ) -> Result<T> {
        self.count(counters, caller, Try::Good).await?;
        let outcome = attempt.await;
        if has_failed(&outcome) {
            self.count(counters, caller, Try::Failed).await?;
        }
        outcome
    }
}

impl Limit {
    /// Counts one more under this key, or refuses it and tells how long to wait. Of many at once no more pass than may.
    ///
    /// DynamoDB: one read, one write.
    pub async fn count(&self, store: &Store, table: &str, key: &Key, now: Timestamp) -> Result<()> {
        let now = now.as_second();
        let window = (now + AHEAD).div_euclid(self.window.as_secs());
        for attempt in 0..TRIES {
            let stored = store.get(table, key.clone()).await?;
            let (last, counted, version) = match &stored {
                None => (i64::MIN, 0, 0),
                Some(item) => {
                    let same = read_integer::<i64>(item, "window")? == window;
                    let counted = if same { read_integer::<u32>(item, "counted")? } else { 0 };
                    (read_integer(item, "last")?, counted, read_integer::<u64>(item, "version")?)
                }
            };
            let next_window = (window + 1) * self.window.as_secs() - AHEAD;
            let wait = last.saturating_add(self.apart.as_secs()).saturating_sub(now);
            if wait > 0 || counted >= self.most {
                return Err(Error::too_many_requests(if counted >= self.most { next_window - now } else { wait }));
            }
            let mut item = key.clone().into_item();
            item.insert("last".into(), number(now));
            item.insert("window".into(), number(window));
            item.insert("counted".into(), number(counted + 1));
            item.insert("version".into(), number(version + 1));
            let forgotten = Timestamp::from_second(next_window + self.window.as_secs()).map_err(Error::internal)?;
            expire(&mut item, forgotten);
            item.insert(STAMP.into(), text(random_token()?));
            let condition = if stored.is_none() { Condition::absent() } else { Condition::equals("version", number(version)) };
            match store.put(table, item.clone(), condition).await? {
                Outcome::Written => return Ok(()),
                // Our own write, whose answer was lost on the way: it was sent again.
                Outcome::Refused(refusals) if refusals.iter().any(|refusal| refusal.holds(&item)) => {
                    return Ok(());
                }
                Outcome::Refused(_) => pause(attempt).await?,
            }
        }
        Err(Error::too_many_requests(self.apart.as_secs().max(1)))
    }
}
