//! The job board: restaurants and job seekers (document 002_067f7067040ee5c1.txt).
//!
//! Users post jobs, collect them, and spend vouchers on calling each other; vouchers, tops and refreshes are paid for with WeChat
//! Pay. [`Service`] is what the handlers call.

pub mod collections;
pub mod contacts;
pub mod images;
pub mod job;
pub mod jobs;
pub mod once;
pub mod orders;
mod payments;
pub mod prices;
mod row;
pub mod search;
mod sweeps;
pub mod users;
pub mod values;
pub mod vouchers;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::crypto::keyring::Keyring;
use crate::error::{Error, Fault, Result};
use crate::outbound::wechat::WeChat;
use crate::outbound::wechat::pay::Pay;
use crate::runtime::clock::Clock;
use crate::runtime::environment::Environment;
use crate::runtime::ids::Ids;
use crate::storage::objects::Objects;
use crate::storage::rate_limit::Counters;
use crate::storage::table::Store;

pub struct Service {
    store: Store,
    tables: Tables,
    objects: Objects,
    wechat: WeChat,
    pay: Pay,
    keyring: Keyring,
    clock: Arc<dyn Clock>,
    ids: Ids,
    live: search::live::Live,
    settings: Settings,
}

struct Tables {
    /// `JOBBOARD_TABLE`: users, jobs and all that belongs to them.
    jobboard: String,
    /// `CREDENTIALS_TABLE`: requests that count once, and counts of logins.
    credentials: String,
}

/// What an installation chooses.
struct Settings {
    /// `FREE_REFRESH_HOURS`: how far apart a job is refreshed for nothing.
    free_refresh: SignedDuration,
    /// `MASK_CONTACT`: a job's contact is shown to its owner and to those who spent a voucher on it.
    mask_contact: bool,
}

impl Service {
    /// Reads the variables above and `UPLOADS_BUCKET`, `JOBBOARD_SECRET`, `JOBBOARD_WECHAT_SECRET`, `WECHAT_PAY_SECRET` (ids of
    /// secrets), `WECHAT_URL` and `WECHAT_PAY_URL`, fetches the keys and opens the connection that the first request would
    /// otherwise wait for.
    pub async fn connect(environment: &Environment) -> Result<Self> {
        let tables = Tables {
            jobboard: environment.required("JOBBOARD_TABLE")?.to_owned(),
            credentials: environment.required("CREDENTIALS_TABLE")?.to_owned(),
        };
        let hours: u32 = environment
            .required("FREE_REFRESH_HOURS")?
            .parse()
            .map_err(|_| Error::internal("FREE_REFRESH_HOURS must be a number of hours"))?;
        let settings = Settings {
            free_refresh: SignedDuration::from_hours(i64::from(hours)),
            mask_contact: environment.flag("MASK_CONTACT")?,
        };
        let (store, keyring) = environment.open(&tables.jobboard, environment.required("JOBBOARD_SECRET")?).await?;
        Ok(Self {
            store,
            keyring,
            wechat: environment.wechat(environment.required("JOBBOARD_WECHAT_SECRET")?)?,
            pay: environment.pay(environment.required("WECHAT_PAY_SECRET")?)?,
            objects: environment.objects(environment.required("UPLOADS_BUCKET")?),
            clock: Arc::clone(&environment.clock),
            ids: Ids::default(),
            live: search::live::Live::default(),
            settings,
            tables,
        })
    }

    fn counters(&self) -> Counters<'_> {
        let Self { store, keyring, tables, .. } = self;
        Counters { family: "jobboard", store, table: &tables.credentials, keyring, now: self.clock.now() }
    }

    /// The moment by which tops run.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// The error for a record that is not there, or that the caller must not know of.
fn missing(record: &'static str) -> Error {
    Error::not_found([Fault::new(record, "not found")])
}
