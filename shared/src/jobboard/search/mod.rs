//! The list of open jobs (document, 招聘信息列表; jobboard.md, Search).
//!
//! Each process that lists jobs holds all open ones in memory, in a [`view::View`]: loaded from a snapshot ([`snapshots`]) or from
//! the table, and kept up by the feed of changes ([`feed`]) before each answer ([`live`]). The table stays the truth: the rows of a
//! page are read from it.

pub(super) mod feed;
pub(super) mod live;
mod snapshots;
pub mod view;

use super::job::Job;
use super::{Service, row};
use crate::error::Result;
use crate::storage::page::{Page, PageRequest};
pub use view::{Filter, Order};

/// A job of the list.
pub struct Found {
    pub job: Job,
    /// In metres, where the list is by distance.
    pub distance: Option<f64>,
}

impl Service {
    /// One page of the open jobs.
    ///
    /// DynamoDB: one query for the changes of the last moments, none within [`live::RESTS`] of the last one; one batch for the rows.
    pub async fn search(&self, order: Order, filter: &Filter, request: &PageRequest) -> Result<Page<Found>> {
        let (skip, take) = ((request.page.max(1) - 1) as usize * request.size as usize, request.size as usize);
        let now = self.clock.now().as_millisecond();
        let found = self.look(|view| view.search(order, filter, now, skip, take)).await?;
        let keys = found.ids.iter().map(|id| row::job(crate::values::Id::from_u64(*id))).collect();
        let jobs = self.store.get_all(&self.tables.jobboard, keys).await?.into_iter().map(Job::read);
        let mut list = Vec::with_capacity(found.ids.len());
        for job in jobs {
            let job = job?;
            // Some may have been closed since.
            if job.is_open() {
                let distance = match order {
                    Order::Nearest { longitude, latitude } => {
                        let content = &job.content;
                        Some(view::metres((longitude, latitude), (content.longitude.get(), content.latitude.get())))
                    }
                    Order::Recommended | Order::Newest => None,
                };
                list.push(Found { job, distance });
            }
        }
        let PageRequest { page, size, .. } = *request;
        Ok(Page { list, total: found.total as u64, page, page_size: size, next_cursor: None })
    }
}
