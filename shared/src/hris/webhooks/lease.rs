//! The state of the delivery to a webhook: the lease, so that one process at a time sends its events, and its failures.
//!
//! | attribute | holds |
//! |---|---|
//! | `pk`, `sk` | `hris#delivery#{company}#{product}`, `state` |
//! | `leased_until` | until when a process has the lease, in Unix milliseconds; 0 if none has it |
//! | `write` | a random text of the process that has or had the lease |
//! | `failures`, `failing_since`, `retry_at` | how many runs in a row had no success, since when, and when the next one may begin |

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::crypto::random::random_text;
use crate::error::{Error, Result};
use crate::hris::Service;
use crate::hris::keys::delivery_key;
use crate::hris::values::{Code, Uuid};
use crate::storage::table::attribute::{number, read_integer, text};
use crate::storage::table::{Condition, Item, Outcome, STAMP};

/// Longer than a run with its last calls.
const LEASE: SignedDuration = SignedDuration::from_secs(90);
const LEASED_UNTIL: &str = "leased_until";

/// A lease that this process has.
pub(super) struct Lease {
    pub failing: Failing,
    stamp: String,
}

/// How the receiver fails.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Failing {
    #[serde(default)]
    pub failures: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<i64>,
    /// In Unix milliseconds.
    #[serde(default)]
    pub retry_at: i64,
}

impl Service {
    /// Takes the lease of a webhook; `None` while another process has it.
    ///
    /// DynamoDB: one read, one write.
    pub(super) async fn lease(&self, company: &Uuid, product: &Code, now: Timestamp) -> Result<Option<Lease>> {
        let table = &self.tables.credentials;
        let stored = self.store.get(table, delivery_key(company, product)).await?;
        let (condition, failing) = match &stored {
            None => (Condition::absent(), Failing::default()),
            Some(item) => {
                let until: i64 = read_integer(item, LEASED_UNTIL)?;
                if until > now.as_millisecond() {
                    return Ok(None);
                }
                let failing = serde_dynamo::from_item(item.clone()).map_err(Error::internal)?;
                let stamp = item.get(STAMP).cloned().ok_or_else(|| Error::internal("a delivery without a stamp"))?;
                (Condition::equals(STAMP, stamp).and(Condition::equals(LEASED_UNTIL, number(until))), failing)
            }
        };
        let lease = Lease { failing, stamp: random_text()? };
        let item = lease.to_item(company, product, (now + LEASE).as_millisecond())?;
        match self.store.put(table, item.clone(), condition).await?.unless_stored(&item) {
            Outcome::Written => Ok(Some(lease)),
            Outcome::Rejected(_) => Ok(None),
        }
    }

    /// Ends a lease, unless another process has taken it over.
    ///
    /// DynamoDB: one write.
    pub(super) async fn end_lease(&self, company: &Uuid, product: &Code, lease: &Lease) -> Result<()> {
        let own = Condition::equals(STAMP, text(lease.stamp.as_str()));
        let item = lease.to_item(company, product, 0)?;
        self.store.put(&self.tables.credentials, item, own).await.map(drop)
    }
}

impl Lease {
    fn to_item(&self, company: &Uuid, product: &Code, until: i64) -> Result<Item> {
        let mut item: Item = serde_dynamo::to_item(self.failing).map_err(Error::internal)?;
        item.extend(delivery_key(company, product).into_item());
        item.insert(LEASED_UNTIL.into(), number(until));
        item.insert(STAMP.into(), text(self.stamp.as_str()));
        Ok(item)
    }
}
