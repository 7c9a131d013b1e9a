//! The list of open jobs (document, 招聘信息列表; jobboard.md, Search).

use jiff::Timestamp;

use super::Service;
use super::job::Job;
use super::row::{OPEN_SHARDS, open_jobs};
use crate::error::Result;
use crate::page::{Page, PageRequest};

/// The mean radius of the earth, in metres.
const EARTH: f64 = 6_371_000.0;

/// In which order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Order {
    /// Running tops first, the latest first; then by the last refresh, else the creation, newest first.
    Recommended,
    /// By the distance from here, nearest first.
    Nearest { longitude: f64, latitude: f64 },
    /// By the creation, newest first.
    Newest,
}

/// Which jobs. Everything given must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Part of the positions, in either case.
    pub positions: Option<String>,
    /// The salaries of which some are offered, in yuan a month; touching ends count.
    pub salary_from: Option<i64>,
    pub salary_to: Option<i64>,
    /// 基础保障, 薪酬福利, 考勤休假: every one of them is offered.
    pub tags: [Vec<String>; 3],
}

/// A job of the list.
pub struct Found {
    pub job: Job,
    /// In metres, where the list is by distance.
    pub distance: Option<f64>,
}

impl Service {
    /// One page of the open jobs.
    pub async fn search(&self, order: Order, filter: &Filter, page: &PageRequest) -> Result<Page<Found>> {
        let now = self.clock.now();
        let mut keys = Vec::new();
        for shard in 0..OPEN_SHARDS {
            keys.extend(self.list("ix2", open_jobs(shard)).keys(usize::MAX).await?.unwrap_or_default());
        }
        let jobs = self.store.get_all(&self.tables.jobboard, keys).await?.into_iter().map(Job::read);
        let mut found = Vec::new();
        for job in jobs {
            let job = job?;
            if job.is_open() && filter.takes(&job) {
                let distance = match order {
                    Order::Nearest { longitude, latitude } => Some(distance(&job, longitude, latitude)),
                    Order::Recommended | Order::Newest => None,
                };
                found.push(Found { job, distance });
            }
        }
        found.sort_by(|one, other| {
            let by_order = match order {
                Order::Recommended => rank(&other.job, now).cmp(&rank(&one.job, now)),
                Order::Nearest { .. } => one.distance.unwrap_or_default().total_cmp(&other.distance.unwrap_or_default()),
                Order::Newest => other.job.created_at.cmp(&one.job.created_at),
            };
            by_order.then(other.job.id.cmp(&one.job.id))
        });
        Ok(page.of(found))
    }
}

impl Filter {
    fn takes(&self, job: &Job) -> bool {
        let content = &job.content;
        let positions = content.positions.as_str().to_lowercase();
        let offered = [&content.basic_protection, &content.salary_benefits, &content.attendance_leave];
        let highest = Some(content.salary_max.get()).filter(|max| *max != -1).unwrap_or(i64::MAX);
        self.positions.as_ref().is_none_or(|part| positions.contains(&part.to_lowercase()))
            && self.salary_from.is_none_or(|from| highest >= from)
            && self.salary_to.is_none_or(|to| content.salary_min.get() <= to)
            && self
                .tags
                .iter()
                .zip(offered)
                .all(|(asked, offered)| asked.iter().all(|asked| offered.iter().any(|offered| offered == asked)))
    }
}

/// Greater is earlier in the list.
fn rank(job: &Job, now: Timestamp) -> (bool, crate::values::LocalTime) {
    match job.top.filter(|_| job.is_top(now)) {
        Some(window) => (true, window.start),
        None => (false, job.fresh_at()),
    }
}

/// Along the great circle, in metres.
fn distance(job: &Job, longitude: f64, latitude: f64) -> f64 {
    let (there, here) = (job.content.latitude.get().to_radians(), latitude.to_radians());
    let half = ((there - here) / 2.0).sin();
    let across = ((job.content.longitude.get() - longitude).to_radians() / 2.0).sin();
    let chord = half * half + here.cos() * there.cos() * across * across;
    2.0 * EARTH * chord.sqrt().min(1.0).asin()
}
