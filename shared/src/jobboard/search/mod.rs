//! The list of open jobs (docs/contract/jobboard.txt, 招聘信息列表; docs/design/jobboard.md, Search).
//!
//! Each process that lists jobs holds all open ones in memory, in a [`view::View`]. It loads the view from a snapshot ([`snapshots`]) or
//! from the table, and applies the feed of changes ([`feed`]) before each search ([`live`]). The view selects the jobs of a page; the
//! table returns their rows.

pub(super) mod feed;
pub(super) mod live;
mod snapshots;
pub mod view;

use super::item::Record as _;
use super::job::Job;
use super::{Service, keys};
use crate::error::Result;
use crate::storage::page::{Page, PageRequest};
use crate::values::Id;
pub use view::{Filter, Order};

/// A job of the list.
pub struct Found {
    pub job: Job,
    /// In metres, if the list is ordered by distance.
    pub distance: Option<f64>,
}

impl Service {
    /// One page of the open jobs.
    ///
    /// DynamoDB: one query of the feed, unless the last one was within [`live::MAX_AGE`]; one batch for the rows.
    pub async fn search(&self, order: Order, filter: &Filter, request: &PageRequest) -> Result<Page<Found>> {
        let (skip, take) = ((request.page.max(1) - 1) as usize * request.size as usize, request.size as usize);
        let now = self.clock.now().as_millisecond();
        let found = self.with_view(|view| view.search(order, filter, now, skip, take)).await?;
        let keys = found.ids.iter().map(|id| keys::job(Id::from_u64(*id))).collect();
        let jobs = self.store.get_all(&self.tables.jobboard, keys).await?;
        let mut list = Vec::with_capacity(found.ids.len());
        for item in jobs {
            let job = Job::read(&self.keyring, item)?;
            // It may have been closed since the view was updated.
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
