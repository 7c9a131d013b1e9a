//! The HR family: third-party products read and write a company's HR data (document 003_021816b4fcc4c79e.txt).
//!
//! Everything belongs to one company, which is part of its key. Who calls is known by a signature ([`access`]) or by the
//! consent of an employee ([`oauth`]); [`Service`] is what the handlers call.

pub mod access;
pub mod approvals;
pub mod arrangements;
pub mod employees;
pub mod import;
pub mod moka;
pub mod oauth;
pub mod organization;
pub mod punches;
pub mod recruitment;
mod row;
pub mod rows;
pub mod salary;
pub mod signature;
pub mod timelines;
pub mod values;
pub mod visits;

use std::sync::Arc;

use crate::crypto::keyring::Keyring;
use crate::error::{Error, Fault, Result};
use crate::outbound::sms::Sms;
use crate::runtime::cache::Cache;
use crate::runtime::clock::Clock;
use crate::runtime::environment::Environment;
use crate::runtime::ids::Ids;
use crate::storage::objects::Objects;
use crate::storage::rate_limit::Counters;
use crate::storage::table::Store;
use crate::values::Date;
use crate::values::Id;

use access::Product;
use values::Uuid;

pub struct Service {
    store: Store,
    tables: Tables,
    objects: Objects,
    sms: Sms,
    keyring: Keyring,
    clock: Arc<dyn Clock>,
    ids: Ids,
    products: Cache<String, Arc<Product>>,
    consents: Cache<String, Arc<oauth::Consent>>,
}

struct Tables {
    /// `HRIS_TABLE`: companies and all that belongs to them, products and their keys.
    hris: String,
    /// `CREDENTIALS_TABLE`: what expires.
    credentials: String,
}

/// Whose data a call may see.
#[derive(Clone, Debug)]
pub struct Caller {
    pub company: Uuid,
    /// The same for every call that is a replay of this one; none where nothing was signed.
    pub call: Option<[u8; 32]>,
}

impl Service {
    /// Reads the variables `HRIS_TABLE`, `CREDENTIALS_TABLE`, `UPLOADS_BUCKET` and `HRIS_SECRET` (the id of the key secret),
    /// fetches the keys and opens the connection that the first request would otherwise wait for.
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
            sms: environment.sms(),
            clock: Arc::clone(&environment.clock),
            ids: Ids::default(),
            products: Cache::default(),
            consents: Cache::default(),
            tables,
        })
    }

    fn counters(&self) -> Counters<'_> {
        let Self { store, keyring, tables, .. } = self;
        Counters { family: "hris", store, table: &tables.credentials, keyring, now: self.clock.now() }
    }

    fn stamp(&self) -> Result<(Id, jiff::Timestamp)> {
        let now = self.clock.now();
        Ok((self.ids.next(now)?, now))
    }
}

/// The error for a record that is not there, or is another company's.
pub fn missing(field: &'static str) -> Error {
    Error::not_found([Fault::new(field, "does not exist")])
}

/// Both ends are included; an inverted period and one that is longer than this are refused.
fn check_period(start: &Date, end: &Date, most: u32) -> Result<()> {
    let fault = match values::days(start, end) {
        None => Fault::new("end_date", "must not be before start_date"),
        Some(days) if days > most => Fault::new("end_date", format!("must be within {most} days of start_date")),
        Some(_) => return Ok(()),
    };
    Err(Error::invalid([fault]))
}

/// The error for a period in which there is too much.
fn shorter_period() -> Error {
    Error::invalid([Fault::new("end_date", "makes too large an answer: ask for a shorter period")])
}
