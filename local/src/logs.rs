//! CloudWatch Logs on this machine: the last lines of each function, in memory. It serves `DescribeLogGroups` and `FilterLogEvents` with the
//! patterns `{ $.name = "text" }` and `{ $.name > 0 }`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde_json::{Value, json};
use shared::runtime::metrics::Log;

use crate::template::Template;
use crate::wire::{Service, failure};

/// How many lines of a function are kept; then the oldest is removed.
const KEPT: usize = 1000;
/// How many log groups and lines are on one page. CloudWatch Logs has larger pages, but also several.
const GROUPS: usize = 25;
const LINES: usize = 40;

/// The log groups by their names.
#[derive(Clone)]
pub struct Logs(Arc<Mutex<BTreeMap<String, Group>>>);

#[derive(Default)]
struct Group {
    /// None of the group of the gateway.
    function: Option<String>,
    lines: VecDeque<Value>,
    /// How many lines were removed.
    removed: usize,
}

impl Logs {
    pub fn of(template: &Template) -> Self {
        let groups = template.log_groups().into_iter();
        let groups = groups.map(|(name, function)| (name, Group { function, ..Group::default() })).collect();
        Self(Arc::new(Mutex::new(groups)))
    }

    /// A log that keeps each line before it passes the line on.
    pub fn before(&self, log: Log) -> Log {
        let kept = self.clone();
        Log::to(move |line| {
            kept.keep(line);
            log.write(line);
        })
    }

    fn keep(&self, line: &str) {
        let Ok(line) = serde_json::from_str::<Value>(line) else { return };
        let mut groups = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = groups.values_mut().find(|group| group.function.as_deref() == line["function"].as_str());
        if let Some(Group { lines, removed, .. }) = own {
            lines.push_back(line);
            if lines.len() > KEPT {
                lines.pop_front();
                *removed += 1;
            }
        }
    }
}

/// A router that serves the API of CloudWatch Logs.
pub fn router(logs: Logs) -> Router {
    Router::new().fallback(async move |headers: HeaderMap, body: Bytes| {
        let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
        let request: Value = serde_json::from_slice(&body).unwrap_or_default();
        let groups = logs.0.lock().unwrap_or_else(PoisonError::into_inner);
        let response = match target {
            "Logs_20140328.DescribeLogGroups" => describe(&groups, &request),
            "Logs_20140328.FilterLogEvents" => filter(&groups, &request),
            _ => Err(("UnknownOperationException", "only DescribeLogGroups and FilterLogEvents are served here")),
        };
        response.map_or_else(|(code, message)| rejection(code, message), |response| Json(response).into_response())
    })
}

type Rejection = (&'static str, &'static str);

/// Where a page begins. Tokens are the number of entries before.
fn begin(request: &Value) -> Result<usize, Rejection> {
    let token = request["nextToken"].as_str().map_or(Ok(0), str::parse);
    token.map_err(|_| ("InvalidParameterException", "The specified nextToken is invalid."))
}

fn describe(groups: &BTreeMap<String, Group>, request: &Value) -> Result<Value, Rejection> {
    let (prefix, begin) = (request["logGroupNamePrefix"].as_str().unwrap_or_default(), begin(request)?);
    let named: Vec<&String> = groups.keys().filter(|name| name.starts_with(prefix)).collect();
    let page: Vec<Value> = named.iter().skip(begin).take(GROUPS).map(|name| json!({"logGroupName": name})).collect();
    Ok(with_next(json!({"logGroups": page}), begin + GROUPS, named.len()))
}

fn filter(groups: &BTreeMap<String, Group>, request: &Value) -> Result<Value, Rejection> {
    let group = groups.get(request["logGroupName"].as_str().unwrap_or_default());
    let Group { lines, removed, .. } = group.ok_or(("ResourceNotFoundException", "The specified log group does not exist."))?;
    let pattern = request["filterPattern"].as_str().unwrap_or_default();
    let condition = Condition::parse(pattern)
        .ok_or(("InvalidParameterException", "only { $.name = \"text\" } and { $.name > 0 } are served here"))?;
    let (from, until) = (request["startTime"].as_i64().unwrap_or(0), request["endTime"].as_i64().unwrap_or(i64::MAX));
    let begin = begin(request)?.max(*removed);
    let time = |line: &Value| line["_aws"]["Timestamp"].as_i64().unwrap_or_default();
    let is_wanted = |line: &&Value| (from..=until).contains(&time(line)) && condition.holds(line);
    let wanted = lines.iter().skip(begin - removed).take(LINES).filter(is_wanted);
    let events: Vec<Value> = wanted.map(|line| json!({"timestamp": time(line), "message": format!("{line}\n")})).collect();
    Ok(with_next(json!({"events": events, "searchedLogStreams": []}), begin + LINES, removed + lines.len()))
}

/// The condition of a pattern.
enum Condition<'a> {
    Is(&'a str, &'a str),
    IsPositive(&'a str),
}

impl<'a> Condition<'a> {
    fn parse(pattern: &'a str) -> Option<Self> {
        let condition = pattern.strip_prefix("{ $.")?.strip_suffix(" }")?;
        if let Some(name) = condition.strip_suffix(" > 0") {
            return Some(Self::IsPositive(name));
        }
        let (name, text) = condition.strip_suffix('"')?.split_once(" = \"")?;
        (!text.contains(['"', '\\'])).then_some(Self::Is(name, text))
    }

    fn holds(&self, line: &Value) -> bool {
        match self {
            Self::Is(name, text) => line[*name] == *text,
            Self::IsPositive(name) => line[*name].as_f64().is_some_and(|number| number > 0.0),
        }
    }
}

/// A page with the token of the next one, if there are entries behind it.
fn with_next(mut page: Value, end: usize, all: usize) -> Value {
    if end < all {
        page["nextToken"] = end.to_string().into();
    }
    page
}

fn rejection(code: &str, message: &str) -> Response {
    failure(Service::Logs, StatusCode::BAD_REQUEST, code, message)
}
