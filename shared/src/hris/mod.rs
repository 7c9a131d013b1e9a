//! The HR family: third-party products read and write a company's HR data (docs/contract/hris.txt).
//!
//! Every record belongs to one company, which is part of its key. A caller proves its access by a signature ([`access`]) or by the
//! consent of an employee ([`consent`]). The handlers call [`Service`].

pub mod access;
pub mod approvals;
pub mod arrangements;
mod changes;
pub mod consent;
pub mod employees;
pub mod entity;
pub mod grants;
pub mod import;
pub mod import_columns;
pub mod import_lines;
pub mod import_record;
mod item;
mod keys;
mod listing;
pub mod lookups;
mod messages;
pub mod moka;
pub mod oauth;
pub mod organization;
pub mod page_tokens;
mod persons;
pub mod products;
pub mod punches;
pub mod recruitment;
pub mod replay;
mod reseal;
mod retention;
pub mod reveal;
mod rows;
pub mod salary;
pub mod scopes;
pub mod signature;
pub mod timelines;
pub mod values;
pub mod visits;
pub mod webhooks;

use std::sync::Arc;

use crate::error::{Error, Fault, Result};
use crate::outbound::receivers::Receivers;
use crate::runtime::cache::Cache;
use crate::runtime::caller;
use crate::runtime::clock::Clock;
use crate::runtime::environment::Environment;
use crate::runtime::family_keys::FamilyKeys;
use crate::runtime::ids::Ids;
use crate::runtime::message_limits::MessageLimits;
use crate::runtime::text_messages::TextMessages;
use crate::storage::objects::Objects;
use crate::storage::rate_limit::Counters;
use crate::storage::table::Store;
use crate::values::{Date, Id};

use access::CachedAccessKey;
use scopes::{Scope, Scopes};
use values::Uuid;

pub struct Service {
    store: Store,
    tables: Tables,
    objects: Objects,
    sms: TextMessages,
    keyring: FamilyKeys,
    clock: Arc<dyn Clock>,
    ids: Ids,
    access_keys: Cache<String, Arc<CachedAccessKey>>,
    consents: Cache<String, Arc<grants::Consent>>,
    messages: MessageLimits,
    receivers: Receivers,
}

struct Tables {
    /// `HRIS_TABLE`: companies and their data, products and their access keys and apps.
    hris: String,
    /// `CREDENTIALS_TABLE`: items that expire.
    credentials: String,
}

/// The company whose data a call may read, and how the call proved it. A call that writes has a [`replay::Signer`].
#[derive(Clone, Debug)]
pub struct Caller {
    pub company: Uuid,
    pub credential: Credential,
}

#[derive(Clone, Copy, Debug)]
pub enum Credential {
    Signed,
    /// An employee consented, and the call has the access token of the app.
    Consented {
        scopes: Scopes,
    },
}

impl Caller {
    /// Whether the caller may read the sensitive fields.
    pub fn sees_sensitive(&self) -> bool {
        match self.credential {
            Credential::Signed => true,
            Credential::Consented { scopes } => scopes.contain(Scope::Sensitive),
        }
    }
}

impl Service {
    /// Reads the variables `HRIS_TABLE`, `CREDENTIALS_TABLE`, `UPLOADS_BUCKET` and `HRIS_SECRET` (the id of the key secret), loads the
    /// keys and opens the connection to DynamoDB, so that the first request does not wait for it.
    pub async fn connect(environment: &Environment) -> Result<Self> {
        let tables = Tables {
            hris: environment.required("HRIS_TABLE")?.to_owned(),
            credentials: environment.required("CREDENTIALS_TABLE")?.to_owned(),
        };
        let (store, keyring) = environment.open(&tables.hris, environment.required("HRIS_SECRET")?).await?;
        Ok(Self {
            store,
            keyring,
            objects: environment.objects(environment.required("UPLOADS_BUCKET")?),
            sms: environment.text_messages()?,
            clock: Arc::clone(&environment.clock),
            ids: Ids::default(),
            access_keys: Cache::default(),
            consents: Cache::default(),
            messages: MessageLimits::of(environment)?,
            receivers: environment.receivers()?,
            tables,
        })
    }

    /// The keys of the family, for a process to keep up with their secret.
    pub fn keys(&self) -> &FamilyKeys {
        &self.keyring
    }

    fn counters(&self) -> Counters<'_> {
        let Self { store, keyring, tables, .. } = self;
        let now = self.clock.now();
        Counters { family: "hris", store, table: &tables.credentials, keyring, now, act: caller::act }
    }

    fn stamp(&self) -> Result<(Id, jiff::Timestamp)> {
        let now = self.clock.now();
        Ok((self.ids.next(now)?, now))
    }
}

/// The error for a list that is too large to be returned whole.
pub fn pagination_required() -> Error {
    Error::invalid([Fault::new("pagination", "is required: there are too many to be given at once")])
}

/// The error for a period with too many records.
fn shorter_period() -> Error {
    Error::invalid([Fault::new("end_date", "makes too large an answer: ask for a shorter period")])
}

/// Rejects an inverted period and one of more than `most` days. Both ends are included.
fn check_period(start: &Date, end: &Date, most: u32) -> Result<()> {
    let fault = match values::days(start, end) {
        None => Fault::new("end_date", "must not be before start_date"),
        Some(days) if days > most => Fault::new("end_date", format!("must be within {most} days of start_date")),
        Some(_) => return Ok(()),
    };
    Err(Error::invalid([fault]))
}
