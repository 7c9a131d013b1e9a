//! Every write, struck at every call to AWS that it makes: after the client's retry all is as if nothing had happened.
//!
//! A [`Scene`] is a stage on which all writes of a family can be made. First each write is made undisturbed, twice on two stages: the
//! calls that it makes are noted, what it answers, and what is stored then. Then it is made once for each call and each [`Blow`] that
//! applies to that call, on a scene that was put back to where it was; whoever is not answered as undisturbed asks once more.
//! Cells run side by side on several scenes, because some of them wait for the SDK's time to run out.

mod channel;
mod cleanup;
mod coverage;
mod hris;
mod jobboard;
mod mask;
mod page;
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

use crate::support::wire::{Blow, Seen};
use crate::support::{Answer, Stage, answer};
use channel::Channels;
use cleanup::Due;
use hris::Hris;
use jobboard::Jobs;
use signing::Signing;
use stored::Stored;

/// A write: a route or a command, and which case of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Write {
    /// `POST /api/v1/users`, `ops-admin create_channel`.
    pub route: &'static str,
    pub case: &'static str,
    /// What a client may be told, instead of the first answer, who asks again for what had been carried out: part of it.
    pub told_again: Option<&'static str>,
}

/// A write whose repetition is answered as the first.
pub const fn write(route: &'static str, case: &'static str) -> Write {
    Write { route, case, told_again: None }
}

/// A write that is carried out once, and whose repetition is told so.
pub const fn once(route: &'static str, case: &'static str, told_again: &'static str) -> Write {
    Write { route, case, told_again: Some(told_again) }
}

impl std::fmt::Display for Write {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.route)?;
        if self.case.is_empty() { Ok(()) } else { write!(f, ", {}", self.case) }
    }
}

/// What makes two requests the same one.
pub struct Request {
    /// An `Idempotency-Key`.
    pub key: String,
    /// The second in which it was signed.
    pub second: i64,
}

/// A stage on which writes can be made, each of them at once.
pub trait Scene: Sized {
    const WRITES: &'static [Write];
    /// What answers contain that tell of a fault of ours.
    const OUR_FAULT: &'static [&'static str];

    async fn set() -> Self;

    fn stage(&self) -> &Stage;

    /// Sends the request of a write. What holds once only, as a code of WeChat's or a captcha, is asked for anew each time.
    async fn send(&self, write: &Write, request: &Request) -> Answer;

    fn is_our_fault(answer: &Answer) -> bool {
        let body = answer.body.to_string();
        body == INTERNAL || Self::OUR_FAULT.iter().any(|fault| body.contains(fault))
    }
}

/// How long a scene is good for, by its clock, which goes on with every write: codes of five minutes are among what it is set with, the
/// first of which is a minute old then.
const FRESH: SignedDuration = SignedDuration::from_mins(2);

/// How long a client waits that is told to come back: as long as a phone is sent no second message, and longer than a visit is claimed.
/// That `Retry-After` says so of a message, `security::limits` shows.
const COMES_BACK: SignedDuration = MESSAGES_TO_A_PHONE.spacing;

/// Begins the line that counts the messages to a phone.
const MESSAGES: &str = "messages ";

/// What an invocation answers that fails.
const INTERNAL: &str = r#"{"errorType":"Internal","errorMessage":"see the log"}"#;

/// A scene that is used again and again.
struct Lane<S> {
    scene: S,
    bucket: Objects,
    http: reqwest::Client,
    origin: Stored,
    set_at: Timestamp,
}

/// What a write leads to: the answer, and a line for each thing that there is then.
#[derive(Clone, Debug, PartialEq)]
struct Outcome {
    status: u16,
    body: String,
    lines: Vec<String>,
    /// Whether anything is stored that was not, or is no more.
    is_another: bool,
}

/// One write, struck at one call by one blow.
struct Cell {
    write: &'static Write,
    call: Seen,
    /// How many calls of the same operation it makes before that.
    passing: usize,
    blow: Blow,
}

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} | {} {} | {:?}", self.write, self.call.operation, self.passing + 1, self.blow)
    }
}

impl<S: Scene> Lane<S> {
    async fn open() -> Self {
        let scene = S::set().await;
        let bucket = scene.stage().objects().await;
        let origin = Stored::of(scene.stage(), &bucket).await;
        let set_at = scene.stage().clock.now();
        Self { scene, bucket, http: reqwest::Client::new(), origin, set_at }
    }

    /// The same, set anew if need be.
    async fn fresh(self) -> Self {
        if self.scene.stage().clock.now().duration_since(self.set_at) < FRESH { self } else { Self::open().await }
    }

    /// How many messages each phone was sent.
    async fn messages(&self) -> BTreeMap<String, usize> {
        let outbox = answer(self.http.get(&self.scene.stage().address.sms_outbox_url)).await.body;
        let mut messages = BTreeMap::new();
        for message in outbox.as_array().expect("the outbox") {
            *messages.entry(message["phone"].to_string()).or_default() += 1;
        }
        messages
    }

    /// What is there, and the messages that were sent since.
    async fn lines(&self, there: &Stored, before: &BTreeMap<String, usize>) -> Vec<String> {
        let mut lines = there.lines();
        for (phone, count) in self.messages().await {
            let count = count - before.get(&phone).copied().unwrap_or(0);
            lines.extend((count > 0).then(|| format!("{MESSAGES}{count}")));
        }
        lines
    }

    /// Makes the write, perhaps struck, and puts all back. Whoever is not told what is expected asks once more, and again after
    /// [`COMES_BACK`] where that came too early.
    async fn make(&self, write: &Write, cell: Option<&Cell>, expected: Option<&Outcome>) -> (Outcome, Vec<Seen>) {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let stage = self.scene.stage();
        // What processes remember, they look for again.
        stage.look_again();
        let messages = self.messages().await;
        let key = format!("matrix-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let request = Request { key, second: stage.clock_seconds() };
        stage.wire.take_seen();
        if let Some(Cell { call, passing, blow, .. }) = cell {
            stage.wire.aim(&call.operation, *passing, *blow);
        }
        let mut answer = self.scene.send(write, &request).await;
        let missed = stage.heal();
        let seen = stage.wire.take_seen();
        let mut lines = Vec::new();
        if let Some(expected) = expected.filter(|expected| !expected.is_answered_by(&answer)) {
            lines.extend((!S::is_our_fault(&answer)).then(|| format!("at first answered {answer:?}")));
            answer = self.scene.send(write, &request).await;
            if answer.status == 429 && expected.status != 429 {
                stage.clock.advance(COMES_BACK);
                answer = self.scene.send(write, &request).await;
            }
        }
        let there = Stored::of(stage, &self.bucket).await;
        lines.extend(self.lines(&there, &messages).await);
        if missed > 0 {
            lines.push("the blow met no call".into());
        }
        self.origin.put_back(&there, stage, &self.bucket).await;
        let (status, body) = (answer.status, mask::text(&answer.body.to_string()));
        (Outcome { status, body, lines, is_another: there != self.origin }, seen)
    }
}

impl Outcome {
    fn is_answered_by(&self, answer: &Answer) -> bool {
        self.status == answer.status && self.body == mask::text(&answer.body.to_string())
    }

    /// What differs, one line each; empty where nothing does.
    fn differences(&self, met: &Self) -> Vec<String> {
        let mut differences = Vec::new();
        if (self.status, &self.body) != (met.status, &met.body) {
            differences.push(format!("answer {} {}, and not {} {}", met.status, met.body, self.status, self.body));
        }
        let count = |lines: &[String], line: &String| lines.iter().filter(|other| *other == line).count();
        let all: BTreeSet<&String> = self.lines.iter().chain(&met.lines).collect();
        for line in all {
            let (wanted, found) = (count(&self.lines, line), count(&met.lines, line));
            if wanted != found {
                differences.push(format!("{found} instead of {wanted} of {line}"));
            }
        }
        differences
    }
}

impl Cell {
    /// What this outcome has that is not as undisturbed, and not by the nature of things.
    fn differences(&self, expected: &Outcome, mut met: Outcome) -> Vec<String> {
        if self.write.told_again.is_some_and(|told| met.body.contains(told)) {
            (met.status, met.body) = (expected.status, expected.body.clone());
        }
        let mut expected = expected.clone();
        // SNS has no way to tell that a message was sent before: whoever is not told of it is sent another one.
        if self.call.service == Service::Sns && matches!(self.blow, Blow::Lost | Blow::LostOnce | Blow::Late) {
            expected.lines.retain(|line| !line.starts_with(MESSAGES));
            met.lines.retain(|line| !line.starts_with(MESSAGES));
        }
        expected.differences(&met)
    }
}

/// The blows that can meet a call.
fn blows(Seen { service, operation }: &Seen) -> Vec<Blow> {
    let reads = ["GetItem", "BatchGetItem", "Query", "GetObject", "ListBucket"].contains(&operation.as_str());
    let mut blows = vec![Blow::Refused, Blow::Never, Blow::ThrottledTwice];
    if reads {
        // Whether or not a read is carried out changes nothing.
        blows.push(Blow::LostOnce);
    } else {
        blows.extend([Blow::Lost, Blow::LostOnce, Blow::Late]);
    }
    if *service == Service::DynamoDb && !reads {
        blows.extend([Blow::Conflict, Blow::Conflicts]);
    }
    if operation == "BatchGetItem" {
        blows.push(Blow::Partial);
    }
    blows
}

/// Makes every write of a scene, struck by everything, on as many lanes as asked for. How many cells there are, the page tells.
pub async fn matrix<S: Scene>(heading: &str, lanes: usize) {
    let lanes: Vec<Lane<S>> = join_all((0..lanes).map(|_| Box::pin(Lane::<S>::open()))).await;
    let writes: Mutex<VecDeque<&'static Write>> = Mutex::new(S::WRITES.iter().collect());
    let learnt = Mutex::new(Vec::new());
    join_all(lanes.chunks(2).filter(|pair| pair.len() == 2).map(async |pair| {
        while let Some(write) = next(&writes) {
            let undisturbed = learn(&pair[0], &pair[1], write).await;
            learnt.lock().unwrap().push((write, undisturbed));
        }
    }))
    .await;
    let mut learnt = learnt.into_inner().unwrap();
    learnt.sort_by_key(|(write, _)| S::WRITES.iter().position(|other| other == *write));

    let mut cells = VecDeque::new();
    let mut table = Vec::new();
    for (write, (_, calls)) in &learnt {
        let mut made: BTreeMap<&str, usize> = BTreeMap::new();
        let before = cells.len();
        for call in calls {
            let passing = made.entry(&call.operation).or_default();
            cells.extend(blows(call).into_iter().map(|blow| Cell { write, call: call.clone(), passing: *passing, blow }));
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
            let (_, (expected, _)) = learnt.iter().find(|(write, _)| *write == cell.write).unwrap();
            let (met, _) = Box::pin(lane.make(cell.write, Some(&cell), Some(expected))).await;
            let differences = cell.differences(expected, met);
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
    let (mut used, hris, signing, jobboard, sweeps) =
        tokio::join!(used::<Channels>(), used::<Hris>(), used::<Signing>(), used::<Jobs>(), used::<Due>());
    for others in [hris, signing, jobboard, sweeps] {
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

/// What a write leads to undisturbed, and the calls that it makes.
async fn learn<S: Scene>(lane: &Lane<S>, other: &Lane<S>, write: &Write) -> (Outcome, Vec<Seen>) {
    let (outcome, calls) = Box::pin(lane.make(write, None, None)).await;
    let (again, _) = Box::pin(other.make(write, None, None)).await;
    assert!(outcome.status < 400 && !outcome.body.contains("errorType"), "{write}: {outcome:?}");
    let differences = outcome.differences(&again);
    assert!(differences.is_empty(), "{write}: two undisturbed runs differ:\n    {}", differences.join("\n    "));
    assert!(outcome.is_another, "{write} changes nothing");
    assert!(!calls.is_empty(), "{write} makes no call");
    (outcome, calls)
}
