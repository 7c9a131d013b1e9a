//! Jobs that a user collects (docs/contract/jobboard.txt, 收藏, 取消收藏 and 我收藏的).

use super::item::Record as _;
use super::job::{Job, State};
use super::quotas::{Quota, Use};
use super::values::BizType;
use super::{Service, keys, missing};
use crate::error::{Error, Fault, Result};
use crate::storage::page::{Page, PageRequest};
use crate::storage::table::attribute::{number, text};
use crate::storage::table::{Condition, Outcome, Rejection, Write};
use crate::values::Id;

/// The most jobs that a user can collect. The list leaves out jobs that are no longer open, and therefore reads all of them.
const MOST: i64 = 500;
const ONE: &[Use] = &[(Quota::Collections, 1)];

impl Service {
    /// Collects an open job. A job that is collected already stays so.
    ///
    /// DynamoDB: one transaction.
    pub async fn collect(&self, user: Id, job: Id) -> Result<()> {
        let (table, now) = (&self.tables.jobboard, self.clock.now());
        let mut item = keys::collection(user, job).into_item();
        item.insert("ix1".into(), text(keys::collections(user)));
        item.insert("ixsk".into(), text(self.ids.next(now)?.sortable()));
        let open = Condition::equals("state", number(u8::from(State::Open)));
        let writes = vec![
            Write::Put { table: table.clone(), item, condition: Condition::absent() },
            Write::Check { table: table.clone(), key: keys::job(job), condition: open },
            Write::Add {
                table: table.clone(),
                key: keys::collection_count(user),
                amounts: vec![("collected", 1)],
                condition: Some(Condition::absent_or("collected", "<", number(MOST))),
                expires_at: None,
            },
            self.count_today(user, ONE, now),
        ];
        match self.store.transact(writes).await? {
            Outcome::Written => Ok(()),
            Outcome::Rejected(rejections) => match rejections.as_slice() {
                [Rejection { failed: true, .. }, ..] => Ok(()),
                [_, Rejection { failed: true, .. }, ..] => Err(missing("job")),
                [.., Rejection { failed: true, stored }] => Err(self.used_up(ONE, stored.as_ref(), now)),
                _ => Err(Error::conflict(Fault::new("job_id", format!("is one too many: {MOST} jobs are collected")))),
            },
        }
    }

    /// Cancels a collection, if it exists.
    ///
    /// DynamoDB: one transaction.
    pub async fn cancel_collection(&self, user: Id, job: Id) -> Result<()> {
        let table = &self.tables.jobboard;
        let writes = vec![
            Write::Delete { table: table.clone(), key: keys::collection(user, job), condition: Some(Condition::present()) },
            Write::Add {
                table: table.clone(),
                key: keys::collection_count(user),
                amounts: vec![("collected", -1)],
                condition: None,
                expires_at: None,
            },
        ];
        self.store.transact(writes).await.map(drop)
    }

    /// The open jobs that a user has collected, by the time of collection, newest first.
    ///
    /// DynamoDB: one query, and one batch for each hundred collected jobs.
    pub async fn collected(&self, user: Id, biz_type: Option<BizType>, page: PageRequest) -> Result<Page<Job>> {
        if !BizType::is_posted(biz_type) {
            return Ok(page.nothing());
        }
        let collected = self.list("ix1", keys::collections(user)).keys(usize::MAX).await?.unwrap_or_default();
        let jobs = collected.iter().filter_map(|key| key.sk.parse().ok()).map(|id| keys::job(Id::from_u64(id))).collect();
        let jobs = self.store.get_all(&self.tables.jobboard, jobs).await?.into_iter();
        let jobs = jobs.map(|item| Job::read(&self.keyring, item));
        let open: Vec<Job> = jobs.filter(|job| job.as_ref().map_or(true, Job::is_open)).collect::<Result<_>>()?;
        Ok(page.of(open))
    }
}
