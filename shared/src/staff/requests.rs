//! Requests, which staff look up in the logs of the functions by their ids.
//!
//! An id says neither when the request was nor which function received it: the client chose it, or it is random. So the log groups of all
//! functions are searched.

use super::Service;
use super::logged::{Logged, Search};
use crate::error::Result;
use crate::storage::listing::Listed;
use crate::values::{Date, RequestId};

/// The log groups of the stack that hold no lines of requests.
const OTHERS: [&str; 2] = ["ApiLogs", "SmokeTestLogs"];

impl Service {
    /// The requests with this id, of a day in Shanghai or of the last fourteen days. A page may be empty while a cursor follows.
    ///
    /// DynamoDB: nothing. CloudWatch Logs: one call for each fifty log groups, then up to 100 within four seconds.
    pub async fn find_request(&self, id: &RequestId, day: Option<&Date>, cursor: Option<&str>) -> Result<Listed<Logged>> {
        let pattern = format!("{{ $.request_id = \"{}\" }}", id.as_str());
        let scope = format!("requests/{}", id.as_str());
        let search = Search { pattern: &pattern, scope: &scope, is_in: |group| !OTHERS.contains(&group) };
        self.search(&search, day, cursor).await
    }
}
