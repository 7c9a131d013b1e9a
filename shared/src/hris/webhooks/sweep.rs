//! Which webhooks are to be looked at, and when: the marks.
//!
//! A mark is set in the transaction that stores events, and says when the sweep takes the webhook if no message of the queue did. It has a
//! random text, so that a run that found nothing to send removes only the mark that it saw.

use std::collections::BTreeSet;
use std::pin::pin;

use futures::TryStreamExt as _;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::crypto::random::random_text;
use crate::error::{Error, Result};
use crate::hris::Service;
use crate::hris::keys::{DELIVERY, mark_key};
use crate::hris::values::{Code, Uuid};
use crate::storage::company_changes;
use crate::storage::table::attribute::text;
use crate::storage::table::{Condition, Item, Key, Outcome, STAMP, Write, mark};

/// The mark of webhooks.
const DUE: &str = "hris_webhook";

/// A webhook whose events are to be sent: the message of the queue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Target {
    pub company: Uuid,
    pub product: Code,
}

impl Target {
    pub(super) fn mark_key(&self) -> Key {
        mark_key(&self.company, &self.product)
    }

    /// The mark for the sweep at this time, with a new text.
    pub(super) fn mark(&self, at: Timestamp) -> Result<Item> {
        let mut item = self.mark_key().into_item();
        item.insert(STAMP.into(), text(random_text()?));
        mark(&mut item, DUE, at);
        Ok(item)
    }
}

impl Service {
    /// The companies of which changes wait that the stream did not report, and the webhooks that are overdue.
    ///
    /// DynamoDB: the queries of the index.
    pub async fn overdue(&self) -> Result<(BTreeSet<Uuid>, BTreeSet<Target>)> {
        let (table, now) = (&self.tables.credentials, self.clock.now());
        let (mut companies, mut targets) = (BTreeSet::new(), BTreeSet::new());
        let mut keys = pin!(self.store.due(table, company_changes::DUE, now));
        while let Some(key) = keys.try_next().await? {
            companies.extend(company_of(&key.pk));
        }
        let mut keys = pin!(self.store.due(table, DUE, now));
        while let Some(key) = keys.try_next().await? {
            targets.extend(target_of(&key));
        }
        Ok((companies, targets))
    }

    pub(super) async fn stored_mark(&self, target: &Target) -> Result<Option<Item>> {
        self.store.get(&self.tables.credentials, target.mark_key()).await
    }

    /// Moves the mark that a run saw to the time at which events are overdue next, or removes it. Returns false if there is another one.
    pub(super) async fn settle_mark(&self, target: &Target, seen: Option<Item>, next: Option<Timestamp>) -> Result<bool> {
        let table = self.tables.credentials.clone();
        let stamp = seen.as_ref().and_then(|item| item.get(STAMP).cloned());
        let condition = match stamp {
            Some(stamp) => Condition::equals(STAMP, stamp),
            None => Condition::absent(),
        };
        let write = match (next, seen) {
            (Some(next), Some(mut item)) => {
                mark(&mut item, DUE, next);
                Write::Put { table, item, condition }
            }
            (Some(next), None) => Write::Put { table, item: target.mark(next)?, condition },
            (None, _) => Write::Delete { table, key: target.mark_key(), condition: Some(condition) },
        };
        Ok(matches!(self.store.transact(vec![write]).await?, Outcome::Written))
    }
}

/// The company of a change, by the partition of its item.
pub(super) fn company_of(partition: &str) -> Option<Uuid> {
    Uuid::parse(partition.strip_prefix(company_changes::PREFIX)?).ok()
}

impl Uuid {
    /// The company of a change, by the partition of its item.
    pub fn of_change(partition: &str) -> Result<Self> {
        company_of(partition).ok_or_else(|| Error::internal("a change without a company"))
    }
}

fn target_of(key: &Key) -> Option<Target> {
    let (company, product) = key.pk.strip_prefix(DELIVERY)?.split_once('#')?;
    Some(Target { company: Uuid::parse(company).ok()?, product: Code::parse(product).ok()? })
}
