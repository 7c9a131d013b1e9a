//! Reports, an addition to the document: a user reports to staff what is wrong with the open job of another user. Staff remove the job, or
//! close its reports.

use serde::{Deserialize, Serialize};

use super::item::Record as _;
use super::job::{Job, State};
use super::quotas::{Quota, Use};
use super::removal::job_object;
use super::{Service, keys, missing};
use crate::error::{Error, Fault, Result};
use crate::storage::audit::{Act, Change};
use crate::storage::table::attribute::{number, text};
use crate::storage::table::{Condition, Item, Key, Outcome, Rejection, Write};
use crate::values::{Id, LocalTime, Text, choices};

const ONE: &[Use] = &[(Quota::Reports, 1)];
/// How many reports of a job one transaction removes.
const CLOSED_AT_ONCE: usize = 50;

choices! {
    /// What is wrong with a job.
    ReportReason {
        /// The job does not exist, or is another one.
        Fake = "fake",
        /// The owner demands money.
        Fee = "fee",
        /// The contact is wrong, or does not answer.
        Contact = "contact",
        Illegal = "illegal",
        Other = "other",
    }
}

/// A report of one user on one job.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    pub id: Id,
    pub job: Id,
    pub user: Id,
    pub reason: ReportReason,
    pub created_at: LocalTime,
}

impl Service {
    /// Reports an open job of another user. The first report of a user on a job stays.
    ///
    /// DynamoDB: one transaction.
    pub async fn report_job(&self, user: Id, job: Id, reason: ReportReason) -> Result<()> {
        let now = self.clock.now();
        let report = Report { id: self.ids.next(now)?, job, user, reason, created_at: now.into() };
        let mut item: Item = serde_dynamo::to_item(&report).map_err(Error::internal)?;
        item.extend(keys::report(job, user).into_item());
        let lists = [("ix1", keys::REPORTS.to_owned()), ("ix2", keys::reports_by(user)), ("ixsk", report.id.sortable())];
        item.extend(lists.map(|(name, value)| (name.to_owned(), text(value))));
        let table = &self.tables.jobboard;
        let of_another = Condition::compares("owner", "<>", number(user));
        let open = Condition::equals("state", number(u8::from(State::Open))).and(of_another);
        let writes = vec![
            Write::Put { table: table.clone(), item, condition: Condition::absent() },
            Write::Check { table: table.clone(), key: keys::job(job), condition: open },
            self.count_today(user, ONE, now),
        ];
        let Outcome::Rejected(rejections) = self.store.transact(writes).await? else { return Ok(()) };
        match rejections.as_slice() {
            [Rejection { failed: true, .. }, ..] => Ok(()),
            [_, Rejection { failed: true, stored }, ..] => {
                let job = stored.clone().map(|item| Job::read(&self.keyring, item)).transpose()?;
                match job {
                    Some(job) if job.is_open() => Err(Error::invalid([Fault::new("job_id", "is your own job")])),
                    _ => Err(missing("job")),
                }
            }
            [.., Rejection { stored, .. }] => Err(self.used_up(ONE, stored.as_ref(), now)),
            [] => Err(Error::internal("a rejected transaction without a reason")),
        }
    }

    /// Removes the reports on a job.
    ///
    /// DynamoDB: one query; one transaction for each fifty reports.
    pub async fn close_reports(&self, act: &Act, job: Id, reason: &Text<1, 256>) -> Result<()> {
        let (table, reported) = (&self.tables.jobboard, self.report_keys(job).await?);
        let change = Change::of(job_object(job)).fields(&["reports"]).because(reason.as_str());
        for keys in reported.chunks(CLOSED_AT_ONCE) {
            let removal = |key: &Key| Write::Delete { table: table.clone(), key: key.clone(), condition: None };
            self.store.transact_by(act, &change, keys.iter().map(removal).collect()).await.map(drop)?;
        }
        Ok(())
    }

    /// The keys of the reports on a job.
    pub(super) async fn report_keys(&self, job: Id) -> Result<Vec<Key>> {
        let found = self.store.partition(&self.tables.jobboard, keys::reports_on(job)).await?;
        Ok(found.iter().filter_map(Key::of).collect())
    }
}
