//! From a change to the events of each webhook of the company.

use super::Target;
use super::content::MAX_DEPARTMENTS;
use super::events::{Event, EventState, event_id};
use super::settings::Webhook;
use super::types::{Content, EventType};
use super::waiting::Waiting;
use crate::error::{Error, Result};
use crate::hris::Service;
use crate::hris::changes::{self, Change, Subject, Touched, What};
use crate::hris::keys::{DEPARTMENT, events_partition, partition, waiting_partition};
use crate::hris::values::{Code, Uuid};
use crate::storage::company_changes::{self, TURN};
use crate::storage::table::{Condition, Key, Order, Outcome, Write};

/// How many changes are read at a time.
const CHANGES: i32 = 25;
/// How many events one transaction stores: two writes each, beside the change and the marks of up to twenty webhooks.
const EVENTS: usize = 39;
/// How many items one transaction removes.
const REMOVED: i32 = 99;

/// An event that a change makes.
#[derive(Clone)]
struct Planned {
    event_type: EventType,
    content: Content,
    /// What it is in order with.
    object: String,
}

/// An event of a webhook, with the writes that store it.
struct Made {
    target: Target,
    writes: [Write; 2],
}

impl Service {
    /// Makes events out of the changes of a company, oldest first. Returns the webhooks that have some.
    ///
    /// A repetition changes nothing: the ids of events are those of their change, and what is stored already, or was sent meanwhile, stays.
    pub async fn distribute(&self, company: &Uuid) -> Result<Vec<Target>> {
        let (table, partition) = (&self.tables.credentials, company_changes::partition(company));
        let (mut targets, mut after): (Vec<Target>, Option<String>) = (Vec::new(), None);
        self.keyring.record().await?;
        loop {
            let page = self.store.partition_page(table, &partition, None, after.as_deref(), Order::Ascending, CHANGES);
            let (items, last) = page.await?;
            let webhooks = if items.is_empty() { Vec::new() } else { self.webhooks(company).await? };
            for item in items {
                let key = Key::of(&item).ok_or_else(|| Error::internal("a change without a key"))?;
                let found = self.distribute_change(&webhooks, company, &key, changes::read(&item)?).await?;
                targets.extend(found);
            }
            match last {
                Some(last) => after = Some(last),
                None => break,
            }
        }
        targets.sort();
        targets.dedup();
        Ok(targets)
    }

    async fn distribute_change(&self, webhooks: &[Webhook], company: &Uuid, key: &Key, change: Change) -> Result<Vec<Target>> {
        let own = |product: Code| webhooks.iter().find(|webhook| webhook.product_id == product);
        match change {
            Change::Records { subject, records } => {
                let planned = |webhook: &Webhook| records_of(subject, &records, webhook, &key.sk);
                self.store_all(webhooks, key, planned).await
            }
            Change::Salary { empno, subject_name, month } => {
                let object = format!("salary/{empno}/{}/{}", month.as_str(), subject_name.as_str());
                let content = Content::Salary { empno, subject_name, month };
                let planned = Planned { event_type: EventType::SalaryUploaded, content, object };
                self.store_all(webhooks, key, |webhook| wanted(webhook, vec![planned.clone()])).await
            }
            Change::SignState(moved) => {
                let object = format!("application/{}", moved.id());
                let planned = Planned { event_type: EventType::SignStateChanged, content: Content::SignState(moved), object };
                self.store_all(webhooks, key, |webhook| wanted(webhook, vec![planned.clone()])).await
            }
            Change::Opened { product } => {
                let planned = self.opening(company, &key.sk).await?;
                let webhooks = own(product).map(std::slice::from_ref).unwrap_or_default();
                self.store_all(webhooks, key, |webhook| wanted(webhook, planned.clone())).await
            }
            Change::Tested { product } => {
                let (content, object) = (Content::Nothing, format!("test/{}", key.sk));
                let planned = Planned { event_type: EventType::WebhookTest, content, object };
                let webhooks = own(product).map(std::slice::from_ref).unwrap_or_default();
                self.store_all(webhooks, key, |_| vec![planned.clone()]).await
            }
            Change::Replayed { product, event } => {
                let Some(webhook) = own(product) else { return self.forget(key).await };
                let event = self.stored_event(company, webhook, &event).await?;
                self.replay(webhook, key, event.into_iter().collect(), None).await
            }
            Change::ReplayedAfter { product, after } => {
                let Some(webhook) = own(product) else { return self.forget(key).await };
                self.replay_after(webhook, key, after).await
            }
            Change::Resumed { product } => match own(product) {
                Some(webhook) => self.store_last(key, vec![target(webhook)], Vec::new()).await,
                None => self.forget(key).await,
            },
            Change::Closed { webhook } => {
                for partition in [waiting_partition(company, &webhook), events_partition(company, &webhook)] {
                    self.remove_all(&partition).await?;
                }
                self.forget(key).await
            }
        }
    }

    /// Stores what a change makes for each webhook, and removes the change in the last transaction.
    async fn store_all(&self, webhooks: &[Webhook], key: &Key, plan: impl Fn(&Webhook) -> Vec<Planned>) -> Result<Vec<Target>> {
        let now = self.clock.now();
        let mut all = Vec::new();
        for webhook in webhooks {
            for (place, Planned { event_type, content, object }) in plan(webhook).into_iter().enumerate() {
                let waiting = Waiting::new(event_id(&key.sk, place), event_type, content, now);
                let place = Waiting::place(&waiting.event, &object);
                let event = Event::new(&waiting, place.clone());
                all.push(self.made(webhook, &event, &waiting, Condition::absent())?);
            }
        }
        let mut targets: Vec<Target> = all.iter().map(|made| made.target.clone()).collect();
        targets.dedup();
        let mut rest = all.into_iter();
        loop {
            let part: Vec<Made> = rest.by_ref().take(EVENTS).collect();
            if rest.len() == 0 {
                return self.store_last(key, targets, part).await;
            }
            self.store_part(part, Vec::new()).await?;
        }
    }

    fn made(&self, webhook: &Webhook, event: &Event, waiting: &Waiting, condition: Condition) -> Result<Made> {
        let table = &self.tables.credentials;
        let company = &webhook.company_uuid;
        let item = event.to_item(&self.keyring, company, &webhook.id)?;
        let key = Key::new(waiting_partition(company, &webhook.id), event.place.as_str());
        let waiting = Write::Set { table: table.clone(), item: waiting.to_item(&key)? };
        Ok(Made { target: target(webhook), writes: [Write::Put { table: table.clone(), item, condition }, waiting] })
    }

    /// Stores the last events of a change, removes it, and marks the webhooks for the sweep.
    async fn store_last(&self, key: &Key, targets: Vec<Target>, events: Vec<Made>) -> Result<Vec<Target>> {
        let (table, at) = (&self.tables.credentials, self.clock.now() + TURN);
        let mut last = vec![Write::Delete { table: table.clone(), key: key.clone(), condition: None }];
        for target in &targets {
            last.push(Write::Set { table: table.clone(), item: target.mark(at)? });
        }
        self.store_part(events, last).await?;
        Ok(targets)
    }

    async fn forget(&self, key: &Key) -> Result<Vec<Target>> {
        self.store_last(key, Vec::new(), Vec::new()).await
    }

    /// Stores events whose conditions hold, and more in the same transaction. A condition that does not hold means that a distribution before
    /// this one stored the event.
    async fn store_part(&self, mut events: Vec<Made>, more: Vec<Write>) -> Result<()> {
        loop {
            let writes: Vec<Write> = events.iter().flat_map(|made| made.writes.clone()).chain(more.iter().cloned()).collect();
            if writes.is_empty() {
                return Ok(());
            }
            let Outcome::Rejected(rejections) = self.store.transact(writes).await? else { return Ok(()) };
            let before = events.len();
            let mut places = rejections.iter().step_by(2);
            events.retain(|_| places.next().is_some_and(|event| !event.failed));
            if events.len() == before {
                return Err(Error::internal("DynamoDB rejected events without a reason"));
            }
        }
    }

    /// What a new webhook gets: all departments of the company.
    ///
    /// DynamoDB: a query for each thousand departments.
    async fn opening(&self, company: &Uuid, change: &str) -> Result<Vec<Planned>> {
        let (table, partition) = (&self.tables.hris, partition(company, DEPARTMENT));
        let planned = |event_type, after| Planned {
            event_type,
            content: Content::DepartmentsAfter { after },
            object: format!("open/{change}"),
        };
        let mut all = vec![planned(EventType::WebhookOpen, None)];
        let mut after: Option<String> = None;
        loop {
            let page = self.store.partition_page(table, &partition, None, after.as_deref(), Order::Ascending, MAX_DEPARTMENTS);
            let (_, last) = page.await?;
            let Some(last) = last else { return Ok(all) };
            all.push(planned(EventType::DepartmentBatchSync, Some(last.clone())));
            after = Some(last);
        }
    }

    /// Puts events of a webhook back as waiting, and does what follows in the last transaction: removes the change, or keeps it with the last
    /// event of this part.
    async fn replay(&self, webhook: &Webhook, key: &Key, events: Vec<Event>, next: Option<Write>) -> Result<Vec<Target>> {
        let waiting = |mut event: Event| {
            event.state = EventState::Waiting;
            self.made(webhook, &event, &event.waiting(), Condition::present())
        };
        let events = events.into_iter().map(waiting).collect::<Result<Vec<Made>>>()?;
        match next {
            None => self.store_last(key, vec![target(webhook)], events).await,
            Some(next) => self.store_part(events, vec![next]).await.map(|()| Vec::new()),
        }
    }

    async fn replay_after(&self, webhook: &Webhook, key: &Key, mut after: String) -> Result<Vec<Target>> {
        let table = &self.tables.credentials;
        let partition = events_partition(&webhook.company_uuid, &webhook.id);
        let size = i32::try_from(EVENTS).unwrap_or(i32::MAX);
        loop {
            let page = self.store.partition_page(table, &partition, None, Some(&after), Order::Ascending, size);
            let (items, last) = page.await?;
            let events = items.into_iter().map(|item| Event::of(&self.keyring, item)).collect::<Result<Vec<_>>>()?;
            let Some(last) = last else { return self.replay(webhook, key, events, None).await };
            after = last;
            // A repetition goes on where this one ends.
            let change = Change::ReplayedAfter { product: webhook.product_id.clone(), after: after.clone() };
            self.replay(webhook, key, events, Some(company_changes::rewrite(table, key, &change, self.clock.now())?)).await?;
        }
    }

    async fn remove_all(&self, partition: &str) -> Result<()> {
        let table = &self.tables.credentials;
        loop {
            let (items, _) = self.store.partition_page(table, partition, None, None, Order::Ascending, REMOVED).await?;
            if items.is_empty() {
                return Ok(());
            }
            let delete = |key| Write::Delete { table: table.clone(), key, condition: None };
            self.store.transact(items.iter().filter_map(Key::of).map(delete).collect()).await.map(drop)?;
        }
    }
}

fn target(webhook: &Webhook) -> Target {
    Target { company: webhook.company_uuid.clone(), product: webhook.product_id.clone() }
}

/// Of these events, those that a webhook asks for.
fn wanted(webhook: &Webhook, planned: Vec<Planned>) -> Vec<Planned> {
    planned.into_iter().filter(|planned| webhook.event_types.contains(&planned.event_type)).collect()
}

/// The events that changed records make for a webhook.
fn records_of(subject: Subject, records: &[Touched], webhook: &Webhook, change: &str) -> Vec<Planned> {
    let batch = |event_type, content| Planned { event_type, content, object: format!("batch/{change}") };
    let ids = || records.iter().filter(|record| record.what != What::Deleted).map(|record| record.id.clone()).collect();
    let is_batch = webhook.batches && records.len() > 1;
    let mut planned = Vec::new();
    match subject {
        Subject::Department if is_batch => {
            planned.push(batch(EventType::DepartmentBatchSync, Content::Departments { uuids: ids() }));
        }
        Subject::Employee if is_batch => {
            planned.push(batch(EventType::EmployeeBatchSync, Content::Employees { uuids: ids() }));
        }
        _ => {}
    }
    for record in records {
        let types = types_of(subject, record.what);
        // A batch holds what was created and updated; what left or is gone has an event of its own.
        let types = types.iter().filter(|event_type| !is_batch || !is_in_batch(**event_type));
        planned.extend(types.map(|event_type| Planned {
            event_type: *event_type,
            content: content_of(subject, record),
            object: format!("{subject:?}/{}", record.id),
        }));
    }
    wanted(webhook, planned)
}

fn types_of(subject: Subject, what: What) -> &'static [EventType] {
    match (subject, what) {
        (Subject::Department, What::Created) => &[EventType::DepartmentCreated],
        (Subject::Department, What::Updated | What::Left) => &[EventType::DepartmentUpdated],
        (Subject::Department, What::Deleted) => &[EventType::DepartmentDeleted],
        (Subject::Employee, What::Created) => &[EventType::EmployeeCreated],
        (Subject::Employee, What::Updated) => &[EventType::EmployeeUpdated],
        (Subject::Employee, What::Left) => &[EventType::EmployeeUpdated, EventType::EmployeeLeft],
        (Subject::Employee, What::Deleted) => &[EventType::EmployeeDeleted],
        (Subject::Approval, _) => &[EventType::ApprovalChanged],
    }
}

fn is_in_batch(event_type: EventType) -> bool {
    use EventType::{DepartmentCreated, DepartmentUpdated, EmployeeCreated, EmployeeUpdated};
    matches!(event_type, DepartmentCreated | DepartmentUpdated | EmployeeCreated | EmployeeUpdated)
}

fn content_of(subject: Subject, record: &Touched) -> Content {
    let id = record.id.clone();
    match (subject, record.what) {
        (_, What::Deleted) => Content::Gone { subject, id },
        (Subject::Approval, _) => Content::Approval { number_series: id },
        (Subject::Department, _) => Content::Department { uuid: id },
        (Subject::Employee, _) => Content::Employee { uuid: id },
    }
}
