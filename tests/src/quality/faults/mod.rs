//! Every write, with a failure at every call to AWS that it makes: after the client's retry, the response and the stored state are
//! those of an undisturbed write.
//!
//! A [`Scene`] is a stage on which all writes of a family can be made. First each write is made undisturbed on two scenes, which
//! records its calls, its response and the state that it stores. Then it is made once for each call and each [`Failure`] that applies
//! to that call. Before each write the scene is restored. A client that receives another response than the undisturbed one retries
//! once. Cells run in parallel on several scenes, because some of them wait for the SDK's timeout.

mod channel;
mod cleanup;
mod coverage;
mod hris;
mod jobboard;
mod mask;
mod page;
mod persons;
mod reseal;
mod signing;
mod stored;
mod stories;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use local::policies::Grant;
use local::wire::Service;
use shared::runtime::clock::Clock as _;
use shared::storage::objects::Objects;
use shared::storage::rate_limit::MESSAGES_TO_A_PHONE;

use crate::support::wire::{Failure, Seen};
use crate::support::{Response, Stage, fetch};
use channel::Channels;
use cleanup::Overdue;
use hris::Hris;
use jobboard::Jobs;
use signing::Signing;
use stored::Stored;

/// A write: a route or a command, and a case of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Write {
    /// `POST /api/v1/users`, `ops-admin create_channel`.
    pub route: &'static str,
    pub case: &'static str,
    /// A part of the response to a retry of a write that was already executed, if it differs from the first response.
    pub on_retry: Option<&'static str>,
}

/// A write whose retry returns the first response.
pub const fn write(route: &'static str, case: &'static str) -> Write {
    Write { route, case, on_retry: None }
}

/// A write that is executed once, and whose retry reports that.
pub const fn once(route: &'static str, case: &'static str, on_retry: &'static str) -> Write {
    Write { route, case, on_retry: Some(on_retry) }
}

impl std::fmt::Display for Write {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.route)?;
        if self.case.is_empty() { Ok(()) } else { write!(f, ", {}", self.case) }
    }
}

/// What a retry has in common with the first request.
pub struct Request {
    /// An `Idempotency-Key`.
    pub key: String,
    /// The second of the signature.
    pub second: i64,
}

/// A stage that is ready for each of the writes.
pub trait Scene: Sized {
    const WRITES: &'static [Write];
    /// The failures of reads. The SDK and the store repeat a read in the same way wherever it is made, so a scene of writes that read much
    /// may have those alone that the write itself must withstand.
    const OF_READS: &'static [Failure] = &[Failure::Rejected, Failure::Never, Failure::ThrottledTwice, Failure::LostOnce];
    /// Parts of responses that report a server error.
    const OUR_FAULT: &'static [&'static str];

    async fn set() -> Self;

    fn stage(&self) -> &Stage;

    /// Sends the request of a write. Each attempt requests its own single-use credentials, such as a code of WeChat or a captcha.
    async fn send(&self, write: &Write, request: &Request) -> Response;

    fn is_our_fault(response: &Response) -> bool {
        let body = response.body.to_string();
        body == INTERNAL || Self::OUR_FAULT.iter().any(|fault| body.contains(fault))
    }
}

/// How long a scene is used, by its clock, which advances with every write. Codes that expire after five minutes are among its
/// preparations, and the first of them is a minute old when the scene is ready.
const FRESH: SignedDuration = SignedDuration::from_mins(2);

/// How long a rate-limited client waits: until a phone may be sent a second message, which is longer than a visit stays claimed.
/// `security::limits` tests that the `Retry-After` of a message says so.
const RETRY_AFTER: SignedDuration = MESSAGES_TO_A_PHONE.spacing;

/// The beginning of the line that counts the messages to a phone.
const MESSAGES: &str = "messages ";

/// The case of the write that stores a code and its message.
const CODE_IS_SENT: &str = "a code is sent";
const OUTBOX: &str = "ops-outbox";

/// The output of an invocation that fails.
const INTERNAL: &str = r#"{"errorType":"Internal","errorMessage":"see the log"}"#;

/// A scene that is restored after each write.
struct Lane<S> {
    scene: S,
    bucket: Objects,
    http: reqwest::Client,
    origin: Stored,
    set_at: Timestamp,
}

/// The result of a write: the response, and a line for each stored item and object and for each message.
#[derive(Clone, Debug, PartialEq)]
struct Outcome {
    status: u16,
    body: String,
    lines: Vec<String>,
    /// How many audit records the write stored.
    records: usize,
    /// Whether the write changed what is stored.
    is_another: bool,
}

/// One write, with one failure at one of its calls.
struct Cell {
    write: &'static Write,
    call: Seen,
    /// How many calls of the same operation the write makes before.
    passing: usize,
    failure: Failure,
}

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} | {} {} | {:?}", self.write, self.call.operation, self.passing + 1, self.failure)
    }
}

impl<S: Scene> Lane<S> {
    async fn open() -> Self {
        let scene = S::set().await;
        let bucket = scene.stage().objects().await;
        let origin = Stored::of(scene.stage(), &bucket).await;
        let set_at = scene.stage().clock.now();
        Self { scene, bucket, http: local::http::client(), origin, set_at }
    }

    /// The same lane, or a new one if the scene is too old.
    async fn fresh(self) -> Self {
        if self.scene.stage().clock.now().duration_since(self.set_at) < FRESH { self } else { Self::open().await }
    }

    /// The number of messages that each phone was sent.
    async fn messages(&self) -> BTreeMap<String, usize> {
        let outbox = fetch(self.http.get(&self.scene.stage().address.sms_outbox_url)).await.body;
        let mut messages = BTreeMap::new();
        for message in outbox.as_array().expect("the outbox") {
            *messages.entry(message["phone"].to_string()).or_default() += 1;
        }
        messages
    }

    /// A line for each stored item and object, and for the messages that were sent since.
    async fn lines(&self, stored: &Stored, before: &BTreeMap<String, usize>) -> Vec<String> {
        let mut lines = stored.lines();
        for (phone, count) in self.messages().await {
            let count = count - before.get(&phone).copied().unwrap_or(0);
            lines.extend((count > 0).then(|| format!("{MESSAGES}{count}")));
        }
        lines
    }

    /// Makes the write, with the failure of the cell if there is one, and restores the scene. A client that does not receive the
    /// expected response retries once, and after [`RETRY_AFTER`] once more if it is rate limited.
    async fn make(&self, write: &Write, cell: Option<&Cell>, expected: Option<&Outcome>) -> (Outcome, Vec<Seen>) {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let stage = self.scene.stage();
        stage.expire_caches();
        let messages = self.messages().await;
        let key = format!("matrix-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let request = Request { key, second: stage.clock_seconds() };
        stage.wire.take_seen();
        if let Some(Cell { call, passing, failure, .. }) = cell {
            stage.wire.fail_call(&call.operation, *passing, *failure);
        }
        let mut response = self.scene.send(write, &request).await;
        let missed = stage.clear_faults();
        let seen = stage.wire.take_seen();
        let mut lines = Vec::new();
        if let Some(expected) = expected.filter(|expected| !expected.is_returned_in(&response)) {
            lines.extend((!S::is_our_fault(&response)).then(|| format!("the first response was {response:?}")));
            response = self.scene.send(write, &request).await;
            if response.status == 429 && expected.status != 429 {
                stage.clock.advance(RETRY_AFTER);
                response = self.scene.send(write, &request).await;
            }
        }
        let stored = Stored::of(stage, &self.bucket).await;
        lines.extend(self.lines(&stored, &messages).await);
        if missed > 0 {
            lines.push("the failure hit no call".into());
        }
        self.origin.restore(&stored, stage, &self.bucket).await;
        let (status, body) = (response.status, mask::text(&response.body.to_string()));
        let records = stored.records().saturating_sub(self.origin.records());
        (Outcome { status, body, lines, records, is_another: stored != self.origin }, seen)
    }
}

impl Outcome {
    fn is_returned_in(&self, response: &Response) -> bool {
        self.status == response.status && self.body == mask::text(&response.body.to_string())
    }

    /// One line for each difference.
    fn differences(&self, actual: &Self) -> Vec<String> {
        let mut differences = Vec::new();
        if (self.status, &self.body) != (actual.status, &actual.body) {
            differences.push(format!("response {} {} instead of {} {}", actual.status, actual.body, self.status, self.body));
        }
        let count = |lines: &[String], line: &String| lines.iter().filter(|other| *other == line).count();
        let all: BTreeSet<&String> = self.lines.iter().chain(&actual.lines).collect();
        for line in all {
            let (wanted, found) = (count(&self.lines, line), count(&actual.lines, line));
            if wanted != found {
                differences.push(format!("{found} instead of {wanted} of {line}"));
            }
        }
        differences
    }
}

impl Cell {
    /// The differences from the undisturbed outcome, without those that cannot be avoided.
    fn differences(&self, expected: &Outcome, mut actual: Outcome) -> Vec<String> {
        if self.write.on_retry.is_some_and(|reported| actual.body.contains(reported)) {
            (actual.status, actual.body) = (expected.status, expected.body.clone());
        }
        let mut expected = expected.clone();
        // SNS cannot recognise a message that it already sent: a client that missed the response is sent another one. So is one that missed
        // the response with which its message was stored. The outbox sends a message again if it could not be removed.
        let is_sent_again =
            self.call.service == Service::Sns || self.write.case == CODE_IS_SENT && self.call.operation == "TransactWriteItems";
        if self.write.route == OUTBOX
            || is_sent_again && matches!(self.failure, Failure::Lost | Failure::LostOnce | Failure::Late)
        {
            expected.lines.retain(|line| !line.starts_with(MESSAGES));
            actual.lines.retain(|line| !line.starts_with(MESSAGES));
        }
        expected.differences(&actual)
    }
}

/// The failures that apply to a call.
fn failures<S: Scene>(Seen { service, operation }: &Seen) -> Vec<Failure> {
    let reads = ["GetItem", "BatchGetItem", "Query", "Scan", "GetObject", "ListBucket", "ListBucketVersions"]
        .contains(&operation.as_str());
    let mut failures = match reads {
        true => S::OF_READS.to_vec(),
        false => {
            vec![Failure::Rejected, Failure::Never, Failure::ThrottledTwice, Failure::Lost, Failure::LostOnce, Failure::Late]
        }
    };
    if *service == Service::DynamoDb && !reads {
        failures.extend([Failure::Conflict, Failure::Conflicts]);
    }
    if operation == "BatchGetItem" {
        failures.push(Failure::Partial);
    }
    failures
}

/// Makes every write of a scene with every failure, on this many lanes. The page holds the number of cells.
pub async fn matrix<S: Scene>(heading: &str, lanes: usize) {
    let lanes: Vec<Lane<S>> = join_all((0..lanes).map(|_| Box::pin(Lane::<S>::open()))).await;
    let writes: Mutex<VecDeque<&'static Write>> = Mutex::new(S::WRITES.iter().collect());
    let observed = Mutex::new(Vec::new());
    join_all(lanes.chunks(2).filter(|pair| pair.len() == 2).map(async |pair| {
        while let Some(write) = next(&writes) {
            let undisturbed = observe(&pair[0], &pair[1], write).await;
            observed.lock().unwrap().push((write, undisturbed));
        }
    }))
    .await;
    let mut observed = observed.into_inner().unwrap();
    observed.sort_by_key(|(write, _)| S::WRITES.iter().position(|other| other == *write));

    let mut cells = VecDeque::new();
    let mut table = Vec::new();
    for (write, (_, calls)) in &observed {
        let mut made: BTreeMap<&str, usize> = BTreeMap::new();
        let before = cells.len();
        for call in calls {
            let passing = made.entry(&call.operation).or_default();
            cells.extend(failures::<S>(call).into_iter().map(|failure| Cell {
                write,
                call: call.clone(),
                passing: *passing,
                failure,
            }));
            *passing += 1;
        }
        let made = made.iter().map(|(operation, count)| match count {
            1 => (*operation).to_owned(),
            count => format!("{operation} × {count}"),
        });
        table.push(format!("| {write} | {} | {} |", made.collect::<Vec<_>>().join(", "), cells.len() - before));
    }
    let count = cells.len();
    let (cells, differing) = (Mutex::new(cells), Mutex::new(Vec::new()));
    join_all(lanes.into_iter().map(async |mut lane| {
        while let Some(cell) = next(&cells) {
            lane = Box::pin(lane.fresh()).await;
            let (_, (expected, _)) = observed.iter().find(|(write, _)| *write == cell.write).unwrap();
            let (actual, _) = Box::pin(lane.make(cell.write, Some(&cell), Some(expected))).await;
            let differences = cell.differences(expected, actual);
            if !differences.is_empty() {
                differing.lock().unwrap().push(format!("{cell} | DIFFERS\n    {}", differences.join("\n    ")));
            }
        }
    }))
    .await;
    let differing = differing.into_inner().unwrap();
    assert!(differing.is_empty(), "{} of {count} cells differ:\n{}", differing.len(), differing.join("\n"));
    page::compare_table(heading, &table);
}

/// The grants that functions use when each write is made once, undisturbed.
pub async fn grants_used() -> BTreeSet<Grant> {
    let (mut used, hris, signing, jobboard, sweeps, persons) = tokio::join!(
        used::<Channels>(),
        used::<Hris>(),
        used::<Signing>(),
        used::<Jobs>(),
        used::<Overdue>(),
        used::<persons::Persons>()
    );
    for others in [hris, signing, jobboard, sweeps, persons] {
        used.extend(others);
    }
    used
}

async fn used<S: Scene>() -> BTreeSet<Grant> {
    let mut used = BTreeSet::new();
    let mut lane = Box::pin(Lane::<S>::open()).await;
    for write in S::WRITES {
        lane = Box::pin(lane.fresh()).await;
        Box::pin(lane.make(write, None, None)).await;
        used.extend(lane.scene.stage().wire.grants_used());
    }
    used
}

fn next<T>(queue: &Mutex<VecDeque<T>>) -> Option<T> {
    queue.lock().unwrap().pop_front()
}

/// The outcome of an undisturbed write, and its calls.
async fn observe<S: Scene>(lane: &Lane<S>, other: &Lane<S>, write: &Write) -> (Outcome, Vec<Seen>) {
    let (outcome, calls) = Box::pin(lane.make(write, None, None)).await;
    let (again, _) = Box::pin(other.make(write, None, None)).await;
    assert!(outcome.status < 400 && !outcome.body.contains("errorType"), "{write}: {outcome:?}");
    let differences = outcome.differences(&again);
    assert!(differences.is_empty(), "{write}: two undisturbed runs differ:\n    {}", differences.join("\n    "));
    assert!(outcome.is_another, "{write} changes nothing");
    assert!(!calls.is_empty(), "{write} makes no call");
    if write.route.starts_with("ops-admin ") {
        // Each transaction of a command holds one audit record, and no write is outside of a transaction.
        let count = |operation: &str| calls.iter().filter(|call| call.operation == operation).count();
        let records = outcome.records;
        assert_eq!(records, count("TransactWriteItems"), "{write}: audit records and transactions: {calls:?}");
        assert_eq!(["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"].map(count), [0; 4], "{write}: {calls:?}");
    }
    (outcome, calls)
}
