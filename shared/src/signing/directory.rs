//! What the administrators of a platform maintain: the platform, its companies, handlers, positions, contracts and dictionaries.
//! `ops-admin` changes them; the API lists the enabled ones.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::dictionaries::{self, Entry};
use super::keys::{dictionary_key, listed, listed_key, platform_key, positions_key};
use super::values::{Enabled, Number, PlatformCode, enabled};
use super::{Service, missing};
use crate::error::{Error, Result};
use crate::storage::table::attribute::{number, text};
use crate::storage::table::{Condition, Item, Key, Outcome, Write};
use crate::values::input::Faults;
use crate::values::{Int, Text, Url};

/// The most entries of one list.
const MAX_ENTRIES: usize = 10_000;

/// An entry of a list of the platform, under a number that its administrators assign.
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

/// 管理员 (docs/contract/signing.txt, 2.2.4), who handles applications.
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

/// 合同 (docs/contract/signing.txt, 2.2.3).
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
    /// The platform of a request: the named one, else the default one; `None` if it does not exist.
    ///
    /// DynamoDB: one read, cached for five seconds.
    pub async fn platform(&self, named: Option<&str>) -> Result<Option<PlatformCode>> {
        let code = match named {
            None => self.settings.default_platform.clone(),
            Some(named) => match PlatformCode::parse(named) {
                Ok(code) => code,
                Err(_) => return Ok(None),
            },
        };
        let now = self.clock.now();
        let exists = match self.platforms.get(&code, now) {
            Some(exists) => exists,
            None => {
                let found = self.store.get(&self.tables.signing, platform_key(&code)).await?;
                let exists =
                    found.is_some_and(|item| item.get("status").is_some_and(|status| status.as_n() == Ok(&"1".into())));
                self.platforms.put(code.clone(), exists, now);
                exists
            }
        };
        Ok(exists.then_some(code))
    }

    /// Creates or changes a platform.
    pub async fn set_platform(&self, code: &PlatformCode, name: &Text<1, 64>, status: Enabled) -> Result<()> {
        let mut item = platform_key(code).into_item();
        item.insert("name".into(), text(name.as_str()));
        item.insert("status".into(), number(status.get()));
        self.store.transact(vec![Write::Set { table: self.tables.signing.clone(), item }]).await?;
        Ok(())
    }

    /// Creates or changes one of a platform's companies, handlers or contracts.
    pub async fn set_listed<T: Listed>(&self, platform: &PlatformCode, listed: &T) -> Result<()> {
        let mut item: Item = serde_dynamo::to_item(listed).map_err(Error::internal)?;
        item.extend(key_of::<T>(platform, listed.id()).into_item());
        self.set_in(platform, item).await
    }

    /// Replaces the platform's positions.
    pub async fn set_positions(&self, platform: &PlatformCode, positions: &[Position]) -> Result<()> {
        let mut item = positions_key(platform).into_item();
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
            Outcome::Written => Ok(()),
            Outcome::Rejected(_) => Err(missing("platform_code")),
        }
    }

    /// A platform's enabled companies, handlers or contracts, by their numbers.
    ///
    /// DynamoDB: one query.
    pub async fn enabled<T: Listed>(&self, platform: &PlatformCode) -> Result<Vec<T>> {
        let items = self.store.partition(&self.tables.signing, listed(platform, T::KIND), None, MAX_ENTRIES).await?;
        let items = items.ok_or_else(|| Error::internal("a platform has more entries than are listed"))?;
        let all = items.into_iter().map(|item| serde_dynamo::from_item(item).map_err(Error::internal));
        Ok(all.collect::<Result<Vec<T>>>()?.into_iter().filter(Listed::is_enabled).collect())
    }

    /// DynamoDB: one read.
    pub async fn listed<T: Listed>(&self, platform: &PlatformCode, id: Number) -> Result<Option<T>> {
        let found = self.store.get(&self.tables.signing, key_of::<T>(platform, id)).await?;
        found.map(|item| serde_dynamo::from_item(item).map_err(Error::internal)).transpose()
    }

    /// The names of a platform's enabled positions, in their given order.
    ///
    /// DynamoDB: one read.
    pub async fn positions(&self, platform: &PlatformCode) -> Result<Vec<Text<1, 64>>> {
        let found = self.store.get(&self.tables.signing, positions_key(platform)).await?;
        let Some(positions) = found.and_then(|mut item| item.remove("positions")) else { return Ok(Vec::new()) };
        let positions: Vec<Position> = serde_dynamo::from_attribute_value(positions).map_err(Error::internal)?;
        Ok(positions.into_iter().filter(|position| position.status.get() == 1).map(|position| position.name).collect())
    }

    /// The enabled entries of a dictionary: the platform's own, else the built-in ones.
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

pub(super) fn key_of<T: Listed>(platform: &PlatformCode, id: Number) -> Key {
    listed_key(platform, T::KIND, id)
}
