//! What a platform's administrators keep: the platform itself, companies, handlers, positions, contracts, dictionaries.
//! Administered through `ops-admin`; the API lists what is enabled.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::dictionaries::{self, Entry};
use super::values::{Number, PlatformCode};
use super::{Service, missing};
use crate::error::{Error, Result};
use crate::storage::table::{Condition, Item, Key, Write};
use crate::values::input::Faults;
use crate::values::{Int, Text, Url};

/// The most entries of one list.
const MAX_ENTRIES: usize = 10_000;

/// 0 disabled, 1 enabled.
pub type Enabled = Int<0, 1>;

/// Something that a platform has several of, under numbers that its administrators give.
pub trait Listed: Serialize + DeserializeOwned + Send + Sync {
    const KIND: &'static str;

    fn id(&self) -> Number;
    fn is_enabled(&self) -> bool;
}

/// 用人单位.
#[derive(Clone, Serialize, Deserialize, deserr::Deserr)]
#[deserr(error = Faults)]
pub struct Company {
    pub company_id: Number,
    pub company_name: Text<1, 64>,
    #[deserr(default = enabled())]
    pub status: Enabled,
}

/// 管理员 (document, 2.2.4), who handles applications.
#[derive(Clone, Serialize, Deserialize, deserr::Deserr)]
#[deserr(error = Faults)]
pub struct Handler {
    pub handler_id: Number,
    pub username: Text<1, 32>,
    #[deserr(default)]
    pub name: Text<0, 64>,
    #[deserr(default)]
    pub phone: Text<0, 16>,
    #[deserr(default)]
    pub email: Text<0, 64>,
    #[deserr(default = enabled())]
    pub status: Enabled,
}

/// 合同 (document, 2.2.3).
#[derive(Clone, Serialize, Deserialize, deserr::Deserr)]
#[deserr(error = Faults)]
pub struct Contract {
    pub contract_id: Number,
    pub contract_name: Text<1, 32>,
    pub contract_body: Text<1, 32>,
    pub company_id: Number,
    /// 合同年限.
    pub sign_year: Int<0, 99>,
    pub file_url: Url,
    #[deserr(default = enabled())]
    pub status: Enabled,
}

/// 岗位.
#[derive(Clone, Serialize, Deserialize, deserr::Deserr)]
#[deserr(error = Faults)]
pub struct Position {
    pub name: Text<1, 64>,
    #[deserr(default = enabled())]
    pub status: Enabled,
}

/// What an entry is whose status is not given.
pub fn enabled() -> Enabled {
    Int::new(1).unwrap_or_else(|| unreachable!("1 is within 0 to 1"))
}

impl Listed for Company {
    const KIND: &'static str = "company";

    fn id(&self) -> Number {
        self.company_id
    }

    fn is_enabled(&self) -> bool {
        self.status.get() == 1
    }
}

impl Listed for Handler {
    const KIND: &'static str = "handler";

    fn id(&self) -> Number {
        self.handler_id
    }

    fn is_enabled(&self) -> bool {
        self.status.get() == 1
    }
}

impl Listed for Contract {
    const KIND: &'static str = "contract";

    fn id(&self) -> Number {
        self.contract_id
    }

    fn is_enabled(&self) -> bool {
        self.status.get() == 1
    }
}

impl Service {
    /// The platform of a request: the one that it names, else the default one; `None` where there is no such.
    ///
    /// DynamoDB: nothing within five seconds of the last look at the platform; else one read.
    pub async fn platform(&self, named: Option<&str>) -> Result<Option<PlatformCode>> {
        let code = match named {
            None => self.settings.default_platform.clone(),
            Some(named) => match PlatformCode::parse(named) {
                Ok(code) => code,
                Err(_) => return Ok(None),
            },
        };
        let now = self.clock.now();
        let is_there = match self.platforms.get(&code, now) {
            Some(is_there) => is_there,
            None => {
                let found = self.store.get(&self.tables.signing, platform_key(&code)).await?;
                let is_there =
                    found.is_some_and(|item| item.get("status").is_some_and(|status| status.as_n() == Ok(&"1".into())));
                self.platforms.put(code.clone(), is_there, now);
                is_there
            }
        };
        Ok(is_there.then_some(code))
    }

    /// Makes or changes a platform.
    pub async fn set_platform(&self, code: &PlatformCode, name: &Text<1, 64>, status: Enabled) -> Result<()> {
        let mut item = platform_key(code).into_item();
        item.insert("name".into(), crate::storage::table::attribute::text(name.as_str()));
        item.insert("status".into(), crate::storage::table::attribute::number(status.get()));
        self.store.transact(vec![Write::Set { table: self.tables.signing.clone(), item }]).await?;
        Ok(())
    }

    /// Makes or changes one of a platform's companies, handlers or contracts.
    pub async fn set_listed<T: Listed>(&self, platform: &PlatformCode, listed: &T) -> Result<()> {
        let mut item: Item = serde_dynamo::to_item(listed).map_err(Error::internal)?;
        item.extend(listed_key::<T>(platform, listed.id()).into_item());
        self.set_in(platform, item).await
    }

    /// Replaces the platform's positions.
    pub async fn set_positions(&self, platform: &PlatformCode, positions: &[Position]) -> Result<()> {
        let mut item = Key::new(format!("{platform}#directory"), "positions").into_item();
        item.insert("positions".into(), serde_dynamo::to_attribute_value(positions).map_err(Error::internal)?);
        self.set_in(platform, item).await
    }

    /// Replaces one of the platform's dictionaries.
    pub async fn set_dictionary(&self, platform: &PlatformCode, name: &Text<1, 64>, entries: &[Entry]) -> Result<()> {
        let mut item = dictionary_key(platform, name.as_str()).into_item();
        item.insert("entries".into(), serde_dynamo::to_attribute_value(entries).map_err(Error::internal)?);
        self.set_in(platform, item).await
    }

    async fn set_in(&self, platform: &PlatformCode, item: Item) -> Result<()> {
        let table = &self.tables.signing;
        let check = Write::Check { table: table.clone(), key: platform_key(platform), condition: Condition::present() };
        match self.store.transact(vec![check, Write::Set { table: table.clone(), item }]).await? {
            crate::storage::table::Outcome::Written => Ok(()),
            crate::storage::table::Outcome::Rejected(_) => Err(missing("platform_code")),
        }
    }

    /// A platform's enabled companies, handlers or contracts, by their numbers.
    ///
    /// DynamoDB: one query.
    pub async fn enabled<T: Listed>(&self, platform: &PlatformCode) -> Result<Vec<T>> {
        let partition = format!("{platform}#{}", T::KIND);
        let items = self.store.partition(&self.tables.signing, partition, None, MAX_ENTRIES).await?;
        let items = items.ok_or_else(|| Error::internal("a platform has more entries than are listed"))?;
        let all = items.into_iter().map(|item| serde_dynamo::from_item(item).map_err(Error::internal));
        Ok(all.collect::<Result<Vec<T>>>()?.into_iter().filter(Listed::is_enabled).collect())
    }

    /// DynamoDB: one read.
    pub async fn listed<T: Listed>(&self, platform: &PlatformCode, id: Number) -> Result<Option<T>> {
        let found = self.store.get(&self.tables.signing, listed_key::<T>(platform, id)).await?;
        found.map(|item| serde_dynamo::from_item(item).map_err(Error::internal)).transpose()
    }

    /// The names of a platform's enabled positions, in the order that they were given.
    ///
    /// DynamoDB: one read.
    pub async fn positions(&self, platform: &PlatformCode) -> Result<Vec<Text<1, 64>>> {
        let found = self.store.get(&self.tables.signing, Key::new(format!("{platform}#directory"), "positions")).await?;
        let Some(positions) = found.and_then(|mut item| item.remove("positions")) else { return Ok(Vec::new()) };
        let positions: Vec<Position> = serde_dynamo::from_attribute_value(positions).map_err(Error::internal)?;
        Ok(positions.into_iter().filter(|position| position.status.get() == 1).map(|position| position.name).collect())
    }

    /// The enabled entries of a dictionary: the platform's own, else those that every platform begins with.
    ///
    /// DynamoDB: one read.
    pub async fn dictionary(&self, platform: &PlatformCode, name: &str) -> Result<Vec<Entry>> {
        if name.is_empty() || name.chars().count() > 64 {
            return Ok(Vec::new());
        }
        let found = self.store.get(&self.tables.signing, dictionary_key(platform, name)).await?;
        let entries: Vec<Entry> = match found.and_then(|mut item| item.remove("entries")) {
            Some(entries) => serde_dynamo::from_attribute_value(entries).map_err(Error::internal)?,
            None => dictionaries::seeded(name)?,
        };
        Ok(entries.into_iter().filter(|entry| entry.status.get() == 1).collect())
    }
}

pub(super) fn platform_key(platform: &PlatformCode) -> Key {
    Key::new(format!("platform#{platform}"), "platform")
}

pub(super) fn listed_key<T: Listed>(platform: &PlatformCode, id: Number) -> Key {
    // Ten digits: as text they sort as the numbers do.
    Key::new(format!("{platform}#{}", T::KIND), format!("{:010}", id.get()))
}

fn dictionary_key(platform: &PlatformCode, name: &str) -> Key {
    Key::new(format!("{platform}#dictionary"), name)
}
