//! Jobs that a user collects (document, 收藏, 取消收藏 and 我收藏的).

use super::job::{Job, State};
use super::values::BizType;
use super::{Service, missing, row};
use crate::error::{Error, Fault, Result};
use crate::storage::page::{Page, PageRequest};
use crate::storage::table::attribute::{number, text};
use crate::storage::table::{Condition, Outcome, Rejection, Write};
use crate::values::Id;

/// The most that a user collects: the list tells only those that are still open, and so it reads them all.
const MOST: i64 = 500;

impl Service {
    /// Collects an open job; twice is once.
    ///
    /// DynamoDB: one transaction.
    pub async fn collect(&self, user: Id, job: Id) -> Result<()> {
        let table = &self.tables.jobboard;
        let mut item = row::collection(user, job).into_item();
        item.insert("ix1".into(), text(row::collections(user)));
        item.insert("ixsk".into(), text(self.ids.next(self.clock.now())?.sortable()));
        let open = Condition::equals("state", number(u8::from(State::Open)));
        let writes = vec![
            Write::Put { table: table.clone(), item, condition: Condition::absent() },
            Write::Check { table: table.clone(), key: row::job(job), condition: open },
            Write::Add {
                table: table.clone(),
                key: row::collection_count(user),
                amounts: vec![("collected", 1)],
                condition: Some(Condition::absent_or("collected", "<", number(MOST))),
            },
        ];
        match self.store.transact(writes).await? {
            Outcome::Written => Ok(()),
            Outcome::Rejected(rejections) => match rejections.as_slice() {
                [Rejection { failed: true, .. }, ..] => Ok(()),
                [_, Rejection { failed: true, .. }, ..] => Err(missing("job")),
                _ => Err(Error::conflict(Fault::new("job_id", format!("is one too many: {MOST} jobs are collected")))),
            },
        }
    }

    /// Cancels a collection; what is not there need not be cancelled.
    ///
    /// DynamoDB: one transaction.
    pub async fn cancel_collection(&self, user: Id, job: Id) -> Result<()> {
        let table = &self.tables.jobboard;
        let writes = vec![
            Write::Delete { table: table.clone(), key: row::collection(user, job), condition: Some(Condition::present()) },
            Write::Add {
                table: table.clone(),
                key: row::collection_count(user),
                amounts: vec![("collected", -1)],
                condition: None,
            },
        ];
        self.store.transact(writes).await.map(drop)
    }

    /// What a user has collected and what is still open, by the time of collection, newest first.
    ///
    /// DynamoDB: one query, and a batch for each hundred that are collected.
    pub async fn collected(&self, user: Id, biz_type: Option<BizType>, page: PageRequest) -> Result<Page<Job>> {
        if !BizType::is_posted(biz_type) {
            return Ok(page.nothing());
        }
        let keys = self.list("ix1", row::collections(user)).keys(usize::MAX).await?.unwrap_or_default();
        let jobs = keys.iter().filter_map(|key| key.sk.parse().ok()).map(|id| row::job(Id::from_u64(id))).collect();
        let jobs = self.store.get_all(&self.tables.jobboard, jobs).await?.into_iter().map(Job::read);
        let open: Vec<Job> = jobs.filter(|job| job.as_ref().map_or(true, Job::is_open)).collect::<Result<_>>()?;
        Ok(page.of(open))
    }
}
