//! The stored form of a record: keys, bookkeeping, and the fields of the content, some of them sealed.
//!
//! | attribute | holds |
//! |---|---|
//! | `pk`, `sk`, `ix1`, `ix2`, `ix3`, `ixsk`, `changed` | keys of the record and of its lists (`keys.rs`) |
//! | `server_id`, `updated_at`, `version`, `first_content` | see [`Record`]; instants are Unix milliseconds |
//! | `occurred_at` | the instant that lists filter by, in Unix seconds |
//! | all others | the content |

use jiff::Timestamp;

use super::keys::{self, ChannelId};
use super::resource::{Listing, Record, Resource};
use crate::crypto::keyring::Keyring;
use crate::error::{Error, Result};
use crate::storage::sealed;
use crate::storage::table::attribute::{number, read_integer, read_text, text};
use crate::storage::table::{CHANGED, Condition, Item, Key, VERSION};
use crate::values::{Id, Secret};

const SERVER_ID: &str = "server_id";
const UPDATED_AT: &str = "updated_at";
const FIRST_CONTENT: &str = "first_content";

pub fn is_version(version: u64) -> Condition {
    Condition::equals(VERSION, number(version))
}

pub fn to_item<T: Resource>(keyring: &Keyring, channel: &ChannelId, record: &Record<T>) -> Result<Item> {
    let mut item: Item = serde_dynamo::to_item(&record.content).map_err(Error::internal)?;
    let key = keys::record(channel, T::KIND, record.content.id());
    sealed::seal(keyring, &key, &T::SEALED, &mut item)?;
    item.extend(index(channel, record));
    item.extend(key.into_item());
    item.insert(SERVER_ID.into(), number(record.server_id.as_u64()));
    item.insert(UPDATED_AT.into(), number(record.updated_at.as_millisecond()));
    item.insert(VERSION.into(), number(record.version));
    item.insert(FIRST_CONTENT.into(), text(record.first_content.expose()));
    Ok(item)
}

pub fn from_item<T: Resource>(keyring: &Keyring, mut item: Item) -> Result<Record<T>> {
    let key = Key::new(read_text(&item, "pk")?, read_text(&item, "sk")?);
    sealed::open(keyring, &key, &T::SEALED, &mut item)?;
    Ok(Record {
        server_id: Id::from_u64(read_integer(&item, SERVER_ID)?),
        updated_at: Timestamp::from_millisecond(read_integer(&item, UPDATED_AT)?).map_err(Error::internal)?,
        version: read_integer(&item, VERSION)?,
        first_content: Secret::new(read_text(&item, FIRST_CONTENT)?),
        content: serde_dynamo::from_item(item).map_err(Error::internal)?,
    })
}

/// The attributes that enter a record into its lists.
pub fn index<T: Resource>(channel: &ChannelId, record: &Record<T>) -> Item {
    let Listing { parents, occurred_at } = record.content.listing();
    let position = keys::position(record.server_id, record.content.id());
    let mut item = Item::from([
        ("ix1".into(), text(keys::partition(channel, T::KIND, None))),
        (CHANGED.into(), text(keys::changed(record.updated_at, &position))),
        ("ixsk".into(), text(position)),
    ]);
    for (name, parent) in ["ix2", "ix3"].into_iter().zip(parents) {
        if let Some(parent) = parent {
            item.insert(name.into(), text(keys::partition(channel, T::KIND, Some(parent))));
        }
    }
    if let Some(moment) = occurred_at {
        item.insert("occurred_at".into(), number(moment.as_second()));
    }
    item
}
