//! What failed without a person: rejected notifications of WeChat Pay, and runs of sweeps with failed items. The lines of the functions
//! say both.

use std::time::Duration;

use super::Service;
use super::logged::{Count, Logged, Search};
use crate::error::Result;
use crate::storage::listing::Listed;
use crate::values::{Date, choices};

/// How long failures are counted.
const TIME: Duration = Duration::from_secs(1);

choices! {
    /// What failed.
    FailureKind {
        /// A notification of WeChat Pay was rejected.
        Notifications = "notifications",
        /// A sweep could not process each item.
        Sweeps = "sweeps",
    }
}

impl FailureKind {
    fn search(self) -> Search<'static> {
        match self {
            Self::Notifications => Search {
                pattern: "{ $.rejected_notifications > 0 }",
                scope: "failures/notifications",
                is_in: |group| group == "JobboardOrdersLogs",
            },
            Self::Sweeps => Search {
                pattern: "{ $.failed > 0 }",
                scope: "failures/sweeps",
                is_in: |group| ["OpsCleanupLogs", "OpsOutboxLogs"].contains(&group),
            },
        }
    }
}

impl Service {
    /// The failures of a day in Shanghai or of the last fourteen days. A page may be empty while a cursor follows.
    ///
    /// DynamoDB: nothing. CloudWatch Logs: as [`find_request`](Service::find_request).
    pub async fn list_failures(&self, kind: FailureKind, day: Option<&Date>, cursor: Option<&str>) -> Result<Listed<Logged>> {
        self.search(&kind.search(), day, cursor).await
    }

    /// The numbers of rejected notifications and of failed runs in the last 24 hours, counted for a second. `None` if CloudWatch Logs is too
    /// busy.
    ///
    /// DynamoDB: nothing. CloudWatch Logs: one call for each fifty log groups, then up to 100 for each number.
    pub async fn count_failures(&self) -> Result<Option<(Count, Count)>> {
        let Some(groups) = self.log_groups().await? else { return Ok(None) };
        let (notifications, sweeps) = (FailureKind::Notifications.search(), FailureKind::Sweeps.search());
        tokio::try_join!(self.count(&notifications, &groups, TIME), self.count(&sweeps, &groups, TIME)).map(Some)
    }
}
