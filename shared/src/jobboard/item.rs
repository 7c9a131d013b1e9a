//! The stored form of records that updates replace under optimistic locking.

use serde::de::DeserializeOwned;

use crate::crypto::keyring::Keyring;
use crate::error::{Error, Result};
use crate::storage::table::attribute::{number, read_integer};
use crate::storage::table::{Condition, Item, VERSION, Write};

pub(super) trait Record: DeserializeOwned {
    /// The item of this version: the fields, the key, and the lists and sweeps that contain the record.
    fn item(&self, keyring: &Keyring, version: u64) -> Result<Item>;

    fn read(_keyring: &Keyring, item: Item) -> Result<Self> {
        read(item)
    }
}

/// Reads a record without sealed fields. Ignores the attributes that are no fields of it.
pub(super) fn read<T: DeserializeOwned>(item: Item) -> Result<T> {
    serde_dynamo::from_item(item).map_err(Error::internal)
}

/// A record, with the version that is stored.
pub(super) struct Versioned<T> {
    pub record: T,
    pub version: u64,
}

impl<T: Record> Versioned<T> {
    pub fn read(keyring: &Keyring, item: Item) -> Result<Self> {
        Ok(Self { version: read_integer(&item, VERSION)?, record: T::read(keyring, item)? })
    }

    /// The item that follows the stored version.
    pub fn next_item(&self, keyring: &Keyring) -> Result<Item> {
        self.record.item(keyring, self.version + 1)
    }

    /// Stores `item` on the condition that the stored version is still the one that was read.
    pub fn replace_by(&self, table: &str, item: Item) -> Write {
        Write::Put { table: table.to_owned(), item, condition: Condition::equals(VERSION, number(self.version)) }
    }
}
