//! Jobs that a user collects (docs/contract/jobboard.txt, 收藏, 取消收藏 and 我收藏的).

use super::item::Record as _;
use super::job::{Job, State};
use super::quotas::{Quota, Use};
use super::values::BizType;
use super::{Service, keys, missing};
use crate::error::{Error, Fault, Result};
use crate::storage::list::List;
use crate::storage::page::{Cursor, Page, PageRequest, Window};
use crate::storage::table::attribute::{number, read_text, text};
use crate::storage::table::{Condition, Outcome, Query, Rejection, Write};
use crate::values::Id;

/// The most jobs that a user can collect. The list leaves out jobs that are no longer open, so a page by number reads all of them.
const MOST: i64 = 500;
/// The most jobs that are read for a page by cursor. If fewer of them are open than the page holds, it is short.
const READ: usize = 100;
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
    /// DynamoDB: a page by number makes one query, and one batch for each hundred collected jobs, at most five. A page by cursor makes one
    /// query and one batch; a second batch if jobs of the first one are closed, for at most 100 jobs together.
    pub async fn collected(&self, user: Id, biz_type: Option<BizType>, page: PageRequest) -> Result<Page<Job>> {
        if !BizType::is_posted(biz_type) {
            return page.nothing("cursor");
        }
        let List { scope, query, .. } = self.own_list("ix1", keys::collections(user), biz_type, None);
        let next = |collected: Option<&Collected>, total, page| {
            let cursor = collected.map(|collected| Cursor { position: collected.at.clone(), total, page });
            cursor.map(|cursor| cursor.seal(&self.keyring, &scope)).transpose()
        };
        match page.window(&self.keyring, &scope, "cursor")? {
            Window::Numbered { page, size } => {
                let collected = self.collections(&query, usize::MAX).await?;
                let open = self.open_jobs(&collected).await?;
                let (total, skip) = (open.len() as u64, (page - 1) as usize * size as usize);
                let is_last = open.len() <= skip.saturating_add(size as usize);
                let shown: Vec<_> = open.into_iter().skip(skip).take(size as usize).collect();
                let next_cursor = next(shown.last().filter(|_| !is_last).map(|(collected, _)| *collected), total, page + 1)?;
                let list = shown.into_iter().map(|(_, job)| job).collect();
                Ok(Page { list, total, page, page_size: size, next_cursor })
            }
            Window::After { cursor, size } => {
                let Cursor { position, total, page } = cursor;
                let collected = self.collections(&query.after(position, query.order), READ + 1).await?;
                let read = &collected[..collected.len().min(READ)];
                let (first, rest) = read.split_at(read.len().min(size as usize));
                let mut open = self.open_jobs(first).await?;
                if open.len() < size as usize {
                    open.extend(self.open_jobs(rest).await?);
                }
                open.truncate(size as usize);
                let last = if open.len() == size as usize { open.last().map(|(last, _)| *last) } else { read.last() };
                let is_last = last.map(|last| &last.at) == collected.last().map(|last| &last.at);
                let next_cursor = next(last.filter(|_| !is_last), total, page + 1)?;
                let list = open.into_iter().map(|(_, job)| job).collect();
                Ok(Page { list, total, page, page_size: size, next_cursor })
            }
        }
    }

    /// The first collected jobs of a query, at most `most`.
    async fn collections(&self, query: &Query, most: usize) -> Result<Vec<Collected>> {
        let (mut collected, mut from) = (Vec::new(), None);
        loop {
            let limit = i32::try_from(most).ok();
            let (items, next) = self.store.query(&self.tables.jobboard, query, from, limit).await?;
            for item in items {
                let job = read_text(&item, "sk")?.parse().map_err(Error::internal)?;
                collected.push(Collected { at: read_text(&item, query.sort())?, job: Id::from_u64(job) });
            }
            match next {
                Some(next) if collected.len() < most => from = Some(next),
                _ => return Ok(collected),
            }
        }
    }

    /// Those of the collected jobs that are open, in the same order.
    async fn open_jobs<'a>(&self, collected: &'a [Collected]) -> Result<Vec<(&'a Collected, Job)>> {
        let keys = collected.iter().map(|collected| keys::job(collected.job)).collect();
        let mut found = self.store.get_map(&self.tables.jobboard, keys).await?;
        let jobs = collected.iter().filter_map(|collected| Some((collected, found.remove(&keys::job(collected.job))?)));
        let jobs = jobs.map(|(collected, item)| Ok((collected, Job::read(&self.keyring, item)?)));
        jobs.filter(|job| job.as_ref().map_or(true, |(_, job)| job.is_open())).collect()
    }
}

/// A job that a user has collected.
struct Collected {
    /// Its place in the list.
    at: String,
    job: Id,
}
