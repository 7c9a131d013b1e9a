//! Searches the lines of the functions in CloudWatch Logs, first those of the last day. CloudWatch Logs takes few calls a second of an account:
//! a search that has no more time continues with its cursor.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::SignedDuration;
use serde_json::{Map, Value};

use super::Service;
use crate::error::{Error, Fault, Result};
use crate::outbound::logs::{Called, Line, Lines, Wanted};
use crate::storage::listing::{Listed, next_cursor, position};
use crate::values::{Date, LocalTime};

/// The time that is searched: first the last day, then the days before.
const DAYS: [i64; 2] = [1, 14];
/// The most calls of a page of the search, and the time after which it makes no other.
const MAX_CALLS: usize = 100;
const TIME: Duration = Duration::from_secs(4);
/// How many log groups are searched concurrently.
const AT_ONCE: usize = 4;
/// The pause before a call is repeated that CloudWatch Logs was too busy for.
const PAUSE: Duration = Duration::from_millis(250);

/// The members of a line that staff see: what was called, the caller, how it ended, and the names of offending fields; of a sweep, what failed.
const SHOWN: [&str; 19] = [
    "function",
    "request_id",
    "method",
    "route",
    "command",
    "status",
    "code",
    "outcome",
    "fields",
    "failed",
    "failed_sweeps",
    "caller_kind",
    "caller",
    "caller_platform",
    "caller_company",
    "caller_grant",
    "cold_start",
    "ms",
    "dynamodb_calls",
];

/// What is searched.
pub(super) struct Search<'a> {
    /// In the language of CloudWatch Logs.
    pub pattern: &'a str,
    /// Names the search: a cursor continues no other one.
    pub scope: &'a str,
    /// Whether a log group is searched, by its name in the template.
    pub is_in: fn(&str) -> bool,
}

/// A line of the log about a request or the run of a sweep.
pub struct Logged {
    pub at: LocalTime,
    /// Of [`SHOWN`], those that the line has.
    pub members: Map<String, Value>,
}

/// A number of lines.
pub struct Count {
    pub count: usize,
    /// Whether the search had the time for all of them.
    pub is_complete: bool,
}

/// A part of the search: a log group over a time.
struct Part {
    group: String,
    from: i64,
    until: i64,
}

/// Where a search continues.
struct Place {
    /// The end of the time that is searched, in Unix milliseconds.
    until: i64,
    /// How many parts are searched.
    part: usize,
    /// The page of the next part that follows.
    token: Option<String>,
}

impl Place {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ' ');
        let (until, part) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some(Self { until, part, token: parts.next().map(str::to_owned) })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.until, self.part)?;
        self.token.as_ref().map_or(Ok(()), |token| write!(f, " {token}"))
    }
}

/// What is left for a page of the search.
struct Budget {
    calls: AtomicUsize,
    begun: Instant,
    time: Duration,
}

impl Budget {
    fn of(time: Duration) -> Self {
        Self { calls: AtomicUsize::new(0), begun: Instant::now(), time }
    }

    /// Whether another call may be made. The first one always may: each page makes progress.
    fn allows(&self) -> bool {
        let calls = self.calls.fetch_add(1, Ordering::Relaxed);
        calls == 0 || calls < MAX_CALLS && self.begun.elapsed() < self.time
    }
}

/// How the search of a part ended.
enum Searched {
    /// There is nothing more.
    Over(Vec<Logged>),
    /// More may follow on this page.
    Open(Vec<Logged>, Option<String>),
}

impl Service {
    /// The lines of a day in Shanghai or of the last fourteen days. A page ends at the first part of the log that has any. It may be empty
    /// while a cursor follows: the search is not finished then.
    ///
    /// CloudWatch Logs: one call for each fifty log groups, then up to 100 within four seconds.
    pub(super) async fn search(&self, wanted: &Search<'_>, day: Option<&Date>, cursor: Option<&str>) -> Result<Listed<Logged>> {
        let scope = format!("{}/{}", wanted.scope, day.map_or("", Date::as_str));
        let place = match position(&self.keyring, cursor, &scope)? {
            Some(text) => Place::parse(&text).ok_or_else(|| Error::internal("a cursor without a place"))?,
            None => Place { until: self.clock.now().as_millisecond(), part: 0, token: None },
        };
        let (until, mut part) = (place.until, place.part);
        let Some(groups) = self.log_groups().await? else { return self.searched(Vec::new(), Some(place), &scope) };
        let groups = self.within(&groups, wanted);
        let parts = parts(&groups, until, day);
        let budget = Budget::of(TIME);
        let tokens = std::iter::once(place.token).chain(std::iter::repeat(None));
        let searches: Vec<_> = parts
            .iter()
            .skip(part)
            .zip(tokens)
            .map(|(part, token)| self.search_part(part, wanted.pattern, token, &budget))
            .collect();
        let mut searches = stream::iter(searches).buffered(AT_ONCE);
        while let Some(searched) = searches.try_next().await? {
            let (found, next) = match searched {
                Searched::Over(found) => {
                    part += 1;
                    (found, (part < parts.len()).then_some(Place { until, part, token: None }))
                }
                Searched::Open(found, token) => return self.searched(found, Some(Place { until, part, token }), &scope),
            };
            if !found.is_empty() {
                return self.searched(found, next, &scope);
            }
        }
        self.searched(Vec::new(), None, &scope)
    }

    /// Counts the lines of the last day in these log groups of the stack, for this time.
    ///
    /// CloudWatch Logs: at least one call, and at most 100.
    pub(super) async fn count(&self, wanted: &Search<'_>, groups: &[String], time: Duration) -> Result<Count> {
        let until = self.clock.now().as_millisecond();
        let budget = Budget::of(time);
        let mut count = 0;
        for group in self.within(groups, wanted) {
            let part = Part { group, from: ago(until, DAYS[0]), until };
            let mut token = None;
            loop {
                match self.search_part(&part, wanted.pattern, token, &budget).await? {
                    Searched::Over(found) => {
                        count += found.len();
                        break;
                    }
                    // The budget is used up.
                    Searched::Open(found, _) if found.is_empty() => return Ok(Count { count, is_complete: false }),
                    Searched::Open(found, next) => {
                        count += found.len();
                        token = next;
                    }
                }
            }
        }
        Ok(Count { count, is_complete: true })
    }

    fn searched(&self, list: Vec<Logged>, next: Option<Place>, scope: &str) -> Result<Listed<Logged>> {
        Ok(Listed { list, next_cursor: next_cursor(&self.keyring, next.map(|place| place.to_string()), scope)? })
    }

    /// The log groups whose names begin with that of the stack. `None` if CloudWatch Logs is too busy.
    ///
    /// CloudWatch Logs: one call for each fifty of them.
    pub(super) async fn log_groups(&self) -> Result<Option<Vec<String>>> {
        match self.logs.groups(&format!("{}-", self.stack), self.clock.now()).await? {
            Called::Done(groups) => Ok(Some(groups)),
            Called::Busy => Ok(None),
            Called::Invalid => Err(Error::internal("CloudWatch Logs does not accept the name of the stack")),
        }
    }

    /// Those of the log groups that are searched.
    fn within(&self, groups: &[String], wanted: &Search<'_>) -> Vec<String> {
        let prefix = format!("{}-", self.stack);
        let is_in = |group: &&String| group.strip_prefix(&prefix).and_then(in_the_template).is_some_and(wanted.is_in);
        groups.iter().filter(is_in).cloned().collect()
    }

    /// Reads a part page by page, until one has lines or the budget is used up.
    async fn search_part(&self, part: &Part, pattern: &str, mut token: Option<String>, budget: &Budget) -> Result<Searched> {
        while budget.allows() {
            let Part { group, from, until } = part;
            let wanted = Wanted { group, pattern, from: *from, until: *until, token: token.as_deref() };
            let Lines { events, next } = match self.logs.lines(&wanted, self.clock.now()).await? {
                Called::Done(lines) => lines,
                Called::Busy => {
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
                Called::Invalid if token.is_some() => {
                    return Err(Error::invalid([Fault::new("cursor", "is too old: search again")]));
                }
                Called::Invalid => return Err(Error::internal("CloudWatch Logs does not accept a search")),
            };
            let found: Vec<Logged> = events.iter().filter_map(Logged::read).collect();
            match next {
                None => return Ok(Searched::Over(found)),
                next if !found.is_empty() => return Ok(Searched::Open(found, next)),
                next => token = next,
            }
        }
        Ok(Searched::Open(Vec::new(), token))
    }
}

impl Logged {
    /// `None` for a line that is no JSON object.
    fn read(line: &Line) -> Option<Self> {
        let mut read: Map<String, Value> = serde_json::from_str(&line.message).ok()?;
        let members = SHOWN.iter().filter_map(|name| Some(((*name).to_owned(), read.remove(*name)?))).collect();
        Some(Self { at: jiff::Timestamp::from_millisecond(line.timestamp).ok()?.into(), members })
    }
}

/// The name of a log group in the template, from its name behind that of the stack: `ChannelAuthLogs-1a2b3c`, as CloudFormation names it. With
/// another dash, the group is of a stack whose name begins with the name of this one.
fn in_the_template(name: &str) -> Option<&str> {
    let (resource, id) = name.split_once('-')?;
    (resource.ends_with("Logs") && !id.contains('-')).then_some(resource)
}

/// So many days before, in Unix milliseconds.
fn ago(until: i64, days: i64) -> i64 {
    until - SignedDuration::from_hours(24 * days).as_millis() as i64
}

/// The parts of a search, in their order: all groups over the last day, then over the days before; or all groups over one day.
fn parts(groups: &[String], until: i64, day: Option<&Date>) -> Vec<Part> {
    let ago = |days| ago(until, days);
    let times = match day.map(|day| LocalTime::day_bounds(day, day)) {
        Some((first, last)) => vec![(first.as_millisecond(), last.as_millisecond())],
        None => vec![(ago(DAYS[0]), until), (ago(DAYS[1]), ago(DAYS[0]) - 1)],
    };
    let of_time = |(from, until)| groups.iter().map(move |group| Part { group: group.clone(), from, until });
    times.into_iter().flat_map(of_time).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_log_groups_of_this_stack_are_searched() {
        for (name, expected) in [
            ("ChannelAuthLogs-1A2b3C", Some("ChannelAuthLogs")),
            ("staging-ChannelAuthLogs-1A2b3C", None),
            ("Other-1A2b3C", None),
            ("ChannelAuthLogs", None),
        ] {
            assert_eq!(in_the_template(name), expected, "{name}");
        }
    }

    #[test]
    fn a_place_is_written_and_read() {
        for text in ["1705314600000 3", "1705314600000 3 b/5 x=="] {
            assert_eq!(Place::parse(text).unwrap().to_string(), text);
        }
        assert!(Place::parse("").is_none() && Place::parse("1 x").is_none());
    }
}
