//! Reports on jobs.

use serde::Serialize;

use super::{COUNTED, Lists};
use crate::error::Result;
use crate::jobboard::job::Job;
use crate::jobboard::reports::{Report, ReportReason};
use crate::jobboard::{Service, item, keys};
use crate::storage::listing::{Listed, PageOf};
use crate::storage::table::Range;
use crate::values::{Id, Text};

/// A report, as staff see it.
#[derive(Debug, Serialize)]
pub struct ShownReport {
    pub report_id: Id,
    pub job_id: Id,
    /// None if the job is erased, as the owner and the status.
    pub positions: Option<Text<1, 64>>,
    pub status: Option<u8>,
    pub owner_id: Option<Id>,
    pub reason: ReportReason,
    /// Who reported it.
    pub user_id: Id,
    pub at: String,
}

impl Service {
    /// The reports that are not closed, by age.
    ///
    /// DynamoDB: one query, two batches.
    pub async fn list_reports(&self, page: &PageOf<'_>) -> Result<Listed<ShownReport>> {
        let lists = Lists::of(vec![("ix1", keys::REPORTS.to_owned())]);
        let Listed { list, next_cursor } = self.page(lists, page).await?;
        let table = &self.tables.jobboard;
        let reports = self.store.get_all(table, list.into_iter().map(|entry| entry.key).collect()).await?;
        let reports: Vec<Report> = reports.into_iter().map(item::read).collect::<Result<_>>()?;
        let jobs = self.store.get_map(table, reports.iter().map(|report| keys::job(report.job)).collect()).await?;
        let rows = reports.into_iter().map(|report| {
            let job = Job::among(&self.keyring, &jobs, report.job)?;
            let job = job.as_ref();
            Ok(ShownReport {
                report_id: report.id,
                job_id: report.job,
                positions: job.map(|job| job.content.positions.clone()),
                status: job.map(|job| job.state.into()),
                owner_id: job.map(|job| job.owner),
                reason: report.reason,
                user_id: report.user,
                at: report.created_at.to_second(),
            })
        });
        Ok(Listed { list: rows.collect::<Result<_>>()?, next_cursor })
    }

    /// How many reports are not closed, at most 1,000.
    ///
    /// DynamoDB: one query.
    pub async fn count_reports(&self) -> Result<i64> {
        self.store.index_count(&self.tables.jobboard, "ix1", keys::REPORTS.to_owned(), Range::All, COUNTED).await
    }
}
