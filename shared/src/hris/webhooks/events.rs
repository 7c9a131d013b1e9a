//! The events of a webhook, each with its attempts, for 30 days.
//!
//! | attribute | holds |
//! |---|---|
//! | `pk`, `sk` | `hris#events#{company}#{webhook}`, its id |
//! | `type`, `content` | its type, and [`Content`] as JSON |
//! | `place` | the sort key under which it waits |
//! | `made_at` | when it was distributed, in Unix milliseconds |
//! | `state` | [`EventState`] |
//! | `sealed` | its attempts: a response may name persons |
//! | `expires_at` | for DynamoDB's TTL |

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::attempts::Attempt;
use super::settings::Webhook;
use super::types::{Content, EventType};
use super::waiting::{Waiting, content};
use crate::crypto::keyring::Keyring;
use crate::error::{Error, Fault, Result};
use crate::hris::Service;
use crate::hris::changes::{self, Change, Subject};
use crate::hris::keys::{events_partition, waiting_partition};
use crate::hris::values::{Code, Uuid};
use crate::storage::company_changes::{self, KEPT};
use crate::storage::listing::{Listed, PageOf};
use crate::storage::sealed::{self, Fields};
use crate::storage::table::{Item, Key, Write};
use crate::values::{Id, Moment, choices};

const ATTEMPTS: Fields = Fields::of(&["attempts"]);
/// The length of an id: 16 digits of time, 8 at random, 3 of its place in the change, behind the prefix.
const ID_LENGTH: usize = PREFIX.len() + 27;
const PREFIX: &str = "evt_";

choices! {
    /// What became of an event.
    EventState {
        Waiting = "waiting",
        Delivered = "delivered",
        /// It failed for three days, or its object is gone.
        Dropped = "dropped",
    }
}

/// An event of a webhook.
#[derive(Clone, Serialize, Deserialize)]
pub struct Event {
    #[serde(skip)]
    pub id: String,
    #[serde(rename = "type")]
    pub event_type: EventType,
    #[serde(with = "content")]
    pub(in crate::hris) content: Content,
    pub(super) place: String,
    pub(super) made_at: i64,
    pub state: EventState,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
    pub(super) expires_at: i64,
}

/// The id of the event at this place of a change.
pub(super) fn event_id(change: &str, place: usize) -> String {
    format!("{PREFIX}{change}{place:03}")
}

impl Event {
    pub(super) fn new(waiting: &Waiting, place: String) -> Self {
        let Waiting { event, event_type, content, made_at, expires_at, .. } = waiting.clone();
        Self { id: event, event_type, content, place, made_at, state: EventState::Waiting, attempts: Vec::new(), expires_at }
    }

    /// When it was distributed.
    pub fn created_at(&self) -> Moment {
        Timestamp::from_millisecond(self.made_at).unwrap_or_default().into()
    }

    /// The record that it is about: its kind and id.
    pub fn object(&self) -> Option<(&'static str, Cow<'_, str>)> {
        let kind = |subject: &Subject| match subject {
            Subject::Approval => "approval",
            Subject::Department => "department",
            Subject::Employee => "employee",
        };
        match &self.content {
            Content::Approval { number_series } => Some(("approval", number_series.into())),
            Content::Department { uuid } => Some(("department", uuid.into())),
            Content::Employee { uuid } => Some(("employee", uuid.into())),
            Content::Gone { subject, id } => Some((kind(subject), id.into())),
            Content::Salary { empno, .. } => Some(("salary", empno.as_str().into())),
            Content::SignState(moved) => Some(("application", moved.id().into())),
            Content::Departments { .. } | Content::DepartmentsAfter { .. } | Content::Employees { .. } | Content::Nothing => {
                None
            }
        }
    }

    /// The event as it waits to be sent.
    pub(super) fn waiting(&self) -> Waiting {
        let Self { id, event_type, content, made_at, expires_at, .. } = self.clone();
        Waiting { key: None, event: id, event_type, content, made_at, attempts: 0, first_at: 0, retry_at: 0, expires_at }
    }

    pub(super) fn to_item(&self, keyring: &Keyring, company: &Uuid, webhook: &str) -> Result<Item> {
        let key = Key::new(events_partition(company, webhook), self.id.as_str());
        let mut item: Item = serde_dynamo::to_item(self).map_err(Error::internal)?;
        item.extend(key.clone().into_item());
        sealed::seal(keyring, &key, &ATTEMPTS, &mut item)?;
        Ok(item)
    }

    pub(in crate::hris) fn of(keyring: &Keyring, mut item: Item) -> Result<Self> {
        let key = Key::of(&item).ok_or_else(|| Error::internal("an event without a key"))?;
        sealed::open(keyring, &key, &ATTEMPTS, &mut item)?;
        let event: Self = serde_dynamo::from_item(item).map_err(Error::internal)?;
        Ok(Self { id: key.sk, ..event })
    }
}

impl Service {
    /// A page of the events of a webhook by age.
    ///
    /// DynamoDB: two reads, one query.
    pub async fn list_events(&self, company: &Uuid, product: &Code, page: &PageOf<'_>) -> Result<Listed<Event>> {
        let webhook = self.webhook(company, product).await?;
        let partition = events_partition(company, &webhook.id);
        let after = page.position(&self.keyring, &partition)?;
        let table = &self.tables.credentials;
        let found = self.store.partition_page(table, &partition, None, after.as_deref(), page.order, page.limit()).await?;
        let (items, last) = found;
        let events = items.into_iter().map(|item| Event::of(&self.keyring, item)).collect::<Result<_>>()?;
        page.listed(&self.keyring, &partition, events, last)
    }

    /// DynamoDB: two reads.
    pub async fn event(&self, company: &Uuid, product: &Code, id: &str) -> Result<Event> {
        let webhook = self.webhook(company, product).await?;
        self.stored_event(company, &webhook, id).await?.ok_or_else(|| Error::missing("event_id"))
    }

    pub(super) async fn stored_event(&self, company: &Uuid, webhook: &Webhook, id: &str) -> Result<Option<Event>> {
        if id.len() != ID_LENGTH {
            return Ok(None);
        }
        let key = Key::new(events_partition(company, &webhook.id), id);
        let item = self.store.get(&self.tables.credentials, key).await?;
        item.map(|item| Event::of(&self.keyring, item)).transpose()
    }

    /// The change by which an event is sent again, with the id that it has.
    pub(super) async fn replay_of(&self, company: &Uuid, product: &Code, id: &str) -> Result<Change> {
        let event = self.event(company, product, id).await?;
        Ok(Change::Replayed { product: product.clone(), event: event.id })
    }

    /// The change by which all events since this time are sent again. It must be within the 30 days that events are kept.
    pub(super) async fn replay_since(&self, company: &Uuid, product: &Code, since: Moment) -> Result<Change> {
        self.webhook(company, product).await?;
        let now = self.clock.now();
        let since_ms = since.as_second() * 1000;
        if since_ms > now.as_millisecond() || since_ms < (now - KEPT).as_millisecond() {
            return Err(Error::invalid([Fault::new("since", "must be within the last 30 days")]));
        }
        let first = Id::of_parts(Timestamp::from_millisecond(since_ms).map_err(Error::internal)?, 0);
        // Behind it are the ids of this time and later ones.
        let after = first.map_or_else(|| PREFIX.to_owned(), |id| format!("{PREFIX}{}", id.sortable()));
        Ok(Change::ReplayedAfter { product: product.clone(), after })
    }

    /// The keys of what names an employee: events of all webhooks of the company, with what receivers answered to them, and salaries that
    /// products have not received yet.
    pub(in crate::hris) async fn events_about(&self, company: &Uuid, uuid: &Uuid, empno: &Code) -> Result<Vec<Key>> {
        let table = &self.tables.credentials;
        let mut keys = Vec::new();
        for item in self.store.partition(table, company_changes::partition(company)).await? {
            let is_own = matches!(changes::read(&item)?, Change::Salary { empno: own, .. } if own == *empno);
            keys.extend(Key::of(&item).filter(|_| is_own));
        }
        for webhook in self.webhooks(company).await? {
            let partition = events_partition(company, &webhook.id);
            for item in self.store.partition(table, partition.clone()).await? {
                let event = Event::of(&self.keyring, item)?;
                if event.content.names(uuid, empno) {
                    keys.push(Key::new(partition.as_str(), event.id));
                    keys.push(Key::new(waiting_partition(company, &webhook.id), event.place));
                }
            }
        }
        Ok(keys)
    }

    pub(super) fn put_event(&self, company: &Uuid, webhook: &str, event: &Event) -> Result<Write> {
        let item = event.to_item(&self.keyring, company, webhook)?;
        Ok(Write::Set { table: self.tables.credentials.clone(), item })
    }
}
