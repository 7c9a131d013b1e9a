//! Every write, with a failure at every call to AWS that it makes: after the client's retry, the response and the stored state are
//! those of an undisturbed write.
//!
//! A [`Scene`] is a stage on which all writes of a family can be made. First each write is made undisturbed on two scenes, which
//! records its calls, its response and the state that it stores. Then it is made once for each call and each [`Failure`] that applies
//! to that call. After each write the scene is restored. Only the places that calls of the write named are read and restored; that no
//! other place changes is checked after each undisturbed write and at the end. A client that receives another response than the undisturbed one retries
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
mod staff;
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
use shared::runtime::message_limits::TO_A_PHONE;
use shared::storage::objects::Objects;

use crate::support::wire::{Failure, Place, Seen};
use crate::support::{Response, Stage, fetch};
use channel::Channels;
use cleanup::Overdue;
use hris::Hris;
use jobboard::Jobs;
use signing::Signing;
use stored::{Lines, Stored};

/// A write: a route or a command, and a case of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Write {
    /// `POST /api/v1/users`, `ops-admin create_channel`.
    pub route: &'static str,
    pub case: &'static str,
    pub on_retry: OnRetry,
}

/// The response to a retry of a write that was already executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OnRetry {
    /// The first response.
    Same,
    /// Another one, which contains this.
    Reports(&'static str),
    /// The first one, but these members, numbers or lists, count only what the retry itself did.
    Counts(&'static [&'static str]),
}

/// A write whose retry returns the first response.
pub const fn write(route: &'static str, case: &'static str) -> Write {
    Write { route, case, on_retry: OnRetry::Same }
}

/// A write that is executed once, and whose retry reports that.
pub const fn once(route: &'static str, case: &'static str, on_retry: &'static str) -> Write {
    Write { route, case, on_retry: OnRetry::Reports(on_retry) }
}

/// A write whose retry does what is left over, and counts that in these members of the response.
pub const fn counting(route: &'static str, case: &'static str, members: &'static [&'static str]) -> Write {
    Write { route, case, on_retry: OnRetry::Counts(members) }
}

impl Write {
    fn is_command(&self) -> bool {
        self.route.starts_with("ops-admin ")
    }
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

    /// Whether the write uses something that expires minutes after the scene is set, such as a code that was sent.
    fn expires(_: &Write) -> bool {
        false
    }

    async fn set() -> Self;

    fn stage(&self) -> &Stage;

    /// Sends the request of a write. Each attempt requests its own single-use credentials, such as a code of WeChat or a captcha.
    async fn send(&self, write: &Write, request: &Request) -> Response;

    fn is_our_fault(response: &Response) -> bool {
        let body = response.body.to_string();
        body == INTERNAL || Self::OUR_FAULT.iter().any(|fault| body.contains(fault))
    }
}

/// How long a scene is used for writes that [expire](Scene::expires), by its clock, which advances with every write. Codes are valid for
/// five minutes, and the first of them is a minute old when the scene is ready.
const FRESH: SignedDuration = SignedDuration::from_secs(160);

/// How long a rate-limited client waits: until a phone may be sent a second message, which is longer than a visit stays claimed.
/// `security::limits` tests that the `Retry-After` of a message says so.
const RETRY_AFTER: SignedDuration = TO_A_PHONE.spacing;

/// The beginning of the line that counts the messages to a phone.
const MESSAGES: &str = "messages ";

/// The case of the write that stores a code and its message.
const CODE_IS_SENT: &str = "a code is sent";
const OUTBOX: &str = "ops-outbox";
/// It counts the picture, and marks it for the sweep of unused ones.
const UPLOAD: &str = "POST /img/upload";

/// The output of an invocation that fails.
const INTERNAL: &str = r#"{"errorType":"Internal","errorMessage":"see the log"}"#;

/// A scene that is restored after each write.
struct Lane<S> {
    scene: S,
    bucket: Objects,
    http: reqwest::Client,
    origin: Stored,
    /// The lines of what is stored originally.
    lines: Lines,
    /// How many messages each phone was sent before the write.
    sent: Mutex<BTreeMap<String, usize>>,
    set_at: Timestamp,
}

/// The result of a write: the response, and a line for each stored item and object and for each message.
#[derive(Clone, Debug, PartialEq)]
struct Outcome {
    status: u16,
    body: String,
    /// Whether the client sent the request more than once.
    is_retried: bool,
    lines: Vec<String>,
    /// What must not happen whatever fails.
    violations: Vec<String>,
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
        let http = local::http::client();
        let sent = Mutex::new(messages(&http, scene.stage()).await);
        let origin = Stored::of(scene.stage(), &bucket).await;
        let lines = origin.lines();
        let set_at = scene.stage().clock.now();
        scene.stage().wire.take_seen();
        Self { scene, bucket, http, origin, lines, sent, set_at }
    }

    /// The same lane, or a new one if the scene is too old for the write.
    async fn fresh_for(self, write: &Write) -> Self {
        let age = self.scene.stage().clock.now().duration_since(self.set_at);
        if S::expires(write) && age >= FRESH { Self::open().await } else { self }
    }

    /// Fails unless all that is stored is what was stored originally.
    async fn assert_is_restored(&self) {
        assert!(Stored::of(self.scene.stage(), &self.bucket).await == self.origin, "the wire has not seen a write");
    }

    /// A line for each phone that was sent messages since the last call of this.
    async fn new_messages(&self) -> Vec<String> {
        let sent = messages(&self.http, self.scene.stage()).await;
        let before = std::mem::replace(&mut *self.sent.lock().unwrap(), sent.clone());
        let new = sent.into_iter().map(|(phone, count)| count - before.get(&phone).copied().unwrap_or(0));
        new.filter(|count| *count > 0).map(|count| format!("{MESSAGES}{count}")).collect()
    }

    /// Makes the write, with the failure of the cell if there is one, and restores the scene. A client that does not receive the
    /// expected response retries once, and after [`RETRY_AFTER`] once more if it is rate limited.
    async fn make(&self, write: &Write, cell: Option<&Cell>, expected: Option<&Outcome>) -> (Outcome, Vec<Seen>) {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let stage = self.scene.stage();
        stage.expire_caches();
        let key = format!("matrix-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let request = Request { key, second: stage.clock_seconds() };
        stage.wire.take_seen();
        if let Some(Cell { call, passing, failure, .. }) = cell {
            stage.wire.fail_call(&call.operation, *passing, *failure);
        }
        let mut response = self.scene.send(write, &request).await;
        let missed = stage.clear_faults();
        let seen = stage.wire.take_seen();
        let mut violations = Vec::new();
        if missed > 0 {
            violations.push("the failure hit no call".to_owned());
        }
        let is_missed = |expected: &&Outcome| {
            let is_counted = cell.is_some_and(|cell| cell.counts(expected, &mask::text(&response.body.to_string()), false));
            !expected.is_returned_in(&response) && !is_counted
        };
        let mut is_retried = false;
        if let Some(expected) = expected.filter(is_missed) {
            is_retried = true;
            violations.extend((!S::is_our_fault(&response)).then(|| format!("the first response was {response:?}")));
            response = self.scene.send(write, &request).await;
            if response.status == 429 && expected.status != 429 {
                stage.clock.advance(RETRY_AFTER);
                response = self.scene.send(write, &request).await;
            }
        }
        let retried = stage.wire.take_seen();
        let calls = seen.iter().chain(&retried);
        if write.is_command() {
            let transactions = calls.clone().filter(|call| call.operation == "TransactWriteItems");
            let others = transactions.filter(|call| call.records != 1);
            violations.extend(others.map(|call| format!("a transaction with {} audit records", call.records)));
        }
        let mut places: BTreeSet<Place> = calls.flat_map(|call| call.written.clone()).collect();
        let stored = Stored::at(&places, stage, &self.bucket).await;
        let before = self.origin.among(&places);
        if cell.is_none() {
            let all = Stored::of(stage, &self.bucket).await;
            assert!(all == self.origin.with(&stored, &places), "{write}: the wire has not seen a write");
        }
        let (records, lost) = stored.records_since(&before);
        violations.extend((lost > 0).then(|| format!("{lost} audit records replaced or removed")));
        let mut lines = self.lines.with(&stored, &places);
        lines.extend(self.new_messages().await);
        // The delivery of messages writes, too.
        places.extend(stage.wire.take_seen().into_iter().flat_map(|call| call.written));
        self.origin.restore(&places, stage, &self.bucket).await;
        let (status, body) = (response.status, mask::text(&response.body.to_string()));
        let is_another = stored.is_another(&before);
        (Outcome { status, body, is_retried, lines, violations, records, is_another }, seen)
    }
}

/// The number of messages that each phone was sent.
async fn messages(http: &reqwest::Client, stage: &Stage) -> BTreeMap<String, usize> {
    let outbox = fetch(http.get(&stage.address.sms_outbox_url)).await.body;
    let mut messages = BTreeMap::new();
    for message in outbox.as_array().expect("the outbox") {
        *messages.entry(message["phone"].to_string()).or_default() += 1;
    }
    messages
}

impl Outcome {
    fn is_returned_in(&self, response: &Response) -> bool {
        self.status == response.status && self.body == mask::text(&response.body.to_string())
    }

    /// One line for each difference.
    fn differences(&self, actual: &Self) -> Vec<String> {
        let mut differences = actual.violations.clone();
        if (self.status, &self.body) != (actual.status, &actual.body) {
            differences.push(format!("response {} {} instead of {} {}", actual.status, actual.body, self.status, self.body));
        }
        let mut counts: BTreeMap<&String, (usize, usize)> = BTreeMap::new();
        for line in &self.lines {
            counts.entry(line).or_default().0 += 1;
        }
        for line in &actual.lines {
            counts.entry(line).or_default().1 += 1;
        }
        let differing = counts.into_iter().filter(|(_, (wanted, found))| wanted != found);
        differences.extend(differing.map(|(line, (wanted, found))| format!("{found} instead of {wanted} of {line}")));
        differences
    }
}

impl Cell {
    /// Whether a response counts less than the expected one, and is equal otherwise: a retry counts what it did itself. The SDK's own retry
    /// of a call that was executed makes a count smaller, too.
    fn counts(&self, expected: &Outcome, body: &str, is_retried: bool) -> bool {
        let is_executed = matches!(self.failure, Failure::Lost | Failure::LostOnce | Failure::Late);
        match self.write.on_retry {
            OnRetry::Counts(members) if is_retried || is_executed => {
                let parsed = |text: &str| serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
                mask::counts(&parsed(&expected.body), &parsed(body), members, is_retried)
            }
            _ => false,
        }
    }

    /// The differences from the undisturbed outcome, without those that cannot be avoided.
    fn differences(&self, expected: &Outcome, mut actual: Outcome) -> Vec<String> {
        let mut expected = expected.clone();
        match self.write.on_retry {
            OnRetry::Same => {}
            OnRetry::Reports(part) if actual.body.contains(part) => {
                (actual.status, actual.body) = (expected.status, expected.body.clone());
            }
            OnRetry::Reports(_) => {}
            OnRetry::Counts(_) => {
                if self.counts(&expected, &actual.body, actual.is_retried) {
                    actual.body.clone_from(&expected.body);
                }
            }
        }
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
        // A client that sends a picture again uploads another one.
        if self.write.route.starts_with(UPLOAD) && actual.is_retried {
            for lines in [&mut expected.lines, &mut actual.lines] {
                lines.retain(|line| !line.contains("pk: uploads#") && !line.contains("pk: jobboard#used#"));
            }
        }
        expected.differences(&actual)
    }
}

/// The failures that apply to a call.
fn failures<S: Scene>(Seen { service, operation, .. }: &Seen) -> Vec<Failure> {
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
    // What expires comes first.
    cells.make_contiguous().sort_by_key(|cell| !S::expires(cell.write));
    let (cells, suspects) = (Mutex::new(cells), Mutex::new(VecDeque::new()));
    let compare = async |lane: Lane<S>, cell: &Cell| {
        let lane = Box::pin(lane.fresh_for(cell.write)).await;
        let (_, (expected, _)) = observed.iter().find(|(write, _)| *write == cell.write).unwrap();
        let (actual, _) = Box::pin(lane.make(cell.write, Some(cell), Some(expected))).await;
        (lane, cell.differences(expected, actual))
    };
    let lanes = join_all(lanes.into_iter().map(async |mut lane| {
        while let Some(cell) = next(&cells) {
            let differences;
            (lane, differences) = compare(lane, &cell).await;
            if !differences.is_empty() {
                suspects.lock().unwrap().push_back(cell);
            }
        }
        lane
    }))
    .await;
    // On a busy machine a write may exceed a time limit of the system: what differs is made once more, alone.
    let mut lanes = VecDeque::from(lanes);
    let mut lane = lanes.pop_front().unwrap();
    let mut differing = Vec::new();
    for cell in suspects.into_inner().unwrap() {
        let differences;
        (lane, differences) = compare(lane, &cell).await;
        if !differences.is_empty() {
            differing.push(format!("{cell} | DIFFERS\n    {}", differences.join("\n    ")));
        }
    }
    for lane in std::iter::once(lane).chain(lanes) {
        lane.assert_is_restored().await;
    }
    assert!(differing.is_empty(), "{} of {count} cells differ:\n{}", differing.len(), differing.join("\n"));
    page::compare_table(heading, &table);
}

/// The grants that functions use when each write is made once, undisturbed.
pub async fn grants_used() -> BTreeSet<Grant> {
    let (mut used, hris, signing, jobboard, sweeps, persons, staff) = tokio::join!(
        used::<Channels>(),
        used::<Hris>(),
        used::<Signing>(),
        used::<Jobs>(),
        used::<Overdue>(),
        used::<persons::Persons>(),
        used::<staff::Members>()
    );
    for others in [hris, signing, jobboard, sweeps, persons, staff] {
        used.extend(others);
    }
    used
}

async fn used<S: Scene>() -> BTreeSet<Grant> {
    let mut used = BTreeSet::new();
    let mut lane = Box::pin(Lane::<S>::open()).await;
    for write in S::WRITES {
        lane = Box::pin(lane.fresh_for(write)).await;
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
    assert!(outcome.violations.is_empty(), "{write}: {:?}", outcome.violations);
    let differences = outcome.differences(&again);
    assert!(differences.is_empty(), "{write}: two undisturbed runs differ:\n    {}", differences.join("\n    "));
    assert!(outcome.is_another, "{write} changes nothing");
    assert!(!calls.is_empty(), "{write} makes no call");
    if write.is_command() {
        // Each transaction of a command holds one audit record: see `make`. All are stored, and no write is outside of a transaction.
        let count = |operation: &str| calls.iter().filter(|call| call.operation == operation).count();
        let records = outcome.records;
        assert_eq!(records, count("TransactWriteItems"), "{write}: audit records and transactions: {calls:?}");
        assert_eq!(["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"].map(count), [0; 4], "{write}: {calls:?}");
    }
    (outcome, calls)
}
