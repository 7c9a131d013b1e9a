//! What the administrators of a platform maintain: the platform itself, companies, handlers, positions, contracts and dictionaries.
//!
//! `ops-admin` changes them; the API lists the enabled ones.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Service;
use super::dictionaries::{self, Entry};
use super::item::from_item;
use super::keys::{PLATFORMS, dictionary_key, in_platforms, listed_key, listed_partition, platform_key, positions_key};
use super::values::{Enabled, Number, PlatformCode};
use crate::error::{Error, Fault, Result};
use crate::storage::audit::{Act, Object};
use crate::storage::sealed::{self, Fields};
use crate::storage::table::attribute::text;
use crate::storage::table::{Condition, Item, Key, Outcome, Write};
use crate::values::{Int, Text, Url, Uuid, check_segment};

/// The most companies, handlers or contracts of a platform that a list returns.
const MAX_LISTED: usize = 10_000;

/// A kind of record of which a platform has several. Its administrators choose the ids.
pub trait Listed: Serialize + DeserializeOwned + Send + Sync {
    const KIND: &'static str;
    /// The attributes that are stored sealed.
    const SEALED: Fields = Fields::NONE;

    fn id(&self) -> Number;
    fn status(&self) -> Enabled;

    fn is_enabled(&self) -> bool {
        self.status().get() == 1
    }
}

/// A platform, whose administrators maintain the rest.
#[derive(Clone, Serialize, Deserialize)]
pub struct Platform {
    #[serde(skip)]
    pub code: String,
    pub name: Text<1, 64>,
    pub status: Enabled,
    /// Whether applications are approved and signed only when the identity of the worker is verified. A platform that was stored before
    /// administrators could choose demands it: an upgrade must not let unverified workers sign.
    #[serde(default = "demanded")]
    pub require_verified: bool,
    /// The company in the HR API whose products get the event `sign_state_changed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company_uuid: Option<Uuid>,
}

fn demanded() -> bool {
    true
}

impl Platform {
    pub(super) fn from_item(item: Item) -> Result<Self> {
        let key = Key::of(&item).ok_or_else(|| Error::internal("a record without a key"))?;
        let code = key.pk.strip_prefix("platform#").ok_or_else(|| Error::internal("a platform without a code"))?.to_owned();
        Ok(Self { code, ..from_item(item)? })
    }
}

/// 用人单位.
#[derive(Clone, Serialize, Deserialize)]
pub struct Company {
    pub company_id: Number,
    pub company_name: Text<1, 64>,
    pub status: Enabled,
}

/// 管理员 (docs/contract/signing.txt, 2.2.4), who handles applications.
#[derive(Clone, Serialize, Deserialize)]
pub struct Handler {
    pub handler_id: Number,
    pub username: Text<1, 32>,
    pub name: Text<0, 64>,
    pub phone: Text<0, 16>,
    pub email: Text<0, 64>,
    pub status: Enabled,
}

/// 合同 (docs/contract/signing.txt, 2.2.3).
#[derive(Clone, Serialize, Deserialize)]
pub struct Contract {
    pub contract_id: Number,
    pub contract_name: Text<1, 32>,
    pub contract_body: Text<1, 32>,
    pub company_id: Number,
    /// 合同年限.
    pub sign_year: Int<0, 99>,
    pub file_url: Url,
    pub status: Enabled,
}

/// 岗位.
#[derive(Clone, Serialize, Deserialize)]
pub struct Position {
    pub name: Text<1, 64>,
    pub status: Enabled,
}

impl Position {
    pub(super) fn is_enabled(&self) -> bool {
        self.status.get() == 1
    }

    /// The positions in the item that holds those of a platform.
    pub(super) fn all_of(mut item: Item) -> Result<Vec<Self>> {
        let positions = item.remove("positions").map(serde_dynamo::from_attribute_value).transpose();
        Ok(positions.map_err(Error::internal)?.unwrap_or_default())
    }
}

impl Listed for Company {
    const KIND: &'static str = "company";

    fn id(&self) -> Number {
        self.company_id
    }

    fn status(&self) -> Enabled {
        self.status
    }
}

impl Listed for Handler {
    const KIND: &'static str = "handler";
    const SEALED: Fields = Fields { names: &["phone"], phone: Some("phone"), id_number: None };

    fn id(&self) -> Number {
        self.handler_id
    }

    fn status(&self) -> Enabled {
        self.status
    }
}

impl Listed for Contract {
    const KIND: &'static str = "contract";

    fn id(&self) -> Number {
        self.contract_id
    }

    fn status(&self) -> Enabled {
        self.status
    }
}

impl Service {
    /// The platform that a request names, else the default platform. `None` if it does not exist or is disabled.
    ///
    /// DynamoDB: one read; none while the result of the last read is cached, for five seconds.
    pub async fn platform(&self, named: Option<&str>) -> Result<Option<PlatformCode>> {
        let code = match named {
            None => self.settings.default_platform.clone(),
            Some(named) => match PlatformCode::parse(named) {
                Ok(code) => code,
                Err(_) => return Ok(None),
            },
        };
        let found = self.find_platform(&code).await?;
        Ok(found.is_some_and(|platform| platform.status.get() == 1).then_some(code))
    }

    /// A platform, enabled or not, as it was at most five seconds ago.
    pub(super) async fn find_platform(&self, code: &PlatformCode) -> Result<Option<Platform>> {
        let now = self.clock.now();
        if let Some(found) = self.platforms.get(code, now) {
            return Ok(found);
        }
        let found = self.store.get(&self.tables.signing, platform_key(code)).await?;
        let found = found.map(Platform::from_item).transpose()?;
        self.platforms.put(code.clone(), found.clone(), now);
        Ok(found)
    }

    /// All platforms, and the default one, which may not exist.
    ///
    /// DynamoDB: one query.
    pub(super) async fn platform_codes(&self) -> Result<BTreeSet<PlatformCode>> {
        let listed = Condition::equals("ix1", text(PLATFORMS));
        let keys = self.store.index_keys(&self.tables.signing, "ix1", listed).await?;
        let codes = keys.iter().filter_map(|key| PlatformCode::parse(key.pk.strip_prefix("platform#")?).ok());
        Ok(codes.chain([self.settings.default_platform.clone()]).collect())
    }

    /// Creates or replaces a platform.
    pub async fn set_platform(&self, act: &Act, code: &PlatformCode, platform: &Platform) -> Result<()> {
        let mut item: Item = serde_dynamo::to_item(platform).map_err(Error::internal)?;
        item.extend(platform_key(code).into_item());
        item.extend(in_platforms(code.as_str()));
        let object = object("platform", &[code.as_str()]);
        self.store.set_by(act, object, &self.tables.signing, item, None, Vec::new()).await.map(drop)
    }

    /// Creates or replaces one company, handler or contract of a platform.
    pub async fn set_listed<T: Listed>(&self, act: &Act, platform: &PlatformCode, listed: &T) -> Result<()> {
        self.keyring.record().await?;
        let key = listed_key(platform, T::KIND, listed.id());
        let mut item: Item = serde_dynamo::to_item(listed).map_err(Error::internal)?;
        sealed::seal(&self.keyring, &key, &T::SEALED, &mut item)?;
        item.extend(key.into_item());
        let object = object(T::KIND, &[platform.as_str(), &listed.id().get().to_string()]);
        self.set_in(act, object, platform, item, &T::SEALED).await
    }

    pub(super) fn read_listed<T: Listed>(&self, mut item: Item) -> Result<T> {
        let key = Key::of(&item).ok_or_else(|| Error::internal("a record without a key"))?;
        sealed::open(&self.keyring, &key, &T::SEALED, &mut item)?;
        from_item(item)
    }

    /// Replaces the positions of a platform.
    pub async fn set_positions(&self, act: &Act, platform: &PlatformCode, positions: &[Position]) -> Result<()> {
        let mut item = positions_key(platform).into_item();
        item.insert("positions".into(), serde_dynamo::to_attribute_value(positions).map_err(Error::internal)?);
        self.set_in(act, object("positions", &[platform.as_str()]), platform, item, &Fields::NONE).await
    }

    /// Replaces one dictionary of a platform. Its name is a part of a path.
    pub async fn set_dictionary(
        &self,
        act: &Act,
        platform: &PlatformCode,
        name: &Text<1, 64>,
        entries: &[Entry],
    ) -> Result<()> {
        check_segment(name.as_str()).map_err(|reason| Error::invalid([Fault::new("dict_item", reason)]))?;
        let mut item = dictionary_key(platform, name.as_str()).into_item();
        item.insert("entries".into(), serde_dynamo::to_attribute_value(entries).map_err(Error::internal)?);
        self.set_in(act, object("dictionary", &[platform.as_str(), name.as_str()]), platform, item, &Fields::NONE).await
    }

    /// Stores an item if its platform exists.
    async fn set_in(&self, act: &Act, object: Object, platform: &PlatformCode, item: Item, fields: &Fields) -> Result<()> {
        let table = &self.tables.signing;
        let check = Write::Check { table: table.clone(), key: platform_key(platform), condition: Condition::present() };
        let sealed = Some((&*self.keyring, fields));
        match self.store.set_by(act, object, table, item, sealed, vec![check]).await? {
            Outcome::Written => Ok(()),
            Outcome::Rejected(_) => Err(Error::missing("platform_code")),
        }
    }

    /// The enabled companies, handlers or contracts of a platform, by id.
    ///
    /// DynamoDB: one query.
    pub async fn list_enabled<T: Listed>(&self, platform: &PlatformCode) -> Result<Vec<T>> {
        let partition = listed_partition(platform, T::KIND);
        let items = self.store.partition_within(&self.tables.signing, partition, None, MAX_LISTED).await?;
        let items = items.ok_or_else(|| Error::internal("a platform has more records than a list returns"))?;
        let all = items.into_iter().map(|item| self.read_listed(item)).collect::<Result<Vec<T>>>()?;
        Ok(all.into_iter().filter(Listed::is_enabled).collect())
    }

    /// One company, handler or contract of a platform, enabled or not.
    ///
    /// DynamoDB: one read.
    pub async fn find_listed<T: Listed>(&self, platform: &PlatformCode, id: Number) -> Result<Option<T>> {
        let found = self.store.get(&self.tables.signing, listed_key(platform, T::KIND, id)).await?;
        found.map(|item| self.read_listed(item)).transpose()
    }

    /// A platform's positions, in the order in which `set_positions` stored them.
    ///
    /// DynamoDB: one read.
    pub async fn all_positions(&self, platform: &PlatformCode) -> Result<Vec<Position>> {
        let found = self.store.get(&self.tables.signing, positions_key(platform)).await?;
        Ok(found.map(Position::all_of).transpose()?.unwrap_or_default())
    }

    /// The names of the enabled ones.
    ///
    /// DynamoDB: one read.
    pub async fn positions(&self, platform: &PlatformCode) -> Result<Vec<Text<1, 64>>> {
        let positions = self.all_positions(platform).await?.into_iter();
        Ok(positions.filter(Position::is_enabled).map(|position| position.name).collect())
    }

    /// The enabled entries of a dictionary: the platform's own, else the seeded ones. Empty if the dictionary does not exist.
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

pub(super) fn object(kind: &str, ids: &[&str]) -> Object {
    Object::new("signing", kind, ids)
}
