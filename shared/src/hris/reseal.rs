//! What a pass of `reseal` does with the records of the HR API: it seals the personal fields of records, the secrets of access keys and
//! webhooks and the visitor tokens, and writes the copies of employees by phone. It also marks visits and employees who left for the clean-up, and enters
//! visits, companies and products into their lists, as earlier versions did not.

use jiff::Timestamp;

use super::Service;
use super::access::{AccessKey, VISITOR_TOKEN_SEALED, sealed_at};
use super::approvals::Approval;
use super::employees::Employee;
use super::entity::Entity;
use super::import::unchanged;
use super::item::{RECORD, from_item, own_key, to_copy};
use super::keys::{self, mobile_keys};
use super::products;
use super::recruitment::Candidate;
use super::salary::SALARY_VALUE;
use super::values::{Code, Uuid};
use super::visits::{self, VISITOR};
use super::webhooks;
use crate::crypto::credentials::Secrets;
use crate::error::{Error, Result};
use crate::runtime::reseal::{Mover, Pass, Progress, Resealed, item_object};
use crate::storage::audit::{Act, Object};
use crate::storage::sealed::Fields;
use crate::storage::table::attribute::{number, read_integer, text};
use crate::storage::table::{Condition, Item, Key, VERSION, Write, is_marked, mark};

impl Service {
    /// A pass of at most `limit` items over the family's table: see [`Pass`].
    pub async fn reseal(&self, act: &Act, limit: u64, cursor: Option<&str>) -> Result<Progress> {
        let Self { keyring: keys, store, clock, .. } = self;
        let table = &self.tables.hris;
        let pass = Pass { mover: Mover { object, act, keys, store, table }, clock, limit, cursor };
        pass.run(|item| self.reseal_item(&pass.mover, item)).await
    }

    async fn reseal_item(&self, mover: &Mover<'_>, item: Item) -> Result<Resealed> {
        let key = Key::of(&item).ok_or_else(|| Error::internal("a record without a key"))?;
        let mut parts = key.pk.split('#');
        let (owner, kind) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        if owner == keys::ACCESS_KEY {
            return self.reseal_access_key(mover, item).await;
        }
        if owner == keys::PRODUCT && key.sk == keys::PRODUCT {
            let mut next = item.clone();
            products::enter(&mut next, kind);
            return mover.fields(&key, &Fields::NONE, &item, next).await;
        }
        // Everything else that is sealed or listed belongs to a company.
        let Ok(company) = Uuid::parse(owner) else { return Ok(Resealed::Unchanged) };
        match kind {
            keys::EMPLOYEE => {
                let employee: Employee = from_item(&self.keyring, item.clone())?;
                let mut next = item.clone();
                if let Some(since) = employee.erased_from_or(self.clock.now()).filter(|_| !is_marked(&item)) {
                    mark(&mut next, keys::DISMISSED_SWEEP, since);
                }
                mover.fields(&key, &Employee::SEALED, &item, next).await
            }
            keys::EMPNO => reseal_record::<Employee>(mover, &item).await,
            keys::MOBILE => self.reseal_copy(mover, &company, &key, item).await,
            keys::APPROVAL => reseal_record::<Approval>(mover, &item).await,
            keys::CANDIDATE => reseal_record::<Candidate>(mover, &item).await,
            keys::SALARY => mover.fields(&key, &SALARY_VALUE, &item, item.clone()).await,
            keys::VISIT => {
                let announced_at =
                    Timestamp::from_millisecond(read_integer(&item, "announced_at")?).map_err(Error::internal)?;
                let mut next = item.clone();
                mark(&mut next, keys::VISIT_SWEEP, announced_at);
                visits::enter(&mut next, owner, &key.sk, announced_at);
                mover.fields(&key, &VISITOR, &item, next).await
            }
            keys::WEBHOOK => {
                let product = Code::parse(&key.sk).map_err(Error::internal)?;
                let place = webhooks::secrets_place(&company, &product);
                let mut secrets = read_secrets(&item)?;
                let mut next = item.clone();
                if self.reseal_secrets(&mut secrets, &place)? {
                    next.insert("secrets".into(), serde_dynamo::to_attribute_value(&secrets).map_err(Error::internal)?);
                    // As for an access key below.
                    next.insert(VERSION.into(), number(read_integer::<u64>(&item, VERSION)? + 1));
                }
                mover.fields(&key, &webhooks::SEALED, &item, next).await
            }
            keys::COMPANY if key.sk == keys::VISITOR_TOKEN => {
                mover.fields(&key, &VISITOR_TOKEN_SEALED, &item, item.clone()).await
            }
            keys::COMPANY if key.sk == owner => {
                let mut next = item.clone();
                next.extend([("ix1".to_owned(), text(keys::COMPANIES)), ("ixsk".to_owned(), text(owner))]);
                mover.fields(&key, &Fields::NONE, &item, next).await
            }
            _ => Ok(Resealed::Unchanged),
        }
    }

    /// Seals the fields of a copy by phone, and moves it to the indexes that are used.
    async fn reseal_copy(&self, mover: &Mover<'_>, company: &Uuid, key: &Key, item: Item) -> Result<Resealed> {
        let resealed = reseal_record::<Employee>(mover, &item).await?;
        if resealed == Resealed::Conflict {
            return Ok(resealed);
        }
        match self.move_copy(mover, company, key, item).await? {
            Resealed::Unchanged => Ok(resealed),
            moved => Ok(moved),
        }
    }

    /// Writes the copies of an employee under each phone index that is used, from the copy that look-ups find, and removes the others.
    async fn move_copy(&self, mover: &Mover<'_>, company: &Uuid, key: &Key, item: Item) -> Result<Resealed> {
        let table = &self.tables.hris;
        let employee: Employee = from_item(&self.keyring, item.clone())?;
        let mobile = employee.mobile.as_ref().ok_or_else(|| Error::internal("a copy by phone without a phone"))?;
        let used = mobile_keys(company, mobile, &self.keyring);
        let stored = self.store.get_map(table, used.clone()).await?;
        let is_same = |other: Option<&Item>| {
            other.is_some_and(|other| other.get(RECORD) == item.get(RECORD) && other.get(VERSION) == item.get(VERSION))
        };
        let found = used.first().ok_or_else(|| Error::internal("no index key"))?;
        let copy = |key: &Key| {
            let copy = to_copy(&self.keyring, company, &employee, read_integer(&item, VERSION)?, key)?;
            Ok(Write::Put { table: table.clone(), item: copy, condition: unchanged(stored.get(key))? })
        };
        let mut writes: Vec<Write> = if key == found {
            used.iter().filter(|other| !is_same(stored.get(other))).map(copy).collect::<Result<_>>()?
        } else if used.contains(key) && is_same(stored.get(found)) {
            Vec::new()
        } else {
            let mut writes =
                vec![Write::Delete { table: table.clone(), key: key.clone(), condition: Some(unchanged(Some(&item))?) }];
            if !stored.contains_key(found) {
                writes.push(copy(found)?);
            }
            writes
        };
        if writes.is_empty() {
            return Ok(Resealed::Unchanged);
        }
        if key == found {
            writes.push(Write::Check { table: table.clone(), key: key.clone(), condition: unchanged(Some(&item))? });
        }
        mover.transact(&own_key::<Employee>(&item)?, writes).await
    }

    async fn reseal_access_key(&self, mover: &Mover<'_>, item: Item) -> Result<Resealed> {
        let mut key: AccessKey = serde_dynamo::from_item(item.clone()).map_err(Error::internal)?;
        if !self.reseal_secrets(&mut key.secrets, &sealed_at(&key.access_key))? {
            return Ok(Resealed::Unchanged);
        }
        let own = Key::of(&item).ok_or_else(|| Error::internal("an access key without a key"))?;
        let mut next = item.clone();
        next.insert("secrets".into(), serde_dynamo::to_attribute_value(&key.secrets).map_err(Error::internal)?);
        // Commands change the key without opening its secrets: they must not put the old ones back.
        if item.contains_key(VERSION) {
            next.insert(VERSION.into(), number(read_integer::<u64>(&item, VERSION)? + 1));
        }
        mover.put(&own, &item, next, Condition::present()).await
    }
}

fn read_secrets(item: &Item) -> Result<Secrets> {
    let secrets = item.get("secrets").cloned().ok_or_else(|| Error::internal("a webhook without secrets"))?;
    serde_dynamo::from_attribute_value(secrets).map_err(Error::internal)
}

async fn reseal_record<T: Entity>(mover: &Mover<'_>, item: &Item) -> Result<Resealed> {
    mover.fields(&own_key::<T>(item)?, &T::SEALED, item, item.clone()).await
}

fn object(own: &Key) -> Object {
    // The key of a salary holds the number of an employee.
    match own.pk.split_once(&format!("#{}#", keys::SALARY)) {
        Some((company, _)) => Object::new("hris", keys::SALARY, &[company, "all"]),
        None => item_object("hris", own),
    }
}
