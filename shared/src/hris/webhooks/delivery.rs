//! Sends the events of a webhook that are overdue.
//!
//! The events of an object are sent one after the other, those of different objects side by side. An event that fails holds up the later
//! ones of its object. A receiver that fails as a whole gets one call in each run until one succeeds.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::json;

use super::attempts::{self, Attempt};
use super::backoff;
use super::content::Shapes;
use super::events::{Event, EventState};
use super::lease::Failing;
use super::settings::{State, Webhook};
use super::sweep::Target;
use super::types::EventType;
use super::waiting::Waiting;
use crate::error::{Error, Result};
use crate::hris::Service;
use crate::hris::keys::waiting_partition;
use crate::outbound::queue::{MAX_DELAY, Queue};
use crate::outbound::receivers::{Address, Answer, signing};
use crate::runtime::caller;
use crate::storage::table::{Condition, Item, Key, Order, Outcome, Write};
use crate::values::{Id, Secret};

/// How many calls to a receiver run side by side.
const AT_ONCE: usize = 50;
/// How many waiting events are read at a time.
const PAGE: i32 = 200;
/// How long a run sends events; those that are under way then take up to five seconds more.
const RUN: SignedDuration = SignedDuration::from_secs(60);
/// How long an event, or a receiver, may fail.
const MAX_FAILING: SignedDuration = SignedDuration::from_hours(3 * 24);
/// The receiver wants no more events.
const GONE: u16 = 410;
/// How often a webhook is looked at whose product may not read the company's data.
const UNSERVED: SignedDuration = SignedDuration::from_hours(1);
/// How long after the time at which events are overdue the sweep takes a webhook, if no message of the queue did.
const GRACE: SignedDuration = SignedDuration::from_secs(60);

/// What a run sends with.
pub struct Courier<'a, S> {
    pub queue: &'a Queue,
    pub shapes: &'a S,
    /// When the process ends.
    pub deadline: Timestamp,
}

/// What a run has done.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    pub delivered: u64,
    pub failed: u64,
    pub dropped: u64,
    /// The longest time from a change to the first attempt to send it, in milliseconds; none if there was no first attempt.
    pub delay: Option<u64>,
    /// Whether the webhook was disabled.
    pub is_disabled: bool,
}

/// A run that sends the events of a webhook.
struct Run<'a, S> {
    service: &'a Service,
    courier: &'a Courier<'a, S>,
    webhook: &'a Webhook,
    secrets: Vec<Secret<String>>,
    failing: Failing,
    until: Timestamp,
    delivered: AtomicU64,
    failed: AtomicU64,
    dropped: AtomicU64,
    delay: AtomicU64,
    rest: Mutex<Rest>,
}

/// What a run leaves behind.
#[derive(Default)]
struct Rest {
    /// When the next event is scheduled, in Unix milliseconds.
    next: Option<i64>,
    /// The objects with an event that must wait, by their hashes.
    blocked: HashSet<String>,
    /// How long the receiver asked to wait, in seconds.
    asked: Option<u64>,
    is_gone: bool,
}

impl Service {
    /// Sends the events of a webhook that are overdue. Nothing, if another process does so, or if there is no such webhook, it is not active, or
    /// its product may not read the company's data.
    ///
    /// DynamoDB: about nine calls, and three for each event.
    pub async fn deliver_events<S: Shapes>(&self, target: &Target, courier: &Courier<'_, S>) -> Result<Delivered> {
        let Target { company, product } = target;
        let webhook = self.stored_webhook(company, product).await?.map(|(webhook, _)| webhook);
        let active = webhook.filter(|webhook| webhook.state == State::Active);
        let Some(webhook) = active else { return self.leave(target, None).await };
        let begun = self.clock.now();
        if !self.is_served(product, company).await? {
            return self.leave(target, Some(begun + UNSERVED)).await;
        }
        let Some(mut lease) = self.lease(company, product, begun).await? else { return Ok(Delivered::default()) };
        let seen = self.stored_mark(target).await?;
        let run = Run {
            service: self,
            courier,
            webhook: &webhook,
            secrets: self.webhook_secrets(&webhook)?,
            failing: lease.failing,
            until: (begun + RUN).min(courier.deadline),
            delivered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            delay: AtomicU64::new(0),
            rest: Mutex::default(),
        };
        if lease.failing.retry_at <= begun.as_millisecond() {
            let sent = run.send_all().await;
            if let Err(error) = sent {
                self.end_lease(company, product, &lease).await?;
                return Err(error);
            }
        } else {
            run.later(lease.failing.retry_at);
        }
        let (mut delivered, rest) = run.end();
        let now = self.clock.now();
        lease.failing = failing_after(lease.failing, &delivered, rest.asked, now)?;
        delivered.is_disabled = rest.is_gone || is_too_long(lease.failing, now);
        if delivered.is_disabled {
            let message = self.message_of_stop(&webhook, now).await?;
            self.set_webhook_state(&caller::act(now), company, product, State::Disabled, message).await?;
            lease.failing = Failing::default();
        }
        self.end_lease(company, product, &lease).await?;
        let next = rest.next.filter(|_| !delivered.is_disabled).map(|next| next.max(lease.failing.retry_at));
        self.settle(target, courier.queue, seen, next, now).await?;
        Ok(delivered)
    }

    /// Nothing is to be sent now. What waits stays until `next`, or until the webhook is active.
    async fn leave(&self, target: &Target, next: Option<Timestamp>) -> Result<Delivered> {
        let seen = self.stored_mark(target).await?;
        if seen.is_some() {
            self.settle_mark(target, seen, next).await?;
        }
        Ok(Delivered::default())
    }

    /// Sees to it that the webhook is looked at again when its next event is scheduled, and at once if events were stored during the run.
    async fn settle(
        &self,
        target: &Target,
        queue: &Queue,
        seen: Option<Item>,
        next: Option<i64>,
        now: Timestamp,
    ) -> Result<()> {
        let next = next.map(|next| Timestamp::from_millisecond(next).map_err(Error::internal)).transpose()?;
        if seen.is_none() && next.is_none() {
            return Ok(());
        }
        let is_settled = self.settle_mark(target, seen, next.map(|next| next.max(now) + GRACE)).await?;
        let at = if is_settled { next } else { Some(now) };
        let Some(at) = at else { return Ok(()) };
        let delay = Duration::try_from(at.duration_since(now)).unwrap_or_default();
        if delay <= MAX_DELAY {
            // A second too early would find nothing.
            queue.send(target, Duration::from_secs(delay.as_millis().div_ceil(1000) as u64), now).await?;
        }
        Ok(())
    }
}

/// How the receiver fails after a run.
fn failing_after(before: Failing, run: &Delivered, asked: Option<u64>, now: Timestamp) -> Result<Failing> {
    if run.delivered > 0 {
        return Ok(Failing::default());
    }
    if run.failed == 0 {
        return Ok(before);
    }
    let failures = before.failures + 1;
    let retry_at = (now + backoff::wait(failures, asked)?).as_millisecond();
    Ok(Failing { failures, failing_since: before.failing_since.or(Some(now.as_millisecond())), retry_at })
}

fn is_too_long(failing: Failing, now: Timestamp) -> bool {
    failing.failing_since.is_some_and(|since| now.as_millisecond() - since >= MAX_FAILING.as_millis() as i64)
}

impl<S: Shapes> Run<'_, S> {
    /// One pass over the waiting events, in the order of their objects.
    async fn send_all(&self) -> Result<()> {
        let table = &self.service.tables.credentials;
        let partition = waiting_partition(&self.webhook.company_uuid, &self.webhook.id);
        let mut after: Option<String> = None;
        // A receiver that fails is first asked with one event.
        let mut is_trusted = self.failing.failures == 0;
        loop {
            let page = self.service.store.partition_page(table, &partition, None, after.as_deref(), Order::Ascending, PAGE);
            let (items, last) = page.await?;
            let waiting = items.into_iter().map(Waiting::of).collect::<Result<Vec<_>>>()?;
            let mut objects = by_object(waiting).into_iter();
            while !is_trusted && let Some(object) = objects.next() {
                self.send_object(object).await?;
                is_trusted = self.delivered.load(Ordering::Relaxed) > 0;
            }
            let sends = objects.map(|object| self.send_object(object));
            stream::iter(sends).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
            match last {
                Some(last) if !self.is_over() => after = Some(last),
                Some(_) => {
                    self.later(self.service.clock.now().as_millisecond());
                    return Ok(());
                }
                None => return Ok(()),
            }
        }
    }

    /// Sends the events of an object until one fails or is not due.
    async fn send_object(&self, events: Vec<Waiting>) -> Result<()> {
        for waiting in events {
            let key = waiting.key.clone().ok_or_else(|| Error::internal("a waiting event without a key"))?;
            let object = Waiting::object(&key).to_owned();
            let now = self.service.clock.now().as_millisecond();
            if self.rest().blocked.contains(&object) {
                return Ok(());
            }
            let retry_at = match waiting.retry_at > now {
                true => Some(waiting.retry_at),
                false if self.is_over() => Some(now),
                false => self.send(waiting, &key).await?,
            };
            if let Some(retry_at) = retry_at {
                self.later(retry_at);
                self.rest().blocked.insert(object);
                return Ok(());
            }
        }
        Ok(())
    }

    /// Sends an event. Returns when it is scheduled again, if it failed, in Unix milliseconds.
    async fn send(&self, mut waiting: Waiting, key: &Key) -> Result<Option<i64>> {
        let Self { service, courier, webhook, .. } = self;
        let Some(data) = service.event_data(courier.shapes, webhook, &waiting.content).await? else {
            self.end_event(&waiting, key, EventState::Dropped, None).await?;
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return Ok(None);
        };
        let is_live = !service.receivers.are_local() && waiting.event_type != EventType::WebhookTest;
        let event = json!({"event_type": waiting.event_type.as_str(), "livemode": is_live, "data": data});
        let body = json!({"event": event}).to_string();
        let now = service.clock.now();
        if waiting.attempts == 0 {
            self.note_delay(&waiting, now);
        }
        let headers = headers(&self.secrets, &webhook.address, &waiting.event, now, &body)?;
        let answer = service.receivers.post(&webhook.address, headers, body).await?;
        let attempt = Attempt::of(&answer, now.into());
        if answer.is_success() {
            self.end_event(&waiting, key, EventState::Delivered, Some(attempt)).await?;
            self.delivered.fetch_add(1, Ordering::Relaxed);
            return Ok(None);
        }
        self.failed.fetch_add(1, Ordering::Relaxed);
        self.note_failure(&answer);
        let first_at = if waiting.first_at == 0 { now.as_millisecond() } else { waiting.first_at };
        // While the whole receiver fails, the webhook is disabled and its events stay.
        let is_alone = self.delivered.load(Ordering::Relaxed) > 0 || self.failing.failures == 0;
        if is_alone && now.as_millisecond() - first_at >= MAX_FAILING.as_millis() as i64 {
            self.end_event(&waiting, key, EventState::Dropped, Some(attempt)).await?;
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return Ok(None);
        }
        waiting.attempts += 1;
        waiting.first_at = first_at;
        let asked = answer.result.as_ref().ok().and_then(|answered| answered.retry_after);
        waiting.retry_at = (now + backoff::wait(waiting.attempts, asked)?).as_millisecond();
        let table = service.tables.credentials.clone();
        let again = Write::Put { table, item: waiting.to_item(key)?, condition: Condition::present() };
        self.note(&waiting, key, EventState::Waiting, Some(attempt), again).await?;
        Ok(Some(waiting.retry_at))
    }

    /// The event does not wait any more.
    async fn end_event(&self, waiting: &Waiting, key: &Key, state: EventState, attempt: Option<Attempt>) -> Result<()> {
        let table = self.service.tables.credentials.clone();
        let removed = Write::Delete { table, key: key.clone(), condition: Some(Condition::present()) };
        self.note(waiting, key, state, attempt, removed).await
    }

    /// Notes what became of an event, in the transaction of its write. Nothing, if the webhook was deleted meanwhile.
    async fn note(
        &self,
        waiting: &Waiting,
        key: &Key,
        state: EventState,
        attempt: Option<Attempt>,
        write: Write,
    ) -> Result<()> {
        let Self { service, webhook, .. } = self;
        let company = &webhook.company_uuid;
        let stored = service.stored_event(company, webhook, &waiting.event).await?;
        let mut event = stored.unwrap_or_else(|| Event::new(waiting, key.sk.clone()));
        event.state = state;
        if let Some(attempt) = attempt {
            attempts::add(&mut event.attempts, attempt);
        }
        let noted = service.put_event(company, &webhook.id, &event)?;
        match service.store.transact(vec![write, noted]).await? {
            Outcome::Written | Outcome::Rejected(_) => Ok(()),
        }
    }

    fn note_delay(&self, waiting: &Waiting, now: Timestamp) {
        let changed_at = waiting.event.get(4..20).and_then(|id| id.parse().ok()).map(|id| Id::from_u64(id).made_at());
        let delay = changed_at.map_or(0, |at| now.as_millisecond() - at.as_millisecond());
        // One more, so that 0 stands for no first attempt.
        self.delay.fetch_max(u64::try_from(delay).unwrap_or_default() + 1, Ordering::Relaxed);
    }

    fn note_failure(&self, answer: &Answer) {
        let mut rest = self.rest();
        if let Ok(answered) = &answer.result {
            rest.asked = rest.asked.max(answered.retry_after);
            rest.is_gone |= answered.status == GONE;
        }
    }

    /// Whether nothing more is to be sent: the time is up, or the receiver answers no call.
    fn is_over(&self) -> bool {
        let (delivered, failed) = (self.delivered.load(Ordering::Relaxed), self.failed.load(Ordering::Relaxed));
        let patience = if self.failing.failures == 0 { AT_ONCE as u64 } else { 1 };
        self.service.clock.now() >= self.until || (delivered == 0 && failed >= patience) || self.rest().is_gone
    }

    fn later(&self, at: i64) {
        let mut rest = self.rest();
        rest.next = Some(rest.next.map_or(at, |next| next.min(at)));
    }

    fn rest(&self) -> std::sync::MutexGuard<'_, Rest> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(self) -> (Delivered, Rest) {
        let Self { delivered, failed, dropped, delay, rest, .. } = self;
        let counted = Delivered {
            delivered: delivered.into_inner(),
            failed: failed.into_inner(),
            dropped: dropped.into_inner(),
            delay: delay.into_inner().checked_sub(1),
            is_disabled: false,
        };
        (counted, rest.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The headers of a call: the signatures, and what they are over.
fn headers(secrets: &[Secret<String>], address: &Address, event: &str, now: Timestamp, body: &str) -> Result<HeaderMap> {
    let oldest = secrets.first().ok_or_else(|| Error::internal("a webhook without a secret"))?;
    let path = address.path();
    let values = [
        ("x-zhiren-signature", signing::zhiren_signature(oldest.as_deref(), "POST", &path, body)?),
        ("webhook-id", event.to_owned()),
        ("webhook-timestamp", now.as_second().to_string()),
        ("webhook-signature", signing::standard_signature(secrets, event, now.as_second(), body)?),
    ];
    let mut headers = HeaderMap::new();
    for (name, value) in values {
        headers.insert(name, HeaderValue::from_str(&value).map_err(Error::caused_by)?);
    }
    Ok(headers)
}

/// The events of each object together, in their order.
fn by_object(waiting: Vec<Waiting>) -> Vec<Vec<Waiting>> {
    let mut objects: Vec<Vec<Waiting>> = Vec::new();
    for event in waiting {
        let object = |event: &Waiting| event.key.as_ref().map(|key| Waiting::object(key).to_owned());
        match objects.last_mut() {
            Some(last) if last.last().is_some_and(|before| object(before) == object(&event)) => last.push(event),
            _ => objects.push(vec![event]),
        }
    }
    objects
}
