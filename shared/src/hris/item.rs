//! The stored form of records.
//!
//! | attribute | holds |
//! |---|---|
//! | `pk`, `sk` | see `keys.rs`; a copy (see [`Alias`](super::entity::Alias)) has the key that finds it |
//! | `ix1`, `ix2`, `ix3`, `ixsk` | the lists that contain the record, and its sort key in them; lists contain no copies |
//! | `record` | the record's own id |
//! | `version` | counts the record's changes |
//! | `sealed`, `by_phone`, `by_id_number` | the personal fields: see [`sealed`] |
//! | all others | the content |

use super::entity::Entity;
use super::values::Uuid;
use crate::crypto::keyring::Keyring;
use crate::error::{Error, Result};
use crate::storage::sealed;
use crate::storage::table::attribute::{number, read_text, text};
use crate::storage::table::{Item, Key, VERSION, mark};

/// The record's own id, in the record and in its copies.
pub(super) const RECORD: &str = "record";

/// The item of a record under its own key.
pub(super) fn to_item<T: Entity>(keyring: &Keyring, company: &Uuid, content: &T, version: u64) -> Result<Item> {
    let mut item = to_copy(keyring, company, content, version, &Key::new(content.partition(company), content.id()))?;
    if let Some((lists, place)) = content.lists(company) {
        item.extend(lists.into_iter().map(|(index, partition)| (index.to_owned(), text(partition))));
        item.insert("ixsk".into(), text(place));
    }
    if let Some((sweep, since)) = content.retention() {
        mark(&mut item, sweep, since);
    }
    Ok(item)
}

/// The item of a record under another key.
pub(super) fn to_copy<T: Entity>(keyring: &Keyring, company: &Uuid, content: &T, version: u64, key: &Key) -> Result<Item> {
    let mut item: Item = serde_dynamo::to_item(content).map_err(Error::internal)?;
    item.extend(key.clone().into_item());
    sealed::seal(keyring, &Key::new(content.partition(company), content.id()), &T::SEALED, &mut item)?;
    item.insert(RECORD.into(), text(content.id()));
    item.insert(VERSION.into(), number(version));
    Ok(item)
}

/// The content of a record's item or of a copy.
pub(super) fn from_item<T: Entity>(keyring: &Keyring, mut item: Item) -> Result<T> {
    if !T::SEALED.names.is_empty() {
        let own = own_key::<T>(&item)?;
        sealed::open(keyring, &own, &T::SEALED, &mut item)?;
    }
    serde_dynamo::from_item(item).map_err(Error::internal)
}

/// The key that the sealed fields of a record are bound to: its own, for a copy as well.
pub(super) fn own_key<T: Entity>(item: &Item) -> Result<Key> {
    let key = Key::of(item).ok_or_else(|| Error::internal("a record without a key"))?;
    let mut parts = key.pk.split('#');
    match (parts.next(), parts.next()) {
        (Some(company), Some(kind)) if kind != T::KIND => {
            Ok(Key::new(format!("{company}#{}", T::KIND), read_text(item, RECORD)?))
        }
        _ => Ok(key),
    }
}
