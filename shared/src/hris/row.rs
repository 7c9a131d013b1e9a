//! Records as they are stored.
//!
//! | attribute | holds |
//! |---|---|
//! | `pk`, `sk` | `{company}#{kind}`, the record's own key; of a copy (see [`Alias`]) `{company}#{kind of look-up}`, what it is looked up by |
//! | `ix1`, `ix2`, `ix3`, `ixsk` | the lists it stands in, and its place there; a copy stands in none |
//! | `record` | the record's own key |
//! | `version` | counts its changes |
//! | all others | the content |

use deserr::Deserr;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::values::Uuid;
use crate::crypto::keyring::Keyring;
use crate::error::{Error, Fault, Result};
use crate::storage::sealed;
use crate::storage::table::attribute::{number, read_text, text};
use crate::storage::table::{Item, Key, VERSION};
use crate::values::input::Faults;

/// The record's own key.
pub(super) const RECORD: &str = "record";

/// A kind of record that comes in by import, and its content.
pub trait Entity: Deserr<Faults> + Serialize + DeserializeOwned + Clone + PartialEq + Send + Sync + 'static {
    const KIND: &'static str;
    /// The attributes that are sealed where they are stored.
    const SEALED: &'static [&'static str] = &[];

    /// What tells it from the company's other records of the kind.
    fn id(&self) -> String;

    /// The part of the key before [`Entity::id`].
    fn partition(&self, company: &Uuid) -> String {
        partition(company, Self::KIND)
    }

    /// What is wrong between fields, each of which is right by itself.
    fn faults(&self) -> Vec<Fault> {
        Vec::new()
    }

    /// Whether the record may become `next`.
    fn may_become(&self, _next: &Self) -> Result<(), Fault> {
        Ok(())
    }

    /// Other keys that it is found by.
    fn aliases(&self, _company: &Uuid, _keyring: &Keyring) -> Result<Vec<Alias>> {
        Ok(Vec::new())
    }

    /// The records that it names.
    fn references(&self, _company: &Uuid) -> Vec<(&'static str, Key)> {
        Vec::new()
    }

    /// The index partitions that it stands in (`ix1` and so on), and its place there.
    fn lists(&self, _company: &Uuid) -> Option<(Vec<(&'static str, String)>, String)> {
        None
    }
}

/// Another key under which a whole copy of a record stands, so that it is found by one read.
pub struct Alias {
    pub key: Key,
    /// The field that it comes from.
    pub field: &'static str,
    /// The record gives the key up to another one that asks for it, and does not ask for it while another one has it.
    pub yields: bool,
}

pub(super) fn partition(company: &Uuid, kind: &str) -> String {
    format!("{company}#{kind}")
}

pub(super) fn key(company: &Uuid, kind: &str, id: impl Into<String>) -> Key {
    Key::new(partition(company, kind), id)
}

/// The stored form of a record under its own key.
pub(super) fn write<T: Entity>(keyring: &Keyring, company: &Uuid, content: &T, version: u64) -> Result<Item> {
    let mut item = copy(keyring, company, content, version, &Key::new(content.partition(company), content.id()))?;
    if let Some((lists, place)) = content.lists(company) {
        item.extend(lists.into_iter().map(|(index, partition)| (index.to_owned(), text(partition))));
        item.insert("ixsk".into(), text(place));
    }
    Ok(item)
}

/// The stored form of a record under this key.
pub(super) fn copy<T: Entity>(keyring: &Keyring, company: &Uuid, content: &T, version: u64, key: &Key) -> Result<Item> {
    let mut item: Item = serde_dynamo::to_item(content).map_err(Error::internal)?;
    sealed::seal(keyring, &Key::new(content.partition(company), content.id()), T::SEALED, &mut item)?;
    item.extend(key.clone().into_item());
    item.insert(RECORD.into(), text(content.id()));
    item.insert(VERSION.into(), number(version));
    Ok(item)
}

/// The content of a record or of a copy.
pub(super) fn read<T: Entity>(keyring: &Keyring, mut item: Item) -> Result<T> {
    if !T::SEALED.is_empty() {
        let pk = read_text(&item, "pk")?;
        let company = pk.split('#').next().unwrap_or_default();
        let own = Key::new(format!("{company}#{}", T::KIND), read_text(&item, RECORD)?);
        sealed::open(keyring, &own, T::SEALED, &mut item)?;
    }
    serde_dynamo::from_item(item).map_err(Error::internal)
}
