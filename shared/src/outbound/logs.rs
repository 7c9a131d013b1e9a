//! The log groups in CloudWatch Logs (API version 2014-03-28): which there are, and the lines that a pattern selects.

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::aws::{JsonService, Protocol};
use crate::error::{Error, Result};

/// The most pages of log groups. A page has fifty.
const MAX_PAGES: u32 = 10;

const PROTOCOL: Protocol = Protocol { service: "logs", target: "Logs_20140328", content_type: "application/x-amz-json-1.1" };

pub struct Logs(JsonService);

/// The lines of a log group that are wanted.
pub struct Wanted<'a> {
    pub group: &'a str,
    /// In the language of CloudWatch Logs: `{ $.status = 500 }`.
    pub pattern: &'a str,
    /// In Unix milliseconds, both included.
    pub from: i64,
    pub until: i64,
    /// The `next` of the page before.
    pub token: Option<&'a str>,
}

/// A page of lines, the oldest first. It may be empty although another one follows.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lines {
    #[serde(default)]
    pub events: Vec<Line>,
    #[serde(rename = "nextToken")]
    pub next: Option<String>,
}

#[derive(Deserialize)]
pub struct Line {
    /// In Unix milliseconds.
    pub timestamp: i64,
    pub message: String,
}

/// What came of a call.
pub enum Called<T> {
    Done(T),
    /// There are too many calls at this time, or CloudWatch Logs has a failure: the caller may repeat it.
    Busy,
    /// A parameter is invalid. That of a page is, when it is a day old.
    Invalid,
}

impl Logs {
    pub fn new(connect: impl FnOnce(&'static Protocol) -> JsonService) -> Self {
        Self(connect(&PROTOCOL))
    }

    /// The names of the log groups with this prefix, in their order.
    ///
    /// CloudWatch Logs: one call for each fifty of them.
    pub async fn groups(&self, prefix: &str, now: Timestamp) -> Result<Called<Vec<String>>> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Page {
            #[serde(default)]
            log_groups: Vec<Group>,
            next_token: Option<String>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Group {
            log_group_name: String,
        }
        let (mut names, mut request) = (Vec::new(), json!({"logGroupNamePrefix": prefix}));
        for _ in 0..MAX_PAGES {
            let page: Page = match self.call("DescribeLogGroups", &request, now).await? {
                Called::Done(page) => page,
                Called::Busy => return Ok(Called::Busy),
                Called::Invalid => return Ok(Called::Invalid),
            };
            names.extend(page.log_groups.into_iter().map(|group| group.log_group_name));
            let Some(next) = page.next_token else { break };
            request["nextToken"] = next.into();
        }
        Ok(Called::Done(names))
    }

    /// A page of the wanted lines.
    ///
    /// CloudWatch Logs: one call.
    pub async fn lines(&self, wanted: &Wanted<'_>, now: Timestamp) -> Result<Called<Lines>> {
        let Wanted { group, pattern, from, until, token } = wanted;
        let mut request = json!({
            "logGroupName": group, "filterPattern": pattern, "startTime": from, "endTime": until, "limit": 100,
        });
        if let Some(token) = token {
            request["nextToken"] = (*token).into();
        }
        self.call("FilterLogEvents", &request, now).await
    }

    async fn call<T: DeserializeOwned>(&self, operation: &str, request: &Value, now: Timestamp) -> Result<Called<T>> {
        let response = self.0.call(operation, request, now).await?;
        if response.status == 200 {
            return serde_json::from_slice(&response.body).map(Called::Done).map_err(Error::internal);
        }
        match response.code().as_str() {
            "ThrottlingException" | "ServiceUnavailableException" => Ok(Called::Busy),
            _ if response.status >= 500 => Ok(Called::Busy),
            "InvalidParameterException" => Ok(Called::Invalid),
            code => Err(Error::internal(format!("CloudWatch Logs rejects {operation}: {} {code}", response.status))),
        }
    }
}
