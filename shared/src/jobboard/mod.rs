//! The job board for restaurants and job seekers (docs/contract/jobboard.txt).
//!
//! Users post jobs, collect them, and spend vouchers to call each other. They pay for vouchers, tops and refreshes with WeChat Pay. The
//! handlers call [`Service`].

mod accounts;
pub mod adjustments;
pub mod bans;
pub mod collections;
pub mod contacts;
mod deliveries;
#[cfg(test)]
mod histories;
pub mod idempotency;
pub mod images;
mod item;
pub mod job;
mod jobs;
mod keys;
mod moderated;
mod moderating;
pub mod moderation;
pub mod names;
pub mod orders;
mod persons;
pub mod prices;
mod quotas;
pub mod reads;
pub mod reconciliation;
pub mod refund;
mod refundable;
pub mod refunding;
mod removal;
pub mod reports;
mod reseal;
mod retention;
pub mod review;
pub mod search;
pub mod sessions;
mod settlement;
pub mod shipping;
mod sweeps;
pub mod timeline;
mod transition;
pub mod users;
pub mod values;
pub mod vouchers;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use self::moderation::WhileUnjudged;
use self::values::BizType;
use crate::error::{Error, Fault, Result};
use crate::outbound::wechat::WeChat;
use crate::outbound::wechat::pay::Pay;
use crate::runtime::cache::Cache;
use crate::runtime::caller;
use crate::runtime::clock::Clock;
use crate::runtime::environment::Environment;
use crate::runtime::family_keys::FamilyKeys;
use crate::runtime::ids::Ids;
use crate::runtime::metrics::Log;
use crate::storage::list::List;
use crate::storage::milestones::Milestones;
use crate::storage::objects::Objects;
use crate::storage::rate_limit::Counters;
use crate::storage::table::{Key, Order, Query, Range, Store};
use crate::values::Id;

pub struct Service {
    store: Store,
    tables: Tables,
    objects: Objects,
    wechat: WeChat,
    pay: Pay,
    keyring: FamilyKeys,
    clock: Arc<dyn Clock>,
    ids: Ids,
    live: search::live::Live,
    /// The epoch of a user: tokens of another one have ended.
    epochs: Cache<Id, u64>,
    log: Log,
    /// The name of the function, in the log.
    function: String,
    settings: Settings,
}

struct Tables {
    /// `JOBBOARD_TABLE`: users, jobs, and the records that belong to them.
    jobboard: String,
    /// `CREDENTIALS_TABLE`: idempotency keys, and the rate limit of log-ins.
    credentials: String,
}

/// The choices of an installation.
struct Settings {
    /// `FREE_REFRESH_HOURS`: the least time between two free refreshes of a job.
    free_refresh: SignedDuration,
    /// `DAILY_QUOTAS`: what a user may do in a day.
    quotas: quotas::Quotas,
    /// `FREE_PHONE_CHANGE`: a user may replace the phone without a code.
    free_phone_change: bool,
    /// `MODERATION`: what becomes of a content that WeChat has not judged; None if the installation does not moderate (`off`).
    moderation: Option<WhileUnjudged>,
    /// `MASK_CONTACT`: only the owner of a job and users who spent a voucher on it see its contact.
    mask_contact: bool,
}

impl Service {
    /// Reads the variables above and `UPLOADS_BUCKET`, `JOBBOARD_SECRET`, `JOBBOARD_WECHAT_SECRET`, `WECHAT_PAY_SECRET` (ids of
    /// secrets), `WECHAT_URL` and `WECHAT_PAY_URL`. Fetches the keys and opens the connection to DynamoDB, so that the first request does
    /// not wait for them.
    pub async fn connect(environment: &Environment) -> Result<Self> {
        let tables = Tables {
            jobboard: environment.required("JOBBOARD_TABLE")?.to_owned(),
            credentials: environment.required("CREDENTIALS_TABLE")?.to_owned(),
        };
        let hours: u32 = environment
            .required("FREE_REFRESH_HOURS")?
            .parse()
            .map_err(|_| Error::internal("FREE_REFRESH_HOURS must be a number of hours"))?;
        let quotas = quotas::Quotas::parse(environment.required("DAILY_QUOTAS")?)
            .ok_or_else(|| Error::internal("DAILY_QUOTAS must set each quota once, such as jobs=30"))?;
        let settings = Settings {
            quotas,
            free_refresh: SignedDuration::from_hours(i64::from(hours)),
            free_phone_change: environment.flag("FREE_PHONE_CHANGE", false)?,
            moderation: match environment.optional("MODERATION") {
                None | Some("off") => None,
                Some(meanwhile) => {
                    let invalid = |reason| Error::internal(format!("MODERATION {reason} off"));
                    Some(WhileUnjudged::parse(meanwhile).map_err(invalid)?)
                }
            },
            mask_contact: environment.flag("MASK_CONTACT", true)?,
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
            epochs: Cache::default(),
            log: environment.log.clone(),
            function: environment.function().to_owned(),
            settings,
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
        Counters { family: "jobboard", store, table: &tables.credentials, keyring, now, act: caller::act }
    }

    /// A list of the family's table, newest first.
    fn list(&self, index: &'static str, partition: String) -> List<'_> {
        List {
            store: &self.store,
            keyring: &self.keyring,
            table: &self.tables.jobboard,
            scope: partition.clone(),
            query: Query { index, partition, range: Range::All, order: Order::Descending, filter: None },
            milestones: None,
        }
    }

    /// A list that a user pages through, newest first. A cursor belongs to the user and to the filter of its request. `milestones` is where
    /// those of the list are stored, if it has any.
    fn own_list(&self, index: &'static str, partition: String, biz_type: Option<BizType>, milestones: Option<Key>) -> List<'_> {
        let mut own = self.list(index, partition);
        own.scope = format!("{} {biz_type:?}", own.scope);
        // The balance is in the partition of the ledger, too, and is no entry.
        own.query.range = Range::Between(keys::FIRST.into(), keys::LAST.into());
        own.milestones = milestones.map(|key| Milestones { key, settled: keys::settled(self.clock.now()) });
        own
    }

    /// The time that decides whether a top is running.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// The error for a record that does not exist, or that the caller must not learn of.
pub fn missing(record: &'static str) -> Error {
    Error::not_found([Fault::new(record, "not found")])
}
