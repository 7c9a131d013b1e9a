//! How often something may be done: counted in the credentials table, so that every process counts together.

use jiff::{SignedDuration, Timestamp};

use crate::error::{Error, Result};
use crate::secrets::random_token;
use crate::store::attribute::{number, read_integer, text};
use crate::store::{Condition, Key, Outcome, STAMP, Store, expire, pause};

/// How often a count that others overtake is made anew.
const TRIES: u32 = 50;

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
                Outcome::Refused(refusals) if refusals.iter().any(|refusal| refusal.stored.as_ref() == Some(&item)) => {
                    return Ok(());
                }
                Outcome::Refused(_) => pause(attempt).await?,
            }
        }
        Err(Error::too_many_requests(self.apart.as_secs().max(1)))
    }
}
