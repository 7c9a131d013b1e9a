//! The stored form of a record: keys, bookkeeping, and the fields of the content, some of them sealed.
//!
//! | attribute | holds |
//! |---|---|
//! | `pk`, `sk` | `{channel}#{partner's id}`, the kind |
//! | `ix1`, `ix2`, `ix3`, `ixsk` | its lists (see `keys.rs`), and its place in them: the server id, then the partner's id |
//! | `server_id`, `updated_at`, `version`, `first_content` | see [`Record`]; instants are Unix milliseconds |
//! | `occurred_at` | the instant that lists filter by, Unix seconds |
//! | all others | the content |

use jiff::Timestamp;

use super::keys::{ChannelId, partition, record_key};
use super::resource::{Listing, Record, Resource};
use crate::crypto::keyring::Keyring;
use crate::error::{Error, Result};
use crate::storage::sealed;
use crate::storage::table::attribute::{number, read_integer, read_text, text};
use crate::storage::table::{Condition, Item, Key};
use crate::values::{Id, RecordId};

const SERVER_ID: &str = "server_id";
const UPDATED_AT: &str = "updated_at";
const VERSION: &str = "version";
const FIRST_CONTENT: &str = "first_content";

pub(super) fn key<T: Resource>(channel: &ChannelId, id: &RecordId) -> Key {
    record_key(channel, T::KIND, id)
}

pub(super) fn is_version(version: u64) -> Condition {
    Condition::equals(VERSION, number(version))
}

pub(super) fn write<T: Resource>(keyring: &Keyring, channel: &ChannelId, record: &Record<T>) -> Result<Item> {
    let mut item: Item = serde_dynamo::to_item(&record.content).map_err(Error::internal)?;
    let key = key::<T>(channel, record.content.id());
    sealed::seal(keyring, &key, T::SEALED, &mut item)?;
    if let Some(listing) = record.content.listing() {
        item.extend(index(channel, T::KIND, record, listing));
    }
    item.insert("pk".into(), text(key.pk));
    item.insert("sk".into(), text(key.sk));
    item.insert(SERVER_ID.into(), number(record.server_id.as_u64()));
    item.insert(UPDATED_AT.into(), number(record.updated_at.as_millisecond()));
    item.insert(VERSION.into(), number(record.version));
    item.insert(FIRST_CONTENT.into(), text(record.first_content.clone()));
    Ok(item)
}

pub(super) fn read<T: Resource>(keyring: &Keyring, mut item: Item) -> Result<Record<T>> {
    let key = Key::new(read_text(&item, "pk")?, read_text(&item, "sk")?);
    sealed::open(keyring, &key, T::SEALED, &mut item)?;
    Ok(Record {
        server_id: Id::from_u64(read_integer(&item, SERVER_ID)?),
        updated_at: Timestamp::from_millisecond(read_integer(&item, UPDATED_AT)?).map_err(Error::internal)?,
        version: read_integer(&item, VERSION)?,
        first_content: read_text(&item, FIRST_CONTENT)?,
        content: serde_dynamo::from_item(item).map_err(Error::internal)?,
    })
}

fn index<T: Resource>(channel: &ChannelId, kind: &str, record: &Record<T>, listing: Listing<'_>) -> Item {
    // The partner's id makes the place unique: two processes may generate the same server id within a millisecond.
    let place = format!("{}#{}", record.server_id.sortable(), record.content.id());
    let mut item = Item::from([("ix1".into(), text(partition(channel, kind, None))), ("ixsk".into(), text(place))]);
    for (name, parent) in ["ix2", "ix3"].into_iter().zip(listing.parents) {
        if let Some(parent) = parent {
            item.insert(name.into(), text(partition(channel, kind, Some(parent))));
        }
    }
    if let Some(moment) = listing.occurred_at {
        item.insert("occurred_at".into(), number(moment.as_second()));
    }
    item
}
