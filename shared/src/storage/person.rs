//! The rights of a person (个人信息保护法 第四十四条至第四十七条): each family finds, exports and erases what it stores about one.
//!
//! A person is found by a value and from then on named by objects ([`Object`]), which hold no personal data: an erasure is replayed after a
//! restore by its objects.

use serde::Serialize;
use serde_json::Value;

use crate::crypto::keyring::Keyring;
use crate::error::{Error, Result};
use crate::storage::audit::{Act, Change, Object};
use crate::storage::sealed::{BY_ID_NUMBER, BY_PHONE, codes};
use crate::storage::table::attribute::text;
use crate::storage::table::{Condition, Item, Key, Store, Write};
use crate::values::Secret;

/// The most writes of one transaction, without its audit record.
const MAX_WRITES: usize = 99;

/// By what a person is found.
#[derive(Clone, Debug)]
pub enum Wanted {
    Phone(Secret<String>),
    IdNumber(Secret<String>),
    /// Of either mini program.
    Openid(Secret<String>),
    /// The number of an employee, and the company.
    Empno {
        company: String,
        empno: String,
    },
}

/// What a family stores about a person under one object.
#[derive(Debug, Default, Serialize)]
pub struct Exported {
    /// Each record under the name of its kind, with all its fields in plain text.
    pub records: Vec<(&'static str, Value)>,
    /// The keys of the pictures in the uploads bucket.
    pub pictures: Vec<String>,
}

/// What became of the records of a person.
#[derive(Debug, Default, Serialize)]
pub struct Erased {
    /// How many records and pictures were removed or blanked.
    pub records: u64,
    pub pictures: u64,
    pub kept: Vec<Kept>,
}

/// What stays, under a pseudonym, because a law demands it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Kept {
    pub what: &'static str,
    pub why: &'static str,
}

impl Exported {
    /// Adds a record under the name of its kind.
    pub fn add(&mut self, kind: &'static str, record: &impl Serialize) -> Result<()> {
        self.records.push((kind, serde_json::to_value(record).map_err(Error::internal)?));
        Ok(())
    }
}

/// The records with this phone or identity number, by the indexes of [`sealed`](super::sealed); none for any other value.
///
/// DynamoDB: one query for each listed key, one batch read.
pub async fn records_of(store: &Store, keyring: &Keyring, table: &str, wanted: &Wanted) -> Result<Vec<Item>> {
    let (index, value) = match wanted {
        Wanted::Phone(phone) => (BY_PHONE, phone),
        Wanted::IdNumber(number) => (BY_ID_NUMBER, number),
        Wanted::Openid(_) | Wanted::Empno { .. } => return Ok(Vec::new()),
    };
    let mut keys: Vec<Key> = Vec::new();
    for code in codes(keyring, index, value.expose())? {
        keys.extend(store.index_keys(table, index, Condition::equals(index, text(code))).await?);
    }
    store.get_all(table, keys).await
}

/// An object of this family and kind: its ids.
pub fn ids<'a>(object: &'a Object, family: &str, kind: &str) -> Option<Vec<&'a str>> {
    let ids = object.as_str().strip_prefix(family)?.strip_prefix('/')?.strip_prefix(kind)?.strip_prefix('/')?;
    Some(ids.split('/').collect())
}

/// Removes items of a person, each transaction with its audit record. Items that are gone already count, too.
pub async fn remove(store: &Store, act: &Act, object: &Object, table: &str, keys: Vec<Key>) -> Result<u64> {
    for keys in keys.chunks(MAX_WRITES) {
        let delete = |key: &Key| Write::Delete { table: table.to_owned(), key: key.clone(), condition: None };
        store.transact_by(act, &erasure(object), keys.iter().map(delete).collect()).await.map(drop)?;
    }
    Ok(keys.len() as u64)
}

/// The reason of an order to erase a closed account.
pub const CLOSED_ACCOUNT: &str = "closed account";

/// The change that an erasure records.
pub fn erasure(object: &Object) -> Change {
    Change::of(object.clone()).fields(&["erased"])
}
